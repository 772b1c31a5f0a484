"""The memo of one snapshot: which questions it answers, in which order, from which of the snapshot's numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from model.findings import charts, own_ranges, sides
from model.findings.terms import shock_in_words
from model.findings.whose import AGAINST_STATUS_QUO, Whose, whose_of
from model.instruments import Floor, Mechanism, Offtake
from model.market.horizon import HORIZONS
from model.memo import conclusions, optimiser
from model.memo.blocks import (
    Attachment,
    Bullets,
    Column,
    Document,
    Heading,
    Paragraph,
    Picture,
    Sheet,
    cell,
    flow,
    million,
    price,
    share,
)
from model.memo.levers import (
    assumptions,
    levers,
    registered_assumptions,
    setting,
    voice,
)
from model.memo.schedules import term_sheet
from model.outcome import ACCOUNTS, STATES
from model.snapshot.record import RESULT_KEYS
from model.studies.ranges import OWN, interval
from model.words import accounts
from model.words.names import BASE_YEAR
from model.words.numbers import LEAST_SHARE, changes, counted, exact, listing, starting

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from model.findings.charts import Chart
    from model.memo.blocks import Block, Value
    from model.snapshot.record import Snapshot
    from model.words.voice import Voice

    Columns = Sequence[tuple[Column, str | Sequence[Value]]]

MOST_INDUSTRIES = 15
UNITS = {"_usd_per_t": "USD/t", "_usd": "USD/yr", "_t": "t/yr", "_share": "share", "_per_unit": "USD/t"}
"""Endings of stored column names and the unit they stand for."""
HEADLINE: tuple[tuple[Column, str | None, str | None, str], ...] = (
    (price("Price in the parties"), "price_status_quo_usd_per_t", "price_without_usd_per_t", "price_usd_per_t"),
    (
        share("Share of supply from non-parties"),
        "non_party_share_status_quo",
        "non_party_share_without",
        "non_party_share",
    ),
    (million(accounts.USERS_COST), None, "users_cost_without_usd", "users_cost_usd"),
    (million(accounts.PRODUCERS_GAIN), None, "producers_without_usd", "producers_usd"),
    *(
        (million(accounts.NAMES[name]), None, f"{name}_without_usd", f"{name}_usd")
        for name in ACCOUNTS
        if name not in {"users", "producers"}
    ),
    (million(accounts.NET_GAIN), None, "net_without_usd", "net_usd"),
    (flow("Unmet use"), None, None, "short_t"),
)
"""The parties together: what is told, and its name in the status quo, under the shock alone, with agreement."""
OF_AGREEMENT = "Of it by the agreement"
TOLD_IN_FULL = frozenset({"gains", "parties", "supply", "response"})
"""Result tables that the memo's own tables repeat number by number: a workbook holds them once."""
SHOCK_COLUMNS = tuple(
    f"{name}_{state}_agreement" for name in ("price_usd_per_t", "short_t") for state in ("without", "with")
)
RANGED = (
    "Lowest and highest: of the last state, with one assumption at a time at the ends of its range, and with all "
    "export controls together; moved most by: what moves it furthest over its own range."
)
SETTLEMENTS = (
    "Offtakes: what a buyer pays above the producer's market price counts against the buyer's country and for the "
    "producer's, beside their users and producers; a loss on tonnes that an offtake forces in is the buyer's users'."
)


def memo(snapshot: Snapshot) -> Document:
    """The document of one snapshot."""
    say = voice(snapshot)
    blocks: list[Block] = [*term_sheet(snapshot, say), *_question(snapshot, say)]
    for mineral in snapshot.scenario.minerals:
        blocks += _findings(snapshot, mineral, say)
    blocks += _manufacturers(snapshot, say)
    for mineral in snapshot.scenario.minerals:
        blocks += _shocks(snapshot, mineral, say)
        blocks += _sensitivity(snapshot, mineral, say)
    blocks += [
        *optimiser.found(snapshot, say),
        *_differences(snapshot, say),
        *_rests_on(snapshot, say),
        *_replaying(snapshot),
    ]
    author = snapshot.record.author
    return Document(
        title=snapshot.title,
        subtitle=f"Memo on an agreement on critical minerals · {moment(snapshot.created)}"
        f" · status quo: {say.names.status_quo(snapshot.scenario.status_quo)}" + (f" · {author}" if author else ""),
        short_id=snapshot.short_id,
        author=author,
        created=snapshot.created,
        blocks=tuple(blocks),
        about=about(snapshot),
        further=tuple(
            _full(name, snapshot.tables[name])
            for name in RESULT_KEYS
            if name not in TOLD_IN_FULL and len(snapshot.tables[name])
        ),
        attachments=(attachment(snapshot),),
    )


def moment(when: datetime) -> str:
    """A day and time as a subtitle has it: "1 July 2026, 11:40 UTC"."""
    return f"{when.day} {when:%B %Y, %H:%M} UTC"


def about(snapshot: Snapshot) -> tuple[tuple[str, str], ...]:
    """What a snapshot is, for the sheet "About" and the section on replaying."""
    record = snapshot.record
    return (
        ("Title", snapshot.title),
        ("Id (SHA-256)", snapshot.id),
        ("Checksum of the file", record.checksum),
        ("Made", f"{snapshot.created:%Y-%m-%d %H:%M:%S} UTC"),
        ("Author", record.author or "not given"),
        ("Base year", BASE_YEAR),
        ("Duties and export controls of", record.inputs.data.version),
        ("Data hash", record.inputs.data.hash),
        *((f"Version of {name.replace('_', ' ')}", value) for name, value in record.inputs.versions.items()),
        *((f"Version of {name}", value) for name, value in record.environment.items()),
        *(
            (f"Options of {name}", ", ".join(f"{key} = {value}" for key, value in options.items()) or "none")
            for name, options in record.inputs.options.items()
        ),
    )


def attachment(snapshot: Snapshot) -> Attachment:
    """The snapshot itself, under a name made of its id alone."""
    return Attachment(f"snapshot-{snapshot.short_id}.json", snapshot.to_json())


def of_mineral(snapshot: Snapshot, table: str, mineral: str) -> pd.DataFrame:
    """The rows of a result table on one mineral."""
    frame = snapshot.tables[table]
    return frame[frame["mineral"] == mineral].reset_index(drop=True) if len(frame) else frame


def together(snapshot: Snapshot, mineral: str) -> dict[str, Any]:
    """The numbers of the parties together by name; with money under the shock alone, from the parties' accounts."""
    row = of_mineral(snapshot, "headline", mineral).iloc[0].to_dict()
    frame = of_mineral(snapshot, "accounts", mineral)
    sums = frame[frame["is_party"].astype(bool)].sum(numeric_only=True)
    money = {name: float(sums.get(f"{name}_usd", 0.0)) for name in (*ACCOUNTS, "net")}
    alone = {name: usd - float(sums.get(f"{name}_agreement_usd", 0.0)) for name, usd in money.items()}
    told = {f"{name}_usd": usd for name, usd in money.items()} | {f"{n}_without_usd": usd for n, usd in alone.items()}
    return {str(name): value for name, value in row.items()} | told | {"users_cost_without_usd": -alone["users"]}


def told(rows: Sequence[tuple[Value, ...]]) -> tuple[tuple[Value, ...], ...]:
    """Rows of the headline without those that say nothing, and without accounts that seldom change and do not."""
    seldom = {
        million(label).header for name, label in accounts.NAMES.items() if f"{name}_usd" not in charts.ALWAYS_SHOWN
    }
    return tuple(row for row in rows if any(row[1:] if row[0] in seldom else [one is not None for one in row[1:]]))


def in_state(snapshot: Snapshot) -> str:
    """In which state of the world the snapshot's own results stand."""
    several = len(snapshot.scenario.shocks) > 1
    return f"under the {'shocks' if several else 'shock'} set" if snapshot.scenario.shocks else "without a shock"


def _states(snapshot: Snapshot) -> tuple[tuple[str, int], ...]:
    """The states that differ, each with its place among status quo, shock alone and agreement."""
    shocked, agreed = bool(snapshot.scenario.shocks), not snapshot.counted.agreement.is_empty
    alone = (("Shock without agreement", 1 if agreed else 2),) if shocked else ()
    with_it = (("Shock with agreement" if shocked else "With agreement", 2),) if agreed else ()
    return (("Status quo", 0), *alone, *with_it)


def _both(snapshot: Snapshot) -> bool:
    """Whether a shock is set and something is agreed, so that what the agreement does is told apart."""
    return bool(snapshot.scenario.shocks) and not snapshot.counted.agreement.is_empty


def own_net_gain(snapshot: Snapshot, mineral: str) -> dict[str, float]:
    """What the agreement alone adds to each party's net gain, where a shock is set too; nothing otherwise [USD/yr]."""
    frame = of_mineral(snapshot, "accounts", mineral)
    own = frame[frame["is_party"].astype(bool)].set_index("region")["net_agreement_usd"].astype(float)
    return {str(party): value for party, value in own.items()} if _both(snapshot) else {}


def _full(name: str, frame: pd.DataFrame) -> Sheet:
    columns = [(Column(column, _unit(column)), column) for column in map(str, frame.columns)]
    return _table(name, f"Result table {name}", frame, columns)


def _unit(column: str) -> str:
    if column in STATES:
        return "t/yr"
    return next((unit for ending, unit in UNITS.items() if column.endswith(ending)), "")


def _table(
    name: str,
    caption: str,
    frame: pd.DataFrame,
    columns: Columns,
    note: str = "",
) -> Sheet:
    """A table whose columns come from stored columns, by name, or from values made of them."""

    def cells(source: str | Sequence[Value]) -> Sequence[Value]:
        return [cell(stored) for stored in frame[source]] if isinstance(source, str) else source

    rows = zip(*(cells(source) for _, source in columns), strict=True)
    return Sheet(name, caption, tuple(column for column, _ in columns), tuple(rows), note)


def _question(snapshot: Snapshot, say: Voice) -> list[Block]:
    scenario = snapshot.scenario
    minerals = listing([say.mineral(mineral) for mineral in scenario.minerals])
    happens = [shock_in_words(shock, say) for shock in scenario.shocks]
    agreed = not snapshot.counted.agreement.is_empty
    if not agreed and not happens:
        still = f"No agreement and no shock: {minerals} in the status quo, {say.names.status_quo(scenario.status_quo)}."
        return [Heading("The question"), Paragraph(still)]
    when = f"when this happens: {'; '.join(happens)}" if happens else "when no shock hits"
    over = HORIZONS[scenario.horizon].words
    what = "does this agreement do" if agreed else "happens without an agreement"
    return [
        Heading("The question"),
        Paragraph(
            f"What {what} to prices and supply of {minerals}, who gains and who pays, {over}, {when}? All changes are "
            f"against the status quo: {say.names.status_quo(scenario.status_quo)}, no agreement, no shock."
        ),
    ]


def _findings(snapshot: Snapshot, mineral: str, say: Voice) -> list[Block]:
    name = say.names.mineral(mineral)
    of_agreement = snapshot.sentences(mineral, "by_agreement") if snapshot.scenario.shocks else ()
    missed = snapshot.sentences(mineral, "missed")  # of which a snapshot made before they were kept has none
    why = tuple(reason for reason in snapshot.sentences(mineral, "reasons") if reason not in of_agreement)
    return [
        Heading(f"What it does: {name.lower()}"),
        *(
            Paragraph(sentence, strong=True)
            for sentence in (*missed, *of_agreement, *snapshot.sentences(mineral, "gains"))
        ),
        _headline(snapshot, mineral, name, say),
        *(Paragraph(told) for told in _own_ranges(snapshot, mineral, say)),
        Heading("Three numbers per party", 2),
        _parties(snapshot, mineral, name, say),
        *_gains(snapshot, mineral, name),
        Heading("Where supply comes from", 2),
        *_supply(snapshot, mineral, name),
        *_response(snapshot, mineral, name, say),
        Heading("Why", 2),
        Bullets(why or ("Nothing binds.",)),
    ]


def what_counts(snapshots: Sequence[Snapshot]) -> str:
    """What the net gain is the sum of; of accounts that a snapshot was made before, that it does not count them."""
    kept = [set(snapshot.tables["accounts"].columns) for snapshot in snapshots]
    unknown = [name for name in accounts.MEANINGS if any(f"{name}_usd" not in columns for columns in kept)]
    told = [f"{accounts.NAMES[name]}: {said}." for name, said in accounts.MEANINGS.items() if name not in unknown]
    if unknown:
        those = listing([accounts.NAMES[name].lower() for name in unknown])
        told.append(f"Not counted where a snapshot was made before they were: {those}.")
    return " ".join(
        (
            f"Money is the change on the status quo. {accounts.NET_GAIN}: all accounts together; users' cost counts "
            f"against it. {accounts.TREASURIES}: duties, levies, auctioned rents and sales from public stocks less "
            "outlays.",
            *told,
            "Supply: what the parties use or buy for stocks.",
        )
    )


def _headline(snapshot: Snapshot, mineral: str, name: str, say: Voice) -> Sheet:
    """The parties together in every state, and how far what is assumed can move the last of them."""
    numbers, states = together(snapshot, mineral), _states(snapshot)
    both, trials = _both(snapshot), of_mineral(snapshot, "sensitivity", mineral)
    columns = (
        Column("Measure"),
        *(Column(state) for state, _ in states),
        *([Column(OF_AGREEMENT)] if both else []),
        *(Column(title) for title in ("Lowest", "Highest", "Moved most by")),
    )
    rows: list[tuple[Value, ...]] = []
    for look, *stored in HEADLINE:
        raw = [None if name is None else float(numbers[name]) for name in stored]
        shown = [None if value is None else look.scaled(value) for value in raw]
        own = [_by_agreement(look, raw[1], raw[2])] if both else []
        is_told = any(shown[at] is not None for _, at in states)
        found = interval(trials, str(stored[-1])) if is_told else None
        ends: tuple[Value, ...] = (None, None, None)
        if found is not None:
            by = say.names.assumption(found.driver) if found.driver else None
            ends = (look.scaled(found.low), look.scaled(found.high), by)
        rows.append((look.header, *(shown[at] for _, at in states), *own, *ends))
    caption = f"{name}: the parties together, {in_state(snapshot)}"
    counted = what_counts([snapshot])
    note = f"{counted} {OF_AGREEMENT}: with it less the shock without it; of shares, in percentage points."
    note = f"{note if both else counted} {RANGED}{_failed(trials)}"
    return Sheet(f"Headline {mineral}", caption, columns, told(rows), note)


def _own_ranges(snapshot: Snapshot, mineral: str, say: Voice) -> list[str]:
    """How far what is assumed can move the agreement's own effect, where a shock is set too."""
    trials = of_mineral(snapshot, "sensitivity", mineral)
    return own_ranges(trials, say.names, agreed=True, shocked=True) if _both(snapshot) else []


def _failed(trials: pd.DataFrame) -> str:
    """How many trials the intervals do not know."""
    failed = int(trials["fault"].notna().sum()) if len(trials) else 0
    return f" {failed} of {len(trials)} trials have no result and are not in it." if failed else ""


def _by_agreement(look: Column, alone: float | None, together: float | None) -> float | None:
    """What the agreement adds to the shock, without what rounding leaves."""
    if alone is None or together is None:
        return None
    own = together - alone
    return look.scaled(own) if abs(own) > LEAST_SHARE * abs(alone) else 0.0


def _parties(snapshot: Snapshot, mineral: str, name: str, say: Voice) -> Sheet:
    frame = of_mineral(snapshot, "parties", mineral)
    own = own_net_gain(snapshot, mineral)
    states = [(f", {state.lower()}", STATES[at]) for state, at in _states(snapshot) if at != 1]
    columns = [
        (Column("Party"), [say.region(str(region)) for region in frame["region"]]),
        *((price(f"Price to users{state}"), f"price_{stored}_usd_per_t") for state, stored in states),
        *((share(f"From non-parties{state}"), f"non_party_share_{stored}") for state, stored in states),
        (million(accounts.NET_GAIN), "net_usd"),
        *([(million(OF_AGREEMENT), [own.get(str(region)) for region in frame["region"]])] if own else []),
    ]
    caption = f"{name}: price, dependence and net gain by party, {in_state(snapshot)}"
    note = (
        "From non-parties: of what producers send to the party. The share of all together also counts stocks released."
    )
    return _table(f"Parties {mineral}", caption, frame, columns, note).without_zeros()


def _picture(chart: Chart, mineral: str = "") -> Picture:
    return Picture(f"{mineral}: {chart.title}" if mineral else starting(chart.title), chart)


def _gains(snapshot: Snapshot, mineral: str, name: str) -> list[Block]:
    """Nothing where no account of any party changes: the sentence above has said it."""
    frame = of_mineral(snapshot, "gains", mineral)
    shown = [name for name in charts.ACCOUNT_NAMES if charts.is_shown(frame, name)]
    columns = [
        (Column("Party"), "party"),
        *((million(charts.ACCOUNT_NAMES[name]), name) for name in shown),
        (million(accounts.NET_GAIN), "net_usd"),
    ]
    if not changes(float(frame[[stored for _, stored in columns[1:]]].abs().to_numpy().max())):
        return []
    caption = f"{name}: change of each account on the status quo, {in_state(snapshot)}"
    contracts = any(snapshot.scenario.agreement.of(Offtake, mineral))
    return [
        Heading("Who gains and who pays", 2),
        _picture(charts.gains(frame, " ".join(snapshot.sentences(mineral, "gains")), _whose(snapshot)), name),
        _table(f"Gains {mineral}", caption, frame, columns, SETTLEMENTS if contracts else "").without_zeros(),
        _sides(snapshot, mineral, name),
    ]


def _whose(snapshot: Snapshot) -> Whose:
    """Whose effect the charts of a snapshot tell; before the agreement's own was told, both together."""
    if "extra_cost_usd_shock" not in snapshot.tables["industries_hit"]:
        return AGAINST_STATUS_QUO
    return whose_of(len(snapshot.scenario.shocks), agreed=not snapshot.counted.agreement.is_empty)


def _sides(snapshot: Snapshot, mineral: str, name: str) -> Sheet:
    """Every account of the parties together, of all others and of the world."""
    frame = sides.by_account(of_mineral(snapshot, "accounts", mineral))
    columns = [(Column("Account"), "account"), *((million(label), side) for side, label in accounts.SIDES.items())]
    caption = f"{name}: every account of parties, non-parties and the world, change on the status quo"
    return _table(f"Sides {mineral}", f"{caption}, {in_state(snapshot)}", frame, columns, sides.WORLD)


def _supply(snapshot: Snapshot, mineral: str, name: str) -> list[Block]:
    frame = of_mineral(snapshot, "supply", mineral)
    said = " ".join(snapshot.sentences(mineral, "supply"))
    columns = [
        (Column("Origin"), "name"),
        (Column("Side"), [starting(str(group).replace("_", "-")) for group in frame["group"]]),
        *((flow(title), STATES[at]) for title, at in _states(snapshot)),
    ]
    return [
        Paragraph(said, strong=True),
        _picture(charts.sources(frame, said, _whose(snapshot)), name),
        _table(f"Supply {mineral}", f"{name}: supply of the parties by origin, for use and for stocks", frame, columns),
    ]


def _response(snapshot: Snapshot, mineral: str, name: str, say: Voice) -> list[Block]:
    levels, ends = of_mineral(snapshot, "response", mineral), of_mineral(snapshot, "response_ends", mineral)
    said = " ".join(snapshot.sentences(mineral, "response"))
    blocks: list[Block] = [Heading("What other levels would do", 2), Paragraph(said, strong=True)]
    if levels.empty or ends.empty or levels["held_by"].isna().all():  # no party has anything to hold it for
        return blocks
    fails = of_mineral(snapshot, "response_fails", mineral)
    ends_at = ("status_quo_usd_per_t", "slack_up_to_usd_per_t", "agreed_usd_per_t", "price_as_agreed_usd_per_t")
    status_quo, slack, *agreed = (float(pd.to_numeric(ends[name]).iloc[0]) for name in ends_at)
    current = None if pd.isna(agreed[0]) else (agreed[0], agreed[1])
    floor = snapshot.scenario.agreement.first(Floor, mineral)
    mechanism = Mechanism.VARIABLE_LEVY if floor is None else floor.mechanism
    of = mechanism.at_levels
    columns = [
        (price(f"Level of the {of.name}"), "level_usd_per_t"),
        (price("Price in the parties"), "price_usd_per_t"),
        (share("Parties in which it holds"), "held_by"),
    ]
    return [
        *blocks,
        _picture(
            charts.floor_curve(levels, fails, status_quo, slack, mechanism, current, said, say.names, levels), name
        ),
        _table(
            f"Response {mineral}",
            f"{name}: price in the parties at other levels of the {of.name}, {in_state(snapshot)}",
            levels,
            columns,
            "Holds: of the parties that are to hold it and have something to hold it for.",
        ),
    ]


def _manufacturers(snapshot: Snapshot, say: Voice) -> list[Block]:
    hit = snapshot.tables["industries_hit"]
    said = " ".join(snapshot.sentences(snapshot.scenario.minerals[0], "industries"))
    blocks: list[Block] = [Heading("Downstream manufacturers"), Paragraph(said, strong=True)]
    frame = snapshot.tables["industries"]
    size = frame["extra_cost_usd"].abs().sort_values(ascending=False, kind="stable")
    frame = frame.loc[[row for row in size.index[:MOST_INDUSTRIES] if changes(size[row])]]
    if frame.empty:
        return blocks
    columns = [
        (Column("Industry"), list(charts.marked(frame["name"], frame))),
        (Column("Party"), [say.region(str(region)) for region in frame["region"]]),
        (million("Extra cost"), "extra_cost_usd"),
        (share("Unit cost", signed=True), "unit_cost_change"),
        (share("Shortfall"), "shortage_share"),
        (million("Value added at risk", signed=False), "value_added_at_risk_usd"),
        (Column("Jobs at risk"), "jobs_at_risk"),
    ]
    caption = f"The {counted(len(frame), 'industry', 'industries')} whose cost changes most, {in_state(snapshot)}"
    note = (
        "Extra cost: metal prices only, for what is used in the status quo, a lower bound; unit cost once less of it "
        "is used. Shortfall: fall of use below the status quo. At risk, in dollars of 2023: by sales lost to the cost "
        "and by use that users cannot save, midpoints of two ways to spread it, no part of the net gain; a dash: size "
        f"unknown. {charts.BORROWED.strip()} {charts.BORROWED_WORDS}."
    )
    pictures = [_picture(charts.industries(hit, said, _whose(snapshot)))] if len(hit) else []
    return [*blocks, *pictures, _table("Manufacturers", caption, frame, columns, note).without_zeros()]


def _shocks(snapshot: Snapshot, mineral: str, say: Voice) -> list[Block]:
    frame = of_mineral(snapshot, "shocks", mineral)
    name = say.names.mineral(mineral)
    blocks: list[Block] = [Heading(f"Under the named shocks: {name.lower()}")]
    if frame.empty:
        return [*blocks, Paragraph("No shock of the library touches this mineral.")]
    # Where no shock has a result, only its faults stand in the table.
    frame = frame.reindex(columns=list(dict.fromkeys([*frame.columns, *SHOCK_COLUMNS])))
    shocks = (Column("Shock"), [say.names.shock(str(shock)) for shock in frame["shock"]])
    without = (price("Price without agreement"), "price_usd_per_t_without_agreement")
    each = (
        "Each shock alone, at the severity of the library for the part of the year it lasts, in place of the "
        "scenario's own shocks"
    )
    if snapshot.counted.agreement.is_empty:
        columns = [shocks, without, (flow("Unmet use"), "short_t_without_agreement")]
        alone = _table(f"Shocks {mineral}", f"{name}: named shocks", frame, columns, f"{each}.")
        return [*blocks, alone.without_zeros()]
    effect = conclusions.effect_of_agreement(frame).add_prefix("effect_on_")
    columns = [
        shocks,
        without,
        (price("Price with agreement"), "price_usd_per_t_with_agreement"),
        (million("Users' cost by the agreement"), "effect_on_users_cost_usd"),
        (million("Net gain by the agreement"), "effect_on_net_gain_usd"),
        (flow("Unmet use with agreement"), "short_t_with_agreement"),
    ]
    caption = f"{name}: named shocks without and with the agreement"
    note = f"{each}; the agreement's effect is with less without it. Net gain as above."
    return [
        *blocks,
        Paragraph(conclusions.shocks_sentence(frame, say), strong=True),
        *([Paragraph(answers)] if (answers := conclusions.answers(snapshot, frame, say)) else []),
        _table(f"Shocks {mineral}", caption, pd.concat([frame, effect], axis=1), columns, note).without_zeros(),
    ]


def _sensitivity(snapshot: Snapshot, mineral: str, say: Voice) -> list[Block]:
    trials, shocks = of_mineral(snapshot, "sensitivity", mineral), of_mineral(snapshot, "shocks", mineral)
    frame = conclusions.spans(trials)
    name = say.names.mineral(mineral)
    units = {name: str(row["unit"]) for name, row in registered_assumptions(snapshot).items()}
    both, own = _both(snapshot), "price_status_quo_usd_per_t"  # which a snapshot made before it was kept has not
    columns = [
        (
            Column("Assumption, its unit"),
            [", ".join(filter(None, (say.names.assumption(each), units.get(each)))) for each in frame["assumption"]],
        ),
        (Column("Low", exact=True), "low"),
        (Column("High", exact=True), "high"),
        *(
            (price(f"Status quo at {end}"), f"{own}_{end}")
            for end in ("low", "high")
            if frame[f"{own}_{end}"].notna().any()
        ),
        (price("Price at low"), "price_usd_per_t_low"),
        (price("Price at high"), "price_usd_per_t_high"),
        (million("Net gain at low"), "net_gain_usd_low"),
        (million("Net gain at high"), "net_gain_usd_high"),
        *(
            (million(f"{OF_AGREEMENT} at {end}"), f"{OWN}net_gain_usd_{end}")
            for end in ("low", "high")
            if both and frame[f"{OWN}net_gain_usd_{end}"].notna().any()
        ),
    ]
    note = (
        "One assumption at a time at the ends of its registered range; net gains are on the status quo under the same "
        "assumption; a dash: the value used is itself that end, or no equilibrium was proved. Export controls together "
        "let out the least at low, the most at high."
    )
    turning = tuple(conclusions.what_would_change(trials, shocks, say, units, both=both))
    change: list[Block] = [Heading("What would change the conclusion", 2), Bullets(turning)] if turning else []
    return [
        Heading(f"How sure it is: {name.lower()}"),
        _table(
            f"Sensitivity {mineral}",
            f"{name}: sensitivity to the main assumptions, {in_state(snapshot)}",
            frame,
            columns,
            note,
        ).without_zeros(),
        *change,
    ]


def _differences(snapshot: Snapshot, say: Voice) -> list[Block]:
    titles = (Column("Instrument"), Column("Field"), Column("Level"))
    rows = (*setting(snapshot, say), *levers(snapshot, say))
    changed = tuple((say.names.assumption(name), *rest) for name, *rest in assumptions(snapshot))
    columns = (
        Column("Assumption"),
        Column("Value used", exact=True),
        Column("Registered value", exact=True),
        Column("Unit"),
    )
    caption = "Every assumption that differs from its registered value"
    return [
        Heading("What differs from the status quo"),
        Sheet("Levers", "Every lever that is set", titles, rows),
        Sheet("Changed assumptions", caption, columns, changed)
        if changed
        else Paragraph("Every assumption has its registered value."),
    ]


def _rests_on(snapshot: Snapshot, say: Voice) -> list[Block]:
    used = snapshot.record.inputs.assumptions
    registered = registered_assumptions(snapshot)
    rows = [registered.get(name, {}) for name in used]

    def texts(column: str, none: str = "") -> list[Value]:
        return [row.get(column, "") or none for row in rows]

    columns: Columns = [
        (Column("Assumption"), [say.names.assumption(name) for name in used]),
        (Column("Value", exact=True), list(used.values())),
        (
            Column("Range"),
            [f"{exact(float(row['low']))} to {exact(float(row['high']))}" if row else "" for row in rows],
        ),
        (Column("Unit"), texts("unit")),
        (Column("Reason"), texts("reason")),
        (Column("Source"), texts("source_id", "judgement")),
    ]
    sources = snapshot.data["sources"]
    stored = ("source_id", "title", "publisher", "year", "licence")
    cited = [(Column("Source" if name == "source_id" else starting(name)), name) for name in stored]
    return [
        Heading("Sources and assumptions"),
        _table("Assumptions", "Assumptions used", sources, columns),
        _table("Sources", "Sources of the data rows used", sources, cited),
    ]


def _replaying(snapshot: Snapshot) -> list[Block]:
    rows: tuple[tuple[Value, ...], ...] = about(snapshot)
    return [
        Heading("How to replay"),
        Paragraph(
            f"The numbers of this memo stand in the snapshot {snapshot.short_id}. With the file (it is attached to the "
            f"PDF), run: accord replay snapshot-{snapshot.short_id}.json. It checks id and checksum, solves everything "
            "again, compares every number within a millionth, and names each data row, assumption and version that "
            "differs, with its effect."
        ),
        Sheet("Identity", "What the numbers rest on", (Column("Item"), Column("Value")), rows),
    ]

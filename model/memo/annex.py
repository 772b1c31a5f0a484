"""The annex of a memo: what is agreed, the results of every mineral, and what they rest on."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pandas as pd

from model import palette
from model.design.wording import with_names
from model.findings import charts, sides
from model.instruments import Floor, Mechanism, Offtake
from model.memo import conclusions, states
from model.memo.blocks import (
    Bullets,
    Column,
    Heading,
    Paragraph,
    Picture,
    Sheet,
    cell,
    flow,
    million,
    on_page,
    price,
    share,
)
from model.memo.levers import assumptions, registered_assumptions
from model.outcome import STATES
from model.studies.ranges import AS_ASSUMED, OWN
from model.words import accounts
from model.words.numbers import LEAST_SHARE, changes, counted, exact, listing, lowered, starting

if TYPE_CHECKING:
    from collections.abc import Sequence

    from model.findings.charts import Chart
    from model.memo.blocks import Block, Value
    from model.snapshot.record import Snapshot
    from model.words.voice import Voice

    Columns = Sequence[tuple[Column, str | Sequence[Value]]]

MOST_INDUSTRIES = 15
RANGES, SOURCES = "Shocks and ranges", "Assumptions and sources"
"""Sheets of a workbook that hold tables of several sections."""
NO_AGREEMENT = lowered(charts.NO_AGREEMENT)
BEHIND = {
    **dict.fromkeys(("production", "world_output_shares", "byproducts"), "output"),
    **dict.fromkeys(("trade_bilateral", "trade_totals", "us_import_sources", "distances"), "trade"),
    **dict.fromkeys(("us_salient", "use_shares", "stocks"), "use and stocks"),
    **dict.fromkeys(("prices", "quotes", "nowcast"), "prices"),
    **dict.fromkeys(("tariffs", "status_quo"), "duties"),
    **dict.fromkeys(("export_controls", "embargoes"), "export controls and embargoes"),
    **dict.fromkeys(
        ("industries", "industry_size", "industry_party_size", "industry_use", "industry_use_base", "eu_use_shares"),
        "manufacturers",
    ),
    "projects": "projects",
    "shocks": "named shocks",
    "assumptions": "assumptions",
}
"""What the rows of every table tell, in the order in which a reader asks for them."""
FILE = re.compile(r" \(\S+\.(csv|xlsx|parquet)\).*")
"""The name of a file in the title of a publication, and where it lies."""
SOURCE = re.compile(r" \((\w+_\w+)\)")
"""The name of a source in a reason."""
LEAST_MOVED = 0.01
"""An assumption matters whose range moves a price by this share of it, or the net gain by as much of its own range."""
SHOCK_COLUMNS = tuple(
    f"{name}_{state}_agreement" for name in ("price_usd_per_t", "short_t") for state in ("without", "with")
)
SETTLEMENTS = (
    "Offtakes: what a buyer pays above the producer's market price counts against the buyer's country and for the "
    "producer's, beside their users and producers; a loss on tonnes that an offtake forces in is the buyer's users'."
)


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


def results(snapshot: Snapshot, mineral: str, say: Voice) -> list[Block]:
    """What happens to one mineral; what the first pages tell of a single one is not repeated."""
    name, whose = say.names.mineral(mineral), states.effect(snapshot)
    single = len(snapshot.scenario.minerals) == 1
    by_agreement = snapshot.sentences(mineral, "by_agreement")
    told = (*by_agreement, *snapshot.sentences(mineral, "because"), *snapshot.sentences(mineral, "today"))
    why = tuple(reason for reason in snapshot.sentences(mineral, "reasons") if reason not in told)
    contracts = any(snapshot.scenario.agreement.of(Offtake, mineral))
    blocks: list[Block] = [Heading(f"Results: {lowered(name)}")]
    if not single:
        blocks += [Paragraph(sentence, strong=True) for sentence in snapshot.sentences(mineral, "agreement")]
        blocks += [Paragraph(sentence) for sentence in by_agreement]
        blocks.append(states.states_table(snapshot, [mineral], say, name))
    blocks += [_parties(snapshot, mineral, name, say)]
    if states.moves(snapshot):
        gains = states.at_stake(snapshot, [mineral], say)
        if not single and changes(float(gains[list(palette.ACCOUNT_COLOURS)].abs().to_numpy().max())):
            blocks.append(_picture(charts.gains(gains, " ".join(snapshot.sentences(mineral, "gains")), whose), name))
        blocks.append(_sides(snapshot, mineral, name, SETTLEMENTS if contracts else ""))
    blocks += [
        Heading("Where supply comes from", 2),
        *_supply(snapshot, mineral, name, say),
        *_response(snapshot, mineral, name, say),
        Heading("Why", 2),
        Bullets(why or ("Nothing binds.",)),
    ]
    named = [replace(block, name=f"{block.name} {mineral}") if isinstance(block, Sheet) else block for block in blocks]
    return on_page("By mineral", named)


def _parties(snapshot: Snapshot, mineral: str, name: str, say: Voice) -> Sheet:
    frame = states.of_mineral(snapshot, "parties", mineral)
    own = states.nets(snapshot, [mineral], states.effect(snapshot).suffix)
    shown = [(f", {lowered(state)}", STATES[at]) for state, at in states.shown(snapshot) if at != 1]
    columns: list[tuple[Column, str | Sequence[Value]]] = [
        (Column("Party"), [say.region(str(region)) for region in frame["region"]]),
        *((price(f"Price to users{state}"), f"price_{stored}_usd_per_t") for state, stored in shown),
        *(
            (share(f"From non-parties{state}", least=LEAST_SHARE), f"non_party_share_{stored}")
            for state, stored in shown
        ),
    ]
    if states.moves(snapshot):
        gain = million(f"{accounts.NET_GAIN} {states.effect(snapshot).effect}")
        columns.append((gain, [own[str(region)] for region in frame["region"]]))
    caption = f"{name}: price and dependence by party, {states.in_state(snapshot)}"
    note = (
        "From non-parties: of what producers send to the party. The share of all together also counts stocks released."
    )
    return _table("Dependence", caption, frame, columns, note).without_zeros()


def _picture(chart: Chart, mineral: str = "") -> Picture:
    return Picture(f"{mineral}: {chart.title}" if mineral else starting(chart.title), chart)


def _sides(snapshot: Snapshot, mineral: str, name: str, note: str) -> Sheet:
    """Every account of the parties together, of all others and of the world, by whose effect is told."""
    whose = states.effect(snapshot)
    frame = sides.by_account(states.regions(snapshot, [mineral], whose.suffix))
    columns = [(Column("Account"), "account"), *((million(label), side) for side, label in accounts.SIDES.items())]
    caption = f"{name}: every account of parties, non-parties and the world, change {whose.effect}"
    return _table(
        "Sides", caption, frame, columns, " ".join(filter(None, (states.what_counts([snapshot]), sides.WORLD, note)))
    )


def _supply(snapshot: Snapshot, mineral: str, name: str, say: Voice) -> list[Block]:
    frame = states.of_mineral(snapshot, "supply", mineral)
    said, unit = " ".join(snapshot.sentences(mineral, "supply")), say.names.flow_unit(mineral)
    columns = [
        (Column("Origin"), "name"),
        (Column("Side"), [starting(str(group).replace("_", "-")) for group in frame["group"]]),
        *((replace(flow(title), unit=unit), STATES[at]) for title, at in states.shown(snapshot)),
    ]
    return [
        Paragraph(said, strong=True),
        _picture(charts.sources(frame, said, states.charted(snapshot), unit), name),
        _table("Supply", f"{name}: supply of the parties by origin, for use and for stocks", frame, columns),
    ]


def _response(snapshot: Snapshot, mineral: str, name: str, say: Voice) -> list[Block]:
    levels, ends = (
        states.of_mineral(snapshot, "response", mineral),
        states.of_mineral(snapshot, "response_ends", mineral),
    )
    said = " ".join(snapshot.sentences(mineral, "response"))
    blocks: list[Block] = [Heading("What other levels would do", 2), Paragraph(said, strong=True)]
    if levels.empty or ends.empty or levels["held_by"].isna().all():  # no party has anything to hold it for
        return blocks
    fails = states.of_mineral(snapshot, "response_fails", mineral)
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
            "Response",
            f"{name}: price in the parties at other levels of the {of.name}, {states.in_state(snapshot)}",
            levels,
            columns,
            "Holds: of the parties that are to hold it and have something to hold it for.",
        ),
    ]


def manufacturers(snapshot: Snapshot, say: Voice) -> list[Block]:
    """Which industries bear the cost, and what of their output is at risk."""
    said = " ".join(snapshot.sentences(snapshot.scenario.minerals[0], "industries"))
    blocks: list[Block] = [Heading("Downstream manufacturers"), Paragraph(said, strong=True)]
    frame, whose = _industries(snapshot), states.effect(snapshot)
    size = frame["extra_cost_usd"].abs().sort_values(ascending=False, kind="stable")
    frame = frame.loc[[row for row in size.index[:MOST_INDUSTRIES] if changes(size[row])]]
    if frame.empty:
        return blocks
    columns = [
        (Column("Industry"), list(charts.marked(frame["name"], frame))),
        (Column("Party"), [say.region(str(region)) for region in frame["region"]]),
        (million("Extra cost"), "extra_cost_usd"),
        (share("Unit cost", signed=True), "unit_cost_change"),
        (share("Shortfall", signed=True, least=LEAST_SHARE), "shortage_share"),
        (million("Value added at risk"), "value_added_at_risk_usd"),
        (Column("Jobs at risk", signed=True, least=1.0), "jobs_at_risk"),
    ]
    caption = f"The {counted(len(frame), 'industry', 'industries')} whose cost changes most, {whose.effect}"
    note = (
        "Extra cost: metal prices only, for what is used in the status quo, a lower bound; unit cost once less of it "
        "is used. Shortfall: fall of use below the status quo. At risk, in dollars of 2023: by sales lost to the cost "
        "and by use that users cannot save, midpoints of two ways to spread it, no part of the net gain; a dash: size "
        f"unknown. {charts.BORROWED.strip()} {charts.BORROWED_WORDS}."
    )
    hit = snapshot.tables["industries_hit"]
    pictures = [_picture(charts.industries(hit, said, states.charted(snapshot)))] if len(hit) else []
    table = _table("Manufacturers", caption, frame, columns, note).without_zeros()
    return on_page("Manufacturers", [*blocks, *pictures, table])


def _industries(snapshot: Snapshot) -> pd.DataFrame:
    """Industries of the parties by whose effect is told: with the agreement less without it, or the shock's."""
    key = ["region", "industry"]
    numbers = ["extra_cost_usd", "unit_cost_change", "shortage_share", "value_added_at_risk_usd", "jobs_at_risk"]
    frame = snapshot.tables["industries"]
    if states.is_agreed(snapshot):
        without = snapshot.tables["industries_without_agreement"].set_index(key)[numbers]
        own = frame[numbers].astype(float) - without.reindex(pd.MultiIndex.from_frame(frame[key])).to_numpy(dtype=float)
        frame = frame.assign(**{name: own[name] for name in numbers})
    return frame


def shocks(snapshot: Snapshot, mineral: str, say: Voice) -> list[Block]:
    """What the agreement does under each named shock."""
    frame = states.of_mineral(snapshot, "shocks", mineral)
    name = say.names.mineral(mineral)
    blocks: list[Block] = [Heading(f"Under the named shocks: {lowered(name)}")]
    if frame.empty:
        return [*blocks, Paragraph("No shock of the library touches this mineral.")]
    # Where no shock has a result, only its faults stand in the table.
    frame = frame.reindex(columns=list(dict.fromkeys([*frame.columns, *SHOCK_COLUMNS])))
    shocks = (Column("Shock"), [say.names.shock(str(shock)) for shock in frame["shock"]])
    without = (price(f"Price, {NO_AGREEMENT}"), "price_usd_per_t_without_agreement")
    unmet = replace(flow("Unmet use"), unit=say.names.flow_unit(mineral))
    each = (
        "Each shock alone, at the severity of the library for the part of the year it lasts, in place of the "
        "scenario's own shocks"
    )
    if snapshot.counted.agreement.is_empty:
        columns = [shocks, without, (replace(unmet, title=f"Unmet use, {NO_AGREEMENT}"), "short_t_without_agreement")]
        alone = _table(f"Shocks {mineral}", f"{name}: named shocks", frame, columns, f"{each}.")
        return on_page(RANGES, [*blocks, alone.without_zeros()])
    effect = conclusions.effect_of_agreement(frame).add_prefix("effect_on_")
    columns = [
        shocks,
        without,
        (price("Price, with agreement"), "price_usd_per_t_with_agreement"),
        (million("Users' cost by the agreement"), "effect_on_users_cost_usd"),
        (million("Net gain by the agreement"), "effect_on_net_gain_usd"),
        (replace(unmet, title="Unmet use, with agreement"), "short_t_with_agreement"),
    ]
    caption = f"{name}: named shocks without and with the agreement"
    note = f"{each}; the agreement's effect is with less without it. Net gain as above."
    answers = conclusions.answers(frame, say)
    told = [Paragraph(conclusions.shocks_sentence(frame, say), strong=True), *([Paragraph(answers)] if answers else [])]
    table = _table(f"Shocks {mineral}", caption, pd.concat([frame, effect], axis=1), columns, note).without_zeros()
    return on_page(RANGES, [*blocks, *told, table])


def sensitivity(snapshot: Snapshot, mineral: str, say: Voice) -> list[Block]:
    """How far what is assumed moves the results, and what would turn the conclusion."""
    trials, shocks = states.of_mineral(snapshot, "sensitivity", mineral), states.of_mineral(snapshot, "shocks", mineral)
    tried = conclusions.spans(trials)
    matter = _that_matter(snapshot, [mineral])
    frame = tried[tried["assumption"].isin(matter)].reset_index(drop=True)
    name = say.names.mineral(mineral)
    units = {name: str(row["unit"]) for name, row in registered_assumptions(snapshot).items()}
    own = "price_status_quo_usd_per_t"  # which a snapshot made before it was kept has not, nor the agreement's own gain
    both, net, of = states.is_both(snapshot), "net_gain_usd", ""
    if states.is_agreed(snapshot) and frame[[f"{OWN}{net}_low", f"{OWN}{net}_high"]].notna().any(axis=None):
        net, of = f"{OWN}{net}", f" {states.effect(snapshot).effect}"
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
        *((million(f"{accounts.NET_GAIN}{of} at {end}"), f"{net}_{end}") for end in ("low", "high")),
    ]
    note = (
        "One assumption at a time at the ends of its registered range; status quo and net gains are those under the "
        "same assumption; a dash: the value used is itself that end, or no equilibrium was proved. Export controls "
        f"together let out the least at low, the most at high. Tried besides, without moving a result: "
        f"{len(tried) - len(frame)}."
    )
    table = _table(
        f"Sensitivity {mineral}",
        f"{name}: sensitivity to the main assumptions, {states.in_state(snapshot)}",
        frame,
        columns,
        note,
    )
    turning = tuple(conclusions.what_would_change(trials, shocks, say, units, both=both))
    change: list[Block] = [Heading("What would change the conclusion", 2), Bullets(turning)] if turning else []
    return [
        Heading(f"How sure it is: {lowered(name)}"),
        *on_page(RANGES, [table.without_zeros()]),
        *change,
    ]


def rests_on(snapshot: Snapshot, say: Voice) -> list[Block]:
    """Today's prices, the assumptions that matter here, and the publications behind the numbers."""
    registered, used = registered_assumptions(snapshot), snapshot.record.inputs.assumptions
    changed = tuple((starting(say.names.assumption(name)), *rest) for name, *rest in assumptions(snapshot))
    names = [name for name in _that_matter(snapshot, snapshot.scenario.minerals) if name in registered]
    sheets: list[Block] = [Heading("What it rests on")]
    sheets += [
        Paragraph(told) for mineral in snapshot.scenario.minerals for told in snapshot.sentences(mineral, "today")
    ]
    if changed:
        columns = (Column("Assumption"), Column("Value used", exact=True), Column("Registered value", exact=True))
        caption = "Every assumption that differs from its registered value"
        sheets.append(Sheet("Changed assumptions", caption, (*columns, Column("Unit")), changed))
    if names:
        left = len(used) - len(names)
        note = f"Those whose range moves a result here; {counted(left, 'further one', 'further ones')} in the snapshot."
        sheets.append(_assumptions(snapshot, names, say, "Assumptions", "Assumptions that matter here", note))
    if not changed:
        sheets.append(Paragraph("Every assumption has its registered value."))
    return on_page(SOURCES, [*sheets, _sources(snapshot, names)])


def all_assumptions(snapshot: Snapshot, say: Voice) -> Sheet:
    """Every assumption that the numbers use, for the workbook."""
    used = list(snapshot.record.inputs.assumptions)
    sheet = _assumptions(snapshot, used, say, "All assumptions", "Every assumption used", "")
    return replace(sheet, page=SOURCES)


def _that_matter(snapshot: Snapshot, minerals: Sequence[str]) -> list[str]:
    """Assumptions whose range moves price or net gain of a mineral, those that move the net gain most first."""
    size: dict[str, float] = {}
    for mineral in minerals:
        trials = states.of_mineral(snapshot, "sensitivity", mineral)
        trials = trials.reindex(columns=list(dict.fromkeys([*trials.columns, f"{OWN}net_gain_usd"])))
        agreed = states.is_agreed(snapshot) and trials[f"{OWN}net_gain_usd"].notna().any()
        keys = ("price_usd_per_t", f"{OWN if agreed else ''}net_gain_usd")
        based = trials.loc[trials["assumption"] == AS_ASSUMED, list(keys)].astype(float)
        if based.empty:
            continue
        for name, rows in trials[trials["assumption"] != AS_ASSUMED].groupby("assumption", sort=False):
            moved = (rows[list(keys)].astype(float) - based.iloc[0]).abs().max()
            if moved[keys[0]] > LEAST_MOVED * based[keys[0]].iloc[0] or changes(moved[keys[1]]):
                size[str(name)] = max(size.get(str(name), 0.0), float(moved[keys[1]]))
    return sorted(size, key=lambda name: -size[name])


def _assumptions(snapshot: Snapshot, names: Sequence[str], say: Voice, sheet: str, caption: str, note: str) -> Sheet:
    registered, used = registered_assumptions(snapshot), snapshot.record.inputs.assumptions
    sources = snapshot.data["sources"]
    publishers = dict(zip(sources["source_id"], sources["publisher"].map(_publisher), strict=True))
    rows = []
    for name in names:
        row = registered.get(name, {})
        ends = f"{exact(float(row['low']))} to {exact(float(row['high']))}" if row else ""
        cited = [str(publishers.get(source, "")) for source in str(row.get("source_id", "")).split(";")]
        by = listing(list(dict.fromkeys(filter(None, cited)))) or "judgement"
        told = SOURCE.sub(
            lambda id: f" ({publishers[id[1]]})" if id[1] in publishers else "", str(row.get("reason", ""))
        )
        told = with_names(told, say.names)
        rows.append((starting(say.names.assumption(name)), used.get(name), ends, str(row.get("unit", "")), told, by))
    columns = (Column("Assumption"), Column("Value", exact=True), *map(Column, ("Range", "Unit", "Reason", "Source")))
    return Sheet(sheet, caption, columns, tuple(rows), note)


def _sources(snapshot: Snapshot, names: Sequence[str]) -> Sheet:
    """The publications behind the data rows, and behind the assumptions that matter; no file and no site between."""
    registered = registered_assumptions(snapshot)
    behind: dict[str, dict[str, None]] = {}
    for table, what in BEHIND.items():
        frame = snapshot.data.get(table, pd.DataFrame())
        cited = {str(told) for column in frame.columns if column.endswith("source_id") for told in frame[column]}
        if table == "assumptions":
            cited = {str(registered[name].get("source_id", "")) for name in names}
        for source in (one for told in cited for one in told.split(";")):
            behind.setdefault(source, {})[what] = None
    order = list(dict.fromkeys(BEHIND.values()))
    rows = [
        (
            listing(list(behind[str(row.source_id)])),
            _publisher(row.publisher),
            FILE.sub("", str(row.title)),
            str(row.year),
        )
        for row in snapshot.data["sources"].itertuples()
        if row.source_id in behind
    ]
    rows.sort(key=lambda row: (order.index(next(what for what in order if row[0].startswith(what))), *row[1:]))
    columns = tuple(map(Column, ("Behind", "Publisher", "Publication", "Year")))
    note = "Addresses, licences and days of reading are in the snapshot."
    return Sheet("Sources", "Publications behind the numbers", columns, tuple(dict.fromkeys(rows)), note)


def _publisher(told: object) -> str:
    """Who published, without the site on which it was read.

    >>> _publisher("USGS via docslib")
    'USGS'
    """
    return str(told).partition(" via ")[0].rstrip(" ,")


def replaying(snapshot: Snapshot, about: tuple[tuple[str, str], ...]) -> list[Block]:
    """How anyone finds every number again, and what they rest on."""
    return [
        Heading("How to replay"),
        Paragraph(
            f"The numbers of this memo stand in the snapshot {snapshot.short_id}. With the file (it is attached to the "
            f"PDF), run: accord replay snapshot-{snapshot.short_id}.json. It checks id and checksum, solves everything "
            "again, compares every number within a millionth, and names each data row, assumption and version that "
            "differs, with its effect."
        ),
        Sheet("Identity", "What the numbers rest on", (Column("Item"), Column("Value")), about, page="About"),
    ]

"""The memo of one snapshot: which questions it answers, in which order, from which of the snapshot's numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from model.findings import charts
from model.findings.terms import shock_in_words
from model.memo import conclusions
from model.memo.blocks import (
    Attachment,
    Bullets,
    Column,
    Document,
    Heading,
    Paragraph,
    Picture,
    Sheet,
    flow,
    million,
    price,
    share,
)
from model.memo.levers import assumptions, levers, registered_assumptions, setting, voice
from model.memo.schedules import anything_agreed, term_sheet
from model.snapshot.record import RESULT_KEYS
from model.words.names import readable
from model.words.numbers import changes, counted, exact, starting

if TYPE_CHECKING:
    from collections.abc import Sequence

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
        share("Share of use from non-parties"),
        "non_party_share_status_quo",
        "non_party_share_without",
        "non_party_share",
    ),
    (million("Cost to users"), None, "users_cost_without_usd", "users_cost_usd"),
    (million("Gain of producers"), None, "producers_gain_without_usd", "producers_gain_usd"),
    (million("Public money and rents"), None, "public_money_without_usd", "public_money_usd"),
    (million("Net gain of the parties"), None, "net_gain_without_usd", "net_gain_usd"),
    (flow("Unmet use"), None, None, "short_t"),
)
"""The parties together: what is told, and its name in the status quo, under the shock alone, with agreement."""
SHOCK_COLUMNS = tuple(
    f"{name}_{state}_agreement" for name in ("price_usd_per_t", "short_t") for state in ("without", "with")
)
STATES = ("Status quo", "Shock without agreement", "With agreement")


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
    blocks += [*_design(snapshot), *_differences(snapshot, say), *_rests_on(snapshot), *_replaying(snapshot)]
    author = snapshot.record.author
    return Document(
        title=snapshot.title,
        subtitle=f"Memo on an agreement on critical minerals · {snapshot.created:%d %B %Y, %H:%M} UTC"
        + (f" · {author}" if author else ""),
        short_id=snapshot.short_id,
        author=author,
        created=snapshot.created,
        blocks=tuple(blocks),
        about=about(snapshot),
        further=tuple(_full(name, snapshot.tables[name]) for name in RESULT_KEYS if len(snapshot.tables[name])),
        attachments=(attachment(snapshot),),
    )


def about(snapshot: Snapshot) -> tuple[tuple[str, str], ...]:
    """What a snapshot is, for the sheet "About" and the section on replaying."""
    record = snapshot.record
    return (
        ("Title", snapshot.title),
        ("Id (SHA-256)", snapshot.id),
        ("Checksum of the file", record.checksum),
        ("Made", f"{snapshot.created:%Y-%m-%d %H:%M:%S} UTC"),
        ("Author", record.author or "not given"),
        ("Status quo of", record.inputs.data.version),
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
    accounts = of_mineral(snapshot, "accounts", mineral)
    sums = accounts[accounts["is_party"].astype(bool)].sum(numeric_only=True)
    alone = {
        name: float(sums[f"{name}_usd"] - sums[f"{name}_agreement_usd"])
        for name in ("users", "producers", "treasury", "rents", "net")
    }
    return {str(name): value for name, value in row.items()} | {
        "users_cost_without_usd": -alone["users"],
        "producers_gain_without_usd": alone["producers"],
        "public_money_without_usd": alone["treasury"] + alone["rents"],
        "net_gain_without_usd": alone["net"],
    }


def _full(name: str, frame: pd.DataFrame) -> Sheet:
    columns = [(Column(column, _unit(column)), column) for column in map(str, frame.columns)]
    return _table(name, f"Result table {name}", frame, columns)


def _unit(column: str) -> str:
    if column in ("status_quo", "without_agreement", "with_agreement"):
        return "t/yr"
    return next((unit for ending, unit in UNITS.items() if column.endswith(ending)), "")


def _value(cell: Any) -> Value:
    if cell is None or cell is pd.NA or cell != cell:  # noqa: PLR0124 (NaN alone differs from itself)
        return None
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    return float(cell) if isinstance(cell, (int, float)) else str(cell)


def _table(
    name: str,
    caption: str,
    frame: pd.DataFrame,
    columns: Columns,
    note: str = "",
) -> Sheet:
    """A table whose columns come from stored columns, by name, or from values made of them."""

    def cells(source: str | Sequence[Value]) -> Sequence[Value]:
        return [_value(cell) for cell in frame[source]] if isinstance(source, str) else source

    rows = zip(*(cells(source) for _, source in columns), strict=True)
    return Sheet(name, caption, tuple(column for column, _ in columns), tuple(rows), note)


def _question(snapshot: Snapshot, say: Voice) -> list[Block]:
    scenario = snapshot.scenario
    minerals = ", ".join(say.mineral(mineral) for mineral in scenario.minerals)
    happens = [shock_in_words(shock, say) for shock in scenario.shocks]
    agreed = anything_agreed(snapshot)
    date = snapshot.record.inputs.data.version
    if not agreed and not happens:
        told = f"No agreement and no shock: today's trade in {minerals}, as it stood on {date}."
        return [Heading("The question"), Paragraph(told)]
    when = f"when this happens: {'; '.join(happens)}" if happens else "when no shock hits"
    over = (
        "within one year, with capacity almost fixed" if scenario.horizon == "short" else "once capacity has responded"
    )
    what = "does this agreement do" if agreed else "happens without an agreement"
    return [
        Heading("The question"),
        Paragraph(
            f"What {what} to prices and supply of {minerals}, who gains and who pays, {over}, {when}? All changes are "
            f"against the status quo of {date}: no agreement, no shock, the duties and export controls then in force."
        ),
    ]


def _findings(snapshot: Snapshot, mineral: str, say: Voice) -> list[Block]:
    name = say.names.mineral(mineral)
    return [
        Heading(f"What it does: {name.lower()}"),
        *(Paragraph(sentence, strong=True) for sentence in snapshot.sentences(mineral, "gains")),
        _headline(snapshot, mineral, name),
        Heading("Three numbers per party", 2),
        _parties(snapshot, mineral, name, say),
        *_gains(snapshot, mineral, name),
        Heading("Where supply comes from", 2),
        *_supply(snapshot, mineral, name),
        *_response(snapshot, mineral, name, say),
        Heading("Why", 2),
        Bullets(snapshot.sentences(mineral, "reasons") or ("Nothing binds.",)),
    ]


def _headline(snapshot: Snapshot, mineral: str, name: str) -> Sheet:
    numbers = together(snapshot, mineral)
    columns = (Column("Measure"), *(Column(state) for state in STATES))
    note = "Money is the change on the status quo. Public money: duties, levies and quota rents less outlays."
    rows = tuple(
        (look.header, *(None if name is None else look.scaled(float(numbers[name])) for name in names))
        for look, *names in HEADLINE
    )
    return Sheet(f"Headline {mineral}", f"{name}: the parties together", columns, rows, note)


def _parties(snapshot: Snapshot, mineral: str, name: str, say: Voice) -> Sheet:
    frame = of_mineral(snapshot, "parties", mineral)
    columns = [
        (Column("Party"), [say.region(str(region)) for region in frame["region"]]),
        (price("Price to users, status quo"), "price_status_quo_usd_per_t"),
        (price("Price to users, with agreement"), "price_with_agreement_usd_per_t"),
        (share("From non-parties, status quo"), "non_party_share_status_quo"),
        (share("From non-parties, with agreement"), "non_party_share_with_agreement"),
        (million("Net gain"), "net_usd"),
    ]
    return _table(f"Parties {mineral}", f"{name}: price, dependence and net gain by party", frame, columns)


def _picture(chart: Chart, mineral: str = "") -> Picture:
    return Picture(f"{mineral}: {chart.title}" if mineral else starting(chart.title), chart)


def _gains(snapshot: Snapshot, mineral: str, name: str) -> list[Block]:
    """Nothing where no account of any party changes: the sentence above has said it."""
    frame = of_mineral(snapshot, "gains", mineral)
    columns = [
        (Column("Party"), "party"),
        (million("Users"), "users_usd"),
        (million("Producers"), "producers_usd"),
        (million("Treasury"), "treasury_usd"),
        (million("Rents, offtake"), "rents_usd"),
        (million("Net"), "net_usd"),
    ]
    if not changes(float(frame[[stored for _, stored in columns[1:]]].abs().to_numpy().max())):
        return []
    caption = f"{name}: change of each account on the status quo"
    return [
        Heading("Who gains and who pays", 2),
        _picture(charts.gains(frame, " ".join(snapshot.sentences(mineral, "gains"))), name),
        _table(f"Gains {mineral}", caption, frame, columns),
    ]


def _supply(snapshot: Snapshot, mineral: str, name: str) -> list[Block]:
    frame = of_mineral(snapshot, "supply", mineral)
    said = " ".join(snapshot.sentences(mineral, "supply"))
    stored = ("status_quo", "without_agreement", "with_agreement")
    columns = [
        (Column("Origin"), "name"),
        (Column("Side"), [starting(str(group).replace("_", "-")) for group in frame["group"]]),
        *((flow(title), state) for title, state in zip(STATES, stored, strict=True)),
    ]
    return [
        Paragraph(said, strong=True),
        _picture(charts.sources(frame, said), name),
        _table(f"Supply {mineral}", f"{name}: supply of the parties by origin", frame, columns),
    ]


def _response(snapshot: Snapshot, mineral: str, name: str, say: Voice) -> list[Block]:
    levels, ends = of_mineral(snapshot, "response", mineral), of_mineral(snapshot, "response_ends", mineral)
    said = " ".join(snapshot.sentences(mineral, "response"))
    blocks: list[Block] = [Heading("What other floors would do", 2), Paragraph(said, strong=True)]
    if levels.empty or ends.empty:
        return blocks
    fails = of_mineral(snapshot, "response_fails", mineral)
    ends_at = ("status_quo_usd_per_t", "slack_up_to_usd_per_t", "agreed_usd_per_t", "price_as_agreed_usd_per_t")
    status_quo, slack, *agreed = (float(pd.to_numeric(ends[name]).iloc[0]) for name in ends_at)
    current = None if pd.isna(agreed[0]) else (agreed[0], agreed[1])
    columns = [
        (price("Floor"), "level_usd_per_t"),
        (price("Price in the parties"), "price_usd_per_t"),
        (share("Parties in which it holds"), "held_by"),
    ]
    return [
        *blocks,
        _picture(charts.floor_curve(levels, fails, status_quo, slack, current, said, say.names, levels), name),
        _table(f"Response {mineral}", f"{name}: price in the parties at other floors", levels, columns),
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
        (Column("Industry"), "name"),
        (Column("Party"), [say.region(str(region)) for region in frame["region"]]),
        (million("Extra cost"), "extra_cost_usd"),
        (share("Unit cost", signed=True), "unit_cost_change"),
        (share("Shortfall"), "shortage_share"),
        (million("Value added at risk", signed=False), "value_added_at_risk_usd"),
        (Column("Jobs at risk", "jobs"), "jobs_at_risk"),
    ]
    caption = f"The {counted(len(frame), 'industry', 'industries')} whose cost changes most"
    note = (
        "Metal prices only, at unchanged quantities: a lower bound of cost. Shortfall: fall of use below the status "
        "quo. Risks are midpoints of two ways to spread it; a dash: size unknown."
    )
    pictures = [_picture(charts.industries(hit, said))] if len(hit) else []
    return [*blocks, *pictures, _table("Manufacturers", caption, frame, columns, note)]


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
    each = "Each shock alone, at the severity of the library, in place of the scenario's own shocks"
    if not anything_agreed(snapshot):
        columns = [shocks, without, (flow("Unmet use"), "short_t_without_agreement")]
        return [*blocks, _table(f"Shocks {mineral}", f"{name}: named shocks", frame, columns, f"{each}.")]
    effect = conclusions.effect_of_agreement(frame).add_prefix("effect_on_")
    columns = [
        shocks,
        without,
        (price("Price with agreement"), "price_usd_per_t_with_agreement"),
        (million("Agreement's cost to users"), "effect_on_users_cost_usd"),
        (million("Agreement's net gain"), "effect_on_net_gain_usd"),
        (flow("Unmet use with agreement"), "short_t_with_agreement"),
    ]
    caption = f"{name}: named shocks without and with the agreement"
    note = f"{each}; the agreement's effect is with less without it."
    return [
        *blocks,
        Paragraph(conclusions.shocks_sentence(frame, say), strong=True),
        _table(f"Shocks {mineral}", caption, pd.concat([frame, effect], axis=1), columns, note),
    ]


def _sensitivity(snapshot: Snapshot, mineral: str, say: Voice) -> list[Block]:
    trials, shocks = of_mineral(snapshot, "sensitivity", mineral), of_mineral(snapshot, "shocks", mineral)
    frame = conclusions.spans(trials)
    name = say.names.mineral(mineral)
    columns = [
        (Column("Assumption"), [readable(str(assumption)) for assumption in frame["assumption"]]),
        (Column("Low", exact=True), "low"),
        (Column("High", exact=True), "high"),
        (price("Price at low"), "price_usd_per_t_low"),
        (price("Price at high"), "price_usd_per_t_high"),
        (million("Net gain at low"), "net_gain_usd_low"),
        (million("Net gain at high"), "net_gain_usd_high"),
    ]
    note = (
        "One assumption at a time at the ends of its registered range; a dash: the value used is "
        "itself that end, or no equilibrium was proved."
    )
    turning = tuple(conclusions.what_would_change(trials, shocks, say))
    change: list[Block] = [Heading("What would change the conclusion", 2), Bullets(turning)] if turning else []
    return [
        Heading(f"How sure it is: {name.lower()}"),
        _table(f"Sensitivity {mineral}", f"{name}: sensitivity to the main assumptions", frame, columns, note),
        *change,
    ]


def _design(snapshot: Snapshot) -> list[Block]:
    """The optimiser's tables as it left them, where the scenario came from it."""
    if not snapshot.record.design:
        return []
    sheets = [
        _table(
            f"Design {name}",
            f"Optimiser: {name.replace('_', ' ')}",
            (frame := found.frame()),
            [(_design_column(str(column)), str(column)) for column in frame.columns],
        )
        for name, found in snapshot.record.design.items()
    ]
    told = (
        "The agreement was found by the optimiser. Its tables are kept as it left them; a replay does not search again."
    )
    return [Heading("What the optimiser found"), Paragraph(told), *sheets]


def _design_column(name: str) -> Column:
    million_usd = name.endswith("_musd")
    return Column(name.removesuffix("_musd").replace("_", " "), "million USD/yr" if million_usd else "")


def _differences(snapshot: Snapshot, say: Voice) -> list[Block]:
    titles = (Column("Instrument"), Column("Field"), Column("Level"))
    rows = (*setting(snapshot, say), *levers(snapshot, say))
    changed = tuple((readable(name), value, before, unit) for name, value, before, unit in assumptions(snapshot))
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


def _rests_on(snapshot: Snapshot) -> list[Block]:
    used = snapshot.record.inputs.assumptions
    registered = registered_assumptions(snapshot)
    rows = [registered.get(name, {}) for name in used]

    def texts(column: str, none: str = "") -> list[Value]:
        return [row.get(column, "") or none for row in rows]

    columns: Columns = [
        (Column("Assumption"), [readable(name) for name in used]),
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

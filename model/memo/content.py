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
from model.memo.schedules import term_sheet
from model.snapshot.record import RESULT_KEYS
from model.words.names import readable
from model.words.numbers import starting

if TYPE_CHECKING:
    from model.findings.charts import Chart
    from model.memo.blocks import Block, Value
    from model.snapshot.record import Snapshot
    from model.words.voice import Voice

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
    (million("Cost to users"), None, None, "users_cost_usd"),
    (million("Gain of producers"), None, None, "producers_gain_usd"),
    (million("Public money and rents"), None, None, "public_money_usd"),
    (million("Net gain of the parties"), None, None, "net_gain_usd"),
    (flow("Use given up for want of supply"), None, None, "short_t"),
)
"""The parties together: what is told, and its stored name in the status quo, under the shock alone, with agreement."""


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
        *_design(snapshot),
        *_differences(snapshot, say),
        *_rests_on(snapshot),
        *_replaying(snapshot),
    ]
    return Document(
        title=snapshot.title,
        subtitle=f"Memo on an agreement on critical minerals · {snapshot.created:%d %B %Y, %H:%M} UTC" + _by(snapshot),
        short_id=snapshot.short_id,
        author=snapshot.record.author,
        created=snapshot.created,
        blocks=tuple(blocks),
        about=about(snapshot),
        further=further(snapshot),
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


def further(snapshot: Snapshot) -> tuple[Sheet, ...]:
    """Every result table in full, for workbooks."""
    return tuple(_full(name, snapshot.tables[name]) for name in RESULT_KEYS if len(snapshot.tables[name]))


def attachment(snapshot: Snapshot) -> Attachment:
    """The snapshot itself, under a name made of its id alone."""
    return Attachment(f"snapshot-{snapshot.short_id}.json", snapshot.to_json())


def _by(snapshot: Snapshot) -> str:
    return f" · {snapshot.record.author}" if snapshot.record.author else ""


def _full(name: str, frame: pd.DataFrame) -> Sheet:
    columns = tuple(Column(column, _unit(column)) for column in map(str, frame.columns))
    rows = tuple(tuple(_value(cell) for cell in row) for row in frame.itertuples(index=False, name=None))
    return Sheet(name, f"Result table {name}", columns, rows)


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


def _of(snapshot: Snapshot, name: str, mineral: str) -> pd.DataFrame:
    frame = snapshot.tables[name]
    return frame[frame["mineral"] == mineral].reset_index(drop=True) if len(frame) else frame


def _column(frame: pd.DataFrame, name: str) -> list[Value]:
    return [_value(cell) for cell in frame[name]] if name in frame else [None] * len(frame)


def _rows(*columns: list[Value]) -> tuple[tuple[Value, ...], ...]:
    return tuple(zip(*columns, strict=True))


def _question(snapshot: Snapshot, say: Voice) -> list[Block]:
    minerals = ", ".join(say.mineral(mineral) for mineral in snapshot.scenario.minerals)
    happens = [shock_in_words(shock, say) for shock in snapshot.scenario.shocks]
    when = f"when this happens: {'; '.join(happens)}" if happens else "when no shock hits"
    over = (
        "within one year, with capacity almost fixed"
        if snapshot.scenario.horizon == "short"
        else "once capacity has responded"
    )
    return [
        Heading("The question"),
        Paragraph(
            f"What does this agreement do to prices and supply of {minerals}, who gains and who "
            f"pays, {over}, {when}? "
            f"All changes are against the status quo of {snapshot.record.inputs.data.version}: no "
            f"agreement, no shock, the duties and "
            "export controls then in force."
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
        Heading("Who gains and who pays", 2),
        *_gains(snapshot, mineral, name),
        Heading("Where supply comes from", 2),
        *_supply(snapshot, mineral, name),
        *_response(snapshot, mineral, name, say),
        Heading("Why", 2),
        Bullets(snapshot.sentences(mineral, "reasons") or ("Nothing binds.",)),
    ]


def _headline(snapshot: Snapshot, mineral: str, name: str) -> Sheet:
    row = _of(snapshot, "headline", mineral).iloc[0]
    columns = (Column("Measure"), Column("Status quo"), Column("Shock without agreement"), Column("With agreement"))
    note = "Money is the change on the status quo. Public money: duties, levies and quota rents less outlays."
    rows = tuple(
        (look.header, *(None if name is None else look.scaled(float(row[name])) for name in names))
        for look, *names in HEADLINE
    )
    return Sheet(f"Headline {mineral}", f"{name}: the parties together", columns, rows, note)


def _parties(snapshot: Snapshot, mineral: str, name: str, say: Voice) -> Sheet:
    frame = _of(snapshot, "parties", mineral)
    columns = (
        Column("Party"),
        price("Price to users, status quo"),
        price("Price to users, with agreement"),
        share("From non-parties, status quo"),
        share("From non-parties, with agreement"),
        million("Net gain"),
    )
    stored = (
        "price_status_quo_usd_per_t",
        "price_with_agreement_usd_per_t",
        "non_party_share_status_quo",
        "non_party_share_with_agreement",
        "net_usd",
    )
    parties: list[Value] = [say.region(str(region)) for region in frame["region"]]
    rows = _rows(parties, *(_column(frame, column) for column in stored))
    return Sheet(f"Parties {mineral}", f"{name}: price, dependence and net gain of each party", columns, rows)


def _picture(chart: Chart, mineral: str = "") -> Picture:
    return Picture(f"{mineral}: {chart.title}" if mineral else starting(chart.title), chart)


def _gains(snapshot: Snapshot, mineral: str, name: str) -> list[Block]:
    frame = _of(snapshot, "gains", mineral)
    columns = (
        Column("Party"),
        *(million(title) for title in ("Users", "Producers", "Treasury", "Rents, offtake", "Net")),
    )
    stored = ("users_usd", "producers_usd", "treasury_usd", "rents_usd", "net_usd")
    said = " ".join(snapshot.sentences(mineral, "gains"))
    return [
        _picture(charts.gains(frame, said), name),
        Sheet(
            f"Gains {mineral}",
            f"{name}: change of each account on the status quo",
            columns,
            _rows(_column(frame, "party"), *(_column(frame, column) for column in stored)),
        ),
    ]


def _supply(snapshot: Snapshot, mineral: str, name: str) -> list[Block]:
    frame = _of(snapshot, "supply", mineral)
    said = " ".join(snapshot.sentences(mineral, "supply"))
    groups: list[Value] = [starting(str(group).replace("_", "-")) for group in frame["group"]]
    columns = (
        Column("Origin"),
        Column("Side"),
        *(flow(title) for title in ("Status quo", "Shock without agreement", "With agreement")),
    )
    rows = _rows(
        _column(frame, "name"),
        groups,
        *(_column(frame, state) for state in ("status_quo", "without_agreement", "with_agreement")),
    )
    return [
        Paragraph(said, strong=True),
        _picture(charts.sources(frame, said), name),
        Sheet(f"Supply {mineral}", f"{name}: supply of the parties by origin", columns, rows),
    ]


def _response(snapshot: Snapshot, mineral: str, name: str, say: Voice) -> list[Block]:
    levels, ends = _of(snapshot, "response", mineral), _of(snapshot, "response_ends", mineral)
    said = " ".join(snapshot.sentences(mineral, "response"))
    blocks: list[Block] = [Heading("What other floors would do", 2), Paragraph(said, strong=True)]
    if levels.empty or ends.empty:
        return blocks
    fails = _of(snapshot, "response_fails", mineral)
    ends_at = ("status_quo_usd_per_t", "slack_up_to_usd_per_t", "agreed_usd_per_t", "price_as_agreed_usd_per_t")
    status_quo, slack, *agreed = (float(pd.to_numeric(ends[name]).iloc[0]) for name in ends_at)
    current = None if pd.isna(agreed[0]) else (agreed[0], agreed[1])
    chart = charts.floor_curve(levels, fails, status_quo, slack, current, said, say.names, levels)
    columns = (price("Floor"), price("Price in the parties"), share("Parties in which it holds"))
    rows = _rows(*(_column(levels, column) for column in ("level_usd_per_t", "price_usd_per_t", "held_by")))
    return [
        *blocks,
        _picture(chart, name),
        Sheet(f"Response {mineral}", f"{name}: price in the parties at other floors", columns, rows),
    ]


def _manufacturers(snapshot: Snapshot, say: Voice) -> list[Block]:
    hit = snapshot.tables["industries_hit"]
    said = " ".join(snapshot.sentences(snapshot.scenario.minerals[0], "industries"))
    blocks: list[Block] = [Heading("Downstream manufacturers"), Paragraph(said, strong=True)]
    if len(hit):
        blocks.append(_picture(charts.industries(hit, said)))
    frame = snapshot.tables["industries"]
    order = frame["extra_cost_usd"].abs().sort_values(ascending=False, kind="stable").index[:MOST_INDUSTRIES]
    frame = frame.loc[order]
    columns = (
        Column("Industry"),
        Column("Party"),
        million("Extra cost"),
        share("Unit cost", signed=True),
        share("Shortage"),
        million("Value added at risk", signed=False),
        Column("Jobs at risk", "jobs"),
    )
    parties: list[Value] = [say.region(str(region)) for region in frame["region"]]
    stored = ("extra_cost_usd", "unit_cost_change", "shortage_share", "value_added_at_risk_usd", "jobs_at_risk")
    rows = _rows(_column(frame, "name"), parties, *(_column(frame, column) for column in stored))
    note = (
        "Metal prices only, at unchanged quantities: a lower bound of cost. Risks are midpoints of "
        "two ways to spread a shortage; a dash: size unknown."
    )
    return [*blocks, Sheet("Manufacturers", f"The {len(rows)} industries whose cost changes most", columns, rows, note)]


def _shocks(snapshot: Snapshot, mineral: str, say: Voice) -> list[Block]:
    frame = _of(snapshot, "shocks", mineral)
    name = say.names.mineral(mineral)
    blocks: list[Block] = [Heading(f"Under the named shocks: {name.lower()}")]
    if frame.empty:
        return [*blocks, Paragraph("No shock of the library touches this mineral.")]
    columns = (
        Column("Shock"),
        price("Price without agreement"),
        price("Price with agreement"),
        million("Agreement's cost to users"),
        million("Agreement's net gain"),
        flow("Use given up with agreement"),
    )
    shocks: list[Value] = [say.names.shock(str(shock)) for shock in frame["shock"]]
    effect = conclusions.effect_of_agreement(frame)
    rows = _rows(
        shocks,
        _column(frame, "price_usd_per_t_without_agreement"),
        _column(frame, "price_usd_per_t_with_agreement"),
        _column(effect, "users_cost_usd"),
        _column(effect, "net_gain_usd"),
        _column(frame, "short_t_with_agreement"),
    )
    note = (
        "Each shock alone, at the severity of the library, in place of the scenario's own shocks; the "
        "agreement's effect is with less without it."
    )
    return [
        *blocks,
        Paragraph(conclusions.shocks_sentence(frame, say), strong=True),
        Sheet(f"Shocks {mineral}", f"{name}: named shocks without and with the agreement", columns, rows, note),
    ]


def _sensitivity(snapshot: Snapshot, mineral: str, say: Voice) -> list[Block]:
    frame = conclusions.spans(_of(snapshot, "sensitivity", mineral))
    name = say.names.mineral(mineral)
    columns = (
        Column("Assumption"),
        Column("Low", exact=True),
        Column("High", exact=True),
        price("Price at low"),
        price("Price at high"),
        million("Net gain at low"),
        million("Net gain at high"),
    )
    titles: list[Value] = [readable(str(assumption)) for assumption in frame["assumption"]]
    stored = ("low", "high", "price_usd_per_t_low", "price_usd_per_t_high", "net_gain_usd_low", "net_gain_usd_high")
    note = (
        "One assumption at a time at the ends of its registered range; a dash: the value used is "
        "itself that end, or no equilibrium was proved."
    )
    return [
        Heading(f"How sure it is: {name.lower()}"),
        Sheet(
            f"Sensitivity {mineral}",
            f"{name}: sensitivity to the main assumptions",
            columns,
            _rows(titles, *(_column(frame, c) for c in stored)),
            note,
        ),
        Heading("What would change the conclusion", 2),
        Bullets(
            tuple(
                conclusions.what_would_change(
                    _of(snapshot, "sensitivity", mineral), _of(snapshot, "shocks", mineral), say
                )
            )
        ),
    ]


def _design(snapshot: Snapshot) -> list[Block]:
    """The optimiser's tables as it left them, where the scenario came from it."""
    if not snapshot.record.design:
        return []
    sheets = [
        Sheet(
            f"Design {name}",
            f"Optimiser: {name.replace('_', ' ')}",
            tuple(_design_column(column) for column in found.columns),
            tuple(tuple(_value(cell) for cell in row) for row in found.rows),
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
    rows = tuple((what, field, level) for what, field, level in [*setting(snapshot, say), *levers(snapshot, say)])
    changed = tuple((readable(name), value, before, unit) for name, value, before, unit in assumptions(snapshot))
    columns = (
        Column("Assumption"),
        Column("Value used", exact=True),
        Column("Registered value", exact=True),
        Column("Unit"),
    )
    blocks: list[Block] = [
        Heading("What differs from the status quo"),
        Sheet("Levers", "Every lever that is set", (Column("Instrument"), Column("Field"), Column("Level")), rows),
    ]
    if not changed:
        return [*blocks, Paragraph("Every assumption has its registered value.")]
    return [
        *blocks,
        Sheet("Changed assumptions", "Every assumption that differs from its registered value", columns, changed),
    ]


def _rests_on(snapshot: Snapshot) -> list[Block]:
    used = snapshot.record.inputs.assumptions
    registered = registered_assumptions(snapshot)
    rows = []
    for name, value in used.items():
        row = registered.get(name, {})
        rows.append(
            (
                readable(name),
                value,
                f"{row.get('low', '')} to {row.get('high', '')}",
                row.get("unit", ""),
                row.get("reason", ""),
                row.get("source_id", "") or "judgement",
            )
        )
    columns = (
        Column("Assumption"),
        Column("Value", exact=True),
        Column("Range"),
        Column("Unit"),
        Column("Reason"),
        Column("Source"),
    )
    sources = snapshot.data["sources"]
    cited: tuple[tuple[Value, ...], ...] = _rows(
        *(_column(sources, column) for column in ("source_id", "title", "publisher", "year", "licence"))
    )
    titles = tuple(Column(title) for title in ("Source", "Title", "Publisher", "Year", "Licence"))
    return [
        Heading("Sources and assumptions"),
        Sheet("Assumptions", "Assumptions used", columns, tuple(rows)),
        Sheet("Sources", "Sources of the data rows used", titles, cited),
    ]


def _replaying(snapshot: Snapshot) -> list[Block]:
    rows: tuple[tuple[Value, ...], ...] = about(snapshot)
    return [
        Heading("How to replay"),
        Paragraph(
            f"The numbers of this memo stand in the snapshot {snapshot.short_id}. With the file (it is "
            f"attached to the PDF), run: accord replay "
            f"snapshot-{snapshot.short_id}.json. It checks id and checksum, solves everything again, "
            f"compares every number within a millionth, "
            "and names each data row, assumption and version that differs, with its effect."
        ),
        Sheet("Identity", "What the numbers rest on", (Column("Item"), Column("Value")), rows),
    ]

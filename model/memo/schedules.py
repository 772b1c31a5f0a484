"""The term sheet: one schedule per kind of instrument, one row per party where it binds parties."""

from __future__ import annotations

from typing import TYPE_CHECKING

from model.memo import terms
from model.memo.blocks import Column, Heading, Paragraph, Sheet
from model.words.numbers import starting

if TYPE_CHECKING:
    from model.memo.blocks import Block, Value
    from model.snapshot.record import Snapshot
    from model.words.voice import Voice

TO_BE_AGREED = "to be agreed"
TONNES = "t/yr"


def term_sheet(snapshot: Snapshot, say: Voice) -> list[Block]:
    """The annex: schedules with every level as agreed."""
    return [
        Heading("Annex: term sheet"),
        Paragraph(
            "Levels are those of the snapshot, unrounded. Cells marked “to be agreed” are open; the "
            "model does not know them."
        ),
        _floors(snapshot, say),
        _trqs(snapshot, say),
        _duties(snapshot, say),
        _offtakes(snapshot, say),
        _stockpiles(snapshot, say),
        _reviews(snapshot, say),
    ]


def _sheet(name: str, caption: str, columns: tuple[Column, ...], rows: list[tuple[Value, ...]]) -> Sheet:
    none: tuple[Value, ...] = ("none agreed", *[None] * (len(columns) - 1))
    return Sheet(name, caption, columns, tuple(rows) or (none,))


def _product(say: Voice, mineral: str, stage: str) -> str:
    return starting(say.product(mineral, stage))


def _floors(snapshot: Snapshot, say: Voice) -> Sheet:
    columns = (Column("Product"), Column("Party"), Column("Floor", "USD/t", exact=True), Column("Held by"))
    rows: list[tuple[Value, ...]] = [
        (_product(say, floor.mineral, floor.stage), say.region(party), floor.price, terms.mechanism(floor, say))
        for floor in snapshot.scenario.agreement.floors
        for party in floor.parties
    ]
    return _sheet("Schedule floors", "Schedule 1: minerals and price floors", columns, rows)


def _trqs(snapshot: Snapshot, say: Voice) -> Sheet:
    columns = (
        Column("Product"),
        Column("Importing party"),
        Column("From"),
        Column("Quota shared by all named parties", TONNES, exact=True),
        Column("In-quota duty"),
        Column("Over-quota duty"),
        Column("Rent to"),
    )
    rows: list[tuple[Value, ...]] = [
        (
            _product(say, trq.mineral, trq.stage),
            say.region(importer),
            say.the_regions(trq.exporters),
            trq.quantity,
            terms.duty(trq.in_quota, say),
            terms.duty(trq.over_quota, say),
            terms.RENT_WORDS[trq.rent_to],
        )
        for trq in snapshot.scenario.agreement.trqs
        for importer in trq.importers
    ]
    return _sheet("Schedule TRQs", "Schedule 2: tariff-rate quotas by party", columns, rows)


def _duties(snapshot: Snapshot, say: Voice) -> Sheet:
    agreement = snapshot.scenario.agreement
    columns = (Column("Measure"), Column("Product"), Column("Applied by"), Column("To"), Column("Level"))
    rows: list[tuple[Value, ...]] = [
        (
            "Tariff",
            _product(say, t.mineral, t.stage),
            say.the_regions(t.importers),
            say.the_regions(t.exporters),
            terms.duty(t, say),
        )
        for t in agreement.tariffs
    ]
    rows += [
        (
            "Quota",
            _product(say, q.mineral, q.stage),
            say.the_regions(q.importers),
            say.the_regions(q.exporters),
            say.quantity(q.quantity),
        )
        for q in agreement.quotas
    ]
    rows += [
        (
            "Export tax",
            _product(say, t.mineral, t.stage),
            say.the_region(t.exporter),
            say.the_regions(t.importers),
            terms.duty(t, say),
        )
        for t in agreement.export_taxes
    ]
    rows += [
        ("Zero for zero", _product(say, z.mineral, z.stage), "the parties", "each other", "free of duty")
        for z in agreement.zero_for_zero
    ]
    return _sheet("Schedule duties", "Schedule 3: other border measures", columns, rows)


def _offtakes(snapshot: Snapshot, say: Voice) -> Sheet:
    columns = (
        Column("Product"),
        Column("Producer"),
        Column("Buyer"),
        Column("At least", TONNES, exact=True),
        Column("Strike", "USD/t", exact=True),
    )
    rows: list[tuple[Value, ...]] = [
        (
            _product(say, item.mineral, item.stage),
            say.region(item.producer),
            say.region(item.buyer),
            item.quantity,
            "market price" if item.strike is None else item.strike,
        )
        for item in snapshot.scenario.agreement.offtakes
    ]
    return _sheet("Schedule offtake", "Schedule 4: offtake volumes", columns, rows)


def _stockpiles(snapshot: Snapshot, say: Voice) -> Sheet:
    columns = (
        Column("Product"),
        Column("Party"),
        Column("Up to", TONNES, exact=True),
        Column("Released above", "USD/t", exact=True),
    )
    rows: list[tuple[Value, ...]] = [
        (_product(say, item.mineral, item.stage), say.region(item.party), item.quantity, item.release_above)
        for item in snapshot.scenario.agreement.stockpiles
    ]
    return _sheet("Schedule stockpiles", "Schedule 5: stockpiles", columns, rows)


def _reviews(snapshot: Snapshot, say: Voice) -> Sheet:
    columns = (Column("Mineral"), Column("First review"), Column("Every"), Column("Sunset"))
    rows: list[tuple[Value, ...]] = [
        (say.names.mineral(mineral), TO_BE_AGREED, TO_BE_AGREED, TO_BE_AGREED) for mineral in snapshot.scenario.minerals
    ]
    return _sheet("Schedule reviews", "Schedule 6: review dates", columns, rows)

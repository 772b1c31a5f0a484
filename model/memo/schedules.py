"""The term sheet: one schedule per kind of instrument, one row per instrument."""

from __future__ import annotations

from typing import TYPE_CHECKING

from model.memo import terms
from model.memo.blocks import Bullets, Column, Heading, Paragraph, Sheet
from model.words.numbers import starting

if TYPE_CHECKING:
    from model.memo.blocks import Block, Value
    from model.snapshot.record import Snapshot
    from model.words.voice import Voice

TO_BE_AGREED = "to be agreed"
TONNES = "t/yr"


def term_sheet(snapshot: Snapshot, say: Voice) -> list[Block]:
    """The parties, one sentence per instrument, and schedules with every level as agreed."""
    coalition = say.names.coalition(say.parties)
    agreed = terms.clauses(snapshot.scenario, say)
    schedules = (_floors, _trqs, _duties, _offtakes, _stockpiles)
    sheets = [sheet for make in schedules if (sheet := make(snapshot, say)).rows]
    return [
        Heading("Term sheet"),
        Paragraph(f"Parties{f' ({coalition})' if coalition else ''}: {_each(say.parties, say)}."),
        Bullets(tuple(agreed)) if agreed else Paragraph("The parties agree on nothing: the status quo."),
        Paragraph(
            "Levels are those of the snapshot, unrounded. Cells marked “to be agreed” are open; the "
            "model does not know them."
        ),
        *sheets,
        _reviews(snapshot, say),
    ]


def _product(say: Voice, mineral: str, stage: str) -> str:
    return starting(say.product(mineral, stage))


def _each(regions: tuple[str, ...], say: Voice) -> str:
    return ", ".join(map(say.region, regions))


def _floors(snapshot: Snapshot, say: Voice) -> Sheet:
    columns = (Column("Product"), Column("Parties"), Column("Floor", "USD/t", exact=True), Column("Held by"))
    rows: list[tuple[Value, ...]] = [
        (_product(say, floor.mineral, floor.stage), _each(floor.parties, say), floor.price, terms.mechanism(floor, say))
        for floor in snapshot.scenario.agreement.floors
    ]
    return Sheet("Schedule floors", "Schedule: minerals and price floors", columns, tuple(rows))


def _trqs(snapshot: Snapshot, say: Voice) -> Sheet:
    columns = (
        Column("Product"),
        Column("Importing parties"),
        Column("From"),
        Column("Quota, together", TONNES, exact=True),
        Column("In-quota duty"),
        Column("Over-quota duty"),
        Column("Rent to"),
    )
    rows: list[tuple[Value, ...]] = [
        (
            _product(say, trq.mineral, trq.stage),
            _each(trq.importers, say),
            say.the_regions(trq.exporters),
            trq.quantity,
            terms.duty(trq.in_quota, say),
            terms.duty(trq.over_quota, say),
            terms.RENT_WORDS[trq.rent_to],
        )
        for trq in snapshot.scenario.agreement.trqs
    ]
    return Sheet("Schedule TRQs", "Schedule: tariff-rate quotas", columns, tuple(rows))


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
    return Sheet("Schedule duties", "Schedule: other border measures", columns, tuple(rows))


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
    return Sheet("Schedule offtake", "Schedule: offtake volumes", columns, tuple(rows))


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
    return Sheet("Schedule stockpiles", "Schedule: stockpiles", columns, tuple(rows))


def _reviews(snapshot: Snapshot, say: Voice) -> Sheet:
    columns = (Column("Mineral"), Column("First review"), Column("Every"), Column("Sunset"))
    rows: list[tuple[Value, ...]] = [
        (say.names.mineral(mineral), TO_BE_AGREED, TO_BE_AGREED, TO_BE_AGREED) for mineral in snapshot.scenario.minerals
    ]
    return Sheet("Schedule reviews", "Schedule: review dates", columns, tuple(rows))

"""The term sheet: one schedule per kind of instrument, one row per party where it binds parties."""

from __future__ import annotations

from typing import TYPE_CHECKING

from model.memo import terms
from model.memo.blocks import Column, Heading, Paragraph, Sheet
from model.words.numbers import starting

if TYPE_CHECKING:
    from model.memo.blocks import Block, Value
    from model.memo.terms import Labels
    from model.snapshot.record import Snapshot

TO_BE_AGREED = "to be agreed"
TONNES = "t/yr"


def term_sheet(snapshot: Snapshot, labels: Labels) -> list[Block]:
    """The annex: schedules with every level as agreed."""
    return [
        Heading("Annex: term sheet"),
        Paragraph(
            "Levels are those of the snapshot, unrounded. Cells marked “to be agreed” are open; the "
            "model does not know them."
        ),
        _floors(snapshot, labels),
        _trqs(snapshot, labels),
        _duties(snapshot, labels),
        _offtakes(snapshot, labels),
        _stockpiles(snapshot, labels),
        _reviews(snapshot, labels),
    ]


def _sheet(name: str, caption: str, columns: tuple[Column, ...], rows: list[tuple[Value, ...]]) -> Sheet:
    none: tuple[Value, ...] = ("none agreed", *[None] * (len(columns) - 1))
    return Sheet(name, caption, columns, tuple(rows) or (none,))


def _product(labels: Labels, mineral: str, stage: str) -> str:
    return starting(labels.product(mineral, stage))


def _floors(snapshot: Snapshot, labels: Labels) -> Sheet:
    columns = (Column("Product"), Column("Party"), Column("Floor", "USD/t", exact=True), Column("Held by"))
    rows: list[tuple[Value, ...]] = [
        (_product(labels, floor.mineral, floor.stage), labels.of("region", party), floor.price, terms.mechanism(floor))
        for floor in snapshot.scenario.agreement.floors
        for party in floor.parties
    ]
    return _sheet("Schedule floors", "Schedule 1: minerals and price floors", columns, rows)


def _trqs(snapshot: Snapshot, labels: Labels) -> Sheet:
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
            _product(labels, trq.mineral, trq.stage),
            labels.of("region", importer),
            labels.the_regions(trq.exporters),
            trq.quantity,
            terms.duty(trq.in_quota),
            terms.duty(trq.over_quota),
            terms.RENT_WORDS[trq.rent_to],
        )
        for trq in snapshot.scenario.agreement.trqs
        for importer in trq.importers
    ]
    return _sheet("Schedule TRQs", "Schedule 2: tariff-rate quotas by party", columns, rows)


def _duties(snapshot: Snapshot, labels: Labels) -> Sheet:
    agreement = snapshot.scenario.agreement
    columns = (Column("Measure"), Column("Product"), Column("Applied by"), Column("To"), Column("Level"))
    rows: list[tuple[Value, ...]] = [
        (
            "Tariff",
            _product(labels, t.mineral, t.stage),
            labels.the_regions(t.importers),
            labels.the_regions(t.exporters),
            terms.duty(t),
        )
        for t in agreement.tariffs
    ]
    rows += [
        (
            "Quota",
            _product(labels, q.mineral, q.stage),
            labels.the_regions(q.importers),
            labels.the_regions(q.exporters),
            terms.quantity(q.quantity),
        )
        for q in agreement.quotas
    ]
    rows += [
        (
            "Export tax",
            _product(labels, t.mineral, t.stage),
            labels.the_region(t.exporter),
            labels.the_regions(t.importers),
            terms.duty(t),
        )
        for t in agreement.export_taxes
    ]
    rows += [
        ("Zero for zero", _product(labels, z.mineral, z.stage), "the parties", "each other", "free of duty")
        for z in agreement.zero_for_zero
    ]
    return _sheet("Schedule duties", "Schedule 3: other border measures", columns, rows)


def _offtakes(snapshot: Snapshot, labels: Labels) -> Sheet:
    columns = (
        Column("Product"),
        Column("Producer"),
        Column("Buyer"),
        Column("At least", TONNES, exact=True),
        Column("Strike", "USD/t", exact=True),
    )
    rows: list[tuple[Value, ...]] = [
        (
            _product(labels, item.mineral, item.stage),
            labels.of("region", item.producer),
            labels.of("region", item.buyer),
            item.quantity,
            "market price" if item.strike is None else item.strike,
        )
        for item in snapshot.scenario.agreement.offtakes
    ]
    return _sheet("Schedule offtake", "Schedule 4: offtake volumes", columns, rows)


def _stockpiles(snapshot: Snapshot, labels: Labels) -> Sheet:
    columns = (
        Column("Product"),
        Column("Party"),
        Column("Up to", TONNES, exact=True),
        Column("Released above", "USD/t", exact=True),
    )
    rows: list[tuple[Value, ...]] = [
        (_product(labels, item.mineral, item.stage), labels.of("region", item.party), item.quantity, item.release_above)
        for item in snapshot.scenario.agreement.stockpiles
    ]
    return _sheet("Schedule stockpiles", "Schedule 5: stockpiles", columns, rows)


def _reviews(snapshot: Snapshot, labels: Labels) -> Sheet:
    columns = (Column("Mineral"), Column("First review"), Column("Every"), Column("Sunset"))
    rows: list[tuple[Value, ...]] = [
        (labels.of("mineral", mineral), TO_BE_AGREED, TO_BE_AGREED, TO_BE_AGREED)
        for mineral in snapshot.scenario.minerals
    ]
    return _sheet("Schedule reviews", "Schedule 6: review dates", columns, rows)

"""The term sheet: one schedule per kind of instrument, one row per term."""

from __future__ import annotations

from typing import TYPE_CHECKING

from model.findings.terms import bound_outside, clauses
from model.instruments import KINDS
from model.memo.blocks import Bullets, Column, Heading, Paragraph, Sheet
from model.memo.levers import header, level, said
from model.words.numbers import listing, lowered, starting

if TYPE_CHECKING:
    from model.instruments import Instrument
    from model.memo.blocks import Block
    from model.snapshot.record import Snapshot
    from model.words.voice import Voice

TO_BE_AGREED = "to be agreed"


def term_sheet(snapshot: Snapshot, say: Voice) -> list[Block]:
    """The parties, one sentence per term, and schedules with every level as agreed."""
    coalition, members = say.names.coalition(say.parties), [say.region(party) for party in say.parties]
    known = f" ({coalition})" if coalition and not all(name in coalition for name in members) else ""
    opening: list[Block] = [
        Heading("Term sheet"),
        Paragraph(f"Parties{known}: {listing(members)}."),
    ]
    counted = snapshot.counted
    if uncounted := _uncounted(snapshot, say):
        opening.append(Paragraph(uncounted))
    if counted.agreement.is_empty:
        return [*opening, Paragraph("No agreement: the status quo.")]
    return [
        *opening,
        Bullets(tuple(clauses(counted, say))),
        *([Paragraph(outside, strong=True)] if (outside := bound_outside(counted, say)) else []),
        *(
            Paragraph(told, strong=True)
            for mineral in counted.minerals
            for told in snapshot.sentences(mineral, "missed")
        ),
        Paragraph(
            "Levels are those of the snapshot, unrounded. Cells marked “to be agreed” are open; the "
            "model does not know them."
        ),
        *(_schedule(kind, terms, say) for kind in KINDS if (terms := counted.agreement.of(kind))),
        _reviews(snapshot, say),
    ]


def _uncounted(snapshot: Snapshot, say: Voice) -> str:
    """Terms that are on minerals not looked at; nothing where there are none."""
    counted = {term for _, term in snapshot.counted.agreement.terms()}
    others = [term for _, term in snapshot.scenario.agreement.terms() if term not in counted]
    if not others:
        return ""
    told = dict.fromkeys(f"{lowered(term.title)} on {say.product(term.mineral, term.stage)}" for term in others)
    minerals = listing([say.mineral(mineral) for mineral in snapshot.scenario.minerals])
    return f"Not counted, being on none of the minerals looked at ({minerals}): {'; '.join(told)}."


def _schedule(kind: type[Instrument], terms: tuple[Instrument, ...], say: Voice) -> Sheet:
    """The terms of one kind with every field that says something in any of them."""
    names = [name for name in kind.model_fields if any(name in said(term) for term in terms)]
    titles = [header(kind, name) for name in names]
    columns = (Column("Product"), *(Column(starting(title), unit, exact=True) for title, unit in titles))
    rows = tuple(
        (starting(say.product(term.mineral, term.stage)), *(level(term, name, say) for name in names)) for term in terms
    )
    return Sheet(f"Schedule {kind.key}".replace("_", " "), f"Schedule: {lowered(kind.title)}", columns, rows)


def _reviews(snapshot: Snapshot, say: Voice) -> Sheet:
    columns = (Column("Mineral"), Column("First review"), Column("Every"), Column("Sunset"))
    rows = [
        (say.names.mineral(mineral), TO_BE_AGREED, TO_BE_AGREED, TO_BE_AGREED) for mineral in snapshot.scenario.minerals
    ]
    return Sheet("Schedule reviews", "Schedule: review dates", columns, tuple(rows))

"""The memo of one snapshot: two pages for who decides, then an annex for who checks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from model.memo import annex, optimiser
from model.memo.blocks import Attachment, Contents, Document, Heading, on_page
from model.memo.bottom_line import bottom_line, title
from model.memo.full import full_tables
from model.memo.levers import voice
from model.memo.schedules import term_sheet
from model.scenario import TODAY
from model.words.names import BASE_YEAR

if TYPE_CHECKING:
    from datetime import datetime

    from model.memo.blocks import Block
    from model.snapshot.record import Snapshot


def memo(snapshot: Snapshot) -> Document:
    """The document of one snapshot."""
    say = voice(snapshot)
    minerals = snapshot.scenario.minerals
    sections: list[Block] = on_page("Terms", term_sheet(snapshot, say))
    for mineral in minerals:
        sections += annex.results(snapshot, mineral, say)
    sections += annex.manufacturers(snapshot, say)
    for mineral in minerals:
        sections += [*annex.shocks(snapshot, mineral, say), *annex.sensitivity(snapshot, mineral, say)]
    sections += on_page("Optimiser", optimiser.found(snapshot, say))
    sections += [*annex.rests_on(snapshot, say), *annex.replaying(snapshot, about(snapshot))]
    headings = tuple(block.text for block in sections if isinstance(block, Heading) and block.level == 1)
    author = snapshot.record.author
    return Document(
        title=title(snapshot, say),
        subtitle=f"Memo on an agreement on critical minerals · {moment(snapshot.created)}"
        f" · status quo: {say.names.status_quo(today=snapshot.scenario.status_quo == TODAY)}"
        + (f" · {author}" if author else ""),
        short_id=snapshot.short_id,
        author=author,
        created=snapshot.created,
        blocks=(*bottom_line(snapshot, say), Contents("Annex", headings), *sections),
        about=about(snapshot),
        further=(annex.all_assumptions(snapshot, say), *full_tables(snapshot, say)),
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
            (f"Options of {name}", ", ".join(map(_option, options.items())) or "none")
            for name, options in record.inputs.options.items()
        ),
    )


def attachment(snapshot: Snapshot) -> Attachment:
    """The snapshot itself, under a name made of its id alone."""
    return Attachment(f"snapshot-{snapshot.short_id}.json", snapshot.to_json())


def _option(setting: tuple[str, object]) -> str:
    """A setting of a solver in words: "primal feasibility tolerance = 1e-09"."""
    name, value = setting
    shown = ("yes" if value else "no") if isinstance(value, bool) else value
    return f"{name.replace('_', ' ')} = {shown}"

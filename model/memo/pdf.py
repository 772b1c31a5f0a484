"""PDF by typst: accessible (PDF/UA-1), fonts embedded, snapshots attached; no network, no installed font."""

from __future__ import annotations

import json
import tempfile
import unicodedata
import warnings
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import typst
from fontTools.ttLib import TTFont

from model.errors import SnapshotError
from model.memo import charts
from model.memo.blocks import Bullets, Contents, Heading, Paragraph, Picture, Sheet, clean
from model.memo.layout import is_kept_whole, widths
from model.words.numbers import unbroken

if TYPE_CHECKING:
    from model.memo.blocks import Block, Document

TEMPLATE = Path(__file__).with_name("memo.typ")
FONTS = Path(mpl.get_data_path()) / "fonts" / "ttf"
"""DejaVu Sans as matplotlib ships it: Latin, Greek, Cyrillic and more."""
FACES = ("DejaVuSans.ttf", "DejaVuSans-Bold.ttf")
LONGEST_WORD = 16
BREAK = "\u200b"
"""Words longer than this may break at a zero-width space."""
JOIN = "\u2060"
"""Keeps a unit such as USD/t in one piece."""
INVISIBLE = frozenset({"Zs", "Zl", "Zp", "Cf"})
"""Categories of characters that need no glyph."""


def write(document: Document) -> bytes:
    """The document as PDF."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        content = _content(document, folder)
        text = json.dumps(content, ensure_ascii=False)
        _check_glyphs(content)
        (folder / "memo.json").write_text(text, encoding="utf-8")
        for file in document.attachments:
            (folder / file.name).write_text(file.content, encoding="utf-8")
        main = folder / "memo.typ"
        main.write_bytes(TEMPLATE.read_bytes())
        return _compiled(main, int(document.created.timestamp()))


def _compiled(main: Path, moment: int) -> bytes:
    # Accessible: tags, language, title and alternative texts are there, or the compiler refuses.
    compiler = typst.Compiler(root=main.parent, font_paths=_fonts(), ignore_system_fonts=True)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", typst.TypstWarning)
            data = compiler.compile(main, format="pdf", pdf_standards=["ua-1"], timestamp=moment)
    except (typst.TypstError, typst.TypstWarning) as error:
        raise SnapshotError(f"the PDF could not be made: {error.message}") from None
    assert isinstance(data, bytes)
    return data


@cache
def _fonts() -> typst.Fonts:
    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[FONTS])


@cache
def _glyphs() -> frozenset[int]:
    """Characters that both faces have."""
    return frozenset.intersection(*(frozenset(TTFont(FONTS / face, lazy=True).getBestCmap()) for face in FACES))


def _check_glyphs(content: object) -> None:
    for text in _texts(content):
        for letter in set(text):
            if ord(letter) not in _glyphs() and unicodedata.category(letter) not in INVISIBLE:
                name = unicodedata.name(letter, "unnamed")
                raise SnapshotError(
                    f"the PDF's font has no character {letter!r} (U+{ord(letter):04X}, {name}) of the text "
                    f"{text[:60]!r}; write it in another script, or export as docx or html"
                )


def _texts(content: object) -> list[str]:
    if isinstance(content, str):
        return [content]
    parts = content.values() if isinstance(content, dict) else content if isinstance(content, list) else ()
    return [text for part in parts for text in _texts(part)]


def _content(document: Document, folder: Path) -> dict[str, Any]:
    return {name: clean(getattr(document, name)) for name in ("title", "subtitle", "author", "footer")} | {
        "attachments": [
            {"name": file.name, "description": "Snapshot: scenario, assumptions, data rows, versions and results"}
            for file in document.attachments
        ],
        "blocks": [_block(block, number, folder) for number, block in enumerate(document.blocks)],
    }


def _block(block: Block, number: int, folder: Path) -> dict[str, Any]:
    match block:
        case Heading(text, level):
            return {"kind": "heading", "text": clean(text), "level": level}
        case Paragraph(text, strong):
            return {"kind": "paragraph", "text": _joined(text), "strong": strong}
        case Bullets(items):
            return {"kind": "bullets", "items": [_joined(item) for item in items]}
        case Contents(title):
            return {"kind": "contents", "text": clean(title)}
        case Picture(caption, chart):
            name = f"chart-{number}.svg"
            (folder / name).write_bytes(charts.svg(chart))
            told = {"caption": clean(caption), "alternative": clean(block.alternative)}
            return {"kind": "chart", **told, "file": name}
        case Sheet():
            return _sheet(block)


def _sheet(sheet: Sheet) -> dict[str, Any]:
    header = [_joined(title) for title in sheet.header]
    rows = [[_breakable(text) for text, _ in row] for row in sheet.shown]
    plain = [[text.replace(BREAK, " ") for text in row] for row in rows]
    return {
        "kind": "sheet",
        "caption": _joined(sheet.title),
        "note": _joined(sheet.note),
        "whole": is_kept_whole(header, plain),
        "header": header,
        "rows": rows,
        "numeric": sheet.numeric,
        "widths": widths(header, plain),
    }


def _joined(text: str) -> str:
    """Text in which no line breaks before a unit nor after its slash."""
    return unbroken(clean(text)).replace("/", f"/{JOIN}")


def _breakable(text: str) -> str:
    """Text whose long names may break after an underscore."""
    return " ".join(word.replace("_", f"_{BREAK}") if len(word) > LONGEST_WORD else word for word in text.split(" "))

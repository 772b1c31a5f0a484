"""HTML: one file that opens offline, without scripts; every text is escaped."""

from __future__ import annotations

import base64
import re
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from model.memo import charts
from model.memo.blocks import Bullets, Contents, Heading, Paragraph, Picture, Sheet, clean
from model.words.numbers import unbroken

if TYPE_CHECKING:
    from model.memo.blocks import Block, Document

POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
"""A browser must load nothing and run nothing."""
NUMBER = ' class="number"'
STYLE = Path(__file__).with_name("memo.css")


def write(document: Document) -> bytes:
    """The document as HTML."""
    body = "\n".join(_block(block) for block in document.blocks)
    text = f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="{escape(POLICY)}">
<meta name="author" content="{_safe(document.author)}">
<title>{_safe(document.title)}</title>
<style>{STYLE.read_text(encoding="utf-8")}</style>
</head>
<body>
<h1>{_safe(document.title)}</h1>
<p class="subtitle">{_safe(document.subtitle)}</p>
<main>
{body}
</main>
<footer>{_safe(document.footer)}</footer>
</body>
</html>
"""
    return text.encode()


def _safe(text: str) -> str:
    return escape(unbroken(clean(text)))


def _place(heading: str) -> str:
    """Where a link to a heading leads."""
    return re.sub(r"\W+", "-", heading.lower())


def _block(block: Block) -> str:
    match block:
        case Heading(text, level):
            place = f' id="{_place(text)}"' if level == 1 else ""
            return f"<h{level + 1}{place}>{_safe(text)}</h{level + 1}>"
        case Paragraph(text, strong):
            kind = ' class="finding"' if strong else ""
            return f"<p{kind}>{_safe(text)}</p>"
        case Bullets(items):
            return "<ul>" + "".join(f"<li>{_safe(item)}</li>" for item in items) + "</ul>"
        case Contents(title, items):
            links = "".join(f'<li><a href="#{_place(item)}">{_safe(item)}</a></li>' for item in items)
            return f"<nav><h2>{_safe(title)}</h2><ol>{links}</ol></nav>"
        case Sheet():
            return _table(block)
        case Picture(caption, chart):
            picture = base64.b64encode(charts.svg(chart)).decode()
            return (
                f"<figure><figcaption>{_safe(caption)}</figcaption>"
                f'<img alt="{_safe(block.alternative)}" src="data:image/svg+xml;base64,{picture}"></figure>'
            )


def _table(sheet: Sheet) -> str:
    head = "".join(
        f'<th scope="col"{NUMBER * number}>{_safe(title)}</th>'
        for title, number in zip(sheet.header, sheet.numeric, strict=True)
    )
    rows = "".join(
        "<tr>" + "".join(f"<td{NUMBER * number}>{_safe(text)}</td>" for text, number in row) + "</tr>\n"
        for row in sheet.shown
    )
    note = f'<p class="note">{_safe(sheet.note)}</p>' if sheet.note else ""
    caption = f"<figcaption>{_safe(sheet.title)}</figcaption>"
    return f"<figure>{caption}<table><thead><tr>{head}</tr></thead>\n<tbody>\n{rows}</tbody></table>{note}</figure>"

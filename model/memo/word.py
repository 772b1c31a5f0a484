"""Word: heading styles, editable tables with repeated headers, numbered captions, pictures with alternative text."""

from __future__ import annotations

import io
import zipfile
import zlib
from textwrap import shorten
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape, quoteattr

from docx import Document as new_document
from docx.oxml import OxmlElement, parse_xml
from docx.oxml.ns import nsdecls, qn
from docx.shared import Cm, Pt

from model.memo import charts
from model.memo.blocks import Bullets, Contents, Heading, Paragraph, Picture, Sheet, clean
from model.memo.layout import is_kept_whole, widths

if TYPE_CHECKING:
    from datetime import datetime

    from docx.document import Document as WordDocument
    from docx.text.paragraph import Paragraph as WordParagraph

    from model.memo.blocks import Block, Document

PAGE_CM = (21.0, 29.7)
MARGIN_CM = 2.0
PICTURE_CM = 16.5
TABLE_POINTS = 8
TABLE_TWIPS = 9638
"""Width between the margins, in twentieths of a point."""
LARGEST_BOOKMARK = 2**31
EARLIEST_YEAR = 1980
"""ZIP archives know no earlier year."""

LONGEST_PROPERTY = 255
"""Letters that the format allows a document's title among its properties."""


def write(document: Document) -> bytes:
    """The document as a Word file."""
    word = new_document()
    _set_up(word, document)
    word.add_paragraph(clean(document.title), style="Title")
    word.add_paragraph(clean(document.subtitle), style="Subtitle")
    for block in document.blocks:
        _add(word, block)
    file = io.BytesIO()
    word.save(file)
    return repacked(file.getvalue(), document.created)


def repacked(data: bytes, moment: datetime) -> bytes:
    """A ZIP-based file with every entry dated at one moment, so that the same content is the same bytes."""
    stamp = (max(moment.year, EARLIEST_YEAR), moment.month, moment.day, moment.hour, moment.minute, moment.second)
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.infolist():
            dated = zipfile.ZipInfo(entry.filename, stamp)
            dated.compress_type = zipfile.ZIP_DEFLATED
            new.writestr(dated, old.read(entry))
    return file.getvalue()


def _set_up(word: WordDocument, document: Document) -> None:
    moment = document.created.replace(tzinfo=None)
    about = word.core_properties
    about.title = shorten(clean(document.title), LONGEST_PROPERTY, placeholder=" …")
    about.author = about.last_modified_by = clean(document.author)
    about.subject, about.comments = document.footer, ""
    about.created = about.modified = moment
    about.language = "en-GB"
    section = word.sections[0]
    section.page_width, section.page_height = Cm(PAGE_CM[0]), Cm(PAGE_CM[1])
    section.left_margin = section.right_margin = section.top_margin = section.bottom_margin = Cm(MARGIN_CM)
    foot = section.footer.paragraphs[0]
    foot.text = f"{clean(document.footer)} · page "
    _field(foot, "PAGE", "1")
    word.styles["Normal"].font.size = Pt(10)


def _add(word: WordDocument, block: Block) -> None:
    match block:
        case Heading(text, level):
            heading = word.add_heading(clean(text), level)
            if level == 1:
                _bookmark(heading, text)
        case Paragraph(text, strong):
            word.add_paragraph().add_run(clean(text)).bold = strong
        case Bullets(items):
            for item in items:
                word.add_paragraph(clean(item), style="List Bullet")
        case Contents(title, items):
            word.add_heading(clean(title), 1).paragraph_format.page_break_before = True
            for item in items:
                _link(word.add_paragraph(style="List Number"), item)
        case Picture():
            _add_picture(word, block)
        case Sheet():
            _add_table(word, block)


def _add_picture(word: WordDocument, block: Picture) -> None:
    _caption(word, "Figure", block.caption)
    picture = word.add_picture(io.BytesIO(charts.png(block.chart)), width=Cm(PICTURE_CM))
    about = picture._inline.docPr
    about.set("descr", clean(block.alternative))
    about.set("title", clean(block.caption))


def _add_table(word: WordDocument, sheet: Sheet) -> None:
    caption = _caption(word, "Table", sheet.title)
    note = word.add_paragraph()
    note.add_run(clean(sheet.note)).font.size = Pt(TABLE_POINTS)
    caption._p.addnext(parse_xml(_table(sheet)))


def _table(sheet: Sheet) -> str:
    """A table as WordprocessingML: header repeated on every page, no row broken across pages, numbers to the right.

    Columns are as wide as their content asks; a table of few rows stays on one page.
    """
    texts = [[text for text, _ in row] for row in sheet.shown]
    shares = widths(sheet.header, texts)
    twips = [round(TABLE_TWIPS * share / sum(shares)) for share in shares]
    whole = is_kept_whole(sheet.header, texts)
    grid = "".join(f'<w:gridCol w:w="{at}"/>' for at in twips)
    head = "".join(_cell(title, at, bold=True, kept=whole) for title, at in zip(sheet.header, twips, strict=True))
    rows = "".join(
        "<w:tr><w:trPr><w:cantSplit/></w:trPr>"
        + "".join(
            _cell(text, at, right=number, kept=whole and down < len(texts))
            for (text, number), at in zip(row, twips, strict=True)
        )
        + "</w:tr>"
        for down, row in enumerate(sheet.shown, start=1)
    )
    return (
        f'<w:tbl {nsdecls("w")}><w:tblPr><w:tblStyle w:val="TableGrid"/><w:tblW w:w="{sum(twips)}" w:type="dxa"/>'
        f'<w:tblLayout w:type="fixed"/><w:tblLook w:firstRow="1"/>'
        f"<w:tblCaption w:val={quoteattr(clean(sheet.title))}/></w:tblPr>"
        f"<w:tblGrid>{grid}</w:tblGrid>"
        f"<w:tr><w:trPr><w:cantSplit/><w:tblHeader/></w:trPr>{head}</w:tr>{rows}</w:tbl>"
    )


def _cell(text: str, twips: int, bold: bool = False, right: bool = False, kept: bool = False) -> str:
    side = '<w:jc w:val="right"/>' if right else ""
    look = f'{"<w:b/>" if bold else ""}<w:sz w:val="{2 * TABLE_POINTS}"/>'
    return (
        f'<w:tc><w:tcPr><w:tcW w:w="{twips}" w:type="dxa"/></w:tcPr>'
        f'<w:p><w:pPr>{"<w:keepNext/>" if kept else ""}<w:spacing w:before="0" w:after="0"/>{side}</w:pPr>'
        f'<w:r><w:rPr>{look}</w:rPr><w:t xml:space="preserve">{escape(clean(text))}</w:t></w:r></w:p></w:tc>'
    )


def _place(heading: str) -> str:
    """The name of a heading's bookmark, within Word's forty letters."""
    return f"_{zlib.crc32(heading.encode('utf-8', 'replace')):08x}"


def _bookmark(paragraph: WordParagraph, heading: str) -> None:
    for tag, at in (("bookmarkStart", 0), ("bookmarkEnd", len(paragraph._p))):
        mark: Any = OxmlElement(f"w:{tag}")
        mark.set(qn("w:id"), str(zlib.crc32(heading.encode("utf-8", "replace")) % LARGEST_BOOKMARK))
        if tag == "bookmarkStart":
            mark.set(qn("w:name"), _place(heading))
        paragraph._p.insert(at + 1, mark)


def _link(paragraph: WordParagraph, heading: str) -> None:
    """A link to a heading of the document."""
    link: Any = OxmlElement("w:hyperlink")
    link.set(qn("w:anchor"), _place(heading))
    link.append(paragraph.add_run(clean(heading))._r)
    paragraph._p.append(link)


def _caption(word: WordDocument, kind: str, text: str) -> WordParagraph:
    paragraph = word.add_paragraph(f"{kind} ", style="Caption")
    paragraph.paragraph_format.keep_with_next = True
    count = sum(1 for one in word.element.body.iter(qn("w:fldSimple")) if kind in one.get(qn("w:instr"), ""))
    _field(paragraph, f"SEQ {kind} \\* ARABIC", str(count + 1))
    paragraph.add_run(f": {clean(text)}")
    return paragraph


def _field(paragraph: WordParagraph, instruction: str, shown: str) -> None:
    """A field that Word keeps up to date, with the text it shows until then."""
    field: Any = OxmlElement("w:fldSimple")
    field.set(qn("w:instr"), instruction)
    run: Any = OxmlElement("w:r")
    text: Any = OxmlElement("w:t")
    text.text = shown
    run.append(text)
    field.append(run)
    paragraph._p.append(field)

"""Memos: each format is read back with another library, and its numbers are compared with the snapshot's."""

from __future__ import annotations

import base64
import io
import json
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import mammoth
import openpyxl
import pandas as pd
import pypdfium2
import pytest
from matplotlib.patches import Rectangle
from pypdf import PdfReader
from pypdf.generic import DictionaryObject

from model.cli import main
from model.errors import SnapshotError
from model.findings.charts import ACCOUNT_NAMES, ALWAYS_SHOWN, gains, industries
from model.findings.overview import supply_by_origin
from model.findings.whose import AGAINST_STATUS_QUO
from model.instruments import KINDS, Quota
from model.memo import FORMATS, bottom_line, document_of, export, states
from model.memo import charts as paper
from model.memo.annex import LEAST_MOVED
from model.memo.blocks import Bullets, Column, Contents, Document, Paragraph, Picture, Sheet, million, share
from model.memo.comparison import SAME_ASSUMPTIONS
from model.memo.conclusions import shocks_sentence, what_would_change
from model.memo.content import memo
from model.memo.excel import ZERO
from model.memo.layout import is_kept_whole
from model.memo.levers import voice
from model.memo.pdf import BREAK, JOIN
from model.memo.states import OF_AGREEMENT
from model.memo.word import TABLE_TWIPS
from model.palette import ACCOUNT_COLOURS
from model.scenario import Scenario
from model.snapshot.make import design_tables
from model.snapshot.record import RESULT_KEYS, Snapshot
from model.words.accounts import NAMES, NET_GAIN, SIDES
from model.words.names import Names
from model.words.numbers import LEAST_USD, NO_CHANGE
from model.words.voice import Voice
from model.world import World
from pages.components import charts
from tests.snapshots import SAMPLE, altered, made, renamed, sample
from tests.toy import formulations, shipped

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
HOSTILE = '=HYPERLINK("http://x.example","y") <script>alert(1)</script> #import "/etc/passwd" $x$ ../../secret'
ANNEX = (
    "Term sheet",
    "Results: bismuth",
    "Downstream manufacturers",
    "Under the named shocks: bismuth",
    "How sure it is: bismuth",
    "What it rests on",
    "How to replay",
)
SECTIONS = ("Bottom line", *ANNEX)
MOST_SHEETS = 12


@cache
def written(format: str, name: str = "", author: str = "") -> bytes:
    """The sample's memo, under another name where one is given."""
    return export(document_of([renamed(sample(), name, author) if name else sample()]), format)


class Page(HTMLParser):
    """What an HTML file holds: tables as rows of cell texts, headings, tags with their attributes, and all text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tables: list[list[list[str]]] = []
        self.headings: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in ("td", "th"):
            self.tables[-1][-1].append("")
        elif re.fullmatch("h[1-6]", tag):
            self.headings.append("")
        self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        data = data.replace("\N{NO-BREAK SPACE}", " ")
        self.text += data
        if {"td", "th"} & set(self._open):
            self.tables[-1][-1][-1] += data
        if self._open and re.fullmatch("h[1-6]", self._open[-1]):
            self.headings[-1] += data


def number(text: str) -> float | None:
    """A number as a document shows it."""
    return (
        None
        if text == "–"
        else 0.0
        if text == NO_CHANGE
        else float(text.replace(",", "").replace("−", "-").replace("+", ""))
    )


def same_number(text: str, stored: object, scale: float = 1.0) -> None:
    """What is shown is what is stored, to three figures; money below the least that is told is nothing."""
    shown = number(text)
    if scale == 1e-6 and abs(float(stored)) < LEAST_USD:  # type: ignore[arg-type]
        stored = 0.0
    if shown is None:
        assert pd.isna(stored)
    else:
        assert shown == pytest.approx(float(stored) * scale, rel=5.1e-3, abs=1e-12)  # type: ignore[arg-type]


def check_tables(tables: list[list[list[str]]], snapshot: Snapshot) -> None:
    """Parties, dependence, shocks and sensitivity of a document against the snapshot's own tables."""
    heads = {tuple(table[0]): table[1:] for table in tables}
    head, gains = next((head, rows) for head, rows in heads.items() if "Net gain by the agreement" in head)
    accounts = snapshot.tables["accounts"]
    own = accounts[accounts["is_party"].astype(bool)].set_index("region")
    for title, column in {"Users": "users", "Producers": "producers", "Net gain by the agreement": "net"}.items():
        for row, party in zip(gains, snapshot.scenario.parties, strict=False):
            same_number(row[head.index(title)], own.loc[party, f"{column}_agreement_usd"], 1e-6)
        for row, side in zip(gains[-3:], (own, accounts[~accounts["is_party"].astype(bool)], accounts), strict=True):
            same_number(row[head.index(title)], side[f"{column}_agreement_usd"].sum(), 1e-6)
    parties = next(rows for head, rows in heads.items() if "Price to users, status quo, USD/t" in head)
    for row, stored in zip(parties, snapshot.tables["parties"].to_dict("records"), strict=True):
        same_number(row[1], stored["price_status_quo_usd_per_t"])
        same_number(row[4], stored["non_party_share_with_agreement"], 100.0)
    shocks = next(rows for head, rows in heads.items() if head[0] == "Shock")
    for row, stored in zip(shocks, snapshot.tables["shocks"].to_dict("records"), strict=True):
        same_number(row[2], stored["price_usd_per_t_with_agreement"])
        same_number(row[4], stored["net_gain_usd_with_agreement"] - stored["net_gain_usd_without_agreement"], 1e-6)
    tried = next(rows for head, rows in heads.items() if head[0] == "Assumption, its unit")
    stored_trials = snapshot.tables["sensitivity"].set_index(["assumption", "end"])["net_gain_usd"]
    names = {voice(snapshot).names.assumption(name): name for name, end in stored_trials.index if end}
    for row in tried:
        name = next(name for told, name in names.items() if row[0].startswith(f"{told}, "))
        for text, end in ((row[-2], "low"), (row[-1], "high")):
            if (name, end) in stored_trials.index:
                same_number(text, stored_trials[name, end], 1e-6)


def check_all_cells(tables: list[list[list[str]]], document: Document) -> None:
    """Every table of the document is there with every cell."""
    assert len(tables) == len(document.sheets)
    for table, sheet in zip(tables, document.sheets, strict=True):
        assert table[0] == sheet.header
        shown = [[text for text, _ in row] for row in sheet.shown]
        assert [[" ".join(cell.split()) for cell in row] for row in table[1:]] == [
            [" ".join(cell.split()) for cell in row] for row in shown
        ]


@pytest.mark.slow
def test_word_has_every_table_heading_and_number() -> None:
    page = Page(mammoth.convert_to_html(io.BytesIO(written("docx"))).value)
    check_all_cells(page.tables, memo(sample()))
    check_tables(page.tables, sample())
    assert [heading for heading in page.headings if heading in SECTIONS] == list(SECTIONS)
    assert "set a floor of 16,543.21 USD/t for bismuth" in page.text


@pytest.mark.slow
def test_word_takes_the_longest_title() -> None:
    whole = memo(sample())
    data = export(replace(whole, title="An agreement of many words " * 20), "docx")
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert "An agreement of many words" in archive.read("docProps/core.xml").decode()


@pytest.mark.slow
def test_word_has_heading_styles_captions_alternative_texts_and_a_footer() -> None:
    with zipfile.ZipFile(io.BytesIO(written("docx"))) as archive:
        body = ElementTree.fromstring(archive.read("word/document.xml"))
        footers = [archive.read(name).decode() for name in archive.namelist() if name.startswith("word/footer")]
    styles = [style.get(f"{W}val") for style in body.iter(f"{W}pStyle")]
    charts = [block for block in memo(sample()).blocks if isinstance(block, Picture)]
    tables = memo(sample()).sheets
    assert styles.count("Heading1") == len(SECTIONS) + 1, "the list of contents has one of its own"
    anchors = [link.get(f"{W}anchor") for link in body.iter(f"{W}hyperlink")]
    assert anchors == [mark.get(f"{W}name") for mark in body.iter(f"{W}bookmarkStart")][1:]
    assert len(anchors) == len(ANNEX)
    assert styles.count("Caption") == len(charts) + len(tables)
    pictures = [item.get("descr") for item in body.iter() if item.tag.endswith("docPr")]
    assert pictures == [chart.alternative for chart in charts]
    assert len(list(body.iter(f"{W}tblHeader"))) == len(tables)
    assert any(sample().short_id in footer and "PAGE" in footer for footer in footers)


@pytest.mark.slow
def test_html_has_every_table_heading_and_number_and_loads_nothing() -> None:
    text = written("html").decode()
    page = Page(text)
    check_all_cells(page.tables, memo(sample()))
    check_tables(page.tables, sample())
    assert [heading for heading in page.headings if heading in SECTIONS] == list(SECTIONS)
    for tag, attributes in page.tags:
        assert tag not in ("script", "link", "iframe", "object", "embed")
        assert not any(name.startswith("on") for name in attributes)
        for address in (attributes.get("src"), attributes.get("href")):
            assert address is None or address.startswith(("data:image/svg+xml;base64,", "#"))
        if tag == "img":
            assert attributes["alt"]
            assert b"<script" not in base64.b64decode(str(attributes["src"]).split(",")[1])


def _tables_of(page: Any, sheets: list[Sheet]) -> list[tuple[Sheet, list[tuple[Any, ...]]]]:
    """The tables below each other on one sheet of a workbook, each with its header and rows of cells."""
    rows, top, found = list(page.iter_rows()), 0, []
    for sheet in sheets:
        assert rows[top][0].value == sheet.title
        found.append((sheet, rows[top + 1 : top + 2 + len(sheet.rows)]))
        top += len(sheet.rows) + 4
    return found


def _book(document: Document) -> list[tuple[Sheet, list[tuple[Any, ...]]]]:
    """Every table of a document's workbook."""
    book = openpyxl.load_workbook(io.BytesIO(export(document, "xlsx")))
    pages: dict[str, list[Sheet]] = {}
    for sheet in (*document.sheets, *document.further):
        if sheet.name != "Identity":
            pages.setdefault(sheet.page, []).append(sheet)
    assert book.sheetnames == ["About", *pages]
    return [found for name, sheets in pages.items() for found in _tables_of(book[name], sheets)]


@pytest.mark.slow
def test_excel_has_every_stored_number_at_full_precision() -> None:
    document = memo(sample())
    for sheet, (head, *rows) in _book(document):
        assert [cell.value for cell in head][: len(sheet.columns)] == sheet.header
        for down, (cells, row) in enumerate(zip(rows, sheet.rows, strict=True)):
            for at, value in enumerate(row):
                if isinstance(value, float):
                    assert cells[at].value == pytest.approx(value * sheet.look(down, at).scale, rel=1e-15)
                    assert cells[at].number_format not in ("General", "@")
                else:
                    assert (cells[at].value or None) == (value or None)
    book = openpyxl.load_workbook(io.BytesIO(written("xlsx")))
    assert sample().id in [cell.value for cell in book["About"]["B"]]
    assert all(sample().short_id in str(page.oddFooter.left.text) for page in book)


def test_excel_holds_the_result_tables_of_the_snapshot() -> None:
    found = {sheet.name: rows for sheet, rows in _book(memo(sample()))}
    for name, column, title, scale in (
        ("accounts", "net_agreement_usd", "Net gain, by the agreement", 1e-6),
        ("prices", "consumer_price_with_agreement_usd_per_t", "Consumer price, with agreement, USD/t", 1.0),
        ("flows", "with_agreement", "With agreement", 1.0),
        ("industries", "extra_cost_usd", "Extra cost, million USD/yr", 1e-6),
    ):
        head, *rows = found[f"Full {name}"]
        at = [cell.value for cell in head].index(title)
        stored = [value * scale for value in sample().tables[name][column]]
        assert [row[at].value for row in rows] == pytest.approx(stored, rel=1e-15)


def _pages() -> list[str]:
    return [
        page.extract_text().replace(BREAK, "").replace(JOIN, "") for page in PdfReader(io.BytesIO(written("pdf"))).pages
    ]


@pytest.mark.slow
def test_pdf_has_every_number_and_the_short_id_on_every_page() -> None:
    pages = _pages()
    for page in pages:
        assert f"snapshot {sample().short_id}" in page
    text = " ".join(" ".join(pages).split())
    squeezed = text.replace(" ", "")
    for sheet in memo(sample()).sheets:
        for row in sheet.shown:
            for cell, _ in row:
                assert cell.replace(" ", "") in squeezed or len(cell) > 40
    for section in SECTIONS:
        assert section in text


@pytest.mark.slow
def test_pdf_is_accessible_with_fonts_embedded_and_the_snapshot_attached() -> None:
    reader = PdfReader(io.BytesIO(written("pdf")))
    root: Any = reader.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    assert root["/Lang"].startswith("en")
    assert b"pdfuaid" in reader.trailer["/Root"]["/Metadata"].get_data()
    assert reader.metadata is not None
    assert reader.metadata.title == memo(sample()).title
    assert {name: content[0].decode() for name, content in reader.attachments.items()} == {
        f"snapshot-{sample().short_id}.json": sample().to_json()
    }
    for page in reader.pages:
        fonts: DictionaryObject = page["/Resources"]["/Font"]  # type: ignore[index, assignment]
        for font in fonts.values():
            descendant = font.get_object()["/DescendantFonts"][0].get_object()
            descriptor = descendant["/FontDescriptor"]
            assert "DejaVuSans" in descriptor["/FontName"]
            assert {"/FontFile2", "/FontFile3"} & set(descriptor)
    figures = [item for item in _structure(root["/StructTreeRoot"]) if item.get("/S") == "/Figure"]
    charts = [block for block in memo(sample()).blocks if isinstance(block, Picture)]
    assert [figure["/Alt"] for figure in figures if "/Alt" in figure] == [chart.alternative for chart in charts]


def _structure(node: Any) -> list[Any]:
    found = []
    kids = node.get("/K", [])
    for kid in kids if isinstance(kids, list) else [kids]:
        item = kid.get_object() if hasattr(kid, "get_object") else kid
        if isinstance(item, DictionaryObject) and "/S" in item:
            found += [item, *_structure(item)]
    return found


@pytest.mark.slow
def test_pdf_pages_rendered_to_pictures_are_filled_and_inside_the_margins() -> None:
    pdf = pypdfium2.PdfDocument(written("pdf"))
    for number, page in enumerate(pdf):
        picture = page.render(scale=1.0, grayscale=True).to_numpy()
        dark = picture < 128
        assert dark.mean() > 0.002, f"page {number + 1} is empty"
        assert not dark[:, :40].any(), f"page {number + 1} runs over its left margin"
        assert not dark[:, -40:].any(), f"page {number + 1} runs over its right margin"


@pytest.mark.slow
@pytest.mark.parametrize("name", ["Größe Łódź ñ", "Ελληνική πρόταση", "Предложение о сурьме"])
def test_pdf_writes_latin_greek_and_cyrillic(name: str) -> None:
    text = PdfReader(io.BytesIO(written("pdf", name, name))).pages[0].extract_text()
    assert name in text


@pytest.mark.slow
def test_a_character_without_a_glyph_is_named_and_control_characters_break_no_format() -> None:
    with pytest.raises(SnapshotError, match=r"'锑' \(U\+9511, CJK UNIFIED IDEOGRAPH-9511\)"):
        written("pdf", "锑 antimony")
    for format in FORMATS:
        assert written(format, f"{'' if format == 'pdf' else '锑'}a\x00b\x0bc\ufffe", "x\x1b[2J")


@pytest.mark.slow
def test_hostile_names_stay_text() -> None:
    page = Page(written("html", HOSTILE, HOSTILE).decode())
    assert "script" not in [tag for tag, _ in page.tags]
    assert HOSTILE in page.text
    book = openpyxl.load_workbook(io.BytesIO(written("xlsx", HOSTILE, HOSTILE)))
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row]
    assert {cell.data_type for cell in cells} <= {"s", "n"}
    named = [cell for cell in cells if cell.value == HOSTILE]
    assert named
    assert all(cell.quotePrefix for cell in named)
    word = mammoth.extract_raw_text(io.BytesIO(written("docx", HOSTILE, HOSTILE))).value
    assert HOSTILE in word
    assert "alert(1)" in PdfReader(io.BytesIO(written("pdf", HOSTILE, HOSTILE))).pages[0].extract_text()


OFFLINE = """
import socket, sys
from model.cli import main

def refuse(*_):
    raise AssertionError("an export opened a connection")

socket.socket.connect = refuse
for format in sys.argv[2:]:
    assert main(["memo", sys.argv[1], "--format", format, "--out", f"memo.{format}"]) == 0
"""
"""Writes the memo of a snapshot in every format, in a process that reaches no network."""


@pytest.mark.slow
def test_every_format_is_the_same_bytes_in_another_process_without_network(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-c", OFFLINE, str(SAMPLE), *FORMATS],
        check=True,
        capture_output=True,
        cwd=tmp_path,
        env={"PYTHONHASHSEED": "7", "PATH": "", "HOME": str(tmp_path), "PYTHONPATH": str(SAMPLE.parents[2])},
    )
    for format in FORMATS:
        assert (tmp_path / f"memo.{format}").read_bytes() == written(format), format


def _annex(document: Document) -> list[Any]:
    """The blocks after the list of contents."""
    at = next(at for at, block in enumerate(document.blocks) if isinstance(block, Contents))
    return list(document.blocks[at + 1 :])


def _text(document: Document) -> str:
    return Page(export(document, "html").decode()).text


@pytest.mark.slow
def test_the_agreement_stands_in_exact_words() -> None:
    text = _text(memo(sample()))
    for clause in (
        "The parties shall set a floor of 16,543.21 USD/t for bismuth by a variable levy.",
        "The United States shall let in 900 t a year of bismuth from all non-parties at 0 %, and charge 25 % beyond",
        "The United States shall take at least 50 t a year of bismuth from Japan, at 20,000 USD/t.",
        "The European Union shall offer up to 120 t a year of bismuth from its stockpile above 150,000 USD/t.",
    ):
        assert clause in text


def test_no_kind_of_instrument_is_absent_from_the_term_sheet() -> None:
    one_of_each = {
        kind.key: shipped(next(iter(formulations(kind.key).values())).agreement[kind.key][0]) for kind in KINDS
    }
    one_of_each["floors"] |= {"levy_cap": 12.5}
    one_of_each["tariffs"] |= {"ad_valorem": 0.29}

    def agree(content: dict[str, Any]) -> None:
        content["inputs"]["scenario"]["agreement"] = {key: [term] for key, term in one_of_each.items()}

    document = memo(altered(sample(), agree))
    sheets = {sheet.name: sheet for sheet in document.sheets}
    for kind in KINDS:
        assert sheets[f"Schedule {kind.key}".replace("_", " ")].rows
    (clauses,) = (block.items for block in _annex(document)[:4] if isinstance(block, Bullets))
    assert len(clauses) == len(KINDS)
    assert sheets["Schedule tariffs"].rows[0][-1] == "29 %"
    assert sheets["Schedule floors"].rows[0][-1] == 12.5


def test_the_term_sheet_has_a_row_for_every_instrument() -> None:
    sheets = {sheet.name: sheet for sheet in memo(sample()).sheets}
    parties = "United States, European Union, Japan"
    assert [row[1:3] for row in sheets["Schedule floors"].rows] == [(parties, 16_543.21)]
    assert sheets["Schedule trqs"].rows[0][:2] == ("Bismuth", "United States")
    assert "Schedule tariffs" not in sheets
    assert sheets["Schedule offtakes"].rows == (("Bismuth", "Japan", "United States", 50.0, 20_000.0),)
    assert sheets["Schedule stockpiles"].rows == (("Bismuth", "European Union", 120.0, 150_000.0),)
    assert sheets["Schedule reviews"].rows == (("Bismuth", "to be agreed", "to be agreed", "to be agreed"),)


def test_a_quota_that_parties_share_stands_once_with_all_of_them() -> None:
    def share(content: dict[str, Any]) -> None:
        content["inputs"]["scenario"]["agreement"]["trqs"][0]["importers"] = ["USA", "EUN", "JPN"]

    sheets = {sheet.name: sheet for sheet in memo(altered(sample(), share)).sheets}
    ((product, importers, origin, quantity, *_),) = sheets["Schedule trqs"].rows
    assert (product, importers, origin) == ("Bismuth", "United States, European Union, Japan", "All non-parties")
    assert quantity == 900.0


def test_a_loss_below_one_keeps_its_minus_and_a_trace_of_rounding_is_nothing() -> None:
    assert Column("Rate", exact=True).shown(-0.3) == "−0.3"
    assert [million("Gain").shown(usd) for usd in (-3.7e-9, -2e5, 3e6)] == [NO_CHANGE, "−0.200", "+3.00"]


def test_screen_and_paper_draw_the_same_series_with_the_same_numbers() -> None:
    pictures = [block for block in memo(sample()).blocks if isinstance(block, Picture)]
    assert len(pictures) == 4
    for picture in pictures:
        on_screen = {trace.name.replace("<br>", " "): trace for trace in charts.figure(picture.chart).data}
        (axes,) = paper.draw(picture.chart).axes
        handles = dict(zip(*reversed(axes.get_legend_handles_labels()), strict=True))
        assert on_screen.keys() == handles.keys() - {picture.chart.zero}
        assert axes.get_xlabel() == picture.chart.x.title
        lengths = [bar.get_width() for bar in axes.patches if isinstance(bar, Rectangle)]
        shown = [value for trace in on_screen.values() if trace.type == "bar" for value in trace.x]
        assert sum(map(abs, lengths)) == pytest.approx(sum(map(abs, shown))) or picture.chart.y
        for name, trace in on_screen.items():
            if trace.type == "scatter":
                assert list(handles[name].get_xdata()) == list(trace.x)


@pytest.mark.parametrize(("label", "pixels"), [("Batteries", 30), ("Aircraft and airframe parts", 42)])
def test_a_chart_on_screen_has_room_for_every_line_of_its_labels(label: str, pixels: int) -> None:
    labels = tuple(f"{label} {number}" for number in range(20))
    frame = pd.DataFrame({"name": labels, "extra_cost_usd": 1e6, "extra_cost_usd_without": 0.0})
    assert charts.tall(industries(frame, "", AGAINST_STATUS_QUO)) >= pixels * len(labels)
    assert (charts.tall(industries(frame, "", AGAINST_STATUS_QUO)) >= 42 * len(labels)) is (pixels == 42)


def test_only_assumptions_that_matter_stand_in_the_memo_and_all_in_the_workbook() -> None:
    document = memo(sample())
    sheets = {sheet.name: sheet for sheet in document.sheets}
    assert sheets["Changed assumptions"].rows == (("Pass through", 0.9, 1.0, "share of price change"),)
    told = [str(row[0]) for row in sheets["Assumptions"].rows]
    trials = sample().tables["sensitivity"].set_index("assumption")
    base = trials.loc["as assumed"]
    for name in trials.index.drop("as assumed").unique():
        rows = trials.loc[[name]]
        moved = (rows["net_gain_usd"] - base["net_gain_usd"]).abs().max() >= LEAST_USD
        moved |= (rows["price_usd_per_t"] / base["price_usd_per_t"] - 1.0).abs().max() > LEAST_MOVED
        label = voice(sample()).names.assumption(name)
        assert (label[:1].upper() + label[1:] in told) is bool(moved)
    (every,) = (sheet for sheet in document.further if sheet.name == "All assumptions")
    assert len(every.rows) == len(sample().record.inputs.assumptions) > len(told)
    assert {row[0]: row[1] for row in every.rows}["Pass through"] == 0.9


def _other(content: dict[str, Any]) -> None:
    content["inputs"]["scenario"]["name"] = "Higher floor"
    content["inputs"]["scenario"]["agreement"]["floors"][0]["price"] = 17_000.0
    accounts = content["results"]["tables"]["accounts"]
    for row in accounts["rows"]:
        row[accounts["columns"].index("net_agreement_usd")] += 2e6


def test_snapshots_of_one_title_are_told_apart_in_the_title_of_their_comparison() -> None:
    def bare(content: dict[str, Any]) -> None:
        content["inputs"]["scenario"]["agreement"] = {}

    pair = (sample(), altered(sample(), bare))
    title = document_of(pair).title
    assert "no agreement" in title
    assert all(snapshot.short_id in title for snapshot in pair)
    assert sample().short_id not in document_of([sample(), renamed(pair[1], "Another")]).title


@pytest.mark.parametrize("format", FORMATS)
def test_a_comparison_sets_snapshots_side_by_side(format: str) -> None:
    data = export(document_of([sample(), altered(sample(), _other)]), format)
    assert len(data) > 5000


def test_a_comparison_tells_the_agreement_first_then_results_then_parties() -> None:
    other = altered(sample(), _other)
    page = Page(export(document_of([sample(), other]), "html").decode())
    order = [
        "What is compared",
        "What differs in the agreement",
        "What differs in results",
        "One sentence per party",
        "Data and versions",
    ]
    assert [heading for heading in page.headings if heading in order] == order
    levers = next(table for table in page.tables if table[0][:2] == ["Instrument", "Field"])
    assert levers[1:] == [["Price floor on bismuth", "price, USD/t", "16,543.21", "17,000"]]
    assert "Japan does best under B" in page.text
    assert sample().short_id in page.text
    assert other.short_id in page.text
    attached = PdfReader(io.BytesIO(export(document_of([sample(), other]), "pdf"))).attachments
    assert len(attached) == 2


def _bullets(document: Document) -> list[str]:
    return [item for block in document.blocks if isinstance(block, Bullets) for item in block.items]


@pytest.mark.parametrize(
    ("place", "value", "told"),
    [
        (("inputs", "scenario", "shocks"), [{"name": "china_bismuth_ban"}], "shocks"),
        (("inputs", "scenario", "horizon"), "long", "horizon"),
        (("inputs", "assumptions", "pass_through"), 0.8, "assumptions"),
    ],
)
def test_only_like_is_compared_with_like(place: tuple[str, str, str], value: object, told: str) -> None:
    def change(content: dict[str, Any]) -> None:
        _other(content)
        content[place[0]][place[1]][place[2]] = value

    document = document_of([sample(), altered(sample(), change)])
    assert not any("does best" in item for item in _bullets(document))
    assert any(isinstance(block, Paragraph) and f"differ in {told}" in block.text for block in document.blocks)
    last = document.blocks[-1]
    assert isinstance(last, Paragraph)
    assert last.text.endswith(f"differences in results come from agreement and {told} alone.")


def test_an_assumption_that_only_one_snapshot_uses_is_no_difference() -> None:
    def of_another_mineral(content: dict[str, Any]) -> None:
        content["inputs"]["assumptions"]["demand_elasticity_short.antimony"] = -0.5

    document = document_of([sample(), altered(sample(), of_another_mineral)])
    assert any(isinstance(block, Paragraph) and block.text == SAME_ASSUMPTIONS for block in document.blocks)


def test_a_tie_in_a_comparison_is_told_as_one() -> None:
    tied = document_of([sample(), altered(sample(), _floor_only)])
    assert any(item.startswith("Japan does equally well under A and B: net gain a year A ") for item in _bullets(tied))
    three = document_of([sample(), altered(sample(), _floor_only), altered(sample(), _other)])
    assert any(item.startswith("Japan does best under C") for item in _bullets(three))


@pytest.mark.slow
def test_minerals_that_only_some_snapshots_have_are_compared_among_those() -> None:
    """Three snapshots, no mineral in all: titanium stands beside titanium, and what stands alone is named."""

    def titanium(content: dict[str, Any], *others: str) -> None:
        _on(content, *others)
        content |= json.loads(json.dumps(content).replace("bismuth", "titanium"))

    second, third = altered(sample(), titanium), sample()
    first = altered(sample(), lambda content: titanium(content, "molybdenum"))
    document = document_of([first, second, third])
    texts = [block.text for block in document.blocks if isinstance(block, Paragraph)]
    assert "In one snapshot only, so that nothing stands beside it: molybdenum (A) and bismuth (C)." in texts
    assert any(text.startswith("No mineral is in all snapshots") for text in texts)
    (sheet,) = (sheet for sheet in document.sheets if sheet.name.startswith("Headline"))
    assert sheet.name == "Headline titanium"
    assert [column.title for column in sheet.columns] == ["Measure", "A", "B"]
    none = document_of([second, third])
    assert any(
        isinstance(block, Paragraph) and block.text.startswith("No mineral is in two of the") for block in none.blocks
    )


def _floor_only(content: dict[str, Any]) -> None:
    content["inputs"]["scenario"]["agreement"]["floors"][0]["price"] = 16_999.0


def test_a_comparison_of_one_thing_with_itself_is_refused() -> None:
    with pytest.raises(SnapshotError, match="twice"):
        document_of([sample(), sample()])
    with pytest.raises(SnapshotError, match="2 to 5"):
        document_of([sample()] * 6)


@pytest.mark.slow
def test_the_command_line_refuses_unknown_formats_and_places(tmp_path: Path) -> None:
    with pytest.raises(SnapshotError, match="there is no format"):
        export(memo(sample()), "rtf")
    assert main(["memo", str(SAMPLE), "--format", "html", "--out", str(tmp_path / "none" / "memo.html")]) == 2
    assert main(["memo", str(tmp_path / "none.json"), "--format", "html", "--out", str(tmp_path / "memo.html")]) == 2
    assert main(["memo", str(SAMPLE), "--format", "html", "--out", str(tmp_path / "memo.html")]) == 0


@pytest.mark.slow
@pytest.mark.parametrize("table", ["headline", "accounts", "supply", "parties", "industries"])
@pytest.mark.parametrize("format", ["html", "xlsx"])
def test_a_snapshot_sealed_again_without_its_columns_is_refused_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], table: str, format: str
) -> None:
    def strip(content: dict[str, Any]) -> None:
        stored, key = content["results"]["tables"][table], RESULT_KEYS[table]
        kept = [at for at, column in enumerate(stored["columns"]) if column in key]
        stored["columns"] = [stored["columns"][at] for at in kept]
        stored["rows"] = [[row[at] for at in kept] for row in stored["rows"]]

    file = tmp_path / "stripped.json"
    file.write_text(altered(sample(), strip).to_json(), encoding="utf-8")
    assert main(["memo", str(file), "--format", format, "--out", str(tmp_path / "memo")]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"accord: error: {file}: the snapshot ")
    assert "that a memo tells" in line


@pytest.mark.slow
def test_pdf_keeps_short_tables_on_one_page_and_units_on_one_line() -> None:
    pages = [page.extract_text() for page in PdfReader(io.BytesIO(written("pdf"))).pages]
    assert not any("USD/\n" in page for page in pages)
    squeezed = [re.sub(r"\s", "", page.replace(BREAK, "").replace(JOIN, "")) for page in pages]
    short = [
        sheet
        for sheet in memo(sample()).sheets
        if len(sheet.rows) > 1 and is_kept_whole(sheet.header, [[text for text, _ in row] for row in sheet.shown])
    ]
    assert len(short) > 5
    for sheet in short:
        cells = [re.sub(r"\s", "", "".join(text for text, _ in row)) for row in (sheet.shown[0], sheet.shown[-1])]
        caption = re.sub(r"\s", "", sheet.title)
        assert any(caption in page and all(row in page for row in cells) for page in squeezed), sheet.caption


def _nothing_agreed(content: dict[str, Any]) -> None:
    content["inputs"]["scenario"]["agreement"] = {}
    for name, stored in content["results"]["tables"].items():
        if name in ("gains", "industries", "industries_hit"):
            for row in stored["rows"]:
                row[:] = [0.0 if isinstance(cell, float) else cell for cell in row]


def test_a_memo_of_no_agreement_says_so_and_shows_no_empty_tables() -> None:
    document = memo(altered(sample(), _nothing_agreed))
    told = [block.text for block in document.blocks if isinstance(block, Paragraph)]
    assert "No agreement: the status quo." in told
    assert "No agreement and no shock: the status quo." in told
    assert document.title == "Bismuth: a floor, within one year: no agreement"
    assert [column.title for column in document.sheets[0].columns] == [
        *("Measure", "Status quo", "Lowest", "Highest", "Moved most by")
    ]
    names = {sheet.name for sheet in document.sheets}
    assert not names & {"Parties", "Sides bismuth", "Manufacturers", "Schedule reviews"}
    assert all(sheet.rows for sheet in document.sheets)
    headers = [column.header for sheet in document.sheets for column in sheet.columns]
    assert not any(
        "with agreement" in header.lower() or "Shock" in header[:6] for header in headers if header != "Shock"
    )
    assert all(block.items for block in document.blocks if isinstance(block, Bullets))


def test_what_does_not_come_about_is_said_wherever_the_agreement_is_told() -> None:
    told = "The floor of 16,543.21 USD/t fails in Japan: prices reach 12,000 USD/t."

    def change(content: dict[str, Any]) -> None:
        content["results"]["sentences"]["bismuth"]["missed"] = [told]
        content["author"] = "another"

    failing = altered(sample(), change)
    blocks = memo(failing).blocks
    said = [block.text for block in blocks if isinstance(block, Paragraph) and block.strong]
    assert said.count(told) == 2, "in the bottom line and in the term sheet"
    assert told.partition(":")[0][1:] in memo(failing).title
    beside = _bullets(document_of([failing, altered(sample(), _other)]))
    assert any(item.startswith(f"A: {told} ") for item in beside)


def test_words_of_a_memo_are_plain() -> None:
    document = memo(sample())
    assert "1 July 2026, 11:40 UTC" in document.subtitle
    paragraphs = [block.text for block in document.blocks if isinstance(block, Paragraph)]
    assert "Parties: United States, European Union and Japan." in paragraphs
    nothing = Quota(mineral="bismuth", stage="refined", importers=("USA",), exporters=("CHN",), quantity=0.0)
    assert nothing.phrase(voice(sample())) == "let in no bismuth from China"
    assert "\N{NO-BREAK SPACE}USD/t" in written("html").decode()


def test_a_term_on_a_mineral_that_is_not_looked_at_is_told_as_not_counted() -> None:
    def change(content: dict[str, Any]) -> None:
        agreement = content["inputs"]["scenario"]["agreement"]
        agreement["floors"].append(agreement["floors"][0] | {"mineral": "tungsten"})

    def alone(content: dict[str, Any]) -> None:
        change(content)
        content["inputs"]["scenario"]["agreement"] = {
            "floors": content["inputs"]["scenario"]["agreement"]["floors"][1:]
        }

    not_counted = "Not counted, being on none of the minerals looked at (bismuth): price floor on refined tungsten."
    for altering, nothing_agreed in ((change, False), (alone, True)):
        document = memo(altered(sample(), altering))
        told = [block.text for block in document.blocks if isinstance(block, Paragraph)]
        assert told.count(not_counted) == 1
        assert ("No agreement: the status quo." in told) is nothing_agreed
        assert not any("tungsten" in item for item in _bullets(document))
        rows = [str(cell) for sheet in document.sheets if "ule" in sheet.name for row in sheet.rows for cell in row]
        assert not any("tungsten" in cell for cell in rows)


def test_the_memo_tells_severities_in_percent_and_choices_in_words() -> None:
    def change(content: dict[str, Any]) -> None:
        content["inputs"]["scenario"]["shocks"] = [{"name": "china_bismuth_ban", "severity": 0.7}]
        content["inputs"]["scenario"]["agreement"]["floors"][0]["mechanism"] = "cfd"
        content["inputs"]["scenario"]["agreement"]["tariffs"] = [
            {
                "mineral": "bismuth",
                "stage": "refined",
                "importers": ["USA"],
                "exporters": ["CHN"],
                "specific": 5.0,
                "ad_valorem": 0.2,
                "greater_of": True,
            }
        ]

    document = memo(altered(sample(), change))
    cells = {str(cell) for sheet in document.sheets for row in sheet.rows for cell in row}
    assert any(isinstance(block, Paragraph) and "70 % of " in block.text for block in document.blocks)
    assert "contract for difference" in cells
    assert not {"cfd", "greater of"} & cells
    headers = [column.header for sheet in document.sheets for column in sheet.columns]
    assert "Charge the larger of the two parts instead of their sum" in headers


def _shocked(content: dict[str, Any]) -> None:
    content["inputs"]["scenario"]["shocks"] = [{"name": "china_bismuth_ban"}]


def _answered(content: dict[str, Any]) -> None:
    """An exporter's answer as the only "shock", with its row of the library."""
    name = "china_answers_by_tax"
    content["inputs"]["scenario"]["shocks"] = [{"name": name}]
    content["names"]["shock"][name] = "China answers by an export tax"
    shocks = content["inputs"]["data"]["tables"]["shocks"]
    row = dict(zip(shocks["columns"], shocks["rows"][0], strict=True)) | {"shock_id": name, "kind": "tax_answer"}
    shocks["rows"].append([row[column] for column in shocks["columns"]])


def test_the_title_of_a_memo_names_the_shock_and_an_answer_is_none() -> None:
    shocked, answered = (altered(sample(), change) for change in (_shocked, _answered))
    told, beside, plain = (bottom_line.title(each, voice(each)) for each in (shocked, answered, sample()))
    assert ", within one year, under “China stops all bismuth exports”: " in told
    assert ", within one year, if China answers by an export tax: " in beside
    assert "under “" not in plain
    assert states.effect(answered) == states.effect(sample())
    assert states.shown(answered) == states.shown(sample())
    assert states.effect(shocked).by_shock


@pytest.mark.parametrize("change", [lambda content: None, _shocked])
def test_the_memo_tells_money_in_the_states_that_differ(change: Callable[[dict[str, Any]], None]) -> None:
    states = memo(altered(sample(), change)).sheets[0]
    titles, shocked = [column.title for column in states.columns[1:]], change is _shocked
    alone, own = (["Shock, no agreement"], [OF_AGREEMENT]) if shocked else ([], [])
    of = "money: by the agreement" if shocked else "with agreement"
    ends = [f"Lowest, {of}", f"Highest, {of}", *([] if shocked else ["Moved most by"])]
    assert titles == ["Status quo", *alone, "With agreement", *own, *ends]
    money = {
        str(row[0]).removesuffix(", million USD/yr"): dict(zip(titles, row[1:], strict=True)) for row in states.rows
    }
    net = money["Parties: net gain"]
    assert net["Status quo"] is None
    assert net["With agreement"] != 0.0
    if shocked:
        assert net["Shock, no agreement"] == 0.0  # the sample was solved without a shock
        assert net[OF_AGREEMENT] == pytest.approx(net["With agreement"] - net["Shock, no agreement"])
    parts = [money[f"Parties: {name}"]["With agreement"] for name in ("producers' gain", "treasuries")]
    assert sum(parts) - money["Parties: users' cost"]["With agreement"] == pytest.approx(net["With agreement"])
    world = money["World: net gain"]["With agreement"]
    assert world == pytest.approx(net["With agreement"] + money["Non-parties: net gain"]["With agreement"])


@pytest.mark.slow
def test_what_a_net_gain_counts_is_told_as_it_was_when_it_was_made(world: World) -> None:
    for snapshot, is_old in ((sample(), True), (made(world), False)):
        sides = next(sheet for sheet in memo(snapshot).sheets if sheet.name == "Sides bismuth")
        assert ("Not counted where" in sides.note) is is_old
        assert ("tonnes that public stocks take in" in sides.note) is not is_old
        rows = {str(row[0]): row[1:] for row in sides.rows}
        counted = [name for name in NAMES.values() if name in rows]
        for at, whole in enumerate(rows[NET_GAIN]):
            parts = sum(float(rows[name][at] or 0.0) for name in counted)
            assert parts == pytest.approx(float(whole or 0.0), rel=1e-9, abs=len(counted) * LEAST_USD)


@pytest.mark.slow
def test_beside_the_headline_stand_its_ends_and_what_decides_it(world: World) -> None:
    snapshot = made(world)
    document = memo(snapshot)
    sheets = {sheet.name: sheet for sheet in document.sheets}
    headline, sensitivity = sheets["States"], sheets["Sensitivity bismuth"]
    tried = [str(row[0])[:1].upper() + str(row[0])[1:] for row in sensitivity.rows]
    at = {column.title: place for place, column in enumerate(headline.columns)}
    trials = snapshot.tables["sensitivity"]
    (price,) = (row for row in headline.rows if str(row[0]).startswith("Price in the parties"))
    assert (price[at["Lowest, with agreement"]], price[at["Highest, with agreement"]]) == (
        trials["price_usd_per_t"].min(),
        trials["price_usd_per_t"].max(),
    )
    for row in headline.rows:
        low, value, high = (
            row[at[title]] for title in ("Lowest, with agreement", "With agreement", "Highest, with agreement")
        )
        if low is not None:
            assert low <= value <= high
            assert row[at["Moved most by"]] is None or any(
                name.startswith(str(row[at["Moved most by"]])) for name in tried
            )
    assert {"Licence for bismuth from China", "Export controls together"} <= {name.split(", ")[0] for name in tried}
    assert "let out the least at low" in sensitivity.note


def test_columns_of_nothing_but_zeros_are_named_instead() -> None:
    columns = (Column("Party"), million("Users"), million("Rents"), Column("Jobs"))
    sheet = Sheet("Gains", "", columns, (("A", 2e6, 0.0, None), ("B", -1e6, 3.0, None)), "Money.").without_zeros()
    assert [column.title for column in sheet.columns] == ["Party", "Users", "Jobs"]
    assert sheet.rows == (("A", 2e6, None), ("B", -1e6, None))
    assert sheet.note == "Money. Under 0.01 million USD/yr in every row: Rents."
    none = Sheet("Gains", "", columns, (("A", 2e6, 0.0, None), ("B", -1e6, 0.0, None))).without_zeros()
    assert none.note == "Zero in every row: Rents."
    assert share("Unit cost", signed=True).shown(3.2e-7) == "+0.0000320", "next to a bill that grows it is not nothing"
    only = Sheet("Gains", "", columns[:2], (("A", 0.0),))
    assert only.without_zeros() is only


@pytest.mark.slow
def test_the_optimiser_s_tables_stand_in_words_rounded_and_exact_in_the_workbook() -> None:
    def found(content: dict[str, Any]) -> None:
        rows: dict[str, Any] = {
            "term_sheet": [
                {"mineral": "bismuth", "term": "offtake", "who": "USA", "level": 22.4, "unit": "t/yr", "note": "take"},
                {"mineral": "bismuth", "term": "share of outlays", "who": "JPN", "level": 0.29, "unit": "share"},
            ],
            "gains": [{"party": "USA", "users_musd": -5.412345678901, "verified_musd": 0.02284}],
            "security": [{"party": "EUN", "mineral": "bismuth", "non_party_share": 0.378123, "least_assured": 0.8}],
            "red_lines": [{"party": "JPN", "red_line": "JPN: users lose at most 2", "margin": 0.123, "unit": "share"}],
            "status": {"gap": 0.0012, "gap_proved": True, "packages_tried": 94},
        }
        content["design"] = design_tables(rows)

    document = memo(altered(sample(), found))
    sheets = {sheet.name: sheet for sheet in document.sheets}
    shown = {name: [[text for text, _ in row] for row in sheet.shown] for name, sheet in sheets.items()}
    assert shown["Design term sheet"][0][:5] == ["Bismuth", "Offtake", "United States", "22.4", "t/yr"]
    assert shown["Design term sheet"][1][:5] == ["Bismuth", "Share of outlays", "Japan", "29", "%"]
    assert shown["Design gains"] == [["United States", "−5.41", "+0.0228"]]
    assert shown["Design security"] == [["European Union", "Bismuth", "37.8", "80.0"]]
    assert shown["Design red lines"] == [["Japan: users lose at most 2", "12.3", "percentage points"]]
    assert ["That distance is proved", "yes", ""] in shown["Design status"]
    assert ["Packages tried", "94", ""] in shown["Design status"]
    told = " ".join(header for sheet in sheets.values() for header in (column.header for column in sheet.columns))
    assert "_" not in told
    assert "over all states" in sheets["Design gains"].caption
    (rows,) = (rows for sheet, rows in _book(document) if sheet.name == "Design gains")
    assert rows[1][1].value == -5.412345678901
    assert len(openpyxl.load_workbook(io.BytesIO(export(document, "xlsx"))).sheetnames) <= MOST_SHEETS


def test_assumptions_are_named_in_words_with_their_units() -> None:
    document = memo(sample())
    sheets = {sheet.name: sheet for sheet in document.sheets}
    assert all(", " in str(row[0]) for row in sheets["Sensitivity bismuth"].rows)
    names = [str(row[0]) for name in ("Assumptions", "Sensitivity bismuth") for row in sheets[name].rows]
    assert not [name for name in names if re.search(r"\b[A-Z]{3}\b", name)]
    turning = next(item for item in _bullets(document) if item.startswith("As assumed, the parties together"))
    assert "turns this" in turning or "percent per percent" in turning or "multiple" in turning


def test_base_year_and_date_of_the_status_quo_stand_in_every_document() -> None:
    date = sample().record.inputs.data.version
    for document in (memo(sample()), memo(altered(sample(), _nothing_agreed))):
        assert f"status quo: trade of 2024 under the duties and export controls in force on {date}" in document.subtitle
    both = document_of([sample(), altered(sample(), _other)])
    key = {row[0]: row[1:] for row in both.sheets[0].rows}
    assert key["Base year"] == ("2024", "2024")
    assert key["Duties and export controls of"] == (date, date)
    assert key["Data hash"] == (sample().record.inputs.data.hash[:12],) * 2
    assert str(key["Made (UTC)"][0]).startswith("2026-07-01")


def test_a_comparison_of_different_parties_says_whose_totals_and_who_is_none() -> None:
    def smaller(content: dict[str, Any]) -> None:
        content["inputs"]["scenario"]["parties"] = ["USA", "EUN"]
        content["inputs"]["scenario"]["agreement"] = {}
        for name, key in (("parties", "region"), ("gains", "region")):
            stored = content["results"]["tables"][name]
            at = stored["columns"].index(key)
            stored["rows"] = [row for row in stored["rows"] if row[at] != "JPN"]

    document = document_of([sample(), altered(sample(), smaller)])
    net = next(sheet for sheet in document.sheets if sheet.name == "Net bismuth")
    assert {row[0]: row[2] for row in net.rows}["Japan"] == "not a party"
    paragraphs = [block.text for block in document.blocks if isinstance(block, Paragraph)]
    assert any("Every total is over each snapshot's own set" in text for text in paragraphs)
    same = document_of([sample(), altered(sample(), _other)])
    assert not any(isinstance(block, Paragraph) and "different parties" in block.text for block in same.blocks)


def test_a_number_too_small_for_its_format_is_shown_without_a_sign() -> None:
    sheet = Sheet("Small", "", (Column("A"), Column("B", exact=True)), ((5000.0, 0.02), (-0.3, -0.02), (-1e-12, 1.5)))
    document = replace(memo(sample()), blocks=(sheet,), further=())
    page = openpyxl.load_workbook(io.BytesIO(export(document, "xlsx")))["Small"]
    assert [cell.number_format for cell in page["A"][2:5]] == ["#,##0", ZERO, ZERO]
    assert [cell.value for cell in page["A"][2:5]] == [5000.0, -0.3, -1e-12]
    assert {cell.number_format for cell in page["B"][2:5]} == {"#,##0.0#######"}


@pytest.mark.parametrize(
    ("effects", "said"),
    [
        ((3e6, -2e6), "does the parties together most good under “first” (+3.00 million USD a year), most harm under"),
        ((-1e6, -2e6), "harms the parties together least under “first” (−1.00 million USD a year), most under"),
        ((3e6, 2e6), "does the parties together most good under “first” (+3.00 million USD a year), least under"),
    ],
)
def test_harm_under_every_shock_is_not_called_good(world: World, effects: tuple[float, float], said: str) -> None:
    shocks = pd.DataFrame(
        {"shock": ["first", "second"], "net_gain_usd_with_agreement": effects, "net_gain_usd_without_agreement": 0.0}
    )
    assert said in shocks_sentence(shocks, Voice(Names(world.tables), ("USA",), every_name=True))


@pytest.mark.parametrize(
    ("moved", "said"),
    [(2.6e7, "moves up to 26.0 million USD a year"), (9.0, "change any party's account."), (None, "gain together.")],
)
def test_no_net_gain_is_not_called_no_change(world: World, moved: float | None, said: str) -> None:
    columns = {f"net_gain_usd_{state}_agreement": [0.0] for state in ("with", "without")} | {"shock": ["first"]}
    shocks = pd.DataFrame(columns | ({} if moved is None else {"most_moved_usd": [moved]}))
    assert said in shocks_sentence(shocks, Voice(Names(world.tables), ("USA",), every_name=True))


def test_the_conclusion_is_on_the_agreement_s_own_effect_where_a_shock_is_set(world: World) -> None:
    name = "demand_elasticity_short.antimony"
    columns = ["assumption", "end", "value", "fault", "net_gain_usd", "users_cost_usd"]
    rows = [("as assumed", "", None, None, -282e6, 9e6), (name, "low", -0.5, None, -290e6, -3e6)]
    trials = pd.DataFrame(rows, columns=columns)
    own = trials.assign(own_net_gain_usd=[5e6, -1e6], own_users_cost_usd=[9e6, -3e6])
    say, units = Voice(Names(world.tables), ("USA",)), {name: "percent per percent"}
    gain, cost = what_would_change(own, pd.DataFrame({"shock": []}), say, units, both=True)
    assert gain == (
        "As assumed, by the agreement the parties together gain 5.00 million USD a year; the parties together lose if "
        "the assumption “response of use to price within a year (antimony)” is −0.5 (1.00 million USD)."
    )
    assert cost.startswith("As assumed, by the agreement users pay 9.00 million USD a year more; users save if ")
    told, _ = what_would_change(trials, pd.DataFrame({"shock": []}), say, units, both=True)
    assert told.startswith(
        "As assumed, under shock and agreement the parties together lose 282 million USD a year; no "
    )


def test_each_party_s_gain_is_the_agreement_s_own_and_the_shock_s_stands_beside_it() -> None:
    def shocked_too(content: dict[str, Any]) -> None:
        _shocked(content)
        accounts = content["results"]["tables"]["accounts"]
        for row in accounts["rows"]:  # as if the shock had cost every region 3 million
            row[accounts["columns"].index("net_usd")] -= 3e6

    shocked = altered(sample(), shocked_too)
    accounts = shocked.tables["accounts"].set_index("region")
    sheet = next(sheet for sheet in memo(shocked).sheets if sheet.name == "Parties")
    assert [column.title for column in sheet.columns[-2:]] == [
        "Net gain by the agreement",
        "Net gain by the shock alone",
    ]
    for row, party in zip(sheet.rows, shocked.scenario.parties, strict=False):
        assert row[-2] == accounts.loc[party, "net_agreement_usd"]
        assert row[-1] == pytest.approx(-3e6)
    assert [row[0] for row in sheet.rows[-3:]] == list(SIDES.values())
    assert sheet.rows[-1][-2] == pytest.approx(sheet.rows[-2][-2] + sheet.rows[-3][-2])
    told = [block.text for block in memo(shocked).blocks if isinstance(block, Paragraph)]
    assert any(text.startswith("By the agreement, under the shock: the parties together") for text in told)
    assert any(text.startswith("By the shock: the parties together lose 9.00 million USD") for text in told)
    beside = document_of([sample(), shocked])
    net = next(sheet for sheet in beside.sheets if sheet.name == "Net bismuth")
    assert [row[1] for row in net.rows] == [row[2] for row in net.rows], "the agreement's own effect in both"


def test_the_range_of_the_agreement_s_own_effect_is_told_under_a_shock() -> None:
    def tried(content: dict[str, Any]) -> None:
        table = content["results"]["tables"]["sensitivity"]
        table["columns"].append("own_net_gain_usd")  # which a snapshot made before it was kept has not
        for place, row in enumerate(table["rows"]):
            row.append(1e6 * place)

    def shocked(content: dict[str, Any]) -> None:
        tried(content)
        _shocked(content)

    def told(change: Callable[[dict[str, Any]], None]) -> list[str]:
        blocks = memo(altered(sample(), change)).blocks
        texts = [item for block in blocks if isinstance(block, Bullets) for item in block.items]
        return [text for text in texts if "by the agreement, a year" in text]

    trials = sample().tables["sensitivity"]
    (sentence,) = told(shocked)
    assert f"no change to +{len(trials) - 1}.0 million USD, moved most by " in sentence
    assert told(_shocked) == []


@pytest.mark.slow
def test_every_trial_of_an_assumption_stands_beside_its_own_status_quo(world: World) -> None:
    document = memo(made(world))
    sheet = next(sheet for sheet in document.sheets if sheet.name == "Sensitivity bismuth")
    at = {column.title: place for place, column in enumerate(sheet.columns)}
    trials = made(world).tables["sensitivity"].set_index(["assumption", "end"])
    name = "demand_elasticity_short.bismuth"
    row = next(row for row in sheet.rows if str(row[0]).startswith("response of use to price"))
    for end in ("low", "high"):
        assert row[at[f"Status quo at {end}"]] == trials.loc[(name, end), "price_status_quo_usd_per_t"]
    assert row[at["Status quo at low"]] != row[at["Status quo at high"]]


def test_an_account_has_one_name_on_screen_and_paper() -> None:
    (sheet,) = (sheet for sheet in memo(sample()).sheets if sheet.name == "Parties")
    named = {column.title for column in sheet.columns[1:-1]}
    assert named <= {*ACCOUNT_NAMES.values()}
    assert {ACCOUNT_NAMES[name] for name in ALWAYS_SHOWN} <= named | set(filter(None, re.split("[:;.] ?", sheet.note)))


@pytest.mark.parametrize("largest", [2e-4, 0.7, 9.9e3, 1.23e6, 9.99e9])
def test_numbers_along_an_axis_on_paper_stand_apart(largest: float) -> None:
    names = ["Ordnance, missiles, space, armour and naval ships of a long name", "B"]
    usd = [1e6 * largest, -1e6 * largest]
    frame = pd.DataFrame({"name": names, "extra_cost_usd": usd, "extra_cost_usd_without": usd})
    figure = paper.draw(industries(frame, "", AGAINST_STATUS_QUO))
    figure.draw_without_rendering()
    (axes,) = figure.axes
    low, high = sorted(axes.get_xlim())
    shown = [label for at, label in zip(axes.get_xticks(), axes.get_xticklabels(), strict=True) if low <= at <= high]
    boxes = [label.get_window_extent() for label in shown]
    assert len(boxes) > 1
    assert all(left.x1 < right.x0 for left, right in pairwise(boxes))


def test_a_single_origin_keeps_its_name(world: World) -> None:
    parties = ["USA", "EUN", "JPN", "KOR"]
    outcome = world.outcome(Scenario.parse({"minerals": ["antimony"], "parties": parties}, "scenario"))
    frame = supply_by_origin(outcome, "antimony", Names(world.tables))
    summed = frame[frame["name"].str.startswith("Other ")]
    assert set(summed["name"]) == {"Other non-parties"}
    assert "Japan" in set(frame["name"])


def _several(content: dict[str, Any]) -> None:
    """The sample's results for four minerals, under a shock that is told."""
    content["inputs"]["scenario"]["shocks"] = [{"name": "china_bismuth_ban"}]
    _on(content, "antimony", "gallium", "tungsten")


def _on(content: dict[str, Any], *others: str) -> None:
    """The sample's results for other minerals too."""
    content["inputs"]["scenario"]["minerals"] += others
    for table in (*content["results"]["tables"].values(), content["inputs"]["data"]["tables"]["minerals"]):
        for name in ("mineral", "id"):
            if name in table["columns"]:
                at = table["columns"].index(name)
                own = [row for row in table["rows"] if row[at] == "bismuth"]
                table["rows"] += [[*row[:at], other, *row[at + 1 :]] for other in others for row in own]
    for other in others:
        content["results"]["sentences"][other] = content["results"]["sentences"]["bismuth"]


CODE = re.compile(r"\b([A-Z]{3}|True|False|None|nan|cfd|trqs?)\b|_")
"""What may be a code: three capitals that name a region, values of the language, ids, underscores."""
DIGITS = re.compile(r"\d[\d,.]*\d|\d")


def _shown(document: Document) -> list[tuple[str, bool]]:
    """Every text and number that a document shows, and whether it must be rounded."""
    texts: list[tuple[str, bool]] = [(document.title, False), (document.subtitle, False)]
    for block in (*document.blocks, *document.further):
        match block:
            case Bullets(items):
                texts += [(item, False) for item in items]
            case Sheet():
                texts += [(text, False) for text in (block.title, block.note, *block.header)]
                kept = [at for at, title in enumerate(block.header) if title != "Publication"]
                for down, row in enumerate(block.shown if block.name != "Identity" else []):
                    texts += [(row[at][0], row[at][1] and not block.look(down, at).exact) for at in kept]
            case Picture(caption):
                texts += [(caption, False), (block.alternative, False)]
            case Contents(title):
                texts.append((title, False))
            case _:
                texts.append((block.text, False))
    return texts


@pytest.mark.slow
@pytest.mark.parametrize("change", [lambda content: None, _shocked, _several, _nothing_agreed])
def test_no_code_word_and_no_long_number_is_shown(change: Callable[[dict[str, Any]], object]) -> None:
    snapshot = altered(sample(), change)
    codes = {*snapshot.record.names["region"], "True", "False", "None", "nan", "cfd", "trq", "trqs"}
    for text, rounded in _shown(memo(snapshot)):
        found = [code.group() for code in CODE.finditer(text) if code.group() in codes | {"_"}]
        assert not found, text
        for number in DIGITS.findall(text) if rounded else ():
            assert len(number.replace(",", "").replace(".", "").strip("0")) <= 4, text


@pytest.mark.slow
@pytest.mark.parametrize("change", [lambda content: None, _several, _nothing_agreed])
def test_a_workbook_has_at_most_a_dozen_sheets_with_readable_titles(change: Callable[[dict[str, Any]], object]) -> None:
    document = memo(altered(sample(), change))
    book = openpyxl.load_workbook(io.BytesIO(export(document, "xlsx")))
    assert len(book.sheetnames) <= MOST_SHEETS
    assert not [name for name in book.sheetnames if not re.fullmatch("[A-Z][a-z ]+", name)]
    codes = {*sample().record.names["region"], "True", "False"}
    titles = {str(row[2]) for sheet in document.sheets if sheet.name == "Sources" for row in sheet.rows}
    for page in book:
        for cell in (cell for row in page.iter_rows() for cell in row if isinstance(cell.value, str)):
            words = set(re.findall(r"\w+", cell.value))
            assert not words & codes, cell.value
            assert page.title == "About" or "_" not in cell.value or cell.value in titles, cell.value
            decimals = cell.number_format.partition(";")[0].partition(".")[2]
            assert len(decimals) <= 3 or "#" in decimals


@pytest.mark.slow
def test_totals_are_over_all_minerals_and_each_mineral_has_its_prices() -> None:
    one, four = (memo(altered(sample(), change)).sheets[0] for change in (_shocked, _several))
    money = {str(row[0]): row[-3] for row in one.rows}  # before its range
    total = {str(row[0]): row[-1] for row in four.rows}
    assert total["World: net gain, million USD/yr"] == pytest.approx(4 * money["World: net gain, million USD/yr"])
    assert [row[0] for row in four.rows if "price in the parties" in str(row[0])] == [
        f"{name}: price in the parties, USD/t" for name in ("Bismuth", "Antimony", "Gallium", "Tungsten")
    ]


@pytest.mark.slow
@pytest.mark.parametrize("change", [lambda content: None, _several])
def test_the_annex_starts_on_the_third_page_at_the_latest(change: Callable[[dict[str, Any]], object]) -> None:
    document = memo(altered(sample(), change))
    pages = [page.extract_text() for page in PdfReader(io.BytesIO(export(document, "pdf"))).pages]
    annex = next(at for at, page in enumerate(pages) if page.lstrip().startswith("Annex"))
    assert annex <= 2
    assert "Bottom line" in pages[0]
    assert (
        sum(isinstance(block, Picture) for block in document.blocks[: document.blocks.index(_contents(document))]) <= 3
    )
    assert all(heading in pages[annex] for heading in _contents(document).items)


def _contents(document: Document) -> Contents:
    return next(block for block in document.blocks if isinstance(block, Contents))


@pytest.mark.slow
def test_word_sizes_columns_to_their_content_and_keeps_low_tables_whole() -> None:
    with zipfile.ZipFile(io.BytesIO(written("docx"))) as archive:
        body = ElementTree.fromstring(archive.read("word/document.xml"))
    tables = list(body.iter(f"{W}tbl"))
    for table, sheet in zip(tables, memo(sample()).sheets, strict=True):
        grid = [int(column.get(f"{W}w", "0")) for column in table.iter(f"{W}gridCol")]
        assert sum(grid) == pytest.approx(TABLE_TWIPS, abs=len(grid))
        for cell, width in zip(table.findall(f"{W}tr")[0].iter(f"{W}tcW"), grid, strict=True):
            assert int(cell.get(f"{W}w", "0")) == width
        kept = [row.find(f".//{W}keepNext") is not None for row in table.findall(f"{W}tr")]
        whole = is_kept_whole(sheet.header, [[text for text, _ in row] for row in sheet.shown])
        assert kept == ([True] * (len(kept) - 1) + [False] if whole else [False] * len(kept))
    assumptions = next(
        [int(column.get(f"{W}w", "0")) for column in table.iter(f"{W}gridCol")]
        for table, sheet in zip(tables, memo(sample()).sheets, strict=True)
        if sheet.name == "Assumptions"
    )
    assert assumptions[4] > 2 * assumptions[1], "a reason has more room than a number"


@pytest.mark.parametrize("letters", [4, 15, 30])
def test_every_name_of_a_legend_stands_within_the_picture(letters: int) -> None:
    frame = pd.DataFrame(
        {name: [1e6, -2e6] for name in ACCOUNT_COLOURS} | {"net_usd": 1.0, "party": ["A", "B" * letters]}
    )
    figure = paper.draw(gains(frame, "", AGAINST_STATUS_QUO))
    figure.draw_without_rendering()
    (legend,) = figure.legends
    assert legend.get_window_extent().x1 <= figure.bbox.x1


def test_sentences_alike_but_for_where_are_one_and_keep_names_whole() -> None:
    what = "The floor of 13,500 USD/t for refined copper does not hold in "
    told = bottom_line._together(
        [f"{what}the United States: reason one.", f"{what}the United Kingdom: reason two.", "Another."]
    )
    assert told == [
        f"{what}the United States: reason one; in the United Kingdom: reason two.",
        "Another.",
    ]

"""How tables are laid out on a page: which stand on one, and how wide their columns are."""

from __future__ import annotations

import math

LETTERS_PER_LINE = 112.0
"""Letters of a table's type that fit side by side on the page."""
PADDING = 3.0
BOLD = 1.15
"""Room around a cell in letters, and how much wider a bold letter is."""
ENOUGH = 80.0
"""Letters beyond which a text does not widen its column but breaks."""
ROW_CM, LINE_CM = 0.25, 0.32
"""Room above and below a row of a table, and height of a line of its type."""
TALLEST_CM = 20.0
"""A table up to so high stands on one page."""


def is_kept_whole(header: list[str], rows: list[list[str]]) -> bool:
    """Whether a table is low enough to stand on one page."""
    at = widths(header, rows)
    letters = [width * LETTERS_PER_LINE / sum(at) - PADDING / 2 for width in at]
    lines = [
        max(math.ceil(len(text) / room) for text, room in zip(row, letters, strict=True)) for row in (header, *rows)
    ]
    return ROW_CM * len(lines) + LINE_CM * sum(lines) <= TALLEST_CM


def widths(header: list[str], rows: list[list[str]]) -> list[float]:
    """Shares of the page: every column gets its longest word, the rest goes where texts are long."""
    least, wanted = [], []
    for at, title in enumerate(header):
        texts = [row[at] for row in rows]
        words = [len(word) for text in texts for word in text.split()]
        heads = [BOLD * len(word) for word in title.split()]
        least.append(max([*words, *heads], default=1.0) + PADDING)
        wanted.append(max([*(min(float(len(text)), ENOUGH) + PADDING for text in texts), least[-1]]))
    room = max(LETTERS_PER_LINE - sum(least), 0.0)
    longing = [want - need for want, need in zip(wanted, least, strict=True)]
    share = min(room / sum(longing), 1.0) if sum(longing) > 0 else 0.0
    return [round(need + share * extra, 2) for need, extra in zip(least, longing, strict=True)]

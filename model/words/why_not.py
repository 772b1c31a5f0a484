"""The engine's reasons in a reader's words: it knows no names and, since a case file may have any, no units."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from model.words.numbers import figures

if TYPE_CHECKING:
    from model.words.names import Names

NUMBER = re.compile(r"\b\d+(?:,\d{3})*(?:\.\d+)?(?:e[+-]?\d+)?(?![\w])")
"""A number in a reason of the engine: "47,065.1" or "1e+06"; a comma after it is the sentence's."""
PRICE = re.compile(r"((?:price at|price is|cap of|at most|the price,) [\d,.]*\d)(?! USD)\b")
TONNES = re.compile(r"((?:bought|committed|down to) [\d,.]*\d)(?! t)\b")


def spelled_out(why_not: str, region: str, names: Names) -> str:
    """A reason with the region's name for its id, its numbers in as many figures as others, and their units."""
    told = " ".join(names.the_region(region) if word == region else word for word in why_not.split(" "))
    told = NUMBER.sub(lambda found: figures(float(found[0].replace(",", ""))), told)
    return TONNES.sub(r"\1 t/yr", PRICE.sub(r"\1 USD/t", told))

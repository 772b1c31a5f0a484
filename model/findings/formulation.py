"""The formulation as it is in the code: components of the live programme, and the levers its instruments offer."""

from __future__ import annotations

import re
from dataclasses import dataclass
from textwrap import dedent
from typing import TYPE_CHECKING

import pandas as pd
import pyomo.environ as pyo

from model.equilibrium.comparison import AGREES
from model.equilibrium.proof import reference as programme
from model.equilibrium.proof.ladder import FINE, Ladder
from model.equilibrium.solver import PROVING_WIDTH, scale, scale_state
from model.instruments import KINDS, Duty, lever
from model.words.numbers import exact_percent, listing, lowered, percent

if TYPE_CHECKING:
    from collections.abc import Iterable

    from model.equilibrium.comparison import Comparison
    from model.problem import State
    from model.records import Record
    from model.words.names import Names

COMPONENTS = {
    pyo.Set: "set",
    pyo.Param: "parameter",
    pyo.Var: "variable",
    pyo.Constraint: "constraint",
    pyo.Objective: "objective",
}


@dataclass(frozen=True)
class Formulation:
    """The statement of the programme in words and mathematics, and its components with their sizes."""

    statement: str
    components: pd.DataFrame


def formulation(state: State) -> Formulation:
    """The programme that proves a solved state, built anew in Pyomo: kind, name, size and meaning of its parts."""
    scaled = scale(state.problem)
    model = programme.build(scaled, Ladder(scaled.table, FINE, 1).around(scaled, scale_state(state), PROVING_WIDTH))
    rows = [
        {"kind": COMPONENTS[part.ctype], "name": part.name, "elements": len(part), "meaning": part.doc}
        for kind in COMPONENTS
        for part in model.component_objects(kind, descend_into=False)
    ]
    return Formulation(in_markdown(programme.__doc__ or ""), pd.DataFrame(rows))


def compared_in_words(found: Iterable[Comparison], names: Names) -> tuple[str, pd.DataFrame]:
    """Whether the reference programme finds the state's prices, in a sentence, and how far it is off by mineral."""
    found = list(found)
    apart = [lowered(names.mineral(each.mineral)) for each in found if not each.agrees]
    largest, bound = percent(max(each.price_difference for each in found)), exact_percent(AGREES)
    verdict = f"does not find the prices of {listing(apart)}" if apart else "finds the same prices"
    rows = [
        {
            "Mineral": names.mineral(each.mineral),
            "Largest difference of a price, % of the base year's price": 100 * each.price_difference,
            "Largest difference of a quantity, % of the base year's use": 100 * each.quantity_difference,
            "Same prices": "yes" if each.agrees else "no",
        }
        for each in found
    ]
    said = (
        f"The reference programme {verdict}: the largest difference is {largest} of the base year's price of the "
        f"mineral, and up to {bound} counts as the same."
    )
    return said, pd.DataFrame(rows)


def in_markdown(text: str) -> str:
    r"""A docstring as the screen reads it: its mathematics set, its tables as tables.

    >>> in_markdown("Rule :math:`a`.\n\n.. math::\n    a \\ge b")
    'Rule $a$.\n\n$$\n\\begin{gathered}\na \\ge b\n\\end{gathered}\n$$'
    """
    told = "\n\n".join(_block(block.strip("\n")) for block in text.split("\n\n"))
    return re.sub(r":mod:`([^`]+)`", r"`\1`", re.sub(r":math:`([^`]+)`", r"$\1$", told)).replace("``", "`")


def _block(block: str) -> str:
    if block.startswith(MATH):
        formula = " \\\\\n".join(dedent(block.removeprefix(MATH)).splitlines())
        return f"$$\n\\begin{{gathered}}\n{formula}\n\\end{{gathered}}\n$$"
    if block.startswith("==="):
        rule, *lines = block.splitlines()
        edges = [edge.span() for edge in re.finditer("=+", rule)]
        rows = [f"| {' | '.join(line[low:high].strip() for low, high in edges)} |" for line in lines if line[0] != "="]
        if lines[1] != rule:  # a table without a header
            rows.insert(0, "|" * (len(edges) + 1))
        return "\n".join([rows[0], "|---" * len(edges) + "|", *rows[1:]])
    return re.sub(r"^(R\d)\. ", r"- **\1** ", block, flags=re.MULTILINE)


MATH = ".. math::\n"


def levers_table() -> pd.DataFrame:
    """Every number of every instrument: unit, smallest value, default and meaning, as the records declare them."""
    records: tuple[type[Record], ...] = (*KINDS, Duty)
    rows = [
        {
            "instrument": record.__name__,
            "lever": name,
            "unit": about.get("unit", ""),
            "at_least": about.get("minimum"),
            "default": str(about.get("default", "must be given")),
            "meaning": about.get("description", ""),
        }
        for record in records
        for name in record.model_fields
        if (about := lever(record, name)).get("type") == "number"
    ]
    return pd.DataFrame(rows)

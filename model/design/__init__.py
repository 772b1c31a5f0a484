"""The agreement optimiser: which agreement is best, what stands in its way, and what each concession is worth.

Parties choose the agreement, the market responds, a shock strikes or not: a leader-follower problem in two stages. What
is asked stands in :mod:`model.design.problem`; the response is solved (:mod:`model.design.responses`), the choice made
among responses (:mod:`model.design.choice`), refined and proved (:mod:`model.design.search`); what one agreement does,
party by party, is asked in :mod:`model.design.questions`. In five lines::

    from model.design import Designer, DesignRequest, ResponseTable, Store, term_sheet
    from model.world import World

    table = ResponseTable(World(), Store(), workers=2)
    print(term_sheet(Designer(table, DesignRequest(minerals=("antimony",))).result()))

With several workers the lines belong under ``if __name__ == "__main__":``, since worker processes start afresh.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from model.design.problem.request import DesignRequest
    from model.design.report import gains, result, scenario_of, term_sheet
    from model.design.responses.store import Store
    from model.design.responses.table import ResponseTable
    from model.design.search import Design, Designer

__all__ = [
    "Design",
    "DesignRequest",
    "Designer",
    "ResponseTable",
    "Store",
    "gains",
    "result",
    "scenario_of",
    "term_sheet",
]

_HOMES = {
    "Design": "search",
    "DesignRequest": "problem.request",
    "Designer": "search",
    "ResponseTable": "responses.table",
    "Store": "responses.store",
    "gains": "report",
    "result": "report",
    "scenario_of": "report",
    "term_sheet": "report",
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used: the command line must show its help without loading solvers."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)

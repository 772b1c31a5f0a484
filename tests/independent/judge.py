"""What the product makes of a case: right, wrong, or refused, and then whether rightly."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import process_time

from model.case import Case, market_of
from model.equilibrium import solve as product_solve
from model.errors import AccordError
from tests.independent import solver
from tests.independent.market import CaseMarket, Content, Node, endless, read, servable
from tests.independent.verify import TOLERANCE, verify

LONGEST_S = 20
OWN_S = 60
LOWER = 0.99
"""A levy this much lower must fail its purpose, or it was not the smallest."""

RIGHT = "right"
WRONG = "wrong"
RIGHTLY_REFUSED = "rightly refused"
SOLVABLE = "refused though solvable"
UNDECIDED = "refused, not decided"
CRASHED = "crashed"
ENDLESS = "took too long"


class _Alarm(Exception):
    pass


@contextmanager
def time_limit(seconds: int) -> Iterator[None]:
    """Ends what runs inside after some seconds of processor time; main thread only.

    Raises:
        TimeoutError: in place of the alarm, whose traceback may point between two lines.
    """

    def stop(number: int, frame: object) -> None:
        raise _Alarm

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    except _Alarm:
        raise TimeoutError(f"no answer after {seconds} s") from None
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


@dataclass(frozen=True)
class Verdict:
    """What became of one case."""

    kind: str
    words: tuple[str, ...] = ()
    seconds: float = 0.0


def judge(content: Content) -> Verdict:
    """Solve a case with the product and check what comes back."""
    begin = process_time()
    try:
        with time_limit(LONGEST_S):
            case = Case.parse(content, "generated case")
            result = product_solve(market_of(case), case.parties, case.agreement, case.shocks).result()
    except AccordError as error:
        return refused(content, str(error), process_time() - begin)
    except TimeoutError:
        return Verdict(ENDLESS, (f"no answer after {LONGEST_S} s",), process_time() - begin)
    except Exception as error:  # whatever escapes is the finding
        return Verdict(CRASHED, (f"{type(error).__name__}: {error}",), process_time() - begin)
    seconds = process_time() - begin
    faults = verify(content, result) or larger_levies(content, result)
    return Verdict(WRONG if faults else RIGHT, tuple(faults), seconds)


def refused(content: Content, message: str, seconds: float) -> Verdict:
    """Whether a refusal is right: no equilibrium exists, or the second solver finds one that the verifier confirms."""
    market = read(content)
    if not servable(market) or not servable(market, after_commitments=True) or endless(market):
        return Verdict(RIGHTLY_REFUSED, (message,), seconds)
    try:
        with time_limit(OWN_S):
            faults = verify(content, solver.solve(content))
    except (solver.NoEquilibriumFound, TimeoutError):
        return Verdict(UNDECIDED, (message,), seconds)
    return Verdict(UNDECIDED if faults else SOLVABLE, (message, *faults), seconds)


def larger_levies(content: Content, result: Content) -> list[str]:
    """Levies that could be smaller and do the same, by solving the market with each a little lower."""
    market = read(content)
    levies: dict[Node, float] = {}
    for row in result["floors"]:
        floor = market.agreement["floors"][row["index"]]
        node = (row["region"], floor["mineral"], floor["stage"])
        if node in market.levies and row["price"] is not None:
            levies[node] = max(levies.get(node, 0.0), row["levy"])
    if any(trader.host is not None for trader in market.supply):
        return []
    faults = []
    prices = {(row["region"], row["mineral"], row["stage"]): row["consumer_price"] for row in result["prices"]}
    for node, levy in levies.items():
        price = prices[node]
        if levy > 1e-3 * price and _lower_does(market, node, levies, price):
            faults.append(f"{node}: levy {levy:g} at price {price:g}, {LOWER * levy:g} would do the same")
    return faults


def _lower_does(market: CaseMarket, node: Node, levies: dict[Node, float], price: float) -> bool:
    """Whether the floors of a party are served as well by a lower levy than under which its price is ``price``.

    Where committed goods go round, the second solver keeps less of the commitments: at another price it says nothing.
    """
    own = {place: levy for place, levy in levies.items() if place[1] == node[1]}
    lower = own | {node: LOWER * own[node]}
    try:
        with time_limit(OWN_S):
            before = solver.solve_fixed(market, node[1], own)
            after = solver.solve_fixed(market, node[1], lower)
    except (solver.NoEquilibriumFound, TimeoutError):
        return False
    if abs(before.price[node] - price) > 10 * TOLERANCE * price:
        return False
    asked = [floor for _, floor, cap in market.levies[node] if cap >= own[node] * (1 - TOLERANCE)]
    held = [floor for floor in asked if abs(floor - before.price[node]) <= TOLERANCE * floor]
    if held and max(asked) <= max(held) * (1 + TOLERANCE):
        return after.price[node] >= max(held) * (1 - 1e-10)
    capped = any(abs(cap - own[node]) <= TOLERANCE * cap for _, _, cap in market.levies[node])
    size = max(before.flow.values(), default=0.0)
    return not capped and solver.free_arrivals(market, node, after) <= 1e-9 * size

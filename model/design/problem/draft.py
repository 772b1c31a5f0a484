"""A design problem while it is typed: percent, million USD and lists as text, whether valid yet or not."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from model.design.problem.request import DesignRequest, Menu
from model.errors import ScenarioError
from model.records import choices
from model.units import MILLION, MONEY, PERCENT
from model.words.names import CLASSES, readable
from model.words.numbers import exact

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from model.scenario import Scenario
    from model.words.names import Names

OBJECTIVES = {
    "expected_gain": "the largest expected gain of all parties",
    "worst_off": "the largest gain for the party that gets least",
    "nash": "the Nash bargain, the largest product of gains",
    "cvar": "the smallest mean loss in the worst outcomes",
}
PARTICIPATIONS = {
    "expected": "no party worse off in expectation",
    "every_state": "no party worse off under any shock",
    "none": "parties may be worse off",
}


@dataclass(frozen=True)
class Line:
    """A kind of red line: the words before and after its number, and how much of the model's unit the number's is."""

    name: str
    before: str
    after: str
    size: float

    def sentence(self, party: str, value: float, detail: str = "") -> str:
        """A party's red line in words, from its number in the model's unit."""
        shown = exact(float(f"{value / self.size:.12g}"))
        return f"{party}: {self.before.format(detail)} {shown}{self.after}"


_MONEY, _SHARE = f" {MONEY}", " %"
LINES = {
    "user_cost": Line("users' cost", "users lose at most", _MONEY, MILLION),
    "producer_revenue": Line("producers' revenue", "producers' revenue changes by at least", _MONEY, MILLION),
    "treasury_outlay": Line("public outlay", "public outlay is at most", _MONEY, MILLION),
    "non_party_import_share": Line("share from non-parties", "of use, non-parties supply at most", _SHARE, PERCENT),
    **{
        name: Line(f"supply of {words}", f"of the need of {words}, every shock leaves at least", _SHARE, PERCENT)
        for name, words in zip(CLASSES, map(readable, CLASSES), strict=True)
    },
    "industry_cost": Line("cost of one industry", "extra cost of {} is at most", _MONEY, MILLION),
}
"""Kinds of red line, in the order they are offered."""


@dataclass(frozen=True)
class RedLine:
    """Which red line: a party, a kind, and for the cost of one industry the industry."""

    party: str
    kind: str
    industry: str = ""

    def words(self, names: Names) -> str:
        """What stands before the number."""
        return f"{names.region(self.party)}: {LINES[self.kind].before.format(names.industry(self.industry))}"


def _percents(shares: Iterable[float]) -> str:
    return ", ".join(f"{share / PERCENT:g}" for share in shares)


@dataclass
class NewLine:
    """The red line that is being written."""

    party: str = ""
    kind: str = "user_cost"
    industry: str = ""
    value: float | None = None


@dataclass
class LeverDraft:
    """The question about one lever that is being written; ``whose`` is a party, or empty for all together."""

    mineral: str = ""
    lever: str = "floor"
    measure: str = "gain"
    whose: str = ""
    target: float = 0.0


@dataclass
class Draft:
    """What is typed. Weights of parties and red lines stay when a party leaves; they count for parties only.

    The menu's levels are percent, separated by commas; ``weights`` hold what differs from 1, ``industry_weights`` what
    differs from 0. Of the named shocks, ``left_out``, ``probability_percent`` and ``severity`` hold what differs from
    the library; the rest of them follow the minerals.
    """

    objective: str = "expected_gain"
    tail_percent: float = DesignRequest().objective.tail / PERCENT
    participation: str = "expected"
    transfers_musd: float = 0.0
    share_revenue: bool = False
    share_outlay: bool = False
    weights: dict[str, float] = field(default_factory=dict)
    industry_weights: dict[str, float] = field(default_factory=dict)
    lines: dict[RedLine, float] = field(default_factory=dict)
    floor_levels: str = _percents(Menu().floor_levels)
    mechanisms: tuple[str, ...] = tuple(mechanism.value for mechanism in Menu().mechanisms)
    trq_quantities: str = _percents(Menu().trq_quantities)
    over_quota_rates: str = _percents(Menu().over_quota_rates)
    stockpiles: str = _percents(Menu().stockpiles)
    commitments: str = _percents(Menu().commitments)
    rent_to: str = Menu().rent_to.value
    left_out: set[str] = field(default_factory=set)
    probability_percent: dict[str, float] = field(default_factory=dict)
    severity: dict[str, float] = field(default_factory=dict)

    def counts(self, line: RedLine, scenario: Scenario) -> bool:
        """Whether a red line is a party's."""
        return line.party in scenario.parties

    def request(self, scenario: Scenario, touching: Sequence[str] = ()) -> DesignRequest:
        """The design problem for a scenario's parties, minerals, horizon and assumptions.

        Its states are all named shocks, or, where something about the ``touching`` ones was changed, those of them that
        are used.

        Raises:
            ScenarioError: naming every fault of what is typed.
        """
        plain = request_of(scenario).model_dump(mode="json")
        typed = self._content(scenario) | {"menu": plain["menu"] | self._menu()}
        if self.changes_shocks(touching):
            typed["shocks"] = [self._shock(name) for name in touching if name not in self.left_out]
        return DesignRequest.parse(plain | typed, "design")

    def changes_shocks(self, touching: Sequence[str]) -> bool:
        """Whether any of these shocks is left out, or has another probability or severity than the library's."""
        return any(name in changed for name in touching for changed in self._shock_changes())

    def use_shock(self, name: str, used: bool) -> None:
        """Count a shock, or leave it out."""
        (self.left_out.discard if used else self.left_out.add)(name)

    def reset_shocks(self) -> None:
        """All shocks as the library has them."""
        for changed in self._shock_changes():
            changed.clear()

    def _shock_changes(self) -> tuple[set[str], dict[str, float], dict[str, float]]:
        return self.left_out, self.probability_percent, self.severity

    def _shock(self, name: str) -> dict[str, Any]:
        percent = self.probability_percent.get(name)
        probability = None if percent is None else round(percent * PERCENT, 10)
        return {"name": name, "probability": probability, "severity": self.severity.get(name)}

    def _content(self, scenario: Scenario) -> dict[str, Any]:
        return {
            "objective": {
                "kind": self.objective,
                "tail": self.tail_percent * PERCENT,
                "weights": {party: weight for party, weight in self.weights.items() if party in scenario.parties},
                "industry_weights": self.industry_weights,
            },
            "participation": self.participation,
            "transfers": self.transfers_musd * MILLION,
            "share_revenue": self.share_revenue,
            "share_outlay": self.share_outlay,
            "red_lines": self._red_lines(scenario),
        }

    def _menu(self) -> dict[str, Any]:
        levels = ("floor_levels", "trq_quantities", "over_quota_rates", "stockpiles", "commitments")
        return {
            **{name: shares(getattr(self, name), name.replace("_", " ")) for name in levels},
            "mechanisms": self.mechanisms,
            "rent_to": self.rent_to,
        }

    def _red_lines(self, scenario: Scenario) -> dict[str, Any]:
        found: dict[str, dict[str, Any]] = {}
        for line, value in self.lines.items():
            if not self.counts(line, scenario):
                continue
            own, amount = found.setdefault(line.party, {}), value * LINES[line.kind].size
            if line.kind in CLASSES:
                own.setdefault("assured_supply", {})[line.kind] = amount
            elif line.industry:
                own.setdefault("industry_cost", {})[line.industry] = amount
            else:
                own[line.kind] = amount
        return found

    def in_words(self, scenario: Scenario) -> str:
        """One sentence: what is looked for, and within which limits."""
        counted = sum(self.counts(line, scenario) for line in self.lines)
        kept = len(self.lines) - counted
        weighted = any(weight != 1 for weight in self.weights.values()) or any(self.industry_weights.values())
        parts = [OBJECTIVES[self.objective] + (" with weights" if weighted else ""), PARTICIPATIONS[self.participation]]
        parts.append(f"{counted or 'no'} red line{'' if counted == 1 else 's'}")
        if kept:
            parts[-1] += f" ({kept} of countries that are no party do not count)"
        parts.append(f"transfers up to {exact(self.transfers_musd)} million USD/yr" if self.transfers_musd else "")
        parts.append(self._purses())
        return f"Asked: {'; '.join(part for part in parts if part)}."

    def _purses(self) -> str:
        purses = {"levies and rents": self.share_revenue, "outlays": self.share_outlay}
        common = [name for name, is_common in purses.items() if is_common]
        return f"a common purse for {' and for '.join(common)}" if common else ""


def shares(text: str, what: str) -> tuple[float, ...]:
    """Percentages separated by commas, as shares.

    Raises:
        ScenarioError: naming what is not a number.

    >>> shares("0, 100, 107.5 %", "floors")
    (0.0, 1.0, 1.075)
    """
    values = []
    for part in (part.strip().removesuffix("%").strip() for part in text.split(",")):
        try:
            values.append(round(float(part) * PERCENT, 10))
        except ValueError:
            raise ScenarioError(
                f"{what}: {part!r} is not a number; write percentages separated by commas, such as 0, 100, 110"
            ) from None
    return tuple(dict.fromkeys(values))


def add_line(lines: dict[RedLine, float], party: str, kind: str, industry: str, value: float) -> dict[RedLine, float]:
    """The red lines with one more; the same one takes the new number.

    Raises:
        ScenarioError: for an unknown kind, or one industry's cost without the industry.
    """
    if kind not in LINES:
        raise ScenarioError(f"unknown red line {kind!r}; {choices(LINES, kind)}")
    if kind == "industry_cost" and not industry:
        raise ScenarioError("cost of one industry: choose the industry first")
    return {**lines, RedLine(party, kind, industry if kind == "industry_cost" else ""): value}


def request_of(scenario: Scenario) -> DesignRequest:
    """A design request about the scenario's minerals, parties, horizon and assumptions, with all named shocks."""
    return DesignRequest(
        parties=scenario.parties,
        minerals=scenario.minerals,
        horizon=scenario.horizon,
        assumptions=scenario.assumptions,
    )

"""What the optimiser is asked: parties, minerals, shocks, menu, objective and red lines, read from JSON."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, model_validator

from model.errors import ScenarioError
from model.instruments import Agreement, Mechanism, Regions, RentHolder
from model.market.horizon import SHORT, HorizonId
from model.records import Money, Name, Record, Share, choices, listed, unit
from model.scenario import OnStatusQuo, Scenario, answers_beyond_all
from model.shocks import NamedShock

if TYPE_CHECKING:
    from collections.abc import Iterable

    from model.assumptions import Assumptions
    from model.world import World

SignedMoney = Annotated[float, Field(json_schema_extra=unit("USD per year"))]
Weight = Annotated[float, Field(ge=0, json_schema_extra=unit("weight"))]
OfPrice = Annotated[float, Field(ge=0, le=10, json_schema_extra=unit("share of the status-quo price"))]


class StateShock(NamedShock):
    """A named shock as one state of the world."""

    probability: Share | None = Field(
        None, description="yearly hazard: the chance that it hits in a year, whatever else does; none = the library's"
    )


TrqSplit = Literal["pooled", "by_imports", "by_use"]
"""How a tariff-rate quota is divided: not at all, or by party in proportion to its imports or its use."""


class Menu(Record):
    """The levels from which packages are made: every combination is one package, and so is doing nothing.

    Around the best packages, those that break a limit included, further levels are tried: half-way between those of the
    menu, other mechanisms, commitments and splits, one project more or less; and beyond the last level of a list that
    is the default, never beyond a list that was asked for. The order of a list does not count.
    """

    floor_levels: tuple[OfPrice, ...] = Field((0.0, 1.0, 1.1, 1.2), description="0 = no floor", min_length=1)
    mechanisms: tuple[Mechanism, ...] = Field((Mechanism.VARIABLE_LEVY, Mechanism.CFD), min_length=1)
    trq_quantities: tuple[Annotated[float, Field(ge=0, le=5, json_schema_extra=unit("share of imports"))], ...] = Field(
        (1.0, 0.75), description="in-quota imports from non-parties as a share of the status quo's", min_length=1
    )
    over_quota_rates: tuple[Annotated[float, Field(ge=0, le=5, json_schema_extra=unit("share of value"))], ...] = Field(
        (0.0, 0.25), description="0 = no tariff-rate quota", min_length=1
    )
    stockpiles: tuple[Share, ...] = Field(
        (0.0, 0.05), description="public stock of each party as a share of its use in a year", min_length=1
    )
    commitments: tuple[Annotated[float, Field(ge=0, le=1, json_schema_extra=unit("share of use from abroad"))], ...] = (
        Field(
            (0.0, 0.25, 0.5),
            description="offtakes that bind in every state, as a share of what each party takes from abroad; the "
            "smallest is part of every combination, the others are tried around the best packages",
            min_length=1,
        )
    )
    trq_splits: tuple[TrqSplit, ...] = Field(
        ("pooled", "by_imports", "by_use"),
        description="one quota for all parties, or one per party in proportion to its imports from non-parties or to "
        "its use; the first of these that is named is part of every combination, the others are tried around the best "
        "packages",
        min_length=1,
    )
    rent_to: RentHolder = RentHolder.IMPORTER
    release_above: Annotated[float, Field(ge=1, le=20, json_schema_extra=unit("multiple of the status-quo price"))] = (
        1.25
    )


class Objective(Record):
    """What is made as large as it can be."""

    kind: Literal["expected_gain", "cvar", "worst_off", "nash"] = "expected_gain"
    weights: dict[str, Weight] = Field(
        default_factory=dict, description="by party; 1 where none is given (Nash: bargaining power)"
    )
    industry_weights: dict[str, Weight] = Field(
        default_factory=dict, description="by industry: weight of a dollar of its extra cost, besides users' gain"
    )
    outsiders: Literal["ignored", "counted", "not_at_their_expense"] = Field(
        "ignored",
        description="whether the gains and losses of non-parties count: not at all, in full (the world's gain is made "
        "large), or their losses only; not with Nash",
    )
    tail: Annotated[float, Field(gt=0, lt=1, json_schema_extra=unit("probability"))] = Field(
        0.1, description="CVaR: mean loss in this worst part of outcomes, over years with at most one shock"
    )

    @property
    def by_expected_gain(self) -> Objective:
        """The same by expected gains."""
        return self.model_copy(update={"kind": "expected_gain"})


class RedLines(Record):
    """What one party insists on. Money is expected, against the status quo under the same shocks."""

    user_cost: SignedMoney | None = Field(None, description="users lose at most this")
    producer_revenue: SignedMoney | None = Field(None, description="producers' revenue changes by at least this")
    treasury_outlay: Money | None = Field(None, description="public outlay at most (support, stocks, transfers paid)")
    non_party_import_share: Share | None = Field(None, description="of its use of each mineral, at most, expected")
    assured_supply: dict[Literal["defense", "energy", "critical_infrastructure"], Share] = Field(
        default_factory=dict,
        description="share of these industries' need served, of each mineral under each shock, at least",
    )
    industry_cost: dict[str, SignedMoney] = Field(default_factory=dict, description="an industry's extra cost at most")


class OfftakeRules(Record):
    """Limits on offtake volumes and strikes."""

    allowed: bool = True
    most_of_need: Share = Field(0.5, description="largest share of one buyer's need from one seller")
    strike_band: Share = Field(0.1, description="how far a strike may lie from the seller's expected price")
    first_right: Share = Field(
        0.5, description="share of a project's capacity on which its investor has the first right"
    )
    investors: dict[str, str] = Field(default_factory=dict, description="project id to investing party")


class DesignRequest(OnStatusQuo):
    """A design problem. Shares of the status quo become levels in negotiable steps when packages are made."""

    name: str = Field("", max_length=200)
    parties: Regions = Scenario.model_fields["parties"].default
    minerals: tuple[Name, ...] = Field(("antimony",), min_length=1)
    horizon: HorizonId = Field(SHORT.id, description="as in a scenario; projects need the long one")
    assumptions: dict[str, float] = Field(default_factory=dict, description="assumption name to value")
    shocks: tuple[StateShock, ...] | None = Field(
        None,
        description="each comes with its own yearly hazard, independently of the others; what is expected is the value "
        "without a shock plus, for each, hazard times what it changes; none = all events that touch the minerals (an "
        "exporter's answer to the agreement counts where it is named)",
    )
    menu: Menu = Menu()
    objective: Objective = Objective()
    red_lines: dict[str, RedLines] = Field(default_factory=dict, description="by party")
    participation: Literal["none", "expected", "every_state"] = Field(
        "expected",
        description="no party worse off than without the agreement under the same shocks: not asked, in expectation, "
        "or under every shock",
    )
    least_gain: Money = Field(
        100_000.0,
        description="what every party gains at least, in expectation, where anything is agreed and participation is "
        "asked; not asked of one whose accounts no package moves by as much and whom no transfer reaches",
    )
    keep_security: bool = Field(
        True,
        description="of each mineral, the parties' share from non-parties must not rise and the smallest share of need "
        "served must not fall, by more than half a percentage point",
    )
    transfers: Money = Field(0.0, description="largest lump sum a party pays; 0 = no transfers")
    share_revenue: bool = Field(False, description="levies and rents go to a common purse that the agreement divides")
    share_outlay: bool = Field(False, description="outlays are paid from a common purse that the agreement divides")
    offtake: OfftakeRules = OfftakeRules()
    projects: bool = Field(True, description="bankable projects may be built (long horizon)")
    gap: Annotated[float, Field(ge=0, le=0.5, json_schema_extra=unit("share of the objective"))] = 0.005
    time_limit_s: Annotated[float, Field(gt=0, json_schema_extra=unit("s"))] = Field(60.0, description="of each choice")
    step: Annotated[float, Field(gt=0, le=0.2, json_schema_extra=unit("share"))] = Field(
        0.01, description="negotiable step, as share of price or imports; refinement stops there"
    )
    agreement_gap: Annotated[float, Field(gt=0, json_schema_extra=unit("share"))] = Field(
        0.02, description="largest difference between a party's predicted and verified gain"
    )
    seed: int = 0

    @model_validator(mode="after")
    def _is_consistent(self) -> DesignRequest:
        _refuse_unknown("objective.weights", self.objective.weights, self.parties)
        _refuse_unknown("red_lines", self.red_lines, self.parties)
        _refuse_unknown("offtake.investors", self.offtake.investors.values(), self.parties)
        for what, names in (("parties", self.parties), ("minerals", self.minerals)):
            twice = sorted({name for name in names if names.count(name) > 1})
            if twice:
                raise ValueError(f"{what}: {', '.join(twice)} is named more than once")
        if self.objective.kind == "nash" and self.objective.outsiders != "ignored":
            raise ValueError("objective.outsiders: a Nash bargain is among the parties; choose 'ignored'")
        if not any(self.weight(party) > 0 for party in self.parties):
            raise ValueError(
                "objective.weights are all zero: nothing to choose by; give at least one party a weight above 0"
            )
        return self

    def assumed(self, world: World) -> Assumptions:
        """The assumptions of a world with the request's own."""
        return world.assumptions.with_overrides(self.assumptions)

    def weight(self, party: str) -> float:
        """Weight of a party in the objective."""
        return self.objective.weights.get(party, 1.0)

    def limits(self, party: str) -> RedLines:
        """Red lines of a party, none where it has none."""
        return self.red_lines.get(party, RedLines())

    def scenario(self, agreement: Agreement | None = None, shock: NamedShock | None = None) -> Scenario:
        """The scenario in which the parties apply an agreement under at most one shock."""
        return Scenario(
            format=self.format,
            status_quo=self.status_quo,
            name=self.name,
            minerals=self.minerals,
            parties=self.parties,
            horizon=self.horizon,
            assumptions=self.assumptions,
            agreement=agreement or Agreement(),
            shocks=() if shock is None else (shock,),
        )


def _refuse_unknown(what: str, names: Iterable[str], parties: tuple[str, ...]) -> None:
    for name in names:
        if name not in parties:
            raise ValueError(f"{what}: {name!r} is not one of the parties; {choices(parties, name)}")


class WorldState(Record):
    """One state of the world: at most one shock, its yearly hazard, and the minerals it touches.

    Of "no shock", ``probability`` is the chance of a year without any.
    """

    shock: NamedShock | None
    probability: Share
    minerals: tuple[str, ...]

    @property
    def name(self) -> str:
        """The shock's name, or "no_shock"."""
        return NO_SHOCK if self.shock is None else self.shock.name


NO_SHOCK = "no_shock"


def states_of(request: DesignRequest, world: World) -> tuple[WorldState, ...]:
    """The states of the world, "no shock" first with the chance of a year without any.

    A shock touches a mineral when it hits the mineral or one of its hosts; all other minerals share the solve of "no
    shock".

    Raises:
        ScenarioError: for unknown or repeated shocks.
    """
    touched = {mineral: _touching(world, mineral) for mineral in request.minerals}
    asked = request.shocks
    if asked is None:
        every = {name for names in touched.values() for name in names} - {*world.library.answers}
        asked = tuple(StateShock(name=name) for name in world.library.names if name in every)
    names = [shock.name for shock in asked]
    if len(set(names)) < len(names):
        raise ScenarioError("shocks: a shock is named more than once")
    if faults := answers_beyond_all(asked, world.library):
        raise ScenarioError(f"design is not valid: {listed(faults)}")
    states = [_state(shock, world, touched) for shock in asked]
    calm = prod(1.0 - state.probability for state in states)
    nothing = WorldState(shock=None, probability=calm, minerals=request.minerals)
    return (nothing, *states)


def _touching(world: World, mineral: str) -> set[str]:
    chain = (mineral, *world.hosts.get(mineral, {}))
    return {name for link in chain for name in world.library.for_mineral(link)}


def _state(asked: StateShock, world: World, touched: dict[str, set[str]]) -> WorldState:
    known = world.library.describe(asked.name)
    return WorldState(
        shock=NamedShock(name=asked.name, severity=asked.severity),
        probability=known.annual_probability if asked.probability is None else asked.probability,
        minerals=tuple(mineral for mineral, names in touched.items() if asked.name in names),
    )


def check(request: DesignRequest, world: World) -> tuple[WorldState, ...]:
    """Refuse what the shipped markets do not have; returns the states of the world.

    Raises:
        ScenarioError: naming the thing and the valid choices.
    """
    world.check(request.scenario())
    industries = tuple(world.tables["industries"]["id"])
    named = {*request.objective.industry_weights} | {
        i for lines in request.red_lines.values() for i in lines.industry_cost
    }
    for industry in sorted(named):
        if industry not in industries:
            raise ScenarioError(f"unknown industry {industry!r}; {choices(industries, industry)}")
    projects = tuple(world.tables["projects"]["id"])
    for project in request.offtake.investors:
        if project not in projects:
            raise ScenarioError(f"offtake.investors: unknown project {project!r}; {choices(projects, project)}")
    return states_of(request, world)

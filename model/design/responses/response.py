"""The market's response to one agreement in one state: what is asked, what a choice needs of it, kept by content.

A response is identified by everything that determines it: data, assumptions, horizon, parties, the agreement for the
mineral and for its hosts, projects built, the shock and the source code of the engine. Weights, red lines, strikes and
probabilities are not part of it, so changing them solves nothing again.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from model.instruments import Agreement
from model.source import source_hash
from model.words.why_not import Reason, WhyNot

if TYPE_CHECKING:
    from collections.abc import Sequence

    from model.design.problem.facts import Amounts, Pairs
    from model.scenario import Scenario
    from model.world import World

COMPUTES = "model.design.responses.respond"
"""What computes a response, with all it imports."""
_PAIR = ">"
_BY_PAIR = ("flows_t", "delivered")


@dataclass(frozen=True, kw_only=True)
class Trade:
    """One stage: trade among parties, output, use (refiners' intake before the last), sellers' market prices; per year.

    ``delivered`` is, per committed pair, the share not excused; an offtake settles against ``seller_price_usd_per_t``.
    """

    flows_t: Pairs
    delivered: Pairs
    output_t: Amounts
    use_t: Amounts
    seller_price_usd_per_t: Amounts

    def left_at_home(self, party: str) -> float:
        """What a party's producers make beyond what they sell at home: what it can promise others [t/yr]."""
        return max(self.output_t.get(party, 0.0) - self.flows_t.get((party, party), 0.0), 0.0)


@dataclass(frozen=True, kw_only=True)
class Response(Trade):
    """One mineral under one agreement in one state. By region, regions with nothing left out; per year.

    ``net_usd`` is the sum of all accounts but settlements of offtakes with a strike, which stand in
    ``transfers_usd``. ``outlay_usd`` counts support paid and stocks bought less stocks sold, ``stock_value_usd`` the
    metal. ``assured`` is, by class of industry, the share of the need served. ``industry_cost_usd`` by region and
    industry. Trade and quantities are those of the last stage; ``upstream`` has the trade of the stages before it.
    """

    users_usd: Amounts
    supplier_change_usd: Amounts
    producers_usd: Amounts
    revenue_usd: Amounts
    rents_usd: Amounts
    outlay_usd: Amounts
    stock_value_usd: Amounts
    transfers_usd: Amounts
    price_usd_per_t: Amounts
    producer_revenue_usd: Amounts
    producer_price_usd_per_t: dict[str, Amounts]
    non_party_imports_t: Amounts
    assured: dict[str, Amounts]
    industry_cost_usd: dict[str, Amounts]
    why_not: tuple[WhyNot, ...]
    upstream: dict[str, Trade] = field(default_factory=dict)

    def at(self, stage: str) -> Trade:
        """Trade, output, use and sellers' prices at a stage; the last one's are the response's own."""
        return self.upstream.get(stage, self)

    @property
    def net_usd(self) -> Amounts:
        """All accounts by region [USD/yr], settlements of offtakes left out."""
        own = (self.users_usd, self.supplier_change_usd, self.producers_usd, self.revenue_usd, self.rents_usd)
        parts = (*own, self.stock_value_usd)
        regions = dict.fromkeys(region for part in (*parts, self.outlay_usd) for region in part)
        return {r: sum(part.get(r, 0.0) for part in parts) - self.outlay_usd.get(r, 0.0) for r in regions}

    def to_json(self) -> str:
        """As text for the store."""
        content = asdict(self)
        for part in (content, *content["upstream"].values()):
            for name in _BY_PAIR:
                part[name] = {_PAIR.join(pair): value for pair, value in part[name].items()}
        return json.dumps(content)

    @classmethod
    def from_json(cls, text: str) -> Response:
        """From the store's text."""
        content: dict[str, Any] = json.loads(text)
        for part in (content, *content["upstream"].values()):
            for name in _BY_PAIR:
                part[name] = {tuple(pair.split(_PAIR)): value for pair, value in part[name].items()}
        upstream = {stage: Trade(**part) for stage, part in content["upstream"].items()}
        why_not = tuple(WhyNot(**why | {"reason": Reason(why["reason"])}) for why in content["why_not"])
        return cls(**content | {"why_not": why_not, "upstream": upstream})


@dataclass(frozen=True)
class Question:
    """One cell of the table: a mineral under an agreement (hosts' included) in one state, with projects built."""

    mineral: str
    scenario: Scenario
    projects: tuple[str, ...] = ()

    def key(self, data_hash: str) -> str:
        """SHA-256 over everything that determines the response."""
        content = [data_hash, source_hash(COMPUTES), self.mineral, self.scenario.to_json(), self.projects]
        return hashlib.sha256(json.dumps(content).encode()).hexdigest()


def question(world: World, scenario: Scenario, mineral: str, projects: Sequence[str] = ()) -> Question:
    """The cell of a mineral in a scenario; instruments that do not reach it are left out, so equal cells are equal."""
    reached = {mineral, *world.hosts.get(mineral, {})}
    lists = {
        name: tuple(item for item in getattr(scenario.agreement, name) if item.mineral in reached)
        for name in Agreement.model_fields
    }
    agreement = Agreement(**lists)
    parties = scenario.parties
    shocks = tuple(shock for shock in scenario.shocks if _touches(world, shock, reached))
    trimmed = scenario.model_copy(
        update={"name": "", "minerals": (mineral,), "parties": parties, "agreement": agreement, "shocks": shocks}
    )
    return Question(mineral, trimmed, tuple(sorted(projects)))


def _touches(world: World, shock: Any, minerals: set[str]) -> bool:
    if hasattr(shock, "mineral"):
        return shock.mineral in minerals
    return world.library.touches(shock.name, minerals)

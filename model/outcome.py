"""What a scenario does against the status quo, as tables: one frame per question, every column named with its unit.

"Status quo" is no agreement and no shock: duties and controls of the status-quo date and, unless policy only is asked
for, a market moved to return the prices quoted then.
"Without agreement" is the status quo under the scenario's shocks. All changes are against the status quo unless a name
says otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from model.equilibrium.ledger import Ledger
from model.equilibrium.tolerances import SAME_MONEY
from model.equilibrium.welfare import PUBLIC_STOCKS as PUBLICLY_HELD
from model.equilibrium.welfare import STOCK_VALUE, WELFARE, producers_by_kind, rents_by_holder, suppliers_by_kind
from model.impact import MarketChange, by_mineral, compare
from model.instruments import KINDS, Instrument
from model.market.horizon import HORIZONS
from model.market.records import Role, sum_by
from model.problem import Account

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

    from model.assumptions import Assumptions
    from model.equilibrium import Equilibrium, SolvedMineral
    from model.impact import Manufacturers
    from model.instruments import Terms
    from model.market.base_year import BaseYear
    from model.market.records import Floats
    from model.nowcast import Nowcast
    from model.scenario import Scenario

PUBLIC_STOCKS, PRIVATE_STOCKS = "public stocks", "private stocks"
STOCKS = {PUBLIC_STOCKS: Role.STOCK_SALE, PRIVATE_STOCKS: Role.INVENTORY}
"""Origins of supply that are no region: what public stocks and buffer stocks sell, and what users' own release."""
ACCOUNTS = (
    "users",
    "supplier_change",
    "producers",
    "treasury",
    "rents",
    "transfers",
    "stock_value",
    "public_funds",
)
"""What a region's net gain is the sum of: users, their choice of supplier, producers, treasury, quota rents,
settlements of offtakes, metal in public stocks, and what raising public money costs beyond the money."""
SIDES = ("parties", "non_parties", "world")
STATES = ("status_quo", "without_agreement", "with_agreement")
"""Names of the three states in columns."""


def consumer_prices(solved: SolvedMineral, stage: str) -> dict[str, float]:
    """What users pay at a stage, by region [USD/t]."""
    return {row["region"]: row["consumer_price"] for row in solved.accounts.prices if row["stage"] == stage}


def producer_prices(solved: SolvedMineral, stage: str) -> dict[str, float]:
    """What producers are paid by the market at a stage, by region that has any production [USD/t]."""
    produced = {row["region"] for row in solved.accounts.quantities if row["stage"] == stage and row["production"] > 0}
    prices = [row for row in solved.accounts.prices if row["stage"] == stage and row["region"] in produced]
    return {row["region"]: row["producer_price"] for row in prices}


def use_weighted_price(price: Mapping[str, float], use_t: Mapping[str, float]) -> float:
    """The mean of regions' prices by their use; the plain mean where nobody uses anything, nan where nobody trades.

    >>> use_weighted_price({"USA": 10.0, "JPN": 20.0}, {"USA": 3.0, "JPN": 1.0, "AUS": 5.0})
    12.5
    """
    regions = [region for region in use_t if region in price]
    weights = [use_t[region] for region in regions]
    if not regions:
        return float("nan")
    return float(np.average([price[region] for region in regions], weights=weights if sum(weights) else None))


def summed_by_side(frame: pd.DataFrame) -> pd.DataFrame:
    """Amounts of money by region summed over the parties, over all others and over the world; a row per side."""
    columns = [name for name in frame.columns if name.endswith("_usd")]
    money, is_party = frame[columns].to_numpy(float), frame["is_party"].to_numpy(bool)
    sums = [np.nansum(rows, axis=0) for rows in (money[is_party], money[~is_party], money)]
    return pd.DataFrame(sums, columns=columns, index=pd.Index(SIDES, name="side"))


def _by_name(column: pd.Series[float]) -> dict[str, float]:
    return {str(name): float(value) for name, value in column.items()}


def _difference(now: Floats, before: Floats) -> Floats:
    """By how much an account changes; what rounding alone leaves is nothing."""
    change = now - before
    return np.where(np.abs(change) <= SAME_MONEY * (np.abs(now) + np.abs(before)), 0.0, change)


@dataclass(frozen=True)
class Headline:
    """The numbers of the overview for one mineral: price, non-party share, users' cost, public money.

    Prices are weighted by use in the status quo [USD/t], ``price_outside`` those of all who are no party; ``levy`` is
    the highest that holds a floor in one of the parties, zero where none does [USD/t]; shares in what the parties use
    or buy for stocks; money is the change [USD/yr], of the parties together where no other side is named:
    ``public_money_usd`` that of their treasuries alone, ``rents_usd`` of who holds quotas in them.
    ``short_t`` is use given up because no price clears the market [t/yr].
    """

    mineral: str
    price_status_quo_usd_per_t: float
    price_without_usd_per_t: float
    price_usd_per_t: float
    price_outside_status_quo_usd_per_t: float
    price_outside_without_usd_per_t: float
    price_outside_usd_per_t: float
    levy_usd_per_t: float
    non_party_share_status_quo: float
    non_party_share_without: float
    non_party_share: float
    users_cost_usd: float
    public_money_usd: float
    producers_gain_usd: float
    supplier_change_usd: float
    rents_usd: float
    stock_value_usd: float
    net_gain_usd: float
    non_parties_gain_usd: float
    world_gain_usd: float
    short_t: float


@dataclass(frozen=True)
class Outcome:
    """A solved scenario beside the status quo.

    ``nowcasts`` says per mineral how today's price came about; empty where the status quo is that of policy only.
    """

    scenario: Scenario
    base: dict[str, BaseYear]
    status_quo: Equilibrium
    without_agreement: Equilibrium
    with_agreement: Equilibrium
    nowcasts: Mapping[str, Nowcast]
    users: Manufacturers
    assumptions: Assumptions

    @property
    def parties(self) -> list[str]:
        """Parties in the order given."""
        return list(self.scenario.parties)

    @property
    def agreement(self) -> Terms:
        """What is agreed on the minerals looked at and on the hosts of by-products among them; no other term counts."""
        markets = self.with_agreement.market.minerals
        hosts = {byproduct.host for market in markets.values() for byproduct in market.byproducts}
        return self.scenario.agreement.on({*markets, *hosts})

    def state(self, name: str) -> Equilibrium:
        """One of the three states by name."""
        return {
            "status_quo": self.status_quo,
            "without_agreement": self.without_agreement,
            "with_agreement": self.with_agreement,
        }[name]

    @cached_property
    def _ledgers(self) -> dict[tuple[str, str], Ledger]:
        """The ledger of every state and mineral."""
        return {(name, k): Ledger(self.state(name).states[k]) for name in STATES for k in self.scenario.minerals}

    @cached_property
    def prices(self) -> pd.DataFrame:
        """Per region, mineral and stage: what users pay and producers get in each state [USD/t]."""
        return self._by_state("prices", ("consumer_price", "producer_price"), "usd_per_t")

    @cached_property
    def quantities(self) -> pd.DataFrame:
        """Per region, mineral and stage: production, use, trade, stocks and unserved use in each state [t/yr]."""
        columns = ("production", "consumption", "imports", "exports", "stock_bought", "stock_released", "unserved")
        return self._by_state("quantities", columns, "t")

    def _by_state(self, table: str, columns: tuple[str, ...], unit: str) -> pd.DataFrame:
        keys = ["region", "mineral", "stage"]
        frames = []
        for name in STATES:
            rows = [row for accounts in self.state(name).accounts.values() for row in getattr(accounts, table)]
            frame = pd.DataFrame(rows).set_index(keys)[list(columns)]
            frames.append(frame.rename(columns={column: f"{column}_{name}_{unit}" for column in columns}))
        return pd.concat(frames, axis=1).reset_index()

    @cached_property
    def flows(self) -> pd.DataFrame:
        """Per mineral, stage, exporter and importer: the flow in each state [t/yr], home supply included."""
        rows = [self._flow_rows(name, mineral) for name in STATES for mineral in self.scenario.minerals]
        frame = pd.concat(rows)
        keys = ["mineral", "stage", "exporter", "importer"]
        return frame.pivot_table(
            index=keys, columns="state", values="flow_t", aggfunc="sum", fill_value=0.0
        ).reset_index()

    def _flow_rows(self, state: str, mineral: str) -> pd.DataFrame:
        ledger = self._ledgers[state, mineral]
        market, table, routes = ledger.market, ledger.table, ledger.where(Role.ROUTE)
        regions = np.array(market.regions)
        stages = np.array([node.stage for node in market.nodes])
        return pd.DataFrame(
            {
                "state": state,
                "mineral": mineral,
                "stage": stages[table.node_in[routes]],
                "exporter": regions[table.region[routes]],
                "importer": regions[table.partner[routes]],
                "flow_t": ledger.shown[routes],
            }
        )

    @cached_property
    def sources(self) -> pd.DataFrame:
        """Per mineral: where the parties' use of the last stage comes from, in each state [t/yr]; stocks stand apart.

        ``origin`` is a region id, or one of ``STOCKS``; ``is_party`` says whether it is one of the parties.
        """
        parties = set(self.parties)
        flows = self.flows[self.flows["importer"].isin(parties) & self._is_last(self.flows)]
        summed = (
            flows.groupby(["mineral", "exporter"])[list(STATES)]
            .sum()
            .reset_index()
            .rename(columns={"exporter": "origin"})
        )
        stocks = [
            {"mineral": mineral, "origin": origin} | {name: self._released_t(name, mineral, role) for name in STATES}
            for mineral in self.scenario.minerals
            for origin, role in STOCKS.items()
        ]
        frame = pd.concat([summed, pd.DataFrame(stocks)], ignore_index=True)
        frame["is_party"] = frame["origin"].isin(parties)
        return frame[frame[list(STATES)].max(axis=1) > 0].reset_index(drop=True)

    def _released_t(self, state: str, mineral: str, role: Role) -> float:
        """What the parties' stocks of one role put on the market of the last stage [t/yr]."""
        ledger = self._ledgers[state, mineral]
        market, last = ledger.market, self.base[mineral].stages[-1].stage
        released = ledger.by_cell(ledger.where(role), ledger.shown)[:, market.stages.index(last)]
        return float(released[[market.regions.index(party) for party in self.parties]].sum())

    def _is_last(self, frame: pd.DataFrame) -> pd.Series:
        last = {mineral: base.stages[-1].stage for mineral, base in self.base.items()}
        return frame["stage"] == frame["mineral"].map(last)

    @cached_property
    def accounts(self) -> pd.DataFrame:
        """Per region and mineral: change of every account against the status quo, and (``_agreement``) no agreement.

        Users = consumer surplus, supplier_change = what their choice of supplier is worth, producers = producer
        surplus, treasury = duties, levies, auctioned rent, stock sales less outlay, rents = quota rents of those who
        hold the quotas, transfers = offtake settlements, stock_value = metal in public stocks, public_funds = what
        raising the treasury's money costs beyond it; net is their sum [USD/yr]. Producers, the change of supplier
        and rents are also told by what they consist of. If a shock moves demand, users are compared with the same,
        moved demand at the earlier price: wanting more is no gain.
        """
        frames = [self._account_changes(mineral) for mineral in self.scenario.minerals]
        return pd.concat(frames, ignore_index=True)

    def _account_changes(self, mineral: str) -> pd.DataFrame:
        frame = pd.DataFrame({"region": list(self.with_agreement.market.regions), "mineral": mineral})
        now, kinds = self.with_agreement.accounts[mineral].welfare, self._by_kind["with_agreement", mineral]
        dearer = self.assumptions.value("public_funds_cost", mineral) - 1.0
        for suffix, name in (("", "status_quo"), ("_agreement", "without_agreement")):
            state = self.state(name)
            before, kinds_before = state.accounts[mineral].welfare, self._by_kind[name, mineral]
            wanted = self._demand_multiple(mineral, state)
            change = {
                name: _difference(now[name], before[name] * (wanted if name == "consumer_surplus" else 1.0))
                for name in (*WELFARE, STOCK_VALUE)
            }
            treasury = change[Account.REVENUE] + change["stock_sales"] - change["outlay"]
            frame[f"users{suffix}_usd"] = change["consumer_surplus"]
            frame[f"supplier_change{suffix}_usd"] = change["supplier_change"]
            frame[f"producers{suffix}_usd"] = change["producer_surplus"]
            frame[f"treasury{suffix}_usd"] = treasury
            frame[f"rents{suffix}_usd"] = change[Account.RENT]
            frame[f"transfers{suffix}_usd"] = change["transfers"]
            frame[f"stock_value{suffix}_usd"] = change[STOCK_VALUE]
            frame[f"public_funds{suffix}_usd"] = dearer * treasury
            frame[f"net{suffix}_usd"] = frame[[f"{name}{suffix}_usd" for name in ACCOUNTS]].sum(axis=1)
            for kind, amount in kinds.items():
                frame[f"{kind}{suffix}_usd"] = _difference(amount, kinds_before[kind])
        frame["is_party"] = frame["region"].isin(self.parties)
        return frame

    @cached_property
    def _by_kind(self) -> dict[tuple[str, str], dict[str, Floats]]:
        """What producers' surplus, the change of supplier and rents consist of, in every state and mineral."""
        return {
            key: producers_by_kind(own) | suppliers_by_kind(own) | rents_by_holder(own)
            for key, own in self._ledgers.items()
        }

    @cached_property
    def sides(self) -> pd.DataFrame:
        """Every column of :attr:`accounts` summed over the parties, over all others and over the world, by mineral."""
        by_mineral = self.accounts.groupby("mineral", sort=False)
        frames = [summed_by_side(frame).reset_index().assign(mineral=mineral) for mineral, frame in by_mineral]
        return pd.concat(frames, ignore_index=True)

    @cached_property
    def by_side(self) -> dict[tuple[str, str], dict[Hashable, Any]]:
        """The rows of :attr:`sides` by mineral and side."""
        return {(row["mineral"], row["side"]): row for row in self.sides.to_dict("records")}

    def most_moved_usd(self, mineral: str) -> float:
        """By how much the agreement changes that account of a party which it changes most [USD/yr]."""
        own = self.accounts[(self.accounts["mineral"] == mineral) & self.accounts["is_party"]]
        return float(own[[f"{name}_agreement_usd" for name in ACCOUNTS]].abs().to_numpy().max())

    def _demand_multiple(self, mineral: str, before: Equilibrium) -> Floats:
        """By region: use wanted at any price in the scenario, as a multiple of what was wanted in the state before."""
        totals = []
        for state in (self.with_agreement, before):
            table = state.states[mineral].problem.table
            demand = table.role == Role.DEMAND
            totals.append(sum_by(table.region[demand], table.base[demand], len(state.market.regions)))
        now, then = totals
        return np.divide(now, then, out=np.ones_like(now), where=then > 0)

    def headline(self, mineral: str, *, of_agreement: bool = False) -> Headline:
        """The numbers of the overview for one mineral; money is the change on the status quo, or ``of_agreement``."""
        key = mineral, of_agreement
        if key not in self._headlines:
            self._headlines[key] = self._headline(mineral, of_agreement=of_agreement)
        return self._headlines[key]

    @cached_property
    def _headlines(self) -> dict[tuple[str, bool], Headline]:
        return {}

    def _headline(self, mineral: str, *, of_agreement: bool) -> Headline:
        used = self.quantities[(self.quantities["mineral"] == mineral) & self._is_last(self.quantities)]
        used = used[used["region"].isin(self.parties)]
        last = self.base[mineral].stages[-1].stage
        price, outside_price = (self.prices_paid(mineral, last, parties=side) for side in (True, False))
        by = "_agreement" if of_agreement else ""
        sources = self.sources[self.sources["mineral"] == mineral]
        outside = sources[~sources["is_party"] & ~sources["origin"].isin(STOCKS)]
        share = {
            name: float(outside[name].sum() / sources[name].sum()) if sources[name].sum() > 0 else 0.0
            for name in STATES
        }
        ours, theirs, world = (self.by_side[mineral, side] for side in SIDES)
        return Headline(
            mineral=mineral,
            price_status_quo_usd_per_t=price["status_quo"],
            price_without_usd_per_t=price["without_agreement"],
            price_usd_per_t=price["with_agreement"],
            price_outside_status_quo_usd_per_t=outside_price["status_quo"],
            price_outside_without_usd_per_t=outside_price["without_agreement"],
            price_outside_usd_per_t=outside_price["with_agreement"],
            levy_usd_per_t=self.highest_levy(mineral, holds=True),
            non_party_share_status_quo=share["status_quo"],
            non_party_share_without=share["without_agreement"],
            non_party_share=share["with_agreement"],
            users_cost_usd=-float(ours[f"users{by}_usd"]),
            public_money_usd=float(ours[f"treasury{by}_usd"]),
            producers_gain_usd=float(ours[f"producers{by}_usd"]),
            supplier_change_usd=float(ours[f"supplier_change{by}_usd"]),
            rents_usd=float(ours[f"rents{by}_usd"]),
            stock_value_usd=float(ours[f"stock_value{by}_usd"]),
            net_gain_usd=float(ours[f"net{by}_usd"]),
            non_parties_gain_usd=float(theirs[f"net{by}_usd"]),
            world_gain_usd=float(world[f"net{by}_usd"]),
            short_t=float(used["unserved_with_agreement_t"].sum()),
        )

    def highest_levy(self, mineral: str, *, holds: bool) -> float:
        """The highest levy in a party where its floor holds, or is charged in vain; zero where none is [USD/t]."""
        rows = self.instruments["floors"]
        if rows.empty:
            return 0.0
        levies = rows.loc[(rows["mineral"] == mineral) & (rows["holds"].astype(bool) == holds), "levy"].astype(float)
        return max((levy for levy in levies.tolist() if np.isfinite(levy)), default=0.0)

    def prices_paid(self, mineral: str, stage: str, *, parties: bool = True) -> dict[str, float]:
        """What users in the parties, or all others, pay at a stage in each state, by their use before it [USD/t].

        nan where none of them trade it.
        """
        key = mineral, stage, parties
        if key not in self._paid:
            self._paid[key] = self._prices_paid(*key)
        return self._paid[key]

    @cached_property
    def _paid(self) -> dict[tuple[str, str, bool], dict[str, float]]:
        return {}

    def _prices_paid(self, mineral: str, stage: str, parties: bool) -> dict[str, float]:
        frames = (f[(f["mineral"] == mineral) & (f["stage"] == stage)] for f in (self.prices, self.quantities))
        prices, used = (f[f["region"].isin(self.parties) == parties].set_index("region") for f in frames)
        use_t = _by_name(used["consumption_status_quo_t"])
        return {n: use_weighted_price(_by_name(prices[f"consumer_price_{n}_usd_per_t"]), use_t) for n in STATES}

    @cached_property
    def public_stocks(self) -> pd.DataFrame:
        """Per mineral, party, stage and side: what public stocks sell or buy in each state [t/yr], for what [USD/yr].

        What an exporter's stockpile holds of goods that may not leave is none of it: it is worth what it cost.
        """
        keys = ["mineral", "region", "stage", "sells"]
        frames = []
        for state in STATES:
            rows = [row for mineral in self.scenario.minerals for row in self._stock_rows(state, mineral)]
            columns = [f"quantity_{state}_t", f"money_{state}_usd"]
            frames.append(pd.DataFrame(rows, columns=[*keys, *columns]).groupby(keys, sort=False)[columns].sum())
        frame = pd.concat(frames, axis=1).fillna(0.0)
        frame = frame[(frame > 0.0).any(axis=1)].reset_index()
        return frame[frame["region"].isin(self.parties)].reset_index(drop=True)

    def _stock_rows(self, state: str, mineral: str) -> list[tuple[str, str, str, bool, float, float]]:
        ledger = self._ledgers[state, mineral]
        market, t = ledger.market, ledger.table
        unbought = t.role == Role.UNBOUGHT
        price = np.where((t.role == Role.STOCK_SALE) | unbought, ledger.price_out, ledger.price_in)
        moved = np.where(unbought, -ledger.shown, ledger.shown)
        return [
            (
                mineral,
                market.regions[t.region[at]],
                market.stages[ledger.stage[at]],
                bool(t.role[at] == Role.STOCK_SALE),
                float(moved[at]),
                float(price[at] * moved[at]),
            )
            for at in ledger.where(*PUBLICLY_HELD)
        ]

    @cached_property
    def instruments(self) -> dict[str, pd.DataFrame]:
        """What the agreement's instruments report, table by table, each row with its mineral and stage."""
        return {kind.result: self._reported(kind, kind.result) for kind in KINDS if kind.result is not None}

    def _reported(self, kind: type[Instrument], table: str) -> pd.DataFrame:
        terms = self.scenario.agreement.of(kind)
        frame = pd.DataFrame(self.with_agreement.instrument_rows(table))
        if not frame.empty:
            frame.insert(1, "mineral", [terms[index].mineral for index in frame["index"]])
            frame.insert(2, "stage", [terms[index].stage for index in frame["index"]])
        return frame

    @cached_property
    def market_change(self) -> MarketChange:
        """Prices and use of the last stage against the status quo, for the manufacturers' formulas."""
        return self._market_change("with_agreement")

    def _market_change(self, state: str) -> MarketChange:
        return MarketChange(
            regions=tuple(self.with_agreement.market.regions),
            minerals=tuple(self.scenario.minerals),
            price_usd_per_t=self._last_stage(state, "prices", "consumer_price"),
            price0_usd_per_t=self._last_stage("status_quo", "prices", "consumer_price"),
            use_t=self._last_stage(state, "quantities", "consumption"),
            use0_t=self._last_stage("status_quo", "quantities", "consumption"),
            rationed_t=self._last_stage(state, "quantities", "unserved")
            - self._last_stage("status_quo", "quantities", "unserved"),
            horizon=HORIZONS[self.scenario.horizon],
        )

    def _last_stage(self, state: str, table: str, column: str) -> Floats:
        """One column of an account at the last stage, region by mineral; NaN where a region does not trade it."""
        position = {region: index for index, region in enumerate(self.with_agreement.market.regions)}
        grid = np.full((len(position), len(self.scenario.minerals)), np.nan)
        for k, mineral in enumerate(self.scenario.minerals):
            last = self.base[mineral].stages[-1].stage
            for row in getattr(self.state(state).accounts[mineral], table):
                if row["stage"] == last:
                    grid[position[row["region"]], k] = row[column]
        return grid

    @cached_property
    def industries(self) -> pd.DataFrame:
        """Per region and industry: unit cost, shortage, output, value added and jobs at risk against the status quo."""
        return compare(self.users, self.market_change, self.assumptions)

    @cached_property
    def industries_without_agreement(self) -> pd.DataFrame:
        """The same for the shocks without the agreement."""
        return compare(self.users, self._market_change("without_agreement"), self.assumptions)

    @cached_property
    def industries_by_mineral(self) -> pd.DataFrame:
        """Per region, industry and mineral: what each mineral contributes."""
        return by_mineral(self.users, self.market_change, self.assumptions)

    @cached_property
    def industries_by_mineral_without_agreement(self) -> pd.DataFrame:
        """The same rows for the shocks without the agreement."""
        return by_mineral(self.users, self._market_change("without_agreement"), self.assumptions)

"""What an agreement does: the headline's four numbers, and table and sentence of every chart of the overview."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from model import palette
from model.findings import charts
from model.findings.reasons import metal_of_stocks, net_effect, reasons, who_pays
from model.findings.sides import by_account, by_region
from model.impact.manufacturers import ALL_USERS
from model.instruments import Mechanism
from model.instruments.floor import REACHED
from model.outcome import STOCKS
from model.units import MILLION
from model.words.accounts import TREASURIES, USERS_COST
from model.words.numbers import (
    LEAST_SHARE,
    NO_CHANGE,
    changes,
    counted,
    exact,
    exact_percent,
    figures,
    figures_beside,
    listing,
    money,
    percent,
    price,
    signed_millions,
    signed_percent,
    signed_points,
    starting,
    tonnes,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from model.data import Tables
    from model.findings.charts import Chart
    from model.outcome import Headline, Outcome
    from model.studies.floor_curve import FloorResponse
    from model.words.names import Names

SMALLEST_AXIS_SHARE = 0.05
"""Axes of money reach at least this share of what users spend, so that small changes look small."""
SAID_SHARE = 0.02
"""Public money below this share of the users' cost goes unsaid in the sentence."""


@dataclass(frozen=True)
class Number:
    """One number of the headline as text: its name among the headline's, label, value, change on the status quo.

    ``text`` tells any value of it.
    """

    name: str
    label: str
    value: str
    change: str
    explanation: str
    text: Callable[[float], str]


def headline_numbers(facts: Overview) -> list[Number]:
    """The four numbers of the overview.

    One that a shock moved too also has what the agreement does to it. A price at a level that the parties
    set is told as exactly as they set it.
    """
    headline, spend_usd = facts.headline, facts.spend_usd

    def number(name: str, label: str, text: Callable[[float], str], change: str, explanation: str) -> Number:
        return Number(name, label, text(getattr(headline, name)), change, explanation, text)

    def of_spending(usd: float) -> str:
        share = signed_percent(usd / spend_usd if spend_usd else 0.0)
        share = f"under {exact_percent(LEAST_SHARE)}" if share == NO_CHANGE else share
        return f"{share if changes(usd) else ''} of {figures(spend_usd / MILLION)} spent".strip()

    def at_level(usd_per_t: float) -> str:
        near = (level for level in facts.levels_usd_per_t if abs(usd_per_t - level) <= REACHED * level)
        return next(map(exact, near), figures(usd_per_t))

    def own(change: str, by_shock: str) -> str:
        return "" if by_shock == NO_CHANGE else f"; agreement {change}"

    before, alone = headline.price_status_quo_usd_per_t, headline.price_without_usd_per_t
    after = headline.price_usd_per_t
    price_own = own(signed_percent(after / alone - 1), signed_percent(alone / before - 1))
    share_before, share_alone = headline.non_party_share_status_quo, headline.non_party_share_without
    share_after = headline.non_party_share
    share_own = own(signed_points(share_after - share_alone), signed_points(share_alone - share_before))
    cost_own, public_own = (
        own(signed_millions(by_agreement), signed_millions(together - by_agreement))
        for together, by_agreement in (
            (headline.users_cost_usd, -facts.effect["users"]),
            (headline.public_money_usd, facts.effect["treasury"]),
        )
    )
    return [
        number(
            "price_usd_per_t",
            "Price in the parties, USD/t",
            at_level,
            f"{signed_percent(after / before - 1)} on {figures(before)}{price_own}",
            "What users in the parties pay, weighted by what each party uses in the status quo.",
        ),
        number(
            "non_party_share",
            "Share from non-parties",
            percent,
            f"{signed_points(share_after - share_before)} on {percent(share_before)}{share_own}",
            "Share of what the parties use or buy for stocks that comes from countries outside the agreement.",
        ),
        number(
            "users_cost_usd",
            f"{USERS_COST}, million USD/yr",
            signed_millions,
            of_spending(headline.users_cost_usd) + cost_own,
            "Loss of users' surplus a year against the status quo; negative means they gain.",
        ),
        number(
            "public_money_usd",
            f"{TREASURIES}, million USD/yr",
            signed_millions,
            of_spending(headline.public_money_usd) + public_own,
            "All parties together, against the status quo: what their treasuries take in (duties, levies, auctioned "
            "rents, sales from stocks) less what they pay out. Rents of other quotas are their holders'; a stock's "
            "metal is an account of its own. + is income, − is an outlay.",
        ),
    ]


@dataclass(frozen=True)
class Overview:
    """Everything the overview says of one mineral: numbers, charts with their sentences, and the reasons.

    ``effect`` is what the agreement alone does to the parties' accounts [USD/yr], ``by_agreement`` the same in words;
    ``sides`` and ``regions`` set the parties beside all others.
    """

    headline: Headline
    effect: dict[str, float]
    by_agreement: list[str]
    spend_usd: float
    levels_usd_per_t: tuple[float, ...]
    gains: Chart
    supply: Chart
    industries: Chart
    sides: pd.DataFrame
    regions: pd.DataFrame
    reasons: list[str]


def overview(outcome: Outcome, mineral: str, tables: Tables, names: Names) -> Overview:
    """What an outcome means for one mineral, in tables and sentences."""
    headline, spend = outcome.headline(mineral), spend_usd(outcome, mineral)
    hit, least = industries_hit(outcome), SMALLEST_AXIS_SHARE * spend
    accounts = outcome.accounts[outcome.accounts["mineral"] == mineral]
    said = industries_sentence(hit, agreed=not outcome.agreement.is_empty)
    return Overview(
        headline=headline,
        effect=net_effect(outcome, mineral, parties=True),
        by_agreement=who_pays(outcome, mineral),
        spend_usd=spend,
        levels_usd_per_t=tuple(
            level for _, term in outcome.scenario.agreement.terms(mineral) for level in term.levels()
        ),
        gains=charts.gains(gains_by_party(outcome, mineral, names), gains_sentence(outcome, headline, names), least),
        supply=charts.sources(supply_by_origin(outcome, mineral, names), sources_sentence(outcome, mineral, names)),
        industries=charts.industries(hit, said, least),
        sides=by_account(accounts),
        regions=by_region(accounts, names),
        reasons=reasons(outcome, headline, tables, names),
    )


def spend_usd(outcome: Outcome, mineral: str) -> float:
    """What the parties' users spend on a mineral in the status quo [USD/yr]."""
    last = outcome.base[mineral].stages[-1].stage
    accounts = outcome.status_quo.accounts[mineral]
    price_of = {row["region"]: row["consumer_price"] for row in accounts.prices if row["stage"] == last}
    rows = [row for row in accounts.quantities if row["stage"] == last and row["region"] in outcome.parties]
    return float(sum(price_of[row["region"]] * row["consumption"] for row in rows))


def axis_bound(values: Iterable[float], at_least: float = 0.0) -> float:
    """The next of 1, 2, 5, 10, … above all values in size, so that an axis changes in big steps only.

    >>> axis_bound([-31.0, 12.0]), axis_bound([], 0.3)
    (50.0, 0.5)
    """
    finite = [abs(value) for value in values if math.isfinite(value)]
    largest = max([*finite, at_least], default=0.0)
    if largest <= 0:
        return 1.0
    scale = 10.0 ** math.floor(math.log10(largest))
    return next(step * scale for step in (1.0, 2.0, 5.0, 10.0) if step * scale >= largest * (1 - 1e-9))


def gains_by_party(outcome: Outcome, mineral: str, names: Names, most: int = 8) -> pd.DataFrame:
    """Per party: every account, offtake settlements with the rents; their net [USD/yr].

    Parties beyond the ``most`` with the largest amounts at stake are summed in one row.
    """
    frame = outcome.accounts
    frame = frame[(frame["mineral"] == mineral) & frame["is_party"]].copy()
    frame["rents_usd"] = frame["rents_usd"] + frame["transfers_usd"]
    frame = frame[["region", *palette.ACCOUNT_COLOURS, "net_usd"]].assign(party=frame["region"].map(names.region))
    if len(frame) > most:
        at_stake = frame[list(palette.ACCOUNT_COLOURS)].abs().sum(axis=1)
        order = at_stake.sort_values(ascending=False).index
        rest = frame.loc[order[most - 1 :]]
        others = {"region": "OTHERS", "party": f"{len(rest)} other parties"} | rest[
            [*palette.ACCOUNT_COLOURS, "net_usd"]
        ].sum().to_dict()
        frame = pd.concat([frame.loc[order[: most - 1]], pd.DataFrame([others])])
    return frame.reset_index(drop=True)


def gains_sentence(outcome: Outcome, headline: Headline, names: Names) -> str:
    """Who pays and who gains, in one sentence, by the accounts that the chart below it shows."""
    mineral, cost, gain = headline.mineral, headline.users_cost_usd, headline.producers_gain_usd
    accounts = outcome.accounts
    accounts = accounts[(accounts["mineral"] == mineral) & accounts["is_party"]].set_index("region")
    settled = _settled(accounts["transfers_usd"], names)
    treasuries, rents, suppliers, metal_usd, funds = (
        float(accounts[f"{name}_usd"].sum())
        for name in ("treasury", "rents", "supplier_change", "stock_value", "public_funds")
    )
    if not accounts[list(palette.ACCOUNT_COLOURS)].map(changes).any(axis=None):
        nobody = f"No party's users, producers or treasury gain or lose on {names.mineral(mineral).lower()}"
        return _in_its_state(outcome, f"{nobody}{settled}.")
    parts = [_users_part(cost, accounts["users_usd"], names)] if changes(cost) else []
    parts += [f"producers {'gain' if gain >= 0 else 'lose'} {money(gain)}"] if changes(gain) else []
    metal = listing(metal_of_stocks(outcome, mineral, "status_quo"))
    for usd, told, of_it in (
        (treasuries, "treasuries take in" if treasuries > 0 else "treasuries lose", metal and f" ({metal})"),
        (rents, f"holders of quotas {'gain' if rents > 0 else 'lose'}", ""),
        (suppliers, f"the choice of suppliers is worth {'more' if suppliers > 0 else 'less'} to buyers by", ""),
        (metal_usd, f"public stocks {'gain' if metal_usd > 0 else 'lose'} metal worth", ""),
        (funds, f"public money {'saved is worth another' if funds > 0 else 'costs another'}", ""),
    ):
        if changes(usd) and abs(usd) > SAID_SHARE * abs(cost):
            parts.append(f"{told} {money(usd)}{of_it}")
    still = [name for name, usd in (("users", cost), ("producers", gain)) if not changes(usd)]
    where = "" if changes(cost) else "In the parties "
    parts += [f"{listing(still)} together neither gain nor lose"] if still else []
    whole = "; ".join(filter(None, (parts[0], ", ".join(parts[1:]))))
    return _in_its_state(outcome, f"{where}{whole}{settled}.")


def _in_its_state(outcome: Outcome, sentence: str) -> str:
    """A sentence on changes against the status quo, with what they are due to where a shock is part of it."""
    if not outcome.scenario.shocks:
        return sentence
    due = "The shock alone" if outcome.agreement.is_empty else "Shock and agreement together"
    return f"{due}: {sentence[:1].lower()}{sentence[1:]}"


def _settled(transfers_usd: pd.Series[float], names: Names) -> str:
    """Who gains and loses most by the settlement of offtakes; nothing where nobody does."""
    parts = [
        f"{names.the_region(str(region))} {verb} {money(abs(usd))}"
        for region, usd, verb in (
            (transfers_usd.idxmax(), float(transfers_usd.max()), "receives"),
            (transfers_usd.idxmin(), float(transfers_usd.min()), "pays"),
        )
        if changes(usd) and usd * (1 if verb == "receives" else -1) > 0
    ]
    return f"; in settlements of offtakes {listing(parts)}" if parts else ""


def _users_part(cost: float, users_usd: pd.Series[float], names: Names) -> str:
    """What users pay or save, and in which parties most of it falls."""
    told = f"Users in the parties {'pay' if cost > 0 else 'save'} {money(cost)} a year{' more' if cost > 0 else ''}"
    borne = (-users_usd if cost > 0 else users_usd).clip(lower=0).sort_values(ascending=False)
    most = borne.head(3)
    most = most[most > 0.05 * borne.sum()]
    if most.empty or len(users_usd) < 2:
        return told
    bearers = listing([names.the_region(str(region)) for region in most.index])
    others = (users_usd if cost > 0 else -users_usd).clip(lower=0).sum()
    if others > SAID_SHARE * abs(cost):
        opposite = "save" if cost > 0 else "pay"
        return f"{told}, most in {bearers} (elsewhere they {opposite} {money(float(others))})"
    if len(most) == len(users_usd):
        return told
    return f"{told}, {percent(float(most.sum() / borne.sum()))} of it in {bearers}"


def supply_by_origin(outcome: Outcome, mineral: str, names: Names, most: int = 9) -> pd.DataFrame:
    """Where the parties' supply comes from: per origin the flow in each state [t/yr].

    ``group`` is party, non_party or stocks. Several regions beyond the ``most`` largest origins are summed by group.
    """
    frame = outcome.sources[outcome.sources["mineral"] == mineral].drop(columns="mineral")
    states = ["status_quo", "without_agreement", "with_agreement"]
    group = np.where(frame["is_party"], "party", "non_party")
    stocks = frame["origin"].isin(STOCKS)
    frame = frame.assign(group=np.where(stocks, "stocks", group))
    frame["name"] = frame["origin"].map(starting).where(stocks, frame["origin"].map(names.region))
    order = frame[["status_quo", "with_agreement"]].max(axis=1).sort_values(ascending=False).index
    alone = frame.loc[order[most:]].groupby("group")["origin"].transform("size").eq(1).reindex(order, fill_value=False)
    kept = frame.loc[[at for place, at in enumerate(order) if place < most or stocks[at] or alone[at]]]
    rest = frame.drop(kept.index)
    if len(rest):
        summed = rest.groupby("group", as_index=False)[states].sum()
        labels = {"party": "Other parties", "non_party": "Other non-parties"}
        kept = pd.concat([kept, summed.assign(name=summed["group"].map(labels), origin=summed["group"].str.upper())])
    return kept[["origin", "name", "group", *states]].reset_index(drop=True)


def sources_sentence(outcome: Outcome, mineral: str, names: Names) -> str:
    """Where supply moves, in one sentence."""
    frame = outcome.sources[outcome.sources["mineral"] == mineral].set_index("origin")
    total_before, total_after = float(frame["status_quo"].sum()), float(frame["with_agreement"].sum())
    change = frame["with_agreement"] - frame["status_quo"]
    place = frame.loc[~frame.index.isin(STOCKS), "with_agreement"].sort_values(ascending=False)
    largest = str(place.index[0])
    leader = f"{names.the_region(largest)} supplies {percent(float(place.iloc[0]) / total_after)}"
    if change.abs().max() <= 0.002 * total_before:
        return _in_its_state(outcome, f"Sources as in the status quo: {leader} of {tonnes(total_after)}.")
    loser, winner = str(change.idxmin()), str(change.idxmax())

    def named(origin: str) -> str:
        return origin if origin in STOCKS else names.the_region(origin)

    parts = []
    if change[loser] < -0.002 * total_before:
        parts.append(f"{tonnes(-float(change[loser]))} less comes from {named(loser)}")
    if change[winner] > 0.002 * total_before:
        verb = "" if parts else "comes "
        parts.append(f"{tonnes(float(change[winner]))} more {verb}from {named(winner)}")
    used = _use_t(outcome, mineral, "with_agreement") / _use_t(outcome, mineral, "status_quo") - 1
    ending = f"; the parties use {percent(abs(used))} {'less' if used < 0 else 'more'}" if abs(used) >= 0.001 else ""
    return _in_its_state(outcome, f"{starting(' and '.join(parts))}{ending}.")


def _use_t(outcome: Outcome, mineral: str, state: str) -> float:
    """Use of the parties at the last stage in a state, purchases for stocks left out [t/yr]."""
    frame, last = outcome.quantities, outcome.base[mineral].stages[-1].stage
    frame = frame[(frame["mineral"] == mineral) & (frame["stage"] == last) & frame["region"].isin(outcome.parties)]
    return float(frame[f"consumption_{state}_t"].sum())


def curve_sentence(
    response: FloorResponse,
    names: Names,
    *,
    complete: bool = True,
) -> str:
    """Where a floor starts to bind, up to which level tried it holds, and how the scenario's own floor fares.

    Parties without a market for it stand apart. Until the curve is ``complete`` the highest level tried is that so far.
    """
    absent, so_far = response.without_market, "" if complete else " so far"
    agreed = response.agreed_usd_per_t
    product, is_one = names.product(response.mineral, response.stage), len(absent) == 1
    of, lifted = response.mechanism.at_levels, ""
    if response.mechanism is Mechanism.CFD:
        lacks, some = "does not produce" if is_one else "do not produce", "that produces it"
    else:
        lacks, some = f"{'has' if is_one else 'have'} no market for", "with a market"
    absentees = f"{starting(names.the_regions(absent))} {lacks}"
    if len(absent) == response.by_party["region"].nunique():
        return f"{absentees} {product}."
    apart = f" {absentees} it." if absent else ""
    every = f"each of its parties {some}" if absent else "each of its parties"
    slack = response.slack_up_to_usd_per_t
    highest = float(response.parties_price["level_usd_per_t"].max())
    if response.ceiling_usd_per_t is not None and response.ceiling_usd_per_t < highest:
        lifted = (
            f" Above its ceiling of {exact(response.ceiling_usd_per_t)} USD/t the ceiling is tried at the same level."
        )
    if slack >= highest:
        costs = f"{product} costs the parties {price(response.without_floor_usd_per_t)} without one"
        return f"No {of.name} up to {exact(highest)} USD/t {of.binds}s{so_far}: {costs}.{apart}{lifted}"
    start = f"A {of.name} {of.on} {product} starts to {of.binds} at {figures_beside(slack, agreed)} USD/t"
    fails = response.fails_from
    if fails.empty:
        end = f"and {of.holds} in {every} up to {exact(highest)} USD/t, the highest tried{so_far}"
    else:
        level = float(fails["fails_from_usd_per_t"].min())
        first = fails.loc[fails["fails_from_usd_per_t"] == level, "region"]
        tried = response.parties_price["level_usd_per_t"]
        below, where = tried[tried < level].max(), f"{of.fails} in {names.the_regions(first)}"
        end = f"and {where} from {exact(level)} USD/t on"
        if below > slack:
            end = f"and {of.holds} in {every} at {exact(below)} USD/t but {where} at {exact(level)} USD/t"
        others = fails["region"].nunique() - len(first)
        end += f" (in {counted(others, 'more party', 'more parties')} from higher levels)" if others else ""
        end += so_far
    if agreed is None:
        return f"{start} {end}.{apart}{lifted}"
    verdict = of.slack if agreed <= slack else f"{of.binds}s"
    if response.agreed_fails_in:
        everywhere = set(response.agreed_fails_in) >= set(response.by_party["region"]) - set(absent)
        verdict = f"fails in {every if everywhere else names.the_regions(response.agreed_fails_in)}"
    return f"{start} {end}; the one agreed, {exact(agreed)} USD/t, {verdict}.{apart}{lifted}"


def curve_chart(
    response: FloorResponse,
    names: Names,
    *,
    complete: bool = True,
) -> Chart:
    """The response curve with the scenario's own floor and price, if it has one."""
    return charts.floor_curve(
        response.parties_price,
        response.fails_from,
        response.status_quo_usd_per_t,
        response.slack_up_to_usd_per_t,
        response.mechanism,
        response.agreed,
        curve_sentence(response, names, complete=complete),
        names,
        response.by_party,
    )


def industries_hit(outcome: Outcome, most: int = 8) -> pd.DataFrame:
    """The industries of the parties whose cost changes most: extra cost with and without the agreement [USD/yr].

    Industries are summed over the parties whose industry sizes are known; the others' users stand in ``unsized_users``.
    ``borrowed`` are those whose cost falls mostly where shares of use are not the party's own.
    """
    frames = []
    for name, frame in (("", outcome.industries), ("_without", outcome.industries_without_agreement)):
        own = frame[frame["region"].isin(outcome.parties) & (frame["industry"] != ALL_USERS)]
        size = own["extra_cost_usd"].abs()
        own = own.assign(size=size, elsewhere=size * own["borrowed"])
        columns = ["extra_cost_usd", "value_added_at_risk_usd", "size", "elsewhere"]
        frames.append(own.groupby(["industry", "name"])[columns].sum().add_suffix(name))
    both = pd.concat(frames, axis=1).reset_index()
    both["borrowed"] = 2 * (both["elsewhere"] + both["elsewhere_without"]) > both["size"] + both["size_without"]
    both = both.drop(columns=["size", "elsewhere", "size_without", "elsewhere_without"])
    both = both[both["industry"].isin(_using(outcome))]
    size = both[["extra_cost_usd", "extra_cost_usd_without"]].abs().max(axis=1)
    kept = both.loc[size.sort_values(ascending=False, kind="stable").index[:most]]
    return kept.reset_index(drop=True)


def _using(outcome: Outcome) -> list[str]:
    """Industries that use any of the scenario's minerals."""
    users = outcome.users
    at = users.mineral_positions(tuple(outcome.scenario.minerals))
    return list(users.industries["id"][users.use_share[:, at].sum(axis=(0, 1)) > 0])


def industries_sentence(hit: pd.DataFrame, agreed: bool) -> str:
    """Which industries bear the cost, in one sentence; "without the agreement" only where something is ``agreed``."""
    cost = hit["extra_cost_usd"]
    if hit.empty or not changes(cost.abs().max()):
        return "No industry's metal bill changes."
    first = hit.iloc[int(cost.abs().to_numpy().argmax())]
    now, without = float(first["extra_cost_usd"]), float(first["extra_cost_usd_without"])
    ending = f", without the agreement {_dearer(without)}" if agreed and changes(without) else ""
    verb = "pay" if now >= 0 else "save"
    return f"{first['name']} {verb} most: what they use in the status quo would cost {_dearer(now)} a year{ending}."


def _dearer(usd: float) -> str:
    return f"{money(usd)} {'more' if usd >= 0 else 'less'}"

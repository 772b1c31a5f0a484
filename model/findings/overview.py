"""What an agreement does: the numbers of the headline, and table and sentence of every chart of the overview."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from model import palette
from model.findings import charts
from model.findings.intervals import Number
from model.findings.reasons import metal_of_stocks, reasons, who_pays
from model.findings.sides import by_account, by_region
from model.findings.today import unexplained
from model.findings.whose import Whose, events, whose
from model.impact.manufacturers import ALL_USERS
from model.instruments import Mechanism
from model.instruments.floor import REACHED
from model.outcome import ACCOUNTS, PUBLIC_STOCKS, STOCKS
from model.studies.ranges import OWN
from model.units import MILLION
from model.words import accounts
from model.words.accounts import PRODUCERS_GAIN, TREASURIES, USERS_COST
from model.words.numbers import (
    LEAST_SHARE,
    LEAST_T,
    NO_CHANGE,
    changes,
    counted,
    exact,
    exact_percent,
    figures,
    figures_beside,
    listing,
    lowered,
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
AT_RISK = "value_added_at_risk_usd"
SAID_SHARE = 0.02
"""Public money below this share of the users' cost goes unsaid in the sentence."""


def headline_numbers(facts: Overview) -> list[Number]:
    """The numbers of the overview, in rows of five.

    Money is the agreement's own effect, with the shock's beside it; without an agreement the shock's. A price at a
    level that the parties set is told as exactly as they set it.
    """
    headline, own, about, spend_usd = facts.headline, facts.own, facts.whose, facts.spend_usd

    def at_level(usd_per_t: float) -> str:
        near = (level for level in facts.levels_usd_per_t if abs(usd_per_t - level) <= REACHED * level)
        return next(map(exact, near), figures(usd_per_t))

    def moved(before: float, alone: float, after: float, told: Callable[[float, float], str], on: str) -> str:
        """What the agreement does to a number, and what the shock does to it beside it."""
        by_agreement, by_shock = told(alone, after), told(before, alone)
        if about.by_shock:
            return f"{by_agreement}; shock {by_shock}"
        if about.agreed:
            return f"{by_agreement} on {on}"
        return f"{by_shock} on {on}" if facts.has_shock else f"status quo{facts.today}"

    def price_moved(now: str) -> str:
        before, alone, after = (
            getattr(headline, f"{now}_{state}usd_per_t") for state in ("status_quo_", "without_", "")
        )
        return moved(before, alone, after, lambda a, b: signed_percent(b / a - 1.0), figures(before))

    def money_number(name: str, label: str, explanation: str) -> Number:
        whole, alone = (float(getattr(each, name)) for each in (headline, own))
        told = alone if about.agreed else whole
        beside = f"shock {signed_millions(whole - alone)}" if about.by_shock else ""
        if not beside and name == "users_cost_usd" and spend_usd:
            beside = f"{_share_of_spending(told / spend_usd, told)}of {figures(spend_usd / MILLION)} spent"
        key = f"{OWN}{name}" if about.agreed else name
        return Number(key, label, signed_millions(told), beside, explanation, signed_millions)

    shares = (headline.non_party_share_status_quo, headline.non_party_share_without, headline.non_party_share)
    has_levy, failing = headline.levy_usd_per_t > 0.0, facts.failing_levy_usd_per_t
    levied = "highest where it holds" if has_levy else "no floor held by a levy"
    return [
        Number(
            "price_usd_per_t",
            "Price in the parties, USD/t",
            at_level(headline.price_usd_per_t),
            price_moved("price"),
            "What users in the parties pay, weighted by what each party uses in the status quo.",
            at_level,
        ),
        Number(
            "price_outside_usd_per_t",
            "Price elsewhere, USD/t",
            figures(headline.price_outside_usd_per_t),
            price_moved("price_outside"),
            "What users in all countries outside the agreement pay, weighted by what each uses in the status quo.",
            figures,
        ),
        Number(
            "levy_usd_per_t",
            "Levy needed, USD/t",
            figures(headline.levy_usd_per_t) if has_levy else f"over {figures(failing)}" if failing else "none",
            f"{figures(failing)} where the floor fails" if failing else levied,
            "The highest levy on arrivals from non-parties among the parties in which it holds the floor; where the "
            "floor fails, what is charged there in vain.",
            figures,
        ),
        money_number(
            "non_parties_gain_usd",
            "Non-parties, net",
            "Net gain of all countries outside the agreement together: all their accounts.",
        ),
        money_number(
            "world_gain_usd", "World, net", "Net gain of all countries together: what one gains from another cancels."
        ),
        money_number("users_cost_usd", USERS_COST, "Loss of users' surplus in the parties; negative means they gain."),
        money_number("producers_gain_usd", PRODUCERS_GAIN, "Gain of mines, refineries and recyclers in the parties."),
        money_number(
            "public_money_usd",
            TREASURIES,
            "What the parties' treasuries take in (duties, levies, auctioned rents, sales from stocks) less what they "
            "pay out. Rents of other quotas are their holders'; a stock's metal is an account of its own.",
        ),
        money_number("net_gain_usd", "Parties, net", "Net gain of the parties together: all their accounts."),
        Number(
            "non_party_share",
            "Share from non-parties",
            percent(headline.non_party_share),
            moved(*shares, lambda a, b: signed_points(b - a), percent(shares[0])),
            "Share of what the parties use or buy for stocks that comes from countries outside the agreement.",
            percent,
        ),
    ]


def headline_note(facts: Overview) -> str:
    """Whose effect the headline's numbers are, and in which unit its money."""
    about = facts.whose
    unit = "Money in million USD a year" + (". Today's price is not explained: see Why" if facts.today else "")
    if about.by_shock:
        return f"Changes by the agreement under the shock, then those by the shock alone. {unit}."
    if about.agreed or facts.has_shock:
        return f"Changes {about.effect} on the status quo. {unit}."
    return f"The status quo: nothing changes. {unit}."


def _share_of_spending(share: float, usd: float) -> str:
    told = signed_percent(share)
    told = f"under {exact_percent(LEAST_SHARE)}" if told == NO_CHANGE else told
    return f"{told} " if changes(usd) else ""


@dataclass(frozen=True)
class Overview:
    """Everything the overview says of one mineral: numbers, charts with their sentences, and the reasons.

    ``whose`` says whose effect the charts tell; ``own`` is the headline with the agreement's own effect as its money,
    ``by_agreement`` that in words; ``sides`` and ``regions`` set the parties beside all others. ``today`` is a remark
    on a status quo whose price is not explained, told with the headline whatever is agreed.
    """

    headline: Headline
    own: Headline
    whose: Whose
    has_shock: bool
    today: str
    by_agreement: list[str]
    spend_usd: float
    failing_levy_usd_per_t: float
    levels_usd_per_t: tuple[float, ...]
    gains: Chart
    supply: Chart
    industries: Chart
    sides: pd.DataFrame
    regions: pd.DataFrame
    reasons: list[str]


def overview(outcome: Outcome, mineral: str, tables: Tables, names: Names) -> Overview:
    """What an outcome means for one mineral, in tables and sentences."""
    headline, spend, about = outcome.headline(mineral), spend_usd(outcome, mineral), whose(outcome, names)
    hit, least = industries_hit(outcome), SMALLEST_AXIS_SHARE * spend
    every = outcome.accounts[outcome.accounts["mineral"] == mineral]
    gains, supply = gains_by_party(outcome, mineral, names), supply_by_origin(outcome, mineral, names)
    return Overview(
        headline=headline,
        own=outcome.headline(mineral, of_agreement=True),
        whose=about,
        has_shock=bool(events(outcome.scenario, names)),
        today=", not explained" if unexplained(outcome, mineral) else "",
        by_agreement=who_pays(outcome, mineral),
        spend_usd=spend,
        failing_levy_usd_per_t=outcome.highest_levy(mineral, holds=False),
        levels_usd_per_t=tuple(
            level for _, term in outcome.scenario.agreement.terms(mineral) for level in term.levels()
        ),
        gains=charts.gains(gains, gains_sentence(outcome, mineral, names), about, least),
        supply=charts.sources(supply, sources_sentence(outcome, mineral, names), about, names.flow_unit(mineral)),
        industries=charts.industries(hit, industries_sentence(hit, about), about, least),
        sides=by_account(every),
        regions=by_region(every, names),
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
    """Per party: every account, offtake settlements with the rents; their net [USD/yr], by whose effect is told.

    Parties beyond the ``most`` with the largest amounts at stake are summed in one row.
    """
    frame = _own_accounts(outcome, mineral, whose(outcome, names))
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


def _own_accounts(outcome: Outcome, mineral: str, about: Whose) -> pd.DataFrame:
    """The parties' accounts, by whose effect is told."""
    suffix = about.suffix
    frame = outcome.accounts[(outcome.accounts["mineral"] == mineral) & outcome.accounts["is_party"]]
    names = (*ACCOUNTS, "net")
    return frame[["region"]].assign(**{f"{name}_usd": frame[f"{name}{suffix}_usd"] for name in names})


def gains_sentence(outcome: Outcome, mineral: str, names: Names) -> str:
    """Who pays and who gains, in one sentence, by the accounts that the chart below it shows."""
    about = whose(outcome, names)
    frame = _own_accounts(outcome, mineral, about).set_index("region")
    sums = {name: float(frame[f"{name}_usd"].sum()) for name in ACCOUNTS}
    cost, gain = -sums["users"], sums["producers"]
    settled = _settled(frame["transfers_usd"], names)
    told = frame[list(palette.ACCOUNT_COLOURS)]
    if not told.map(changes).any(axis=None) and not told.sum().map(changes).any():
        nobody = f"No party's users, producers or treasury gain or lose on {lowered(names.mineral(mineral))}"
        return about.told(f"{nobody}{settled}.")
    parts = [_users_part(cost, frame["users_usd"], spend_usd(outcome, mineral), names)] if changes(cost) else []
    parts += [accounts.moved("producers", gain)] if changes(gain) else []
    metal = listing(metal_of_stocks(outcome, mineral, about.before))
    for name in ("treasury", "rents", "supplier_change", "stock_value", "public_funds"):
        if changes(sums[name]) and abs(sums[name]) > SAID_SHARE * abs(cost):
            parts.append(accounts.moved(name, sums[name]) + (f" ({metal})" if metal and name == "treasury" else ""))
    still = [name for name, usd in (("users", cost), ("producers", gain)) if not changes(usd)]
    where = "" if changes(cost) else "In the parties "
    parts += [f"{listing(still)} together {accounts.gain_or_lose(0.0)}"] if still else []
    whole = "; ".join(filter(None, (parts[0], ", ".join(parts[1:]))))
    return about.told(f"{where}{whole}{settled}.")


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


def _users_part(cost: float, users_usd: pd.Series[float], spent_usd: float, names: Names) -> str:
    """What users pay or save, and in which parties most of it falls; shares of it where no other's users do otherwise.

    Where it is next to nothing of what they spend, only that.
    """
    told = f"Users in the parties {'pay' if cost > 0 else 'save'} {money(cost)} a year{' more' if cost > 0 else ''}"
    if abs(cost) < LEAST_SHARE * spent_usd:
        return f"{told}, under {exact_percent(LEAST_SHARE)} of what they spend"
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
    if changes(float(others)):
        return f"{told}, most in {bearers}"
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


SAME_SUPPLY = 0.002
"""A change of supply from one origin below this share of all supply is none."""


def sources_sentence(outcome: Outcome, mineral: str, names: Names) -> str:
    """Where supply moves, in one sentence."""
    frame, about = outcome.sources[outcome.sources["mineral"] == mineral].set_index("origin"), whose(outcome, names)
    total_before, total_after = float(frame[about.before].sum()), float(frame["with_agreement"].sum())
    change = frame["with_agreement"] - frame[about.before]
    place = frame.loc[~frame.index.isin(STOCKS), "with_agreement"].sort_values(ascending=False)
    largest = str(place.index[0])
    leader = f"{names.the_region(largest)} supplies {percent(float(place.iloc[0]) / total_after)}"
    sold, least, stocks = float(change.get(PUBLIC_STOCKS, 0.0)), SAME_SUPPLY * total_before, ""
    if abs(sold) >= LEAST_T:
        stocks = f"{tonnes(abs(sold))} {'more' if sold > 0 else 'less'} from {PUBLIC_STOCKS}"
    outside = ~frame["is_party"] & ~frame.index.isin(STOCKS)
    share = [
        float(frame.loc[outside, name].sum()) / float(frame[name].sum()) for name in (about.before, "with_agreement")
    ]
    if change.abs().max() <= least and signed_points(share[1] - share[0]) == NO_CHANGE:
        alike = "without it" if about.by_shock else "in the status quo"
        but = f" but for {stocks}" if stocks else ""
        return about.told(f"Sources are as {alike}{but}: {leader} of {tonnes(total_after)}.")
    loser, winner = str(change.idxmin()), str(change.idxmax())

    def named(origin: str) -> str:
        return origin if origin in STOCKS else names.the_region(origin)

    parts = []
    if change[loser] < -least:
        parts.append(f"{tonnes(-float(change[loser]))} less comes from {named(loser)}")
    if change[winner] > least:
        verb = "" if parts else "comes "
        parts.append(f"{tonnes(float(change[winner]))} more {verb}from {named(winner)}")
    is_told = PUBLIC_STOCKS in (loser, winner) and abs(sold) > least
    parts += [stocks] if stocks and not is_told else []
    if not parts:
        size = "larger" if share[1] > share[0] else "smaller"
        parts = [f"a little {size} share comes from non-parties, from no country by {percent(SAME_SUPPLY)} of supply"]
    used = _use_t(outcome, mineral, "with_agreement") / _use_t(outcome, mineral, about.before) - 1
    ending = f"; the parties use {percent(abs(used))} {'less' if used < 0 else 'more'}" if abs(used) >= 0.001 else ""
    return about.told(f"{starting(listing(parts))}{ending}.")


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
    """The industries of the parties whose cost changes most: extra cost by whose effect is told [USD/yr].

    ``extra_cost_usd_shock`` is what the shock alone costs them where an agreement stands beside it.

    Industries are summed over the parties whose industry sizes are known; the others' users stand in ``unsized_users``.
    ``borrowed`` are those whose cost falls mostly where shares of use are not the party's own.
    """
    frames = []
    for name, frame in (("", outcome.industries), ("_without", outcome.industries_without_agreement)):
        own = frame[frame["region"].isin(outcome.parties) & (frame["industry"] != ALL_USERS)]
        size = own["extra_cost_usd"].abs()
        own = own.assign(size=size, elsewhere=size * own["borrowed"])
        columns = ["extra_cost_usd", AT_RISK, "size", "elsewhere"]
        frames.append(own.groupby(["industry", "name"])[columns].sum().add_suffix(name))
    both = pd.concat(frames, axis=1).reset_index()
    both["borrowed"] = 2 * (both["elsewhere"] + both["elsewhere_without"]) > both["size"] + both["size_without"]
    both = both.drop(columns=["size", "elsewhere", "size_without", "elsewhere_without"])
    both = both[both["industry"].isin(_using(outcome))]
    if not outcome.agreement.is_empty:
        both["extra_cost_usd"] -= both["extra_cost_usd_without"]
        both[AT_RISK] -= both[f"{AT_RISK}_without"]
    else:
        both[["extra_cost_usd_without", f"{AT_RISK}_without"]] = 0.0
    both = both.rename(columns={f"{name}_without": f"{name}_shock" for name in ("extra_cost_usd", AT_RISK)})
    size = both[["extra_cost_usd", "extra_cost_usd_shock"]].abs().max(axis=1)
    kept = both.loc[size.sort_values(ascending=False, kind="stable").index[:most]]
    return kept.reset_index(drop=True)


def _using(outcome: Outcome) -> list[str]:
    """Industries that use any of the scenario's minerals."""
    users = outcome.users
    at = users.mineral_positions(tuple(outcome.scenario.minerals))
    return list(users.industries["id"][users.use_share[:, at].sum(axis=(0, 1)) > 0])


def industries_sentence(hit: pd.DataFrame, about: Whose) -> str:
    """Which industries bear the cost, in one sentence, with what the shock alone costs them where that is another."""
    if hit.empty or not changes(hit["extra_cost_usd"].abs().max()):
        return about.told("No industry's metal bill changes.")
    first = hit.iloc[int(hit["extra_cost_usd"].abs().to_numpy().argmax())]
    own, by_shock = float(first["extra_cost_usd"]), float(first["extra_cost_usd_shock"])
    ending = f"; by the shock alone {_dearer(by_shock)}" if changes(by_shock) else ""
    verb = "pay" if own >= 0 else "save"
    told = f"{first['name']} {verb} most: what they use in the status quo would cost {_dearer(own)} a year{ending}."
    return about.lead + told


def _dearer(usd: float) -> str:
    return f"{money(usd)} {'more' if usd >= 0 else 'less'}"

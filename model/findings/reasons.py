"""Why the numbers are what they are: what binds, what does not and what was in force already, in sentences."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from model.instruments import Floor, Mechanism, Offtake, Trq
from model.scenario import Scenario
from model.shocks import EVERYONE
from model.words.numbers import (
    NO_CHANGE,
    changes,
    exact,
    figures,
    listing,
    money,
    percent,
    price,
    signed_money,
    signed_percent,
    starting,
    tonnes,
)

if TYPE_CHECKING:
    import pandas as pd

    from model.data import Tables
    from model.outcome import Headline, Outcome
    from model.words.names import Names
    from model.world import World


NUMBER = re.compile(r"\b\d[\d,]*(?:\.\d+)?(?:e[+-]?\d+)?(?![\w])")
"""A number in a reason of the engine: "47,065.1" or "1e+06"."""
REACHED = 1e-6
"""A contract for difference pays, and a buffer stock buys, where the price is within this share of its own."""


def reasons(outcome: Outcome, headline: Headline, tables: Tables, names: Names) -> list[str]:
    """Every reason, most telling first: shock and agreement apart, who pays, what binds, controls, the data."""
    mineral = headline.mineral
    return [
        *_shock_and_agreement(outcome, headline),
        *_who_pays(outcome, mineral),
        *_floor_reasons(outcome, mineral, names),
        *_stock_reasons(outcome, mineral, names),
        *_trq_reasons(outcome, mineral, names),
        *_offtake_reasons(outcome, mineral, names),
        *_unmet_use(headline.short_t),
        *_largest_price(outcome, mineral, names),
        *controls_in_words(tables, mineral, names),
        *_data_warning(outcome, mineral, names),
    ]


def _shock_and_agreement(outcome: Outcome, headline: Headline) -> list[str]:
    """What the shock alone does, and what the agreement adds to it, where there are both."""
    if not outcome.scenario.shocks or not any(outcome.scenario.agreement.terms(headline.mineral)):
        return []
    before, shocked = headline.price_status_quo_usd_per_t, headline.price_without_usd_per_t
    after = headline.price_usd_per_t
    own = net_effect(outcome, headline.mineral, parties=True)["net"]
    shock = headline.net_gain_usd - own
    return [
        f"The shock alone takes the parties' price from {price(before)} to {price(shocked)} "
        f"({signed_percent(shocked / before - 1)}); with the agreement it is {price(after)} "
        f"({signed_percent(after / shocked - 1)} by the agreement).",
        f"The parties' net gain a year under shock and agreement: {signed_money(headline.net_gain_usd)}, of which the "
        f"shock {signed_money(shock)} and the agreement {signed_money(own)}.",
    ]


def net_effect(outcome: Outcome, mineral: str, *, parties: bool) -> dict[str, float]:
    """What the agreement does to the parties, or to all others: their accounts against the same shock without it.

    Keys: users, producers, settlements of offtakes, public (treasuries and rents), net [USD/yr].
    """
    frame = outcome.accounts
    sums = frame[(frame["mineral"] == mineral) & (frame["is_party"] == parties)].sum(numeric_only=True)
    users, producers, net = (float(sums[f"{name}_agreement_usd"]) for name in ("users", "producers", "net"))
    settlements = float(sums["transfers_agreement_usd"])
    public = net - users - producers - settlements
    return {"users": users, "producers": producers, "settlements": settlements, "public": public, "net": net}


def _who_pays(outcome: Outcome, mineral: str) -> list[str]:
    """What the agreement brings the parties together, and who outside pays for it."""
    ours, theirs = (net_effect(outcome, mineral, parties=side) for side in (True, False))
    if not changes(ours["net"]):
        return []
    told = f"By the agreement the parties together {'gain' if ours['net'] > 0 else 'lose'} {money(ours['net'])} a year"
    if not changes(theirs["net"]):
        return [f"{told}; non-parties: {NO_CHANGE}."]
    parts = {
        "producers": theirs["producers"],
        "users": theirs["users"],
        "settlements of offtakes": theirs["settlements"],
        "treasuries and rents": theirs["public"],
    }
    split = ", ".join(f"{name} {signed_money(usd)}" for name, usd in parts.items() if changes(usd))
    suppliers_lose_most = theirs["producers"] <= min(parts.values()) and -theirs["producers"] >= ours["net"]
    if ours["net"] > 0 > theirs["net"] and suppliers_lose_most:
        return [f"{told}, and their suppliers outside pay for it: non-parties lose {money(theirs['net'])} ({split})."]
    return [f"{told}; non-parties {'lose' if theirs['net'] < 0 else 'gain'} {money(theirs['net'])} ({split})."]


def _floor_reasons(outcome: Outcome, mineral: str, names: Names) -> list[str]:
    sentences: list[str] = []
    frame = outcome.floors
    for index, floor in enumerate(outcome.scenario.agreement.of(Floor)):
        if floor.mineral != mineral:
            continue
        rows = frame[frame["index"] == index]
        which = f"floor of {exact(floor.price)} USD/t for {names.product(mineral, floor.stage)}"
        sentences += _holding(floor, which, rows[rows["holds"]], names)
        sentences += [_not_holding(floor, which, region, why_not, names) for region, why_not in _failures(rows)]
        if floor.ceiling is not None:
            sentences += _ceiling(outcome, floor, rows, names)
    return sentences


def _not_holding(floor: Floor, which: str, region: str, why_not: str, names: Names) -> str:
    """Why a floor does not hold; a party without producers, or without a market, has nothing that it could hold."""
    where = names.the_region(region)
    for verb in ("produce", "trade"):
        if f" does not {verb} " in why_not:
            product = names.product(floor.mineral, floor.stage)
            return f"{starting(where)} does not {verb} {product}: the {which} does nothing there."
    return f"The {which} does not hold in {where}: {spelled_out(why_not, region, names)}."


def _ceiling(outcome: Outcome, floor: Floor, rows: pd.DataFrame, names: Names) -> list[str]:
    """Where a buffer stock sells at its ceiling, and where the price is above it since all that was held is sold."""
    stocks = outcome.public_stocks
    sold = stocks[
        stocks["sells"]
        & (stocks["mineral"] == floor.mineral)
        & (stocks["stage"] == floor.stage)
        & (stocks["own_price_usd_per_t"] == floor.ceiling)
        & stocks["region"].isin(floor.parties)
    ]
    product, ceiling = names.product(floor.mineral, floor.stage), f"{exact(floor.ceiling or 0.0)} USD/t"
    sentences = []
    if len(sold):
        amount = tonnes(float(sold["quantity_t"].sum()))
        sentences.append(
            f"From its ceiling of {ceiling} on the buffer stock sells {amount} of {product} in "
            f"{names.the_regions(sold['region'])}, at the market's price."
        )
    above = rows[rows["price"].astype(float) > (floor.ceiling or 0.0) * (1 + REACHED)]
    if len(above):
        least = price(float(above["price"].min()))
        left = f"all {exact(floor.stock)} t held there are sold" if floor.stock else "nothing is held for sale"
        sentences.append(
            f"The ceiling of {ceiling} does not hold in {names.the_regions(above['region'])}: {left}, and the price is "
            f"at least {least}."
        )
    return sentences


def _stock_reasons(outcome: Outcome, mineral: str, names: Names) -> list[str]:
    """What public stocks sell and buy: money that the accounts count, against metal that they do not."""
    frame = outcome.public_stocks
    frame = frame[frame["mineral"] == mineral]
    sentences = []
    for (stage, sells), rows in frame.groupby(["stage", "sells"], sort=False):
        amount = f"{tonnes(float(rows['quantity_t'].sum()))} of {names.product(mineral, str(stage))}"
        usd = money(float((rows["quantity_t"] * rows["price_usd_per_t"]).sum()))
        verb, moves, counted = ("sell", "leaves", "high") if sells else ("buy", "enters", "low")
        where = names.the_regions(dict.fromkeys(rows["region"]))
        sentences.append(
            f"Public stocks in {where} {verb} {amount} for {usd} a year. Public money and net gain count that money, "
            f"not the metal that {moves} the stocks: they are too {counted} by what the metal is worth."
        )
    return sentences


def _failures(rows: pd.DataFrame) -> list[tuple[str, str]]:
    """Parties in which a floor does not hold, and why."""
    failed = rows[~rows["holds"] & rows["why_not"].notna()]
    return [(str(region), str(why)) for region, why in zip(failed["region"], failed["why_not"], strict=True)]


def spelled_out(why_not: str, region: str, names: Names) -> str:
    """The engine's reason with the region's name for its id, and its numbers in as many figures as others."""
    told = " ".join(names.the_region(region) if word == region else word for word in why_not.split(" "))
    return NUMBER.sub(lambda found: figures(float(found[0].replace(",", ""))), told)


def _holding(floor: Floor, which: str, held: pd.DataFrame, names: Names) -> list[str]:
    """How a floor is held where it binds, and where the price is above it without it; ``held`` are rows where it holds.

    A levy binds where it is charged, a contract for difference and a buffer stock where the price is the floor's own.
    """
    by_levy = floor.mechanism is Mechanism.VARIABLE_LEVY
    binds = held["levy"] > 0 if by_levy else held["price"] <= floor.price * (1 + REACHED)
    binding, slack, sentences = held[binds], held[~binds], []
    if len(binding):
        where = names.the_regions(binding["region"])
        low, high = binding["levy"].min(), binding["levy"].max()
        levy = price(high) if high - low < 0.01 * high else f"{figures(low)} to {price(high)}"
        sentences.append(
            {
                Mechanism.VARIABLE_LEVY: f"A levy of {levy} on arrivals from non-parties holds the {which} in {where}.",
                Mechanism.CFD: f"Under the {which}, producers in {where} are paid up to it; users pay the market "
                "price, treasuries the difference.",
                Mechanism.BUFFER_STOCK: f"The buffer stock holds the {which} in {where}.",
            }[floor.mechanism]
        )
    if len(slack):
        above = price(float(slack["price"].min()))
        sentences.append(
            f"The {which} does not bind in {names.the_regions(slack['region'])}: the price is at least {above} anyway."
        )
    return sentences


def _trq_reasons(outcome: Outcome, mineral: str, names: Names) -> list[str]:
    return [
        _trq_sentence(trq, outcome.trqs[outcome.trqs["index"] == index].iloc[0], names)
        for index, trq in enumerate(outcome.scenario.agreement.of(Trq))
        if trq.mineral == mineral
    ]


def _trq_sentence(trq: Trq, row: Any, names: Names) -> str:
    used, over, rent = float(row["in_quota"]), float(row["over_quota"]), float(row["rent_per_unit"])
    product = names.product(trq.mineral, trq.stage)
    filled = used / trq.quantity if trq.quantity else 1.0
    if filled < 0.999:
        amounts = f"{figures(used)} of {exact(trq.quantity)} t/yr"
        return f"The tariff-rate quota for {product} is {percent(filled)} full: {amounts} come in."
    beyond = f"; {tonnes(over)} more come in at the over-quota rate" if over > 0 else ""
    worth = (
        f" and its rent of {price(rent)} is worth {money(rent * used)} a year to {trq.rent_to.words}"
        if rent > 0
        else ""
    )
    return f"The tariff-rate quota for {product} is full{worth}{beyond}."


def _offtake_reasons(outcome: Outcome, mineral: str, names: Names) -> list[str]:
    """Commitments of which a part cannot be delivered."""
    state, offtakes = outcome.with_agreement.states[mineral], outcome.scenario.agreement.of(Offtake)
    return [
        _excused(offtakes[commitment.index], (1.0 - share) * commitment.quantity, names)
        for commitment, share in zip(state.problem.commitments, state.excused, strict=True)
        if share > REACHED
    ]


def _excused(offtake: Offtake, delivered_t: float, names: Names) -> str:
    product, producer = names.product(offtake.mineral, offtake.stage), names.the_region(offtake.producer)
    return (
        f"Of the {exact(offtake.quantity)} t of {product} a year committed from {producer} to "
        f"{names.the_region(offtake.buyer)}, {figures(delivered_t)} t can be delivered; the rest is excused."
    )


def _unmet_use(short_t: float) -> list[str]:
    if short_t <= 0:
        return []
    return [
        f"{tonnes(short_t)} of use in the parties is unmet: no price below the assumed value of lost use clears the "
        "market."
    ]


def _largest_price(outcome: Outcome, mineral: str, names: Names) -> list[str]:
    """The party with the dearest supply, where prices differ."""
    last = outcome.base[mineral].stages[-1].stage
    frame = outcome.prices
    frame = frame[(frame["mineral"] == mineral) & (frame["stage"] == last) & frame["region"].isin(outcome.parties)]
    if len(frame) < 2:
        return []
    ratio = frame["consumer_price_with_agreement_usd_per_t"] / frame["consumer_price_status_quo_usd_per_t"]
    top = frame.iloc[int(ratio.to_numpy().argmax())]
    if ratio.max() < 1.01:
        return []
    after = price(float(top["consumer_price_with_agreement_usd_per_t"]))
    where = names.the_region(str(top["region"]))
    return [f"The price rises most in {where}: to {after}, {figures(float(ratio.max()))} times the status quo."]


def controls_in_words(tables: Tables, mineral: str, names: Names) -> list[str]:
    """Export controls on a mineral in force on the status-quo date, as sentences; suspended ones are left out."""
    rows = tables["export_controls"]
    rows = rows[(rows["mineral"] == mineral) & ~rows["suspended"].astype(bool)]
    return [_control(row, names) for row in rows.itertuples()]


def _control(row: Any, names: Names) -> str:
    product = names.product(str(row.mineral), str(row.stage))
    targets = "" if row.targets == EVERYONE else f" to {names.the_regions(str(row.targets).split(';'))}"
    exporter = starting(names.the_region(str(row.exporter)))
    level = float(row.level)
    law = f" ({row.legal_text})"
    if row.kind == "export_tax":
        rate = percent(level)
        law = law.replace(f"{rate} ", "", 1)  # the sentence has said it
        return f"In the status quo: {exporter} taxes exports of {product}{targets} at {rate}{law}."
    if level >= 1.0:
        return f"In the status quo: {exporter} restricts exports of {product}{targets}, as in the base year{law}."
    if level <= 0.0:
        return f"In the status quo: {exporter} lets no {product} out{targets}{law}."
    return f"In the status quo: {exporter} lets out {percent(level)} of its 2024 exports of {product}{targets}{law}."


def _data_warning(outcome: Outcome, mineral: str, names: Names) -> list[str]:
    last = outcome.base[mineral].stages[-1]
    if last.observed:
        return []
    return [
        f"No bilateral trade statistics lie behind {names.product(mineral, last.stage)}: "
        "no single flow between two countries is an observation."
    ]


def data_limits(world: World, names: Names) -> list[str]:
    """For every mineral whose flows no bilateral statistics back, that none of its single flows is an observation."""
    plain = Scenario()
    guessed = [
        names.product(mineral, stage.stage)
        for mineral in world.minerals
        for stage in world.calibrated(mineral, plain).base.stages
        if not stage.observed
    ]
    return [
        f"No single bilateral flow is an observation for: {listing(guessed)}. "
        "Their flows are built from totals, published shares and distance."
    ]

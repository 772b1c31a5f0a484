"""Why the numbers are what they are: what binds, what does not and what was in force already, in sentences."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from model.instruments import Mechanism, Offtake
from model.scenario import Scenario
from model.shocks import EVERYONE
from model.words.numbers import exact, figures, listing, money, percent, price, starting, tonnes

if TYPE_CHECKING:
    import pandas as pd

    from model.data import Tables
    from model.instruments import Floor, Trq
    from model.outcome import Headline, Outcome
    from model.words.names import Names
    from model.world import World


NUMBER = re.compile(r"\b\d[\d,]*(?:\.\d+)?(?:e[+-]?\d+)?(?![\w])")
"""A number in a reason of the engine: "47,065.1" or "1e+06"."""
REACHED = 1e-6
"""A contract for difference pays, and a buffer stock buys, where the price is within this share of its own."""


def reasons(outcome: Outcome, headline: Headline, tables: Tables, names: Names) -> list[str]:
    """Every reason, most telling first: floors, quotas, shortage, controls and the state of the data."""
    mineral = headline.mineral
    return [
        *_floor_reasons(outcome, mineral, names),
        *_trq_reasons(outcome, mineral, names),
        *_offtake_reasons(outcome, mineral, names),
        *_shortage(headline.short_t),
        *_largest_price(outcome, mineral, names),
        *controls_in_words(tables, mineral, names),
        *_data_warning(outcome, mineral, names),
    ]


def _floor_reasons(outcome: Outcome, mineral: str, names: Names) -> list[str]:
    sentences: list[str] = []
    frame = outcome.floors
    for index, floor in enumerate(outcome.scenario.agreement.floors):
        if floor.mineral != mineral:
            continue
        rows = frame[frame["index"] == index]
        sentences += {
            Mechanism.VARIABLE_LEVY: _levy_reasons,
            Mechanism.CFD: _cfd_reasons,
            Mechanism.BUFFER_STOCK: _buffer_reasons,
        }[floor.mechanism](floor, rows, names)
        sentences += [
            f"The floor does not hold in {names.the_region(region)}: {spelled_out(why_not, region, names)}."
            for region, why_not in _failures(rows)
        ]
    return sentences


def _failures(rows: pd.DataFrame) -> list[tuple[str, str]]:
    """Parties in which a floor does not hold, and why."""
    failed = rows[~rows["holds"] & rows["why_not"].notna()]
    return [(str(region), str(why)) for region, why in zip(failed["region"], failed["why_not"], strict=True)]


def spelled_out(why_not: str, region: str, names: Names) -> str:
    """The engine's reason with the region's name for its id, and its numbers in as many figures as others."""
    told = " ".join(names.the_region(region) if word == region else word for word in why_not.split(" "))
    return NUMBER.sub(lambda found: figures(float(found[0].replace(",", ""))), told)


def _levy_reasons(floor: Floor, rows: pd.DataFrame, names: Names) -> list[str]:
    held = rows[rows["holds"]]
    binding = held[held["levy"] > 0]
    slack = held[held["levy"] <= 0]
    sentences = []
    if len(binding):
        low, high = binding["levy"].min(), binding["levy"].max()
        levy = price(high) if high - low < 0.01 * high else f"{figures(low)} to {price(high)}"
        sentences.append(
            f"A levy of {levy} on arrivals from non-parties holds the floor of {exact(floor.price)} USD/t in "
            f"{names.the_regions(binding['region'])}."
        )
    return sentences + _slack(slack, names)


def _slack(rows: pd.DataFrame, names: Names) -> list[str]:
    """Parties in which the price is above the floor without it."""
    if rows.empty:
        return []
    above = price(float(rows["price"].min()))
    return [f"The floor does not bind in {names.the_regions(rows['region'])}: the price is at least {above} anyway."]


def _cfd_reasons(floor: Floor, rows: pd.DataFrame, names: Names) -> list[str]:
    at_its_price, above = _by_reach(floor, rows)
    sentences = [
        f"Producers in {names.the_regions(regions)} are paid up to {exact(floor.price)} USD/t; "
        "users pay the market price, treasuries the difference."
        for regions in at_its_price
    ]
    return sentences + _slack(above, names)


def _buffer_reasons(floor: Floor, rows: pd.DataFrame, names: Names) -> list[str]:
    at_its_price, above = _by_reach(floor, rows)
    sentences = [
        f"The buffer stock holds {exact(floor.price)} USD/t in {names.the_regions(regions)}."
        for regions in at_its_price
    ]
    return sentences + _slack(above, names)


def _by_reach(floor: Floor, rows: pd.DataFrame) -> tuple[list[list[str]], pd.DataFrame]:
    """Regions whose price is the floor's own, as one list or none, and the rows of those whose price is above it."""
    held = rows[rows["holds"]]
    reached = held["price"] <= floor.price * (1 + REACHED)
    regions = held.loc[reached, "region"].tolist()
    return [regions] if regions else [], held[~reached]


def _trq_reasons(outcome: Outcome, mineral: str, names: Names) -> list[str]:
    sentences = []
    for index, trq in enumerate(outcome.scenario.agreement.trqs):
        if trq.mineral == mineral:
            row = outcome.trqs[outcome.trqs["index"] == index].iloc[0]
            sentences.append(_trq_sentence(trq, row, names))
    return sentences


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


def _shortage(short_t: float) -> list[str]:
    if short_t <= 0:
        return []
    return [
        f"{tonnes(short_t)} of use in the parties is given up outright: no price below the assumed value of lost use "
        "clears the market (assumption choke_price_multiple)."
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
    law = f" ({row.legal_text})"
    if row.kind == "export_tax":
        return f"In the status quo: {exporter} taxes exports of {product}{targets} at {percent(float(row.level))}{law}."
    level = float(row.level)
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

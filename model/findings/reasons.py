"""Why the numbers are what they are: what binds, what does not and what was in force already, in sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from model.instruments import Mechanism
from model.scenario import Scenario
from model.shocks import EVERYONE
from model.words.numbers import figures, listing, money, percent, price, starting, tonnes

if TYPE_CHECKING:
    import pandas as pd

    from model.data import Tables
    from model.instruments import Floor, Trq
    from model.outcome import Headline, Outcome
    from model.words.names import Names
    from model.world import World


def reasons(outcome: Outcome, headline: Headline, tables: Tables, names: Names) -> list[str]:
    """Every reason, most telling first: floors, quotas, shortage, controls and the state of the data."""
    mineral = headline.mineral
    return [
        *_floor_reasons(outcome, mineral, names),
        *_trq_reasons(outcome, mineral, names),
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
            f"The floor does not hold in {names.the_region(region)}: {_spelled_out(why_not, region, names)}."
            for region, why_not in _failures(rows)
        ]
    return sentences


def _failures(rows: pd.DataFrame) -> list[tuple[str, str]]:
    """Parties in which a floor does not hold, and why."""
    failed = rows[~rows["holds"] & rows["why_not"].notna()]
    return [(str(region), str(why)) for region, why in zip(failed["region"], failed["why_not"], strict=True)]


def _spelled_out(why_not: str, region: str, names: Names) -> str:
    """The engine's reason with the region's name for its id."""
    return " ".join(names.the_region(region) if word == region else word for word in why_not.split(" "))


def _levy_reasons(floor: Floor, rows: pd.DataFrame, names: Names) -> list[str]:
    held = rows[rows["holds"]]
    binding = held[held["levy"] > 0]
    slack = held[held["levy"] <= 0]
    sentences = []
    if len(binding):
        low, high = binding["levy"].min(), binding["levy"].max()
        levy = price(high) if high - low < 0.01 * high else f"{figures(low)} to {price(high)}"
        sentences.append(
            f"A levy of {levy} on arrivals from non-parties holds the floor of {price(floor.price)} in "
            f"{names.the_regions(binding['region'])}."
        )
    if len(slack):
        above = price(float(slack["price"].min()))
        sentences.append(
            f"The floor does not bind in {names.the_regions(slack['region'])}: the price is at least {above} anyway."
        )
    return sentences


def _cfd_reasons(floor: Floor, rows: pd.DataFrame, names: Names) -> list[str]:
    paid = rows[rows["holds"]]
    if paid.empty:
        return []
    return [
        f"Producers in {names.the_regions(paid['region'])} are paid up to {price(floor.price)}; "
        "users pay the market price, treasuries the difference."
    ]


def _buffer_reasons(floor: Floor, rows: pd.DataFrame, names: Names) -> list[str]:
    held = rows[rows["holds"]]
    return [f"The buffer stock holds {price(floor.price)} in {names.the_regions(held['region'])}."] if len(held) else []


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
        amounts = f"{tonnes(used)} of {tonnes(trq.quantity)}"
        return f"The tariff-rate quota for {product} is {percent(filled)} full: {amounts} come in."
    beyond = f"; {tonnes(over)} more come in at the over-quota rate" if over > 0 else ""
    worth = (
        f" and its rent of {price(rent)} is worth {money(rent * used)} a year to the {trq.rent_to.value}"
        if rent > 0
        else ""
    )
    return f"The tariff-rate quota for {product} is full{worth}{beyond}."


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

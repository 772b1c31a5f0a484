"""Why the numbers are what they are: what binds, what does not and what was in force already, in sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from model.answers import WON_BACK, export_taxes, licence_rent, licences
from model.findings.today import quoted_on, today_in_words
from model.findings.whose import events
from model.market.evidence import MAIN_SUPPLIER
from model.market.horizon import HORIZONS
from model.outcome import ACCOUNTS
from model.problem import Account
from model.records import EVERYONE
from model.scenario import Scenario
from model.shocks import LICENCE, NamedShock, ShockLibrary, in_force
from model.shocks.library import LICENCES
from model.words import accounts
from model.words.names import BASE_YEAR
from model.words.numbers import (
    LEAST_T,
    LEAST_USD,
    NO_CHANGE,
    changes,
    figures,
    listing,
    lowered,
    money,
    percent,
    price,
    signed_money,
    signed_percent,
    starting,
    tonnes,
)
from model.words.voice import Voice

if TYPE_CHECKING:
    from collections.abc import Sequence

    from model.data import Tables
    from model.nowcast import Nowcast
    from model.outcome import Headline, Outcome
    from model.shocks import AnyShock
    from model.words.names import Names
    from model.world import World


def reasons(outcome: Outcome, headline: Headline, tables: Tables, names: Names) -> list[str]:
    """Every reason, most telling first: shock and agreement apart, who pays, what binds, controls, the data."""
    mineral, library = headline.mineral, ShockLibrary(tables)
    hits = events(outcome.scenario, names)
    return [
        *_idle_shock(outcome, library, hits, mineral, names),
        *(_shock_and_agreement(outcome, headline) if hits else []),
        *(answers := _answers(outcome, library, mineral, names)),
        *who_pays(outcome, mineral),
        *([] if answers else _rent_taken(outcome, headline)),
        *_by_term(outcome, mineral, names),
        *_stock_reasons(outcome, mineral, names),
        *_unmet_use(headline.short_t),
        *_largest_price(outcome, mineral, names),
        today_in_words(outcome.nowcasts.get(mineral), mineral, names, outcome.scenario.horizon),
        *_levels_today(outcome, mineral, names),
        *controls_in_words(tables, mineral, names, outcome.scenario, outcome.nowcasts.get(mineral)),
        *_data_warning(outcome, mineral, names),
    ]


def _levels_today(outcome: Outcome, mineral: str, names: Names) -> list[str]:
    """Floors, ceilings and strikes agreed, as shares of what the parties pay in the status quo."""
    say = Voice(names, tuple(outcome.parties))
    told: dict[str, None] = {}
    for _, term in outcome.scenario.agreement.terms(mineral):
        before = outcome.prices_paid(mineral, term.stage)["status_quo"]
        for at, level in enumerate(term.levels()):
            if before > 0.0:
                name = term.level_names[at] if at < len(term.level_names) else term.short
                what = f"the {name} of {say.price(level)}{term.within(say)}"
                told[f"{what} is {percent(level / before)} of {price(before)}"] = None
    if not told:
        return []
    found = outcome.nowcasts.get(mineral)
    quoted = "" if found is None else quoted_on(found, outcome.scenario.horizon)
    return [f"Against the parties' price in the status quo{quoted}: {'; '.join(told)}."]


def _idle_shock(
    outcome: Outcome, library: ShockLibrary, shocks: Sequence[AnyShock], mineral: str, names: Names
) -> list[str]:
    """That the shocks change nobody's account, where they do not, and why; answers to the agreement are told apart."""
    of_mineral = outcome.accounts[outcome.accounts["mineral"] == mineral]
    moved = [of_mineral[f"{name}_usd"] - of_mineral[f"{name}_agreement_usd"] for name in ACCOUNTS]
    if not shocks or any(changes(float(account.abs().max())) for account in moved):
        return []
    metal = lowered(names.mineral(mineral))
    one = "shock" if len(shocks) == 1 else "shocks"
    if any(
        library.touches(shock.name, [mineral]) if isinstance(shock, NamedShock) else shock.mineral == mineral
        for shock in shocks
    ):
        return [f"The {one} set {'has' if one == 'shock' else 'have'} no effect on {metal} beyond the rules in force."]
    return [f"The {one} set {'does' if one == 'shock' else 'do'} not touch {metal}."]


def _answers(outcome: Outcome, library: ShockLibrary, mineral: str, names: Names) -> list[str]:
    """What each answer to the agreement comes to; the effect of one that is given counts as the agreement's."""
    without, answered = (each.states[mineral] for each in (outcome.without_agreement, outcome.with_agreement))
    told = []
    named = (shock for shock in outcome.scenario.shocks if isinstance(shock, NamedShock))
    for name, answer in ((each.name, answer) for each in named for answer in library.answers_of(each, mineral)):
        place, given = (answer.exporter, answer.stage), False
        if not any(outcome.scenario.agreement.terms(mineral)):
            came = "nothing is agreed that it could answer"
        elif answer.kind == LICENCES:
            let_out = licences(without, *place)
            cut = 1.0 - licences(answered, *place) / let_out if let_out > 0.0 else 0.0
            rent, had = (licence_rent(state, *place) for state in (answered, without))
            earned = f"they earn {money(rent)} a year, {money(had)} without the agreement"
            most = ", and no tightening tried brings more" if rent < had and answer.share >= 1.0 else ""
            came, given = f"they let out {percent(cut)} less than without the agreement; {earned}{most}", cut > 0.0
            if not given:
                lost = had - rent > WON_BACK * had
                came = f"no tightening helps; {earned}" if lost else "the agreement takes no rent worth an answer"
        else:
            taken = export_taxes(answered, *place) - export_taxes(without, *place)
            given = changes(taken)
            came = f"it brings {money(taken)} a year" if given else "nothing it exports bears a levy"
        counts = " The agreement's effect includes this answer." if given else ""
        told.append(f"{names.shock(name)}: {came}.{counts}")
    return told


def _shock_and_agreement(outcome: Outcome, headline: Headline) -> list[str]:
    """What the shock alone does, and what the agreement adds to it, where there are both."""
    if not any(outcome.scenario.agreement.terms(headline.mineral)):
        return []
    before, shocked = headline.price_status_quo_usd_per_t, headline.price_without_usd_per_t
    after = headline.price_usd_per_t
    own = net_effect(outcome, headline.mineral, parties=True)["net"]
    shock = headline.net_gain_usd - own
    by_shock, by_agreement = signed_percent(shocked / before - 1), signed_percent(after / shocked - 1)
    told = f"The shock alone takes the parties' price from {price(before)} to {price(shocked)} ({by_shock})"
    if by_shock == NO_CHANGE:
        told = f"The shock alone leaves the parties' price at {price(before)}"
    ending = f"with the agreement it is {price(after)} ({by_agreement} by the agreement)"
    prices = f"{told}; {'the agreement does not change it' if by_agreement == NO_CHANGE else ending}."
    parts = [f"the {name} {signed_money(usd)}" for name, usd in (("shock", shock), ("agreement", own)) if changes(usd)]
    if not parts:
        return [prices]
    due = (
        f"of which {' and '.join(parts)}"
        if parts[1:]
        else f"all of it by {'the shock' if changes(shock) else 'the agreement'}"
    )
    total = signed_money(headline.net_gain_usd) if changes(headline.net_gain_usd) else "nothing"
    return [prices, f"The parties' net gain a year under shock and agreement: {total}, {due}."]


def net_effect(outcome: Outcome, mineral: str, *, parties: bool) -> dict[str, float]:
    """What the agreement does to the parties, or to all others: their accounts against the same shock without it.

    Keys: every account, and net [USD/yr].
    """
    sums = outcome.by_side[mineral, "parties" if parties else "non_parties"]
    return {name: float(sums[f"{name}_agreement_usd"]) for name in (*ACCOUNTS, "net")}


def who_pays(outcome: Outcome, mineral: str) -> list[str]:
    """What the agreement brings the parties together, in which accounts and for which metal, and who outside pays."""
    ours, theirs = (net_effect(outcome, mineral, parties=side) for side in (True, False))
    split, metal = _parts(ours), metal_of_stocks(outcome, mineral, "without_agreement")
    if not split and not changes(ours["net"]):
        return []
    gain = accounts.gain_or_lose(ours["net"], when=" a year")
    told = f"By the agreement the parties together {gain}{_in_brackets(split, *metal)}"
    gain = accounts.gain_or_lose(theirs["net"])
    if not changes(theirs["net"]):
        return [f"{told}; non-parties together {gain}."]
    most = -theirs["producers"] >= max(ours["net"], *(-side[name] for side in (ours, theirs) for name in PARTS))
    if ours["net"] > 0 > theirs["net"] and most and not metal:
        told += f", and their suppliers outside pay for it: non-parties {gain}"
    else:
        told += f"; non-parties {gain}"
    return [f"{told}{_in_brackets(_parts(theirs))}.", *_world(ours["net"] + theirs["net"])]


def _in_brackets(*parts: str) -> str:
    """What a sum consists of, after it; nothing where no part of it is large enough to be told."""
    told = "; ".join(filter(None, parts))
    return f" ({told})" if told else ""


def _world(net_usd: float) -> list[str]:
    if not changes(net_usd):
        return []
    return [f"By the agreement the world as a whole {accounts.gain_or_lose(net_usd, one=True, when=' a year')}."]


MOSTLY_RENT = 0.5
"""From this share of what the parties charge at their borders, outsiders' lost rents are said to pay most of it."""


def _rent_taken(outcome: Outcome, headline: Headline) -> list[str]:
    """That a charge on a metal which quotas ration falls on their rent more than on users."""
    mineral, regions = headline.mineral, outcome.with_agreement.market.regions
    ours = np.isin(regions, outcome.parties)
    now, before = (of.accounts[mineral].welfare for of in (outcome.with_agreement, outcome.without_agreement))
    charged = float((now[Account.REVENUE] - before[Account.REVENUE])[ours].sum())
    lost = -net_effect(outcome, mineral, parties=False)["rents"]
    paid = -net_effect(outcome, mineral, parties=True)["users"]
    if charged <= 0.0 or not changes(charged) or not changes(lost) or lost < max(MOSTLY_RENT * charged, paid):
        return []
    change = signed_percent(headline.price_usd_per_t / headline.price_without_usd_per_t - 1.0)
    moves = "does not change" if change == NO_CHANGE else f"changes by {change}"
    return [
        f"Licences or quotas in force ration this metal, so what is charged at the border falls on their rents more "
        f"than on users: the parties collect {money(charged)} a year more, holders outside lose {money(lost)} of "
        f"rents, and the parties' price {moves}. Exporters may tighten their licences to earn the rents back."
    ]


PARTS = {
    name: lowered(accounts.NAMES[name]) for name in ("producers", *(each for each in ACCOUNTS if each != "producers"))
}
"""What a side's effect is the sum of, and how each is told."""


def _parts(side: dict[str, float]) -> str:
    """The accounts of a side that change."""
    return ", ".join(f"{told} {signed_money(side[name])}" for name, told in PARTS.items() if changes(side[name]))


def metal_of_stocks(outcome: Outcome, mineral: str, since: str) -> list[str]:
    """What public stocks earn and spend on metal against another state, which treasuries' accounts hold."""
    frame = outcome.public_stocks[outcome.public_stocks["mineral"] == mineral]
    told = []
    for sells, moves, verb in ((True, "sold from", "brings"), (False, "bought into", "costs")):
        side = frame[frame["sells"] == sells]
        before, now = (float(side[f"money_{state}_usd"].sum()) for state in (since, "with_agreement"))
        if changes(now - before):
            told.append(f"metal {moves} public stocks {verb} {money(now - before)}{_than(before, now)}")
    return told


def _than(before: float, now: float) -> str:
    """What makes a change of an amount one, where there was some before."""
    return "" if before <= 0 else " more" if now > before else " less"


def _by_term(outcome: Outcome, mineral: str, names: Names) -> list[str]:
    """What every term of the agreement says of its own result; what equal terms say alike is said once."""
    state, say = outcome.with_agreement.states[mineral], Voice(names, tuple(outcome.parties))
    terms = outcome.scenario.agreement.terms(mineral)
    return list(dict.fromkeys(told for at, term in terms for told in term.reasons(state, at, say)))


def verdicts(outcome: Outcome, mineral: str, names: Names) -> list[str]:
    """Of every term on a mineral, in few words, whether it comes about; nothing of those of which nobody would ask."""
    state, say = outcome.with_agreement.states[mineral], Voice(names, tuple(outcome.parties))
    told = (term.verdict(state, at, say) for at, term in outcome.scenario.agreement.terms(mineral))
    return list(dict.fromkeys(sentence for sentence in told if sentence is not None))


def missed(outcome: Outcome, mineral: str, names: Names) -> list[str]:
    """Of every term on a mineral that does not come about as agreed: in which parties, and how far it gets."""
    state, say = outcome.with_agreement.states[mineral], Voice(names, tuple(outcome.parties))
    told = (term.missed(state, at, say) for at, term in outcome.scenario.agreement.terms(mineral))
    return list(dict.fromkeys(sentence for sentence in told if sentence is not None))


def _stock_reasons(outcome: Outcome, mineral: str, names: Names) -> list[str]:
    """What public stocks sell and buy beyond the status quo: money in the treasuries, metal in its own account."""
    frame = outcome.public_stocks
    frame = frame[frame["mineral"] == mineral]
    before, now = (frame[f"money_{state}_usd"] for state in ("status_quo", "with_agreement"))
    metal = frame["quantity_with_agreement_t"] - frame["quantity_status_quo_t"]
    each = (now + before) / (frame["quantity_with_agreement_t"] + frame["quantity_status_quo_t"])
    frame = frame.assign(metal_t=metal, more=metal > 0, anew=before <= 0)[(metal * each).abs() >= LEAST_USD]
    sentences = []
    for (stage, sells, more, anew), rows in frame.groupby(["stage", "sells", "more", "anew"], sort=False):
        amount = f"{tonnes(abs(float(rows['metal_t'].sum())))} of {names.product(mineral, str(stage))}"
        was, usd = (float(rows[f"money_{state}_usd"].sum()) for state in ("status_quo", "with_agreement"))
        verb, moves = ("sell", "leaves") if sells else ("buy", "enters")
        told = f"{verb} {amount} for {money(usd)} a year"
        if not anew:
            told = (
                f"{verb} {amount} {'more' if more else 'less'} than in the status quo, for {money(usd)} a year "
                f"instead of {money(was)}"
            )
        where = names.the_regions(dict.fromkeys(rows["region"]))
        sentences.append(
            f"Public stocks in {where} {told}. Treasuries count that money; the net gain also counts the metal that "
            f"{'' if anew else 'then '}{moves} the stocks, at the status quo's price."
        )
    return sentences


def _unmet_use(short_t: float) -> list[str]:
    if short_t < LEAST_T:
        return []
    return [
        f"{tonnes(short_t)} of use in the parties is unmet: no price below the assumed value of lost use clears the "
        "market."
    ]


def _largest_price(outcome: Outcome, mineral: str, names: Names) -> list[str]:
    """The party whose price the agreement raises most, or without one the shock, where prices differ."""
    last = outcome.base[mineral].stages[-1].stage
    frame = outcome.prices
    frame = frame[(frame["mineral"] == mineral) & (frame["stage"] == last) & frame["region"].isin(outcome.parties)]
    if len(frame) < 2:
        return []
    agreed = any(outcome.scenario.agreement.terms(mineral))
    since, than = ("without_agreement", "without it") if agreed else ("status_quo", "the status quo")
    ratio = frame["consumer_price_with_agreement_usd_per_t"] / frame[f"consumer_price_{since}_usd_per_t"]
    top = frame.iloc[int(ratio.to_numpy().argmax())]
    if ratio.max() < 1.01:
        return []
    after = price(float(top["consumer_price_with_agreement_usd_per_t"]))
    where = names.the_region(str(top["region"]))
    by = "By the agreement the price rises" if agreed else "The price rises"
    return [f"{by} most in {where}: to {after}, {figures(float(ratio.max()))} times {than}."]


def controls_in_words(
    tables: Tables, mineral: str, names: Names, scenario: Scenario, nowcast: Nowcast | None = None
) -> list[str]:
    """What lasts and which export controls are in force on the status-quo date, as sentences, without suspended ones.

    The scenario says over which horizon and at what levels, where it assumes others than the table's; ``nowcast`` what
    multiple of them China's licences let out today. Limits of one exporter that differ by destination are one sentence,
    in which what holds for everyone is for others.
    """
    rows, licences = in_force(tables, mineral, scenario.assumptions), nowcast.shift.licences if nowcast else 1.0
    moved = (rows["kind"] == LICENCE) & (rows["exporter"] == MAIN_SUPPLIER)
    rows = rows.assign(level=rows["level"].where(~moved, licences * rows["level"]))
    groups = rows.groupby(["kind", "exporter", "mineral", "stage"], sort=False)
    told = (list(group.itertuples()) for _, group in groups)
    shocks = tables["shocks"]
    lasting = shocks[(shocks["mineral"] == mineral) & shocks["in_status_quo"].astype(bool)]
    lasting = lasting if HORIZONS[scenario.horizon].plants_stand else lasting[:0]
    return [
        *(f"{text} The status quo holds this." for text in dict.fromkeys(lasting["description"])),
        *(_by_destination(each, names) if each[1:] else _control(each[0], names) for each in told),
    ]


def _by_destination(rows: list[Any], names: Names) -> str:
    """What differs by destination: "China lets out 0.25 % of ... to the United States and 26 % to others".

    Destinations of the same share are told together; those of everyone else's are among the others.
    """
    named = sorted(rows, key=lambda row: row.targets == EVERYONE)  # who is named first, everyone else last
    product, exporter = names.product(str(named[0].mineral), str(named[0].stage)), names.the_region(named[0].exporter)
    alike: dict[str, list[str]] = {}
    for row in named:
        share = "all" if row.level >= 1.0 else percent(float(row.level)) if row.level > 0.0 else "none"
        alike.setdefault(share, []).append(str(row.targets))
    of_others = next((share for share, targets in alike.items() if EVERYONE in targets), "")
    verb, of = "lets out", f" of its {BASE_YEAR} exports of {product}"
    if named[0].kind == "export_tax":
        verb, of = f"taxes exports of {product} at", ""
    to = {
        share: f" to {names.the_regions(region for each in targets for region in each.split(';'))}"
        for share, targets in alike.items()
        if share != of_others
    }
    to |= {of_others: " to others" if to else ""} if of_others else {}
    parts = [f"{share}{of if at == 0 else ''}{where}" for at, (share, where) in enumerate(to.items())]
    laws = "; ".join(dict.fromkeys(str(row.legal_text) for row in named))
    return f"In the status quo: {starting(exporter)} {verb} {listing(parts)} ({laws})."


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
    if row.kind == "import_quota":
        buyers = names.the_regions(str(row.targets).split(";"))
        share = f"{percent(level)} of the {product} that arrived in {BASE_YEAR}"
        return f"In the status quo: from {names.the_region(str(row.exporter))}, {buyers} may take {share}{law}."
    share = f"{percent(level)} of its {BASE_YEAR} exports"
    return f"In the status quo: {exporter} lets out {share} of {product}{targets}{law}."


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

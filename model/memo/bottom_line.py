"""The first two pages: verdict, who gains, who pays, what it costs the world, how sure; states, parties, charts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from model.findings import charts, own_ranges
from model.findings.terms import shock_in_words, terms_of
from model.findings.whose import whose_of
from model.market.horizon import HORIZONS
from model.memo import conclusions, states
from model.memo.blocks import Bullets, Heading, Paragraph, Picture, on_page
from model.memo.levers import registered_assumptions
from model.outcome import ACCOUNTS
from model.scenario import TODAY
from model.words.numbers import changes, counted, listing, starting

if TYPE_CHECKING:
    from model.memo.blocks import Block, Sheet
    from model.snapshot.record import Snapshot
    from model.words.voice import Voice

PAGE = "Bottom line"
MOST_TERMS = 6
"""Terms that the first page tells; the annex has all."""
MOST_PARTIES = 8
MOST_INDUSTRIES = 6


def title(snapshot: Snapshot, say: Voice) -> str:
    """What the memo is on, over which horizon, whether what is agreed comes about, and what it does to the parties."""
    horizon = HORIZONS[snapshot.scenario.horizon].words.partition(",")[0]
    what = f"{snapshot.title}, {horizon}"
    if not states.is_agreed(snapshot):
        return f"{what}: no agreement" + (f", {_shocks(snapshot, say)}" if snapshot.scenario.shocks else "")
    missed = any(snapshot.sentences(mineral, "missed") for mineral in snapshot.scenario.minerals)
    verdict = "the agreement fails in part" if missed else "the agreement holds"
    net = conclusions.net_in_words(_own(snapshot)["parties"]["net"])
    return f"{what}: {verdict}; by it the parties together {net}"


def bottom_line(snapshot: Snapshot, say: Voice) -> list[Block]:
    """The first two pages."""
    minerals = snapshot.scenario.minerals
    told: list[Block] = [Heading("Bottom line"), *(Paragraph(text, strong=True) for text in _verdict(snapshot, say))]
    told += [Paragraph(text) for text in _situation(snapshot, say)]
    sure = _how_sure(snapshot, say)
    told += [Heading("How sure it is", 2), Bullets(tuple(sure))] if sure else []
    told.append(states.states_table(snapshot, minerals, say, f"{_all(snapshot, say)}: the states of the world"))
    if snapshot.scenario.shocks or states.is_agreed(snapshot):
        told += [_parties(snapshot, say), *_pictures(snapshot, say)]
    return on_page(PAGE, told)


def _all(snapshot: Snapshot, say: Voice) -> str:
    """The minerals of the memo, as a caption has them."""
    names = [say.names.mineral(mineral) for mineral in snapshot.scenario.minerals]
    return names[0] if len(names) == 1 else f"All {len(names)} minerals together"


def _own(snapshot: Snapshot) -> dict[str, dict[str, float]]:
    """Accounts by side over all minerals, by whose effect is told."""
    return states.by_side(snapshot, snapshot.scenario.minerals, states.effect(snapshot).suffix)


def _shocks(snapshot: Snapshot, say: Voice) -> str:
    several = len(snapshot.scenario.shocks) > 1
    told = "; ".join(shock_in_words(shock, say) for shock in snapshot.scenario.shocks)
    return f"shock{'s' if several else ''}: {told}" if told else "no shock"


def _verdict(snapshot: Snapshot, say: Voice) -> list[str]:
    """Whether what is agreed comes about, in which parties not and why; then what it does, or what the shock does."""
    whose, minerals = states.effect(snapshot), snapshot.scenario.minerals
    judged = []
    for mineral in minerals:
        said = snapshot.sentences(mineral, "verdicts") or snapshot.sentences(mineral, "missed")
        judged += [sentence if len(minerals) == 1 else f"{say.names.mineral(mineral)}: {sentence}" for sentence in said]
    if whose.agreed and not judged:
        judged = ["All that is agreed comes about."]
    if not whose.agreed and not snapshot.scenario.shocks:
        return ["No agreement and no shock: the status quo."]
    return [*([" ".join(judged)] if judged else []), conclusions.effect_in_words(_own(snapshot), whose)]


def _situation(snapshot: Snapshot, say: Voice) -> list[str]:
    """What fails and why, what is agreed under which shock, which parties gain and lose, what the shock does alone."""
    minerals, whose, scenario = snapshot.scenario.minerals, states.effect(snapshot), snapshot.counted
    because = [told for mineral in minerals for told in snapshot.sentences(mineral, "because")]
    agreed = [f"to {term}" for mineral in minerals for term in terms_of(scenario, mineral, say.names)]
    more = len(agreed) - MOST_TERMS
    agreed = [*agreed[:MOST_TERMS], *([f"on {counted(more, 'more term', 'more terms')} (annex)"] if more > 0 else [])]
    who = starting(say.names.the_parties(scenario.parties))
    told = f"{who} agree{'' if scenario.parties[1:] else 's'} {listing(agreed)}. " if agreed else ""
    told += f"{starting(_shocks(snapshot, say))}. Horizon: {HORIZONS[scenario.horizon].words}. "
    told += f"Status quo: {say.names.status_quo(scenario.status_quo)}."
    found = [*([" ".join(because)] if because else []), told]
    if whose.agreed or scenario.shocks:
        found += conclusions.parties_in_words(states.nets(snapshot, minerals, whose.suffix), say, whose)
    if states.is_both(snapshot):
        whole, own = (states.by_side(snapshot, minerals, suffix) for suffix in ("", whose.suffix))
        alone = {side: {name: usd - own[side][name] for name, usd in whole[side].items()} for side in whole}
        found.append(conclusions.effect_in_words(alone, whose_of(len(scenario.shocks), agreed=False)))
    return found


def _how_sure(snapshot: Snapshot, say: Voice) -> list[str]:
    """How far what is assumed moves the effect, what would turn it, and whose price of today is not explained."""
    told, minerals, whose = [], snapshot.scenario.minerals, states.effect(snapshot)
    shocked = bool(snapshot.scenario.shocks)
    units = {name: str(row["unit"]) for name, row in registered_assumptions(snapshot).items()}
    for mineral in minerals:
        trials = states.of_mineral(snapshot, "sensitivity", mineral)
        found = own_ranges(trials, say.names, agreed=whose.agreed, shocked=shocked and not whose.agreed)
        if len(minerals) == 1:
            found += conclusions.turning(trials, "net_gain_usd", say, units, both=whose.by_shock)
        found = found if whose.agreed or shocked else []
        today = states.of_mineral(snapshot, "today", mineral)
        if snapshot.scenario.status_quo == TODAY and len(today) and not bool(today["explained"].iloc[0]):
            found += snapshot.sentences(mineral, "today")
        told += found if len(minerals) == 1 else [f"{say.names.mineral(mineral)}: {each}" for each in found]
    return told


def _parties(snapshot: Snapshot, say: Voice) -> Sheet:
    whose = states.effect(snapshot)
    caption = (
        f"{_all(snapshot, say)}: who gains and who pays {whose.effect}, non-parties and the world beside the parties"
    )
    return states.parties_table(snapshot, snapshot.scenario.minerals, say, caption)


def _pictures(snapshot: Snapshot, say: Voice) -> list[Block]:
    """Who gains and who pays, and the industries hit most; a chart of nothing is left out."""
    whose, minerals = states.effect(snapshot), snapshot.scenario.minerals
    frame = states.at_stake(snapshot, minerals, say, MOST_PARTIES)
    said = conclusions.effect_in_words(_own(snapshot), whose)
    found: list[Block] = []
    if changes(float(frame[[f"{name}_usd" for name in ACCOUNTS]].abs().to_numpy().max())):
        most = f", the {len(frame)} parties with most at stake" if len(frame) < len(snapshot.scenario.parties) else ""
        chart = charts.gains(frame, said, whose)
        found.append(Picture(f"{_all(snapshot, say)}: {chart.title} {whose.effect}{most}", chart))
    hit = snapshot.tables["industries_hit"].head(MOST_INDUSTRIES)
    if len(hit) and changes(float(hit["extra_cost_usd"].abs().max())):
        chart = charts.industries(
            hit, " ".join(snapshot.sentences(minerals[0], "industries")), states.charted(snapshot)
        )
        found.append(Picture(f"{_all(snapshot, say)}: {chart.title}", chart))
    return found

"""The first two pages: verdict, who gains, who pays, what it costs the world, how sure; states, parties, charts."""

from __future__ import annotations

from itertools import takewhile
from typing import TYPE_CHECKING

from model.findings import charts, own_ranges
from model.findings.terms import shock_in_words, terms_of
from model.findings.whose import answers, whose_of
from model.market.horizon import HORIZONS
from model.memo import conclusions, states
from model.memo.blocks import Bullets, Heading, Paragraph, Picture, on_page
from model.memo.levers import registered_assumptions
from model.outcome import ACCOUNTS
from model.scenario import TODAY
from model.words.numbers import changes, counted, lowered, money, starting

if TYPE_CHECKING:
    from model.memo.blocks import Block, Sheet
    from model.snapshot.record import Snapshot
    from model.words.voice import Voice

PAGE = "Bottom line"
MOST_TERMS = 6
"""Terms that the first page tells; the annex has all."""
MOST_PARTIES = 8
ALIKE = 40
"""Letters from which on the beginnings of two sentences say the same."""


def title(snapshot: Snapshot, say: Voice) -> str:
    """What the memo is on, over which horizon, whether what is agreed comes about, and what it does to the parties."""
    horizon = HORIZONS[snapshot.scenario.horizon].words.partition(",")[0]
    what, shocks = f"{snapshot.title}, {horizon}", states.hits(snapshot)
    if not states.is_agreed(snapshot):
        return f"{what}: no agreement" + (f", {_shocks(snapshot, say)}" if shocks else "")
    under = f"“{shock_in_words(shocks[0], say)}”" if len(shocks) == 1 else counted(len(shocks), "shock", "shocks")
    answered = [f"if {say.names.shock(name)}" for name in answers(snapshot.scenario, say.names)]
    what = ", ".join([what, *([f"under {under}"] if shocks else []), *answered])
    minerals = snapshot.scenario.minerals
    missed = [(mineral, told) for mineral in minerals for told in snapshot.sentences(mineral, "missed")]
    verdict = "the agreement holds and" if not missed else f"{len(missed)} terms fall short; the agreement"
    if len(missed) == 1:
        ((mineral, told),) = missed
        of = f" ({say.mineral(mineral)})" if len(minerals) > 1 else ""
        verdict = f"{lowered(told.partition(':')[0])}{of}; the agreement"
    net = _own(snapshot)["parties"]["net"]
    does = f"{'brings' if net > 0 else 'costs'} the parties {money(net)} a year together"
    return f"{what}: {verdict} {does if changes(net) else 'leaves the net gain of the parties together as it is'}"


def bottom_line(snapshot: Snapshot, say: Voice) -> list[Block]:
    """The first two pages."""
    minerals = snapshot.scenario.minerals
    told: list[Block] = [Heading("Bottom line"), *(Paragraph(text, strong=True) for text in _verdict(snapshot, say))]
    told += _situation(snapshot, say)
    sure = _how_sure(snapshot, say)
    told += [Heading("How sure it is", 2), Bullets(tuple(sure))] if sure else []
    told.append(states.states_table(snapshot, minerals, say, _all(snapshot, say)))
    if states.moves(snapshot):
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
    shocks = states.hits(snapshot)
    told = "; ".join(shock_in_words(shock, say) for shock in shocks)
    told = f"shock{'s' if len(shocks) > 1 else ''}: {told}" if told else "no shock"
    return "; ".join([told, *(say.names.shock(name) for name in answers(snapshot.scenario, say.names))])


def _verdict(snapshot: Snapshot, say: Voice) -> list[str]:
    """Whether what is agreed comes about, in which parties not and why; then what it does, or what the shock does."""
    whose, minerals = states.effect(snapshot), snapshot.scenario.minerals
    judged: list[str] = []
    for mineral in minerals:
        said = snapshot.sentences(mineral, "verdicts") or snapshot.sentences(mineral, "missed")
        judged += said if len(minerals) == 1 else [f"{say.names.mineral(mineral)}: {lowered(each)}" for each in said]
    if whose.agreed and not judged:
        judged = ["All that is agreed comes about."]
    if not states.moves(snapshot):
        return ["No agreement and no shock: the status quo."]
    return [*([" ".join(judged)] if judged else []), conclusions.effect_in_words(_own(snapshot), whose)]


def _situation(snapshot: Snapshot, say: Voice) -> list[Block]:
    """What fails and why, what is agreed under which shock, which parties gain and lose, what the shock does alone."""
    minerals, whose, scenario = snapshot.scenario.minerals, states.effect(snapshot), snapshot.counted
    blocks: list[Block] = []
    if because := [told for mineral in minerals for told in snapshot.sentences(mineral, "because")]:
        blocks.append(Bullets(tuple(_together(because))))
    terms = [term for mineral in minerals for term in terms_of(scenario, mineral, say.names)]
    more = len(terms) - MOST_TERMS
    listed = [*terms[:MOST_TERMS], *([f"{counted(more, 'more term', 'more terms')}, in the annex"] if more > 0 else [])]
    who = f"{starting(say.names.the_parties(scenario.parties))} agree{'' if scenario.parties[1:] else 's'}"
    told = f"Horizon: {HORIZONS[scenario.horizon].words}."
    if states.moves(snapshot):
        told = f"{starting(_shocks(snapshot, say))}. {told}"
    if len(terms) == 1:
        told = f"{who} to {terms[0]}. {told}"
    elif terms:
        blocks += [Paragraph(f"{who} to"), Bullets(tuple(listed))]
    texts = [told]
    if states.moves(snapshot):
        texts += conclusions.parties_in_words(states.nets(snapshot, minerals, whose.suffix), say, whose)
    if states.is_both(snapshot):
        whole, own = (states.by_side(snapshot, minerals, suffix) for suffix in ("", whose.suffix))
        alone = {side: {name: usd - own[side][name] for name, usd in whole[side].items()} for side in whole}
        texts.append(conclusions.effect_in_words(alone, whose_of(len(states.hits(snapshot)), agreed=False)))
    return blocks + [Paragraph(text) for text in texts]


def _together(sentences: list[str]) -> list[str]:
    """Sentences of which those that are alike but for where, as of one floor in several parties, are one."""
    told: list[str] = []
    first = ""
    for sentence in sentences:
        alike = "".join(a for a, _ in takewhile(lambda pair: pair[0] == pair[1], zip(first, sentence, strict=False)))
        what, place, _ = alike.rpartition(" in ")
        if place and len(what) > ALIKE:
            told[-1] = f"{told[-1].removesuffix('.')}; {sentence[len(what) + 1 :]}"
        else:
            told.append(sentence)
            first = sentence
    return told


def _how_sure(snapshot: Snapshot, say: Voice) -> list[str]:
    """How far what is assumed moves the effect, what would turn it, and whose price of today is not explained."""
    told, minerals, whose = [], snapshot.scenario.minerals, states.effect(snapshot)
    shocked = bool(states.hits(snapshot))
    units = {name: str(row["unit"]) for name, row in registered_assumptions(snapshot).items()}
    for mineral in minerals:
        trials = states.of_mineral(snapshot, "sensitivity", mineral)
        found = own_ranges(trials, say.names, agreed=whose.agreed, shocked=shocked and not whose.agreed)
        if len(minerals) == 1:
            found += conclusions.turning(trials, "net_gain_usd", say, units, both=whose.by_shock)
        found = found if states.moves(snapshot) else []
        today = states.of_mineral(snapshot, "today", mineral)
        if snapshot.scenario.status_quo == TODAY and len(today) and not bool(today["explained"].iloc[0]):
            found += snapshot.sentences(mineral, "today")
        told += found if len(minerals) == 1 else [f"{say.names.mineral(mineral)}: {lowered(each)}" for each in found]
    return told


def _parties(snapshot: Snapshot, say: Voice) -> Sheet:
    whose = states.effect(snapshot)
    caption = (
        f"{_all(snapshot, say)}: who gains and who pays {whose.effect}, non-parties and the world beside the parties"
    )
    return states.parties_table(snapshot, snapshot.scenario.minerals, say, caption)


def _pictures(snapshot: Snapshot, say: Voice) -> list[Block]:
    """Who gains and who pays; a chart of nothing is left out."""
    whose, minerals = states.effect(snapshot), snapshot.scenario.minerals
    frame = states.at_stake(snapshot, minerals, say, MOST_PARTIES)
    said = conclusions.effect_in_words(_own(snapshot), whose)
    found: list[Block] = []
    if changes(float(frame[[f"{name}_usd" for name in ACCOUNTS]].abs().to_numpy().max())):
        most = f", the {len(frame)} parties with most at stake" if len(frame) < len(snapshot.scenario.parties) else ""
        chart = charts.gains(frame, said, whose)
        found.append(Picture(f"{_all(snapshot, say)}: {chart.title}{most}; change {whose.effect}", chart))
    return found

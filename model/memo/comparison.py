"""Several snapshots side by side: what differs in what was agreed, then in what happens, a sentence per party."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from model.errors import SnapshotError
from model.memo import content, states
from model.memo.blocks import Bullets, Column, Document, Heading, Paragraph, Sheet, million, on_page
from model.memo.conclusions import effect_of_agreement
from model.memo.levers import levers, registered_assumptions, setting, voice
from model.words.names import BASE_YEAR
from model.words.numbers import exact, listing, lowered, signed_money, starting

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from model.memo.blocks import Block, Value
    from model.memo.states import Measure
    from model.snapshot.record import Snapshot

    Lettered = Sequence[tuple[str, Snapshot]]
    """Snapshots, each with its letter."""

MOST = 5
LETTERS = "ABCDE"
NOT_SET = "not set"
NOT_USED = "not used"
NOT_A_PARTY = "not a party"
SAME_ASSUMPTIONS = "The same assumptions."
UNLIKE_PARTIES = (
    "The snapshots have different parties. Every total is over each snapshot's own set, so a difference of totals is "
    "not the effect of the agreement alone; compare countries that are parties in both."
)
SHORT_HASH = 12
"""Letters of a hash that stand in a table; the workbook and the snapshots hold all."""


def comparison(snapshots: Sequence[Snapshot]) -> Document:
    """The document that sets two to five snapshots side by side."""
    if not 2 <= len(snapshots) <= MOST:
        raise SnapshotError(f"{len(snapshots)} snapshots cannot be set side by side; choose 2 to {MOST}")
    if len({snapshot.id for snapshot in snapshots}) < len(snapshots):
        raise SnapshotError("the same snapshot stands in the comparison twice; choose different ones")
    blocks = [
        *on_page("Snapshots", [Heading("What is compared"), _key(snapshots)]),
        *on_page("What differs", _agreed(snapshots)),
        *on_page("Results", _happens(snapshots)),
        *_parties(snapshots),
        *on_page("What differs", _rests(snapshots)),
    ]
    ids = " · ".join(snapshot.short_id for snapshot in snapshots)
    latest = max(snapshot.created for snapshot in snapshots)
    return Document(
        title=f"Comparison: {', '.join(map(' '.join, zip(LETTERS, _titles(snapshots), strict=False)))}",
        subtitle=f"Agreements on critical minerals side by side · snapshots up to {content.moment(latest)}",
        short_id=ids,
        author=", ".join(dict.fromkeys(snapshot.record.author for snapshot in snapshots if snapshot.record.author)),
        created=latest,
        blocks=tuple(blocks),
        about=tuple(
            (f"{letter}: {item}", value)
            for letter, snapshot in _lettered(snapshots)
            for item, value in content.about(snapshot)
        ),
        further=(),
        attachments=tuple(content.attachment(snapshot) for snapshot in snapshots),
    )


def _titles(snapshots: Sequence[Snapshot]) -> list[str]:
    """The titles of the snapshots; those that share theirs also say what is agreed, and their short ids."""
    titles = [snapshot.title for snapshot in snapshots]
    if len(set(titles)) == len(titles):
        return titles
    agreed = [[term.label(voice(one)) for _, term in one.counted.agreement.terms()] for one in snapshots]
    return [
        f"{one.title} ({', '.join(dict.fromkeys(labels)) or 'no agreement'}, {one.short_id})"
        for one, labels in zip(snapshots, agreed, strict=True)
    ]


def _lettered(snapshots: Sequence[Snapshot]) -> Lettered:
    return list(zip(LETTERS, snapshots, strict=False))


def _key(snapshots: Sequence[Snapshot]) -> Sheet:
    """What every snapshot is, and which data and model it rests on."""
    items = (
        "Title",
        "Short id",
        "Made (UTC)",
        "Author",
        "Base year",
        "Duties and export controls of",
        "Data hash",
        "Model",
    )
    told = [_provenance(one) for one in snapshots]
    columns = tuple(map(Column, ("Snapshot", *LETTERS[: len(snapshots)])))
    return Sheet("Snapshots", "The snapshots", columns, tuple(zip(items, *told, strict=True)))


def _provenance(snapshot: Snapshot) -> tuple[str, ...]:
    inputs, made = snapshot.record.inputs, f"{snapshot.created:%Y-%m-%d %H:%M}"
    model = " ".join(_short(inputs.versions.get(name, "")) for name in ("model", "model_source"))
    author = snapshot.record.author or "not given"
    data = (BASE_YEAR, inputs.data.version, _short(inputs.data.hash), model)
    return snapshot.title, snapshot.short_id, made, author, *data


def _short(value: str) -> str:
    """A hash by its first letters; any other text as it is."""
    return value[:SHORT_HASH] if re.fullmatch("[0-9a-f]{64}", value) else value


def _differing(
    name: str,
    caption: str,
    heads: tuple[str, str],
    sides: Sequence[Mapping[tuple[str, str], str]],
    same: str,
    absent: str = NOT_SET,
) -> Block:
    """What is not the same on all sides: two names, then the level on every side."""
    names = dict.fromkeys(name for side in sides for name in side)
    rows = ((*name, *(side.get(name, absent) for side in sides)) for name in names)
    differing = tuple(row for row in rows if len(set(row[2:])) > 1)
    columns = tuple(map(Column, (*heads, *LETTERS[: len(sides)])))
    return Sheet(name, caption, columns, differing) if differing else Paragraph(same)


def _agreed(snapshots: Sequence[Snapshot]) -> list[Block]:
    agreed, assumed, differing = [], [], _assumed_differently(snapshots)
    for snapshot in snapshots:
        say = voice(snapshot)
        rows = [*setting(snapshot, say), *levers(snapshot, say)]
        agreed.append({(what, field): level for what, field, level in rows})
        used = snapshot.record.inputs.assumptions
        units = {name: str(row["unit"]) for name, row in registered_assumptions(snapshot).items()}
        assumed.append(
            {
                (say.names.assumption(name), units.get(name, "")): exact(value)
                for name, value in used.items()
                if name in differing
            }
        )
    same = "The same agreement, shocks, parties, minerals and horizon."
    caption, heads = "Assumptions that differ", ("Assumption", "Unit")
    return [
        Heading("What differs in the agreement"),
        _differing("Agreement", "Levers that differ", ("Instrument", "Field"), agreed, same),
        Heading("What differs in assumptions", 2),
        _differing("Assumption values", caption, heads, assumed, SAME_ASSUMPTIONS, NOT_USED),
    ]


def _assumed_differently(snapshots: Sequence[Snapshot]) -> set[str]:
    """Assumptions whose values differ among the snapshots that use them; one that a single snapshot uses is none."""
    used = [snapshot.record.inputs.assumptions for snapshot in snapshots]
    return {name for each in used for name in each if len({side[name] for side in used if name in side}) > 1}


def _happens(snapshots: Sequence[Snapshot]) -> list[Block]:
    """Per mineral the results of the snapshots that have it; one that a single snapshot has is only named."""
    blocks: list[Block] = [Heading("What differs in results")]
    minerals = dict.fromkeys(mineral for snapshot in snapshots for mineral in snapshot.scenario.minerals)
    names = snapshots[0].record.names["mineral"]
    having = {
        mineral: [one for one in _lettered(snapshots) if mineral in one[1].scenario.minerals] for mineral in minerals
    }
    alone = [
        f"{lowered(names.get(mineral, mineral))} ({sides[0][0]})" for mineral, sides in having.items() if not sides[1:]
    ]
    if alone:
        told = f"In one snapshot only, so that nothing stands beside it: {listing(alone)}."
        blocks.append(Paragraph(told if len(alone) < len(having) else f"No mineral is in two of the snapshots. {told}"))
    if len({frozenset(snapshot.scenario.parties) for snapshot in snapshots}) > 1 and len(alone) < len(having):
        blocks.append(Paragraph(UNLIKE_PARTIES))
    for mineral, sides in having.items():
        if sides[1:]:
            name = names.get(mineral, mineral)
            blocks += [
                Heading(name, 2),
                *_headline(sides, mineral, name),
                *_by_party(sides, mineral, name),
                *_by_shock(sides, mineral, name),
            ]
    return blocks


def _shared(snapshots: Sequence[Snapshot]) -> list[str]:
    """Minerals that all snapshots look at."""
    first, *rest = (snapshot.scenario.minerals for snapshot in snapshots)
    return [item for item in first if all(item in other for other in rest)]


def _headline(sides: Lettered, mineral: str, name: str) -> list[Block]:
    """Prices and shares in the last state, money by whose effect each snapshot tells."""
    measured: dict[str, dict[str, Measure]] = {}
    for letter, one in sides:
        for measure in (*states.market_measures(one, mineral), *states.money_measures(one, [mineral])):
            measured.setdefault(measure.label, {})[letter] = measure
    rows = [(label, *(_told(found.get(at), one) for at, one in sides)) for label, found in measured.items()]
    looks = tuple((next(iter(found.values())).look,) * (len(sides) + 1) for found in measured.values())
    said = tuple(
        f"{letter}: {' '.join(one.sentences(mineral, 'missed') + one.sentences(mineral, 'gains'))}"
        for letter, one in sides
    )
    columns = (Column("Measure"), *(Column(letter) for letter, _ in sides))
    caption = f"{name}: each snapshot's own parties together; money: {_whose(sides)}"
    note = states.what_counts([snapshot for _, snapshot in sides])
    return [Bullets(said), Sheet(f"Headline {mineral}", caption, columns, tuple(rows), note, looks=looks)]


def _told(measure: Measure | None, snapshot: Snapshot) -> Value:
    """A number of the last state; of money what the agreement does, or the shock where nothing is agreed."""
    if measure is None:
        return None
    if measure.is_change and states.is_agreed(snapshot):
        return measure.own
    return measure.values[2] if measure.tried or measure.is_change else measure.values[0]


def _by_name(
    sheet: str, caption: str, what: str, sides: Mapping[str, Mapping[str, float]], names: Mapping[str, str], absent: str
) -> Sheet:
    """A row for every name on any side (by letter), with its money on each, or ``absent`` where it does not stand."""
    columns = (Column(what), *map(million, sides))
    rows = (
        (names.get(name, name), *(_number(side[name]) if name in side else absent for side in sides.values()))
        for name in dict.fromkeys(name for side in sides.values() for name in side)
    )
    return Sheet(sheet, caption, columns, tuple(rows))


def _by_party(sides: Lettered, mineral: str, name: str) -> list[Block]:
    nets = {letter: _net(snapshot, [mineral]) for letter, snapshot in sides}
    caption, names = f"{name}: net gain by party, {_whose(sides)}", sides[0][1].record.names["region"]
    return [_by_name(f"Net {mineral}", caption, "Party", nets, names, NOT_A_PARTY)]


def _whose(sides: Lettered) -> str:
    """Whose effect each snapshot's money is."""
    return "; ".join(f"{letter} {states.effect(one).effect} {states.in_state(one)}" for letter, one in sides)


def _net(snapshot: Snapshot, minerals: Sequence[str]) -> dict[str, float]:
    """Net gain of every party over minerals, by whose effect the snapshot tells [USD/yr]."""
    return states.nets(snapshot, minerals, states.effect(snapshot).suffix)


def _by_shock(sides: Lettered, mineral: str, name: str) -> list[Block]:
    frames = {letter: states.of_mineral(one, "shocks", mineral) for letter, one in sides}
    nets = {
        letter: dict(zip(frame["shock"], effect_of_agreement(frame)["net_gain_usd"], strict=True))
        for letter, frame in frames.items()
        if "net_gain_usd_with_agreement" in frame
    }
    if len(nets) < len(sides):
        return []
    caption = f"{name}: net gain of each snapshot's own parties by the agreement, under each shock alone"
    return [_by_name(f"Shocks {mineral}", caption, "Shock", nets, sides[0][1].record.names["shock"], "not solved")]


def _number(value: object) -> Value:
    return float(value) if isinstance(value, float) and value == value else None  # noqa: PLR0124 (NaN alone differs from itself)


def _parties(snapshots: Sequence[Snapshot]) -> list[Block]:
    shared = _shared(snapshots)
    heading = Heading("One sentence per party")
    if not shared:
        return [heading, Paragraph("No mineral is in all snapshots, so no party's gains can be summed and compared.")]
    nets = [_net(snapshot, shared) for snapshot in snapshots]
    names = snapshots[0].record.names["region"]
    unlike = [what for what in _unlike(snapshots) if what not in ("agreement", "parties")]
    sentences = [
        _party_sentence(names.get(party, party), [net.get(party) for net in nets], ranked=not unlike)
        for party in dict.fromkeys(party for net in nets for party in net)
    ]
    warning = f"The snapshots differ in {listing(unlike)}, so none of them is called the best for anyone."
    if "minerals" in unlike:
        minerals = snapshots[0].record.names["mineral"]
        warning += f" Counted: {listing([lowered(minerals.get(name, name)) for name in shared])}, which all have."
    return [
        heading,
        *([Paragraph(warning)] if unlike else []),
        Bullets(tuple(sentences)),
    ]


def _unlike(snapshots: Sequence[Snapshot]) -> list[str]:
    """In what the snapshots differ; beside agreement and parties, no gain in one then beats a gain in another."""
    sides: dict[str, list[Any]] = {
        "agreement": [snapshot.counted.agreement for snapshot in snapshots],
        "parties": [frozenset(snapshot.scenario.parties) for snapshot in snapshots],
        "minerals": [sorted(snapshot.scenario.minerals) for snapshot in snapshots],
        "shocks": [snapshot.scenario.shocks for snapshot in snapshots],
        "horizon": [snapshot.scenario.horizon for snapshot in snapshots],
        "data": [snapshot.record.inputs.data.hash for snapshot in snapshots],
    }
    differing = [what for what, (first, *others) in sides.items() if any(other != first for other in others)]
    return differing + (["assumptions"] if _assumed_differently(snapshots) else [])


def _party_sentence(name: str, nets: list[float | None], *, ranked: bool) -> str:
    """What a party gains in each snapshot, and where ``ranked`` under which it does best; the same amount is a tie."""
    known = {letter: net for letter, net in zip(LETTERS, nets, strict=False) if net is not None}
    amounts = {letter: signed_money(net) for letter, net in known.items()}
    told = ", ".join(f"{letter} {amount}" for letter, amount in amounts.items())
    outside = [letter for letter, net in zip(LETTERS, nets, strict=False) if net is None]
    where = f" (not a party in {', '.join(outside)})" if outside else ""
    most = amounts[max(known, key=lambda letter: known[letter])]
    best = [letter for letter, amount in amounts.items() if amount == most]
    verdict = ""
    if ranked and len(known) > 1:
        verdict = " does best under " if len(best) == 1 else " does equally well under "
        verdict += listing(best)
    return f"{starting(name)}{verdict}: net gain a year {told}{where}."


def _rests(snapshots: Sequence[Snapshot]) -> list[Block]:
    apart = ("Title", "Id (SHA-256)", "Checksum of the file", "Made", "Author")
    sides = [
        {(item, "value"): _short(value) for item, value in content.about(snapshot) if item not in apart}
        for snapshot in snapshots
    ]
    same, unlike = "The same data and the same versions of model and solver", listing(_unlike(snapshots))
    same += f": differences in results come from {unlike} alone." if unlike else "."
    return [
        Heading("Data and versions"),
        _differing("Versions", "Data and versions that differ", ("Item", "Field"), sides, same),
    ]

"""A chart as a record: what it says, its data, its axes with units and its marks with their colours.

Screen and memo draw the same record, each in its own way. Values are in the unit of their axis.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from model import palette
from model.findings.whose import STATE_NAMES
from model.units import MILLION, MONEY
from model.words import accounts
from model.words.numbers import LEAST_USD, changes, lowered, starting

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    import pandas as pd

    from model.findings.users import Measure
    from model.findings.whose import Whose
    from model.instruments import Mechanism
    from model.words.names import Names

    Floats = tuple[float, ...]
    Labels = tuple[str, ...]

WIDE, NARROW, PLAIN = 0.8, 0.42, 0.62
"""Heights of a bar, as shares of its row: behind, before, alone."""
SIDES = {"party": "Parties", "non_party": "Non-parties", "stocks": "Stocks"}
ACCOUNT_NAMES = {
    **{f"{name}_usd": label for name, label in accounts.NAMES.items() if name != "transfers"},
    "treasury_usd": accounts.TREASURY,
    "rents_usd": accounts.RENTS_AND_SETTLEMENTS,
}
ALWAYS_SHOWN = ("users_usd", "producers_usd", "treasury_usd")
"""Accounts with a bar even where nothing changes."""
NO_AGREEMENT = STATE_NAMES["without_agreement"]
HEADROOM = 1.05
BORROWED, BORROWED_WORDS = " *", "shares of use from elsewhere or assumed"
"""How a chart marks what rests on shares of use that nobody published for the party, and what the mark means."""
CLAUSE_ENDS = re.compile(r"; |, (?=[\d.]+ % of it )")
"""Where what comes before is true without what follows."""


@dataclass(frozen=True)
class Axis:
    """An axis of numbers: title, unit, what the marks reach and what it reaches at least.

    ``both_sides`` axes have zero in the middle.
    """

    title: str
    unit: str
    low: float
    high: float
    least: float = 0.0
    both_sides: bool = False


@dataclass(frozen=True)
class Bars:
    """Horizontal bars; ``ends`` are the lowest and highest value each may have, ``outlined`` the label set off."""

    name: str
    colour: str
    labels: Labels
    values: Floats
    width: float = PLAIN
    ends: tuple[Floats, Floats] | None = None
    outlined: str = ""


@dataclass(frozen=True)
class Ticks:
    """Short upright strokes beside the bars, each with a remark of its own where there is one."""

    name: str
    colour: str
    labels: Labels
    values: Floats
    remarks: Labels = ()


@dataclass(frozen=True)
class Points:
    """Diamonds, at labels or at numbers."""

    name: str
    x: Floats
    y: Labels | Floats


@dataclass(frozen=True)
class Line:
    """A line through points, each with a dot where they are to be told apart or chosen."""

    name: str
    colour: str
    x: Floats
    y: Floats
    dotted: bool = False
    strong: bool = False
    dots: str = ""
    """Colour of the dots, if there are any."""


@dataclass(frozen=True)
class Band:
    """A shaded part of the horizontal axis, with a remark at its outer end."""

    low: float
    high: float
    colour: str
    remark: str
    at_right: bool = False


Mark = Bars | Ticks | Points | Line | Band


@dataclass(frozen=True)
class Chart:
    """A chart: title, form in words, the sentence that states its finding, its table, axes and marks.

    Without ``y`` the rows of the chart are ``labels``, from the top. ``stacked`` bars stand end to end on either side
    of zero. A chart of changes names in ``zero`` the state that stands at zero.
    """

    title: str
    form: str
    sentence: str
    table: pd.DataFrame
    x: Axis
    marks: tuple[Mark, ...]
    y: Axis | None = None
    labels: Labels = ()
    label_width: int = 22
    stacked: bool = False
    zero: str = ""


def broken(label: str, width: int, separator: str) -> str:
    """A label cut into two lines at a space near the middle, where it is long.

    >>> broken("Aircraft and airframe parts", 22, "/")
    'Aircraft and/airframe parts'
    """
    spaces = [index for index, letter in enumerate(label) if letter == " "]
    if len(label) <= width or not spaces:
        return label
    at = min(spaces, key=lambda index: abs(index - len(label) / 2))
    return f"{label[:at]}{separator}{label[at + 1 :]}"


def cut(sentence: str, most: int) -> tuple[str, str]:
    """A sentence that is longer than ``most`` letters as a title and what it leaves: whole clauses, the most that fit.

    >>> cut("Users pay 3 million USD more, half of it in Japan; producers gain 1 million USD.", 60)
    ('Users pay 3 million USD more, half of it in Japan.', 'Producers gain 1 million USD.')
    """
    if len(sentence) <= most:
        return sentence, ""
    fit = [end for end in CLAUSE_ENDS.finditer(sentence) if end.start() < most]
    if not fit:
        return sentence, ""
    return f"{sentence[: fit[-1].start()]}.", starting(sentence[fit[-1].end() :])


def is_shown(frame: pd.DataFrame, account: str) -> bool:
    """Whether an account has a bar: users, producers and treasuries always, any other where it changes.

    A snapshot made before an account was kept has none of it.
    """
    return account in ALWAYS_SHOWN or (account in frame and changes(float(frame[account].abs().max())))


def gains(frame: pd.DataFrame, sentence: str, about: Whose, least_usd: float = 0.0) -> Chart:
    """Diverging bars per party: one for every account that changes, with the net marked."""
    parties = _texts(frame["party"])
    parts = _told(frame.reindex(columns=list(palette.ACCOUNT_COLOURS), fill_value=0.0))
    bars = [
        Bars(ACCOUNT_NAMES[account], colour, parties, _numbers(parts[account]))
        for account, colour in palette.ACCOUNT_COLOURS.items()
        if is_shown(frame, account)
    ]
    low, high = (
        float(side.sum(axis=1).agg(end)) for side, end in ((parts.clip(upper=0), "min"), (parts.clip(0), "max"))
    )
    return Chart(
        title="who gains and who pays, by party",
        form="Diverging bars by party",
        sentence=sentence,
        table=frame,
        x=Axis(f"Change {about.effect}, {MONEY}", MONEY, low, high, least_usd / MILLION, both_sides=True),
        marks=(*bars, Points(accounts.NET_GAIN, _numbers(_told(frame["net_usd"])), parties)),
        labels=parties,
        stacked=True,
        zero=about.zero,
    )


def sources(frame: pd.DataFrame, sentence: str, about: Whose, unit: str) -> Chart:
    """Supply of the parties by origin: the state compared with behind, the scenario before it, coloured by side.

    The ``unit`` says what the tonnes are tonnes of.
    """
    labels = _texts(frame["name"])
    marks = [Bars(about.zero, palette.STATUS_QUO, labels, _numbers(frame[about.before]), WIDE)]
    for side, name in SIDES.items():
        rows = frame[frame["group"] == side]
        if len(rows):
            values = _numbers(rows["with_agreement"])
            marks.append(Bars(name, palette.GROUPS[side], _texts(rows["name"]), values, NARROW))
    high = float(frame[[about.before, "with_agreement"]].max().max())
    return Chart(
        title="supply of the parties by origin",
        form=f"Bars by origin, {lowered(about.zero)} behind, the scenario in front",
        sentence=sentence,
        table=frame,
        x=Axis(f"Supply to the parties, {unit}", "t/yr", 0.0, high),
        marks=tuple(marks),
        labels=labels,
    )


def marked(names: Iterable[object], frame: pd.DataFrame) -> Labels:
    """Names of a frame's rows, those marked whose share of use is not the party's own."""
    return tuple(f"{name}{BORROWED if own else ''}" for name, own in zip(names, _borrowed(frame), strict=True))


def _borrowed(frame: pd.DataFrame) -> list[bool]:
    """Which rows rest on borrowed shares; none where an earlier snapshot's table does not say."""
    return list(frame["borrowed"]) if "borrowed" in frame else [False] * len(frame)


def industries(frame: pd.DataFrame, sentence: str, about: Whose, least_usd: float = 0.0) -> Chart:
    """Extra cost of the industries hit most, by whose effect is told; the shock's own beside an agreement's."""
    labels, other = marked(frame["name"], frame), about.beside_cost
    cost = _told(frame[["extra_cost_usd", other]])
    marks: list[Mark] = [Bars(starting(about.effect), palette.USERS, labels, _numbers(cost["extra_cost_usd"]))]
    beside = changes(frame[other].abs().max())
    if beside:
        marks.append(Ticks(about.beside, palette.WITHOUT_AGREEMENT, labels, _numbers(cost[other])))
    return Chart(
        title="industries hit most, parties with known industry sizes together",
        form="Bars by industry",
        sentence=sentence,
        table=frame,
        x=_reach(_explained(f"Extra cost, {MONEY}", frame), MONEY, cost, least_usd / MILLION),
        marks=tuple(marks),
        labels=labels,
        zero=about.zero_beside(shock=beside),
    )


def _explained(title: str, frame: pd.DataFrame) -> str:
    """The title of an axis, with what the mark means where a row of the frame has it."""
    return f"{title} ({BORROWED.strip()} {BORROWED_WORDS})" if any(_borrowed(frame)) else title


def ranking(frame: pd.DataFrame, sentence: str, measure: Measure, about: Whose, opened: str) -> Chart:
    """Industries of one party by one measure, by whose effect is told, the one opened outlined.

    Beside an agreement's effect stands the shock's own, and the worst named shock where it is known.
    """
    labels = marked(frame["label"], frame)
    spread = bool((frame["high"] > frame["low"]).any())
    marks: list[Mark] = [
        Bars(
            starting(about.effect),
            palette.USERS,
            labels,
            _numbers(frame["value"]),
            ends=(_numbers(frame["low"]), _numbers(frame["high"])) if spread else None,
            outlined=next((label for label, own in zip(labels, frame["industry"], strict=True) if own == opened), ""),
        ),
    ]
    beside = bool(frame["shock"].any())
    if beside:
        marks.append(Ticks(about.beside, palette.WITHOUT_AGREEMENT, labels, _numbers(frame["shock"])))
    if "worst" in frame:
        values, shocks = _numbers(frame["worst"]), _texts(frame["worst_shock"])
        name = "Worst named shock" + (" and the agreement" if about.agreed else "")
        marks.append(Ticks(name, palette.NON_PARTY, labels, values, shocks))
    return Chart(
        title=f"industries by {lowered(measure.label)}",
        form="Bars by industry",
        sentence=sentence,
        table=frame,
        x=_reach(_explained(measure.title, frame), measure.unit, frame[["value", "shock", "low", "high"]]),
        marks=tuple(marks),
        labels=labels,
        label_width=30,
        zero=about.zero_beside(shock=beside),
    )


def by_mineral(wide: pd.DataFrame, about: Whose, names: Names, borrowed: Collection[str] = ()) -> Chart:
    """Unit cost of the industries by mineral, stacked, by whose effect is told; ``borrowed`` shares marked."""
    labels = tuple(names.industry(str(industry)) for industry in wide.index)
    unit = "% of output value"
    both = bool((wide < 0).any(axis=None))
    title = f"Unit cost, {unit}" + (f" ({BORROWED.strip()} {BORROWED_WORDS})" if borrowed else "")
    return Chart(
        title="unit cost by mineral",
        form="Stacked bars by industry",
        sentence=about.told("Which metal the change of unit cost comes from."),
        table=wide.reset_index(),
        x=Axis(title, unit, 0.0, float(wide.abs().sum(axis=1).max()), both_sides=both),
        marks=tuple(
            Bars(
                f"{names.mineral(str(mineral))}{BORROWED if mineral in borrowed else ''}",
                palette.MINERALS[str(mineral)],
                labels,
                _numbers(wide[mineral]),
            )
            for mineral in wide.columns
        ),
        labels=labels,
        label_width=40,
        stacked=True,
        zero=about.zero,
    )


def floor_curve(
    levels: pd.DataFrame,
    fails: pd.DataFrame,
    status_quo_usd_per_t: float,
    slack_up_to_usd_per_t: float,
    mechanism: Mechanism,
    current: tuple[float, float] | None,
    sentence: str,
    names: Names,
    table: pd.DataFrame,
) -> Chart:
    """Parties' price over levels of a floor: where it is slack, where it fails in some party, the scenario's own point.

    ``fails`` has a row per party in which it fails, ``current`` is the floor agreed and the price under it.
    """
    of = mechanism.at_levels
    tried, prices = _numbers(levels["level_usd_per_t"]), _numbers(levels["price_usd_per_t"])
    reached = (*tried, *(current or ())[:1])
    low, high = min(reached), max(reached)
    slack = min(max(slack_up_to_usd_per_t, low), high)
    marks: list[Mark] = []
    if slack > low:
        marks.append(Band(low, slack, palette.SLACK, of.slack))
    if len(fails):
        regions = list(fails["region"].unique())
        where = names.region(str(regions[0])) if len(regions) == 1 else f"{len(regions)} parties"
        first = float(fails["fails_from_usd_per_t"].min())
        marks.append(Band(first, high, palette.FAILS, f"fails in {where}", at_right=True))
    marks += [
        Line("Price = level", palette.STATUS_QUO, (low, high), (low, high), dotted=True),
        Line("Status quo", palette.STATUS_QUO, (low, high), (status_quo_usd_per_t, status_quo_usd_per_t)),
        Line("Parties' price", palette.PARTY, tried, prices, strong=True),
    ]
    if current is not None:
        marks.append(Points("This scenario", current[:1], current[1:]))
    top = HEADROOM * max(high, *prices, *(current or ()))
    return Chart(
        title=f"the parties' price over levels of the {of.name}",
        form=f"A curve of price over the level of the {of.name}",
        sentence=sentence,
        table=table,
        x=Axis(f"Level of the {of.name}, USD/t", "USD/t", low, high),
        y=Axis("Parties' price, USD/t", "USD/t", 0.0, top),
        marks=tuple(marks),
    )


def _reach(title: str, unit: str, values: pd.DataFrame, least: float = 0.0) -> Axis:
    """The axis of changes, from zero where none of them is negative."""
    low, high = (float(values.min().min()), float(values.max().max())) if len(values) else (0.0, 0.0)
    return Axis(title, unit, low, high, least, both_sides=low < -1e-9)


def _told(usd: Any) -> Any:
    """Amounts in millions; those that sentences tell as none are none [million USD]."""
    return usd.where(usd.abs() >= LEAST_USD, 0.0) / MILLION


def _numbers(values: Iterable[float]) -> Floats:
    return tuple(float(value) for value in values)


def _texts(values: Iterable[object]) -> Labels:
    return tuple(str(value) for value in values)

"""Widgets for the fields of an instrument: unit, bounds, step and explanation are those its record declares."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

import streamlit as st

from model import edits
from model.instruments import lever
from model.instruments.base import PLACE
from model.records import REGION_ID, Record
from model.words.levers import Lever
from model.words.numbers import starting
from pages.components import layout, results, state

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    from model.instruments import Instrument
    from model.scenario import Scenario

    Take = Callable[[Scenario, Any], Scenario]
    """What a level does to the scenario."""
    Words = Callable[[str], str | None]
    """How the options of a select box are shown."""

FORMAT = "%.8g"


@dataclass(frozen=True)
class Field:
    """A field of the instrument shown: where it stands (``over_quota.specific``), what it holds, what is said of it."""

    kind: type[Instrument]
    path: str
    value: Any
    lever: Lever

    @property
    def key(self) -> str:
        """The widget's key, such as ``trqs_over_quota_specific``."""
        return f"{self.kind.key}_{self.path.replace('.', '_')}"

    @property
    def label(self) -> str:
        """The field's name; of a field inside a record the record's, since units tell rates and amounts apart."""
        return starting(self.path.split(".")[0].replace("_", " "))

    def take(self, now: Scenario, value: object) -> Scenario:
        """The scenario with the field at another value."""
        return edits.with_field(now, self.kind, self.path, value)


def every(now: Scenario, kind: type[Instrument], beside: Collection[str] = ()) -> None:
    """Widgets for all fields of the instrument shown, but for its place and those ``beside``.

    Short ones stand two in a row; behind them come those that need the width.
    """
    term = edits.first(now, kind)
    found = [] if term is None else [field for field in _fields(kind, term) if field.path not in (*PLACE, *beside)]
    short = [field for field in found if _is_short(now, field)]
    for pair in zip_longest(short[::2], short[1::2]):
        row = [field for field in pair if field]
        for column, field in zip(st.columns(len(row), gap="xsmall", vertical_alignment="bottom"), row, strict=True):
            with column:
                _draw(now, field)
    for field in found:
        if field not in short:
            _draw(now, field)


def _fields(kind: type[Instrument], record: Record, above: str = "") -> Iterator[Field]:
    """Fields of an instrument, those of the records in it in their place."""
    for name in type(record).model_fields:
        value = getattr(record, name)
        if isinstance(value, Record):
            yield from _fields(kind, value, f"{above}{name}.")
        else:
            yield Field(kind, f"{above}{name}", value, Lever(lever(type(record), name)))


def _is_short(now: Scenario, field: Field) -> bool:
    if isinstance(field.value, tuple):
        return set(field.value) == set(_side(now, field))
    return not (isinstance(field.value, bool | str) or field.lever.optional or _is_rate(field))


def _is_rate(field: Field) -> bool:
    return field.lever.unit.startswith("%")


def _side(now: Scenario, field: Field) -> tuple[str, ...]:
    return edits.all_of(now, field.kind, field.path, results.world().regions)


def _draw(now: Scenario, field: Field) -> None:
    """The widget that suits what a field holds: a choice, a switch, regions, a rate or another number."""
    label, about = field.label, field.lever.about
    said = str(about.get("description", ""))
    match field.value:
        case StrEnum() as value:
            choice(label, field.key, list(type(value)), value, field.take, _words, said)
        case bool(value):
            switch(starting(said or label), field.key, value, field.take)
        case tuple():
            _regions(now, field)
        case str(value) if about.get("unit") == REGION_ID:
            options = now.parties if field.path == "party" else results.world().regions
            choice(label, field.key, options, value, field.take, results.names().region, said)
        case float(value) if _is_rate(field) and not field.lever.optional:
            slider(label, field.key, field.lever, value, field.take)
        case value if about.get("type") == "number":
            number(label, field.key, field.lever, value, field.take)
        case value:
            st.caption(layout.plain(f"{label}: {value}"))


def _words(option: str) -> str:
    """What an option of a choice is called: its own words, where it has some."""
    return str(getattr(option, "words", option))


def _regions(now: Scenario, field: Field) -> None:
    """The choice of several regions; an empty one stands for a whole side, the parties or all others."""
    regions, side = results.world().regions, _side(now, field)
    is_whole, is_inside = set(field.value) == set(side), side == now.parties
    st.multiselect(
        field.label,
        list(dict.fromkeys([*(side if is_inside else regions), *field.value])),
        format_func=results.names().region,
        placeholder="All parties" if is_inside else "All others",
        **state.seed(field.key, [] if is_whole else list(field.value), "default"),
        **on_change(field.key, lambda s, chosen: field.take(s, list(chosen or _side(s, field)))),
    )


def number(
    label: str,
    key: str,
    field: Lever,
    value: float | None,
    take: Take,
    reference: float | None = None,
    note: str = "",
) -> None:
    """A number input; an optional field may be emptied. Its step follows the ``reference``, else its own level."""
    shown = field.shown(value)
    st.number_input(
        f"{field.label(label)}{note}",
        min_value=field.least,
        max_value=field.most,
        format=FORMAT,
        step=field.step(reference or value),
        help=layout.plain(field.help()),
        **(state.seed_optional(key, shown) if field.optional else state.seed(key, shown)),
        **on_change(key, lambda now, typed: take(now, field.kept(typed)), optional=field.optional),
    )


def slider(label: str, key: str, field: Lever, value: float, take: Take) -> None:
    """A slider that reaches what is set, however far that is."""
    st.slider(
        field.label(label),
        field.least,
        field.reach(value),
        step=field.step(value),
        format=slider_format(field),
        help=layout.plain(field.help()),
        **state.seed(key, field.shown(value)),
        **on_change(key, lambda now, typed: take(now, field.kept(typed))),
    )


def slider_format(field: Lever) -> str:
    """How a slider shows its number: a share in percent, as sentences have it."""
    return f"{FORMAT} %%" if field.unit.startswith("%") else FORMAT


def choice(label: str, key: str, options: Sequence[str], value: str, take: Take, words: Words, help: str = "") -> None:
    """A select box; a value that is not among the options is shown beside them."""
    st.selectbox(
        label, format_func=words, help=help or None, **state.seed(key, value, options=options), **on_change(key, take)
    )


def switch(label: str, key: str, value: bool, take: Take, help: str = "") -> None:
    """A switch."""
    st.toggle(label, help=layout.plain(help) or None, **state.seed(key, value), **on_change(key, take))


def on_change(key: str, take: Take, optional: bool = False) -> dict[str, Any]:
    """Arguments of a widget that changes the scenario by what it holds."""
    held = state.optional if optional else state.value
    return state.on_change(key, lambda: state.edit(lambda now: take(now, held(key))))

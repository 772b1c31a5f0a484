"""One widget for one field of a record: its unit, bounds, step and explanation are those the record declares."""

from __future__ import annotations

from enum import StrEnum
from functools import partial, reduce
from typing import TYPE_CHECKING, Any

import streamlit as st

from model import edits
from model.instruments import lever
from model.records import REGION_ID, Record
from model.words.levers import Lever
from model.words.numbers import starting
from pages.components import layout, results, state

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from model.instruments import Instrument
    from model.scenario import Scenario

    Take = Callable[[Scenario, Any], Scenario]
    """What a level does to the scenario."""
    Words = Callable[[str], str | None]
    """How the options of a select box are shown."""

FORMAT = "%.8g"


def of(now: Scenario, kind: type[Instrument], path: str, label: str = "") -> None:
    """The widget of a field of the instrument shown; ``over_quota.specific`` names a field inside it.

    Which widget it is follows from what the field holds: a switch, a choice, regions, a rate or another number. Its key
    is the instrument's and the field's: ``trqs_over_quota_specific``.
    """
    *outer, name = path.split(".")
    record: Any = reduce(getattr, outer, edits.first(now, kind))
    value, about = getattr(record, name), lever(type(record), name)
    label, key = label or starting(path.replace("_", " ").replace(".", ", ")), f"{kind.key}_{path.replace('.', '_')}"
    take = partial(with_field, kind, path)
    match value:
        case Record():
            for inner in type(value).model_fields:
                of(now, kind, f"{path}.{inner}")
        case StrEnum():
            choice(label, key, list(type(value)), value, take, lambda option: getattr(option, "words", option))
        case bool():
            switch(starting(about.get("description", label)), key, value, take, Lever(about).help())
        case tuple():
            _regions(now, kind, name, label, key, value)
        case str() if about.get("unit") == REGION_ID:
            options = now.parties if name == "party" else results.world().regions
            choice(label, key, options, value, take, results.names().region)
        case float() if Lever(about).unit.startswith("%"):
            slider(label, key, type(record), name, value, take)
        case float() | None if about.get("type") == "number":
            number(label, key, type(record), name, value, take)
        case _:
            st.caption(layout.plain(f"{label}: {value}"))


def _regions(now: Scenario, kind: type[Instrument], name: str, label: str, key: str, value: tuple[str, ...]) -> None:
    """The choice of several regions; an empty one stands for a whole side, the parties or all others."""
    regions = results.world().regions
    side = edits.all_of(now, kind, name, regions)
    st.multiselect(
        label,
        list(dict.fromkeys([*(side if side == now.parties else regions), *value])),
        format_func=results.names().region,
        placeholder="All parties" if side == now.parties else "All non-parties",
        **state.seed(key, [] if set(value) == set(side) else list(value), "default"),
        **on_change(key, lambda s, chosen: edits.with_regions(s, kind, name, chosen, regions)),
    )


def with_field(kind: type[Instrument], path: str, now: Scenario, value: object) -> Scenario:
    """The scenario with a field of the instrument shown at another value."""
    return edits.with_field(now, kind, path, value)


def number(
    label: str,
    key: str,
    record: type[Record],
    name: str,
    value: float | None,
    take: Take,
    reference: float | None = None,
    note: str = "",
) -> None:
    """A number input; an optional field may be emptied. Its step follows the ``reference``, else its own level."""
    field = Lever(lever(record, name))
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


def slider(label: str, key: str, record: type[Record], name: str, value: float, take: Take) -> None:
    """A slider that reaches what is set, however far that is."""
    field = Lever(lever(record, name))
    st.slider(
        field.label(label),
        field.least,
        field.reach(value),
        step=field.step(value),
        format=f"{FORMAT} %%",
        help=layout.plain(field.help()),
        **state.seed(key, field.shown(value)),
        **on_change(key, lambda now, typed: take(now, field.kept(typed))),
    )


def choice(label: str, key: str, options: Sequence[str], value: str, take: Take, words: Words, help: str = "") -> None:
    """A select box; a value that is not among the options is shown beside them."""
    st.selectbox(
        label, format_func=words, help=help or None, **state.seed(key, value, options=options), **on_change(key, take)
    )


def switch(label: str, key: str, value: bool, take: Take, help: str) -> None:
    """A switch."""
    st.toggle(label, help=layout.plain(help), **state.seed(key, value), **on_change(key, take))


def on_change(key: str, take: Take, optional: bool = False) -> dict[str, Any]:
    """Arguments of a widget that changes the scenario by what it holds."""
    held = state.optional if optional else state.value
    return {"on_change": state.edit, "args": (lambda now: take(now, held(key)),)}

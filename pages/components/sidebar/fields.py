"""One widget for one field of a record: its unit, bounds, step and explanation are those the record declares."""

from __future__ import annotations

from functools import partial, reduce
from typing import TYPE_CHECKING, Any

import streamlit as st

from model import edits
from model.instruments import lever
from model.words.levers import Lever
from pages.components import layout, state

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from model.instruments import Instrument
    from model.records import Record
    from model.scenario import Scenario

    Take = Callable[[Scenario, Any], Scenario]
    """What a level does to the scenario."""
    Words = Callable[[str], str | None]
    """How the options of a select box are shown."""

FORMAT = "%.8g"


def of(now: Scenario, kind: type[Instrument], path: str, label: str, key: str) -> None:
    """The number input of a field of the instrument shown; ``over_quota.specific`` names a field inside it."""
    record, name = _field(now, kind, path)
    number(label, key, type(record), name, getattr(record, name), partial(_with_field, kind, path))


def rate_of(now: Scenario, kind: type[Instrument], path: str, label: str, key: str) -> None:
    """The slider of a field of the instrument shown."""
    record, name = _field(now, kind, path)
    slider(label, key, type(record), name, getattr(record, name), partial(_with_field, kind, path))


def choice_of(
    now: Scenario, kind: type[Instrument], name: str, label: str, key: str, options: Sequence[str], words: Words
) -> None:
    """The select box of a field of the instrument shown."""
    value = str(getattr(edits.first(now, kind), name))
    choice(label, key, options, value, partial(_with_field, kind, name), words)


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


def slider(
    label: str, key: str, record: type[Record], name: str, value: float, take: Take, disabled: bool = False
) -> None:
    """A slider that reaches what is set, however far that is."""
    field = Lever(lever(record, name))
    st.slider(
        field.label(label),
        field.least,
        field.reach(value),
        step=field.step(value),
        format=f"{FORMAT} %%",
        help=layout.plain(field.help()),
        disabled=disabled,
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


def _field(now: Scenario, kind: type[Instrument], path: str) -> tuple[Any, str]:
    *outer, name = path.split(".")
    return reduce(getattr, outer, edits.first(now, kind)), name


def _with_field(kind: type[Instrument], path: str, now: Scenario, value: object) -> Scenario:
    return edits.with_field(now, kind, path, value)

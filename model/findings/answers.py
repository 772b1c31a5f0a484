"""What an agreement would bring the parties if an exporter answered it, in one sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from model.findings.reasons import net_effect
from model.words.accounts import gain_or_lose
from model.words.numbers import changes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from model.outcome import Outcome
    from model.words.names import Names


def if_answered(outcome: Outcome, answered: Mapping[str, Outcome], mineral: str, names: Names) -> str:
    """The parties' net gain by the agreement under each answer that changes it, beside that without an answer.

    ``answered`` holds outcomes of the same scenario by the name of the answer added. Nothing where none changes it.
    """
    own = net_effect(outcome, mineral, parties=True)["net"]
    gains = {name: net_effect(each, mineral, parties=True)["net"] for name, each in answered.items()}
    return answers_sentence({name: gain for name, gain in gains.items() if changes(gain - own)}, names, own)


def answers_sentence(gains: Mapping[str, float], names: Names, own: float | None = None) -> str:
    """What the parties gain by the agreement under each answer [USD/yr by name], beside what they gain without one.

    >>> from model.words.names import Names
    >>> names = Names.stored({"shock": {"tax": "China answers"}}, [], "")
    >>> answers_sentence({"tax": -2e6}, names)
    'If China answers, the parties together lose 2.00 million USD a year by the agreement.'
    """
    parts: list[str] = []
    for name, gain in gains.items():
        told = f"the parties together {gain_or_lose(gain, when=' a year')} by the agreement"
        title = names.shock(name)
        parts.append(f"{'if' if parts else 'If'} {title}, {told}")
    if not parts:
        return ""
    instead = "" if own is None else f", where without an answer they {gain_or_lose(own)}"
    return "; ".join([parts[0] + instead, *parts[1:]]) + "."

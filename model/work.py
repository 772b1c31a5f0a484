"""Long work: how far it is, and a bounded memory of what was done."""

from __future__ import annotations

import signal
import sys
import warnings
from collections import OrderedDict
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator

Found_co = TypeVar("Found_co", covariant=True)
Key = TypeVar("Key", bound="Hashable")
Value = TypeVar("Value")


def quiet_overflows() -> None:
    """Keep numpy's warnings from standard error, for the programs that start here; whoever set ``-W`` sees them.

    What overflows in a search is refused by the proof; the refusal says so in words and in one line.
    """
    if not sys.warnoptions:
        warnings.simplefilter("ignore", RuntimeWarning)


@contextmanager
def sheltered() -> Iterator[None]:
    """Processes started inside hear no interruption from the keyboard, not even while they begin (but on Windows)."""
    if sys.platform == "win32":
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@dataclass(frozen=True)
class Progress(Generic[Found_co]):
    """How far a calculation is: ``done`` of ``total`` steps, the last one ``tried``, and what was ``found`` so far.

    ``failed`` names the steps for which no result could be had; they are not part of what was found.
    """

    done: int
    total: int
    tried: str
    found: Found_co
    failed: tuple[str, ...] = ()


class Memory(Generic[Key, Value]):
    """The last ``most`` values by key: memory changes speed, never numbers."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: OrderedDict[Key, Value] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept)

    def __contains__(self, key: object) -> bool:
        return key in self._kept

    def recall(self, key: Key, make: Callable[[], Value]) -> Value:
        """The value kept under a key, made now where there is none.

        >>> memory = Memory[str, int](most=1)
        >>> memory.recall("a", lambda: 1), memory.recall("a", lambda: 2), memory.recall("b", lambda: 3), len(memory)
        (1, 1, 3, 1)
        """
        if key not in self._kept:
            self.keep(key, make())
        self._kept.move_to_end(key)
        return self._kept[key]

    def get(self, key: Key) -> Value | None:
        """The value kept under a key, or none."""
        if key in self._kept:
            self._kept.move_to_end(key)
        return self._kept.get(key)

    def keep(self, key: Key, value: Value) -> None:
        """Keep a value, and forget what was longest unused beyond the bound."""
        self._kept[key] = value
        self._kept.move_to_end(key)
        while len(self._kept) > self._most:
            self._kept.popitem(last=False)

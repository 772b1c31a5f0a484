"""What the tests know of each instrument: one file with its formulations, broken wedges and laws, found by its key."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

from model.instruments import KINDS

FOLDERS = ("instruments", "another_instrument.tests")


def _found() -> dict[str, ModuleType]:
    paths = {kind.key: [f"tests.{folder}.test_{kind.key}" for folder in FOLDERS] for kind in KINDS}
    return {key: import_module(path) for key, own in paths.items() for path in own if find_spec(path)}


OF = _found()
"""The file of each instrument that has one."""


def laws_of(key: str) -> list[Any]:
    """An instrument's laws: the generated tests in its file."""
    return [each for name, each in vars(OF[key]).items() if name.startswith("test_") and hasattr(each, "hypothesis")]


def golden(name: str) -> Path:
    """Where the golden programme of a formulation stands: beside the file that holds it."""
    known = OF.get(name.split("-", maxsplit=1)[0])
    return Path(__file__ if known is None else str(known.__file__)).parent / "golden" / f"{name}.lp"

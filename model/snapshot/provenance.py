"""Which model, solver and settings made a result."""

from __future__ import annotations

import platform
import tomllib
from functools import cache
from importlib import metadata
from typing import TYPE_CHECKING

from model.equilibrium.proof.linear import OPTIONS
from model.equilibrium.tolerances import LARGEST_IMBALANCE
from model.instruments import KINDS, Agreement, Duty
from model.scenario import Scenario
from model.source import PACKAGE, source_hash

if TYPE_CHECKING:
    from model.records import Record

DISTRIBUTION = "minerals-accord"
COMPUTES = ("model.world", "model.studies.floor_curve", "model.studies.ranges", "model.studies.today")
"""What computes a snapshot's results, with all it imports; the rest words, draws, stores or searches for them."""
ENVIRONMENT = ("numpy", "scipy", "pandas", "pydantic")

Setting = str | bool | int | float | None


def versions() -> dict[str, str]:
    """Versions that belong to a result's identity; ``model_source`` is the hash of the model's own source files."""
    return {
        "model": model_version(),
        "model_source": source_hash(*COMPUTES),
        "pyomo": metadata.version("pyomo"),
        "highs": metadata.version("highspy"),
    }


def environment() -> dict[str, str]:
    """Versions of what else was running, for the record; they do not belong to the identity."""
    return {"python": platform.python_version(), **{name: metadata.version(name) for name in ENVIRONMENT}}


def options() -> dict[str, dict[str, Setting]]:
    """Settings of HiGHS and of the engine's own checks; Pyomo states the programme and has none."""
    return {"highs": dict(OPTIONS), "pyomo": {}, "model": {"largest_imbalance": LARGEST_IMBALANCE}}


def defaults() -> dict[str, Setting]:
    """Default of every field of the scenario and of the instruments that has a plain one, as "Record.field"."""
    records: tuple[type[Record], ...] = (Scenario, Agreement, Duty, *KINDS)
    found: dict[str, Setting] = {}
    for record in records:
        for name, field in record.model_fields.items():
            value = field.default
            if value is None or isinstance(value, (str, bool, int, float)):
                found[f"{record.__name__}.{name}"] = str(value) if isinstance(value, str) else value
    return found


@cache
def model_version() -> str:
    """The version of this distribution, also where it runs from a copy that was never installed."""
    try:
        return metadata.version(DISTRIBUTION)
    except metadata.PackageNotFoundError:
        declared = tomllib.loads((PACKAGE.parent / "pyproject.toml").read_text(encoding="utf-8"))
        return str(declared["project"]["version"])

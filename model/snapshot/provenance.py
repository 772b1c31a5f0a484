"""Which model, solver and settings made a result."""

from __future__ import annotations

import hashlib
import platform
import tomllib
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from model.agreement import Agreement, Duty, ExportTax, Floor, Offtake, Quota, Stockpile, Tariff, Trq
from model.equilibrium import LARGEST_IMBALANCE
from model.equilibrium.compiled import OPTIONS
from model.scenario import Scenario

if TYPE_CHECKING:
    from model.records import Record

DISTRIBUTION = "minerals-accord"
PACKAGE = Path(__file__).resolve().parents[1]
NOT_IN_RESULTS = ("snapshot", "findings", "design", "ensemble", "cli.py", "fit.py", "palette.py")
"""Parts of the package that word, draw, store or search for results and compute none of a snapshot's."""
ENVIRONMENT = ("numpy", "scipy", "pandas", "pydantic")

Setting = str | bool | int | float | None


def versions() -> dict[str, str]:
    """Versions that belong to a result's identity; ``model_source`` is the hash of the model's own source files."""
    return {
        "model": model_version(),
        "model_source": source_hash(),
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
    records: tuple[type[Record], ...] = (
        Scenario,
        Agreement,
        Duty,
        Tariff,
        Quota,
        Trq,
        ExportTax,
        Floor,
        Offtake,
        Stockpile,
    )
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


@cache
def source_hash() -> str:
    """SHA-256 over the model's source files that compute results.

    Equal hashes mean the same model, whatever the version says.
    """
    total = hashlib.sha256()
    for path in sorted(PACKAGE.rglob("*.py")):
        place = path.relative_to(PACKAGE)
        if place.parts[0] not in NOT_IN_RESULTS:
            text = path.read_bytes().replace(b"\r\n", b"\n")
            total.update(f"{place.as_posix()} {len(text)}\n".encode() + text)
    return total.hexdigest()

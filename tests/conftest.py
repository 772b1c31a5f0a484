"""What every test shares: one thread per process, the shipped markets, and a copy of the data that may be damaged."""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # numpy reads this when it is imported

import gc
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from model.data import default_folder
from model.instruments import KINDS
from model.world import World
from tests.shipped import WORLD

if "price_undertakings" not in {kind.key for kind in KINDS}:
    collect_ignore = ["another_instrument"]  # counts only where tests/with_another_instrument.py added it

settings.register_profile("same-draws", derandomize=True, deadline=None)
settings.load_profile("same-draws")


def pytest_collection_finish() -> None:
    """Spare the search for unused memory what lives for the whole run: an eighth less time."""
    gc.freeze()
    gc.set_threshold(20_000, 50, 100)


@pytest.fixture(scope="session")
def world() -> World:
    """The shipped markets, solved states remembered for the session."""
    return WORLD


@pytest.fixture
def one_world(monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands on the shipped data use the markets of the session instead of calibrating their own."""
    monkeypatch.setattr("model.world.World", lambda folder=None: World(folder) if folder else WORLD)


@pytest.fixture
def data_copy(tmp_path: Path) -> Path:
    """A copy of the shipped data that a test may damage."""
    return Path(shutil.copytree(default_folder(), tmp_path / "data"))


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A real disk of one megabyte, where this system lets us have one."""
    place = tmp_path / "disk"
    place.mkdir()
    if subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", place], capture_output=True, check=False
    ).returncode:
        pytest.skip("only root can mount a small disk")
    yield place
    subprocess.run(["umount", place], check=True)

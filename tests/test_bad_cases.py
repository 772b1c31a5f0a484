"""Every case of ``tests/cases/bad`` is refused with a message that names the thing, the value or the valid choices."""

from __future__ import annotations

from pathlib import Path

import pytest

from model.case import Case, market_of
from model.equilibrium import solve
from model.errors import ScenarioError

BAD = Path(__file__).parent / "cases" / "bad"
NAMES = sorted(path.stem for path in BAD.glob("*.json"))


def read_and_solve(path: Path) -> None:
    case = Case.read(path, "case")
    solve(market_of(case), case.parties, case.agreement, case.shocks)


def test_every_bad_case_has_its_message() -> None:
    messages = {path.name.removesuffix(".message.txt") for path in BAD.glob("*.message.txt")}
    assert messages == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_bad_case_is_refused_with_the_fault_named(name: str) -> None:
    with pytest.raises(ScenarioError) as refused:
        read_and_solve(BAD / f"{name}.json")
    message = str(refused.value).lower()
    wanted = (BAD / f"{name}.message.txt").read_text(encoding="utf-8").splitlines()
    assert [line for line in wanted if line.strip().lower() not in message] == []

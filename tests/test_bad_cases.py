"""Every case of ``tests/cases/bad`` is refused with a message that names the thing, the value or the valid choices."""

from __future__ import annotations

from pathlib import Path

import pytest

from model.case import Case, market_of
from model.equilibrium import solve
from model.errors import ScenarioError

BAD = Path(__file__).parent / "cases" / "bad"
NAMES = sorted(path.stem for path in BAD.glob("*.json"))


def test_every_bad_case_has_its_message() -> None:
    assert NAMES == sorted(path.name.removesuffix(".message.txt") for path in BAD.glob("*.message.txt"))


@pytest.mark.parametrize("name", NAMES)
def test_a_bad_case_is_refused_with_the_fault_named(name: str) -> None:
    with pytest.raises(ScenarioError) as refused:
        case = Case.read(BAD / f"{name}.json", "case")
        solve(market_of(case), case.parties, case.agreement, case.shocks)
    message = str(refused.value).lower()
    wanted = (BAD / f"{name}.message.txt").read_text(encoding="utf-8").splitlines()
    assert [line for line in wanted if line.strip().lower() not in message] == []

"""The linear programme of every constraint, instrument and shock, written out and compared with a stored ``.lp`` file.

After a wanted change of the formulation: ``ACCEPT_GOLDEN=1 pytest tests/test_formulation.py``, then read the difference
in git.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import pyomo.environ as pyo
import pytest

from model import instruments, shocks
from model.equilibrium.proof.reference import build
from model.instruments import Mechanism
from model.market.records import Role
from model.overlay import stage_positions
from tests.of_instruments import golden
from tests.toy import FORMULATIONS, Proof, toy_proof

if TYPE_CHECKING:
    from model.equilibrium.proof.ladder import Steps
    from model.problem import Problem

ACCEPT = "ACCEPT_GOLDEN"
DIGITS = 9
"""Significant digits kept of a coefficient: the last ones are rounding."""
NOUGHT = 1e-11


def readable(text: str, problem: Problem, steps: Steps) -> str:
    """The ``.lp`` text with economic names for columns and rows, and coefficients without rounding noise."""
    market, table = problem.market, problem.table
    stages = [*market.stages, ""]
    labels = []
    for activity, stage in enumerate(stage_positions(market, table).tolist()):
        ends = [market.regions[region] for region in dict.fromkeys((table.region[activity], table.partner[activity]))]
        labels.append("_".join([Role(int(table.role[activity])).name.lower(), *ends, stages[stage]]))
    count: dict[str, int] = {}
    columns = []
    for activity in steps.owner.tolist():
        position = count[labels[activity]] = count.get(labels[activity], 0) + 1
        columns.append(f"{labels[activity]}({position})")
    rows = [f"market_clears({node.region}_{node.stage})" for node in market.nodes]
    pools = [f"pool_limit({pool.kind}_{index})" for index, pool in enumerate(problem.pools)]
    text = re.sub(r"step_t\((\d+)\)", lambda match: columns[int(match[1])], text)
    text = re.sub(r"market_clears\((\d+)\)", lambda match: rows[int(match[1])], text)
    text = re.sub(r"pool_limit\((\d+)\)", lambda match: pools[int(match[1])], text)
    return re.sub(r"(?<![\w(])[+-]?\d+(\.\d+)?(e[+-]?\d+)?(?![\w)])", _rounded, text)


def _rounded(match: re.Match[str]) -> str:
    value = float(match[0])
    sign = "+" if match[0].startswith("+") and value >= 0 else ""
    return sign + f"{0.0 if abs(value) < NOUGHT else value:.{DIGITS}g}"


def written(proof: Proof, path: Path) -> str:
    """The Pyomo programme as ``.lp`` text."""
    build(proof.problem, proof.steps).write(str(path), io_options={"symbolic_solver_labels": True})
    return readable(path.read_text(encoding="utf-8"), proof.problem, proof.steps)


@pytest.mark.parametrize("name", FORMULATIONS)
def test_the_formulation_is_the_golden_one(name: str, tmp_path: Path) -> None:
    actual, stored = written(toy_proof(name), tmp_path / "programme.lp"), golden(name)
    if os.environ.get(ACCEPT):
        stored.parent.mkdir(exist_ok=True)
        stored.write_text(actual, encoding="utf-8")
    expected = stored.read_text(encoding="utf-8") if stored.exists() else ""
    if actual != expected:
        found = tmp_path / f"{name}.actual.lp"
        found.write_text(actual, encoding="utf-8")
        pytest.fail(
            f"the programme of {name} differs from {stored}: compare it with {found}; if the change is wanted, accept "
            f"it with {ACCEPT}=1 pytest tests/test_formulation.py",
            pytrace=False,
        )


@pytest.mark.parametrize("name", FORMULATIONS)
def test_the_price_is_the_one_found_by_hand(name: str) -> None:
    proved = toy_proof(name)
    home = next(
        i
        for i, node in enumerate(proved.state.problem.market.nodes)
        if (node.region, node.stage) == ("HOME", "refined")
    )
    assert proved.state.price[home] == pytest.approx(FORMULATIONS[name].home_price, rel=1e-7)
    assert proved.solution.price[home] == pytest.approx(FORMULATIONS[name].home_price, rel=1e-6)


def test_every_instrument_shock_and_mechanism_has_a_formulation() -> None:
    covered = {name.split("-")[0] for name in FORMULATIONS}
    assert [kind.key for kind in instruments.KINDS if kind.key not in covered] == []
    kinds = [get_args(kind.model_fields["kind"].annotation)[0] for kind in shocks.KINDS]
    assert len(kinds) >= 9
    assert [kind for kind in kinds if kind not in covered] == []
    assert [kind for kind in Mechanism if f"floors-{kind}" not in FORMULATIONS] == []


def test_every_constraint_has_a_formulation() -> None:
    proved = toy_proof("pool_limit")
    model = build(proved.problem, proved.steps)
    constraints = [component.name for component in model.component_objects(pyo.Constraint)]
    assert constraints
    assert [name for name in constraints if name not in FORMULATIONS] == []


def test_every_golden_file_belongs_to_a_formulation() -> None:
    folders = {golden(name).parent for name in FORMULATIONS}
    assert sorted(path.stem for folder in folders for path in folder.glob("*.lp")) == sorted(FORMULATIONS)


def test_every_component_says_what_it_is_with_its_unit() -> None:
    proved = toy_proof("pool_limit")
    model = build(proved.problem, proved.steps)
    for component in model.component_objects((pyo.Var, pyo.Param, pyo.Constraint, pyo.Objective)):
        assert re.search(r"\[.+\]$", component.doc or ""), component.name

"""What holds for the code as a whole: imports run one way, units and sources are stated, pages compute nothing."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
import sys
import tomllib
from collections.abc import Iterator
from contextlib import suppress
from graphlib import TopologicalSorter
from pathlib import Path
from unittest.mock import patch

import pyomo.environ as pyo
import pytest
from importlinter.cli import lint_imports
from packaging.requirements import Requirement

from model.case import Case, market_of
from model.equilibrium import solve
from model.equilibrium.proof.ladder import Steps
from model.equilibrium.proof.linear import CompiledProgramme
from model.equilibrium.proof.reference import build
from model.instruments import Agreement, Duty, lever
from model.overlay import Overlay
from model.problem import Problem
from model.records import Record
from model.world import World

ROOT = Path(__file__).resolve().parents[1]
MODEL = sorted((ROOT / "model").rglob("*.py"))
GEOMETRY = {"charts.py", "jobs.py", "links.py"}
"""Work out where marks and boxes stand, how long a wait lasts and how a link is padded; nothing of economics."""
PAGES = [path for path in sorted((ROOT / "pages").rglob("*.py")) if path.name not in GEOMETRY]
INTERFACE = {"app", "pages", "streamlit", "plotly"}
LOOKUPS = {"value", "find", "assumed", "by_region", "assumed_by_region"}
"""Methods that look an assumption up by name; the last two take the beginning of a name."""
BY_REGION = {"by_region", "assumed_by_region"}
ARITHMETIC = (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.FloorDiv, ast.Mod, ast.Pow, ast.MatMult)
SUMS = {"sum", "mean", "cumsum", "prod", "diff", "abs", "round", "pow", "mul", "div", "sub"}
"""Functions, and methods of tables, that compute."""
DISTRIBUTIONS = {"pydantic_core": "pydantic", "docx": "python-docx", "fontTools": "fonttools"}
"""What a library is installed as, where that is not its name in the code."""
MACHINE_FOLDERS = ("home", "Users", "root", "tmp", "mnt", "work", "srv")
UNFINISHED = re.compile(r"\b(TODO|FIXME|HACK|WIP)\b")


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def imported(path: Path) -> set[str]:
    """First parts of all modules a file imports."""
    names: set[str] = set()
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            names.add(node.module.split(".")[0])
    return names


def test_imports_run_one_way() -> None:
    assert lint_imports(str(ROOT / "pyproject.toml"), no_cache=True, no_logo=True) == 0


def module(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def needed(path: Path, modules: set[str]) -> set[str]:
    """The model's modules that a file imports when it is imported itself, and those whose types it names."""
    names: set[str] = set()
    waiting: list[ast.AST] = [tree(path)]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.ImportFrom):
            inside = {f"{node.module}.{alias.name}" for alias in node.names}
            names |= inside if inside <= modules else {str(node.module), *inside}
        elif isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        waiting += [] if isinstance(node, ast.FunctionDef) else ast.iter_child_nodes(node)
    return names & modules


def test_no_modules_import_each_other_in_a_circle() -> None:
    modules = {module(path) for path in MODEL}
    needs = {module(path): needed(path, modules) for path in MODEL}
    assert tuple(TopologicalSorter(needs).static_order())


@pytest.mark.parametrize("path", MODEL, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_model_knows_no_interface(path: Path) -> None:
    assert imported(path) & INTERFACE == set()


def programme_with_every_component() -> pyo.ConcreteModel:
    """The linear programme of a case with a quota, as the solver poses it."""
    posed: list[tuple[Problem, Steps]] = []
    solve_compiled = CompiledProgramme.solve

    def record(self: CompiledProgramme, problem: Problem, steps: Steps) -> object:
        posed.append((problem, steps))
        return solve_compiled(self, problem, steps)

    case = Case.read(ROOT / "tests" / "cases" / "contract-small-country-trq-8.json", "case")
    with patch.object(CompiledProgramme, "solve", record):
        solve(market_of(case), case.parties, case.agreement, case.shocks)
    return build(*posed[-1])


def test_every_component_of_the_programme_states_its_unit() -> None:
    components = list(programme_with_every_component().component_objects(descend_into=False))
    assert {"step_t", "market_clears", "pool_limit", "cost_less_valuation"} <= {part.name for part in components}
    assert [part.name for part in components if part.ctype is not pyo.Suffix and not part.doc] == []
    with_unit = [part for part in components if part.ctype not in {pyo.Set, pyo.Suffix}]
    assert [part.name for part in with_unit if not re.search(r"\[[^\[\]]+\]$", part.doc)] == []


def instruments() -> Iterator[type[Record]]:
    """Every record that an agreement holds, and the duty rates inside them."""
    for field in Agreement.model_fields.values():
        (record, _) = field.annotation.__args__
        yield record
    yield Duty


@pytest.mark.parametrize("record", list(instruments()), ids=lambda record: record.__name__)
def test_every_lever_states_unit_and_bounds_or_what_it_switches(record: type[Record]) -> None:
    assert record.__doc__
    for name in record.model_fields:
        shown = lever(record, name)
        if shown.get("type") == "number":
            assert shown["unit"], name
            assert shown["minimum"] >= 0, name
        if shown.get("type") == "boolean":
            assert shown["description"], name


def names_looked_up() -> Iterator[tuple[str, bool]]:
    """Assumption names that the model looks up, as patterns, and whether a region follows."""
    for path in MODEL:
        for node in ast.walk(tree(path)):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr in LOOKUPS
                and node.args
            ):
                pattern = as_pattern(node.args[0])
                if pattern is not None:
                    yield pattern, node.func.attr in BY_REGION


def as_pattern(node: ast.expr) -> str | None:
    """A text, or a text with gaps, as a regular expression."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return re.escape(node.value)
    if isinstance(node, ast.JoinedStr):
        parts = [re.escape(part.value) if isinstance(part, ast.Constant) else r"\w+" for part in node.values]
        return "".join(map(str, parts))
    return None


def test_every_assumption_looked_up_exists(world: World) -> None:
    ids = {row.id for row in world.assumptions}
    missing = [
        name
        for name, by_region in names_looked_up()
        if not any(re.fullmatch(name + (r"(_[A-Z]{3})+" if by_region else ""), id) for id in ids)
    ]
    assert missing == []


def test_every_assumption_is_used(world: World) -> None:
    """Names stand in the code as texts, as texts with gaps, or as beginnings that region ids complete."""
    texts: set[str] = set()
    for path in MODEL:
        if "schemas" not in path.parts:
            patterns = (as_pattern(node) for node in ast.walk(tree(path)) if isinstance(node, ast.expr))
            texts |= {pattern for pattern in patterns if pattern is not None and re.match(r"[a-z_\\]{4}", pattern)}
    used = [re.compile(rf"{text}(_[A-Z]{{3}})*") for text in texts if re.fullmatch(r"[\w\\+]+", text)]
    registered = set(world.tables["assumptions"]["id"])
    assert sorted(id for id in registered if not any(one.fullmatch(id) for one in used)) == []


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_pages_compute_nothing(path: Path) -> None:
    """A page selects, asks the model and shows; a figure worked out on a page would escape every test of the model."""
    assert [f"line {node.lineno}: {ast.unparse(node)}" for node in ast.walk(tree(path)) if computes(node)] == []


def computes(node: ast.AST) -> bool:
    """Whether an expression or statement works out a number."""
    if isinstance(node, ast.Call):
        return getattr(node.func, "id", getattr(node.func, "attr", "")) in SUMS
    if isinstance(node, ast.BinOp):
        return isinstance(node.op, ARITHMETIC) and not joins_text(node)
    return isinstance(node, ast.AugAssign) and isinstance(node.op, ARITHMETIC)


def joins_text(node: ast.BinOp) -> bool:
    """Whether a plus sign joins texts or lists, or a stroke the parts of a path."""
    is_literal = (ast.JoinedStr, ast.List, ast.ListComp)
    ends = (node.left, node.right)
    has_text = any(isinstance(end, ast.Constant) and isinstance(end.value, str) for end in ends)
    if isinstance(node.op, ast.Div):
        return has_text or (isinstance(node.left, ast.BinOp) and joins_text(node.left))
    return isinstance(node.op, ast.Add) and (has_text or any(isinstance(end, is_literal) for end in ends))


@pytest.mark.parametrize("text", ["a + b", "total += 1", "round(a)", "frame.sum(axis=1)", "frame['x'].abs()", "a / 2"])
def test_arithmetic_is_seen(text: str) -> None:
    assert any(computes(node) for node in ast.walk(ast.parse(text)))


@pytest.mark.parametrize("text", ["'a' + b", "[a] + b", "folder / 'a' / 'b'", "a | b", "not a"])
def test_what_joins_is_no_arithmetic(text: str) -> None:
    assert not any(computes(node) for node in ast.walk(ast.parse(text)))


def texts() -> list[Path]:
    """Everything a reader of the project reads."""
    folders = [path for name in ("model", "pages", "tests", "benchmarks") for path in (ROOT / name).rglob("*.py")]
    others = (
        "app.py",
        "README.md",
        "CONTRIBUTING.md",
        "CHANGELOG.md",
        "pyproject.toml",
        ".ci/run",
        "data/README.md",
        "tests/cases/README.md",
    )
    return [path for path in [*folders, *(ROOT / name for name in others)] if path.is_file() and path != Path(__file__)]


@pytest.mark.parametrize("path", texts(), ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_is_left_unfinished_or_tied_to_one_machine(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert UNFINISHED.findall(text) == []
    assert re.findall(rf"(?<![\w.\]}}>)])/(?:{'|'.join(MACHINE_FOLDERS)})/\S*", text) == []


def project() -> dict[str, object]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def test_the_lock_pins_every_dependency_and_names_no_index() -> None:
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    pins = dict(re.findall(r"^([a-z0-9-]+)==([^ ;\\]+)", lock, flags=re.MULTILINE))
    wanted = [Requirement(text) for text in (*project()["dependencies"], *project()["optional-dependencies"]["test"])]
    assert [str(one) for one in wanted if one.name not in pins or pins[one.name] not in one.specifier] == []
    assert "://" not in lock
    assert "--index" not in lock


def test_every_library_imported_is_a_dependency_and_the_reverse() -> None:
    code = [*MODEL, *(ROOT / "pages").rglob("*.py"), ROOT / "app.py"]
    libraries = set().union(*map(imported, code)) - set(sys.stdlib_module_names) - {"app", "pages", "model"}
    declared = {Requirement(text).name for text in project()["dependencies"]}
    assert {DISTRIBUTIONS.get(name, name) for name in libraries} == declared


def test_continuous_integration_runs_the_readme_s_test_command() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (command,) = [line for line in readme.splitlines() if line.startswith("python3") and ".venv/bin/pytest" in line]
    assert command in (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md"])
def test_a_guide_names_files_that_exist(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    links = {link for link in re.findall(r"\]\(([^)#]+)\)", text) if "://" not in link}
    quoted = {path for path in re.findall(r"`([\w./-]+)`", text) if re.search(r"\w/$|\.(py|csv|md)$", path)}
    assert sorted(link for link in links if not (ROOT / link).exists()) == []
    assert sorted(path for path in quoted if not path.startswith(".venv/") and not is_in_the_project(path)) == []


def is_in_the_project(path: str) -> bool:
    """Whether a guide's path exists, as it stands or as the end of one: inside a folder's row its name is left out."""
    return (ROOT / path).exists() or any(str(each).endswith(f"/{path}") for each in texts())


def test_the_guide_lists_every_verb_that_instruments_use() -> None:
    used = {
        node.attr
        for path in (ROOT / "model" / "instruments").glob("*.py")
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "over" and hasattr(Overlay, node.attr)
    }
    guide = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    (listed,) = re.findall(r"in the verbs of `model/overlay.py` \(([^)]+)\)", guide)
    assert set(re.findall(r"`(\w+)`", listed)) == used - {"routes"}


def cross_references() -> Iterator[tuple[str, str]]:
    """Modules of the model and what their docstrings refer to."""
    for path in MODEL:
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
                for name in re.findall(r":(?:mod|class|func|meth|data):`~?([\w.]+)`", ast.get_docstring(node) or ""):
                    yield module(path), name


def refers_to_something(where: str, name: str) -> bool:
    """Whether a name is found from a module: there, in one of its classes, or as a full path."""
    here = importlib.import_module(where)
    if any(hasattr(each, name) for each in vars(here).values() if isinstance(each, type)):
        return True
    for whole in (f"{where}:{name}", name):
        with suppress(AttributeError, ImportError):
            pkgutil.resolve_name(whole)
            return True
    return False


def test_docstrings_refer_to_what_exists() -> None:
    assert [(where, name) for where, name in cross_references() if not refers_to_something(where, name)] == []

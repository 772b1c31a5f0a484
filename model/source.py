"""Which source files compute a result: the modules named and everything they import, in one hash."""

from __future__ import annotations

import ast
import hashlib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

PACKAGE = Path(__file__).resolve().parent


@cache
def source_hash(*modules: str) -> str:
    """SHA-256 over the source of ``modules`` and of every module of the package they import, directly or not.

    Equal hashes mean the same computation, whatever the version says; a file that moves or changes changes the hash,
    one that only words, draws or stores results does not.
    """
    total = hashlib.sha256()
    for path in source_files(*modules):
        text = path.read_bytes().replace(b"\r\n", b"\n")
        total.update(f"{path.relative_to(PACKAGE).as_posix()} {len(text)}\n".encode() + text)
    return total.hexdigest()


def source_files(*modules: str) -> list[Path]:
    """The files behind :func:`source_hash`, in order of their paths.

    Raises:
        ModuleNotFoundError: for a name that is no module of the package.
    """
    found: set[Path] = set()
    waiting = [_file_of(name, required=True) for name in modules]
    while waiting:
        path = waiting.pop()
        if path is not None and path not in found:
            found.add(path)
            imported = set(_imported(path))
            waiting += [_file_of(name) for name in imported]
            if "pkgutil" in imported:  # a package that takes in whatever stands in its folder
                waiting += path.parent.glob("*.py")
    return sorted(found)


def _file_of(name: str, required: bool = False) -> Path | None:
    """The file of a module of this package; None for other packages and for names that are no module."""
    root, *rest = name.split(".")
    place = PACKAGE.joinpath(*rest)
    for path in (place.with_suffix(".py"), place / "__init__.py"):
        if root == PACKAGE.name and path.is_file():
            return path
    if required:
        raise ModuleNotFoundError(f"there is no module {name!r} in {PACKAGE.name}")
    return None


def _imported(path: Path) -> Iterator[str]:
    """Modules a file imports when it runs, the packages around them included; imports for types alone do not run."""
    waiting: list[ast.AST] = [ast.parse(path.read_text(encoding="utf-8"))]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            waiting += node.orelse
            continue
        waiting += ast.iter_child_nodes(node)
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import | ast.ImportFrom) else []
        if isinstance(node, ast.ImportFrom):
            names = [str(node.module), *(f"{node.module}.{name}" for name in names)]
        for name in names:
            parts = name.split(".")
            yield from (".".join(parts[:count]) for count in range(1, len(parts) + 1))

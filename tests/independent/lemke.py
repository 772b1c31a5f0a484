"""Linear complementarity by Lemke's method: z ≥ 0, w = M z + q ≥ 0, z · w = 0."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
SMALL = 1e-11
CLOSE = 1e-8


def lemke(matrix: Floats, constant: Floats, attempts: int = 4) -> Floats | None:
    """A solution, or ``None`` where every attempt ends on a ray."""
    for attempt in range(attempts):
        cover = np.ones(len(constant)) + np.random.default_rng(attempt).random(len(constant))
        basis = _pivot(matrix, constant, cover)
        if basis is not None:
            found = _polished(matrix, constant, basis)
            if _solves(matrix, constant, found):
                return found
    return None


def _solves(matrix: Floats, constant: Floats, found: Floats) -> bool:
    """Whether nothing is negative and one of each pair is zero, of the size of the row's largest term."""
    size = np.abs(constant) + np.abs(matrix) @ np.abs(found) + 1e-300
    slack = (matrix @ found + constant) / size
    return bool((found >= 0).all() and (slack >= -CLOSE).all() and (slack[found > 0] <= CLOSE).all())


def _pivot(matrix: Floats, constant: Floats, cover: Floats) -> NDArray[np.int64] | None:
    """The final basis: index i for w_i, count + i for z_i."""
    count = len(constant)
    basis = np.arange(count)
    if (constant >= 0).all():
        return basis
    artificial = 2 * count
    table = np.hstack([np.eye(count), -matrix, -cover[:, None], constant[:, None]])
    row = int(np.argmin(constant / cover))
    entering = artificial
    for _ in range(60 * count + 500):
        leaving = int(basis[row])
        table[row] /= table[row, entering]
        column = table[:, entering].copy()
        column[row] = 0.0
        busy = np.abs(column) > 1e-15
        table[busy] -= np.outer(column[busy], table[row])
        basis[row] = entering
        if leaving == artificial:
            return basis
        entering = leaving + count if leaving < count else leaving - count
        column = table[:, entering]
        able = np.flatnonzero(column > SMALL)
        if not len(able):
            return None
        ratio = np.maximum(table[able, -1], 0.0) / column[able]
        least = ratio.min()
        ties = able[ratio <= least + 1e-12 * (1.0 + least)]
        out = [r for r in ties if basis[r] == artificial]
        row = int(out[0]) if out else int(ties[np.argmax(column[ties])])
    return None


def _polished(matrix: Floats, constant: Floats, basis: NDArray[np.int64]) -> Floats:
    """The basis solved once more, equilibrated and refined, so that small numbers keep their digits."""
    count = len(constant)
    columns = np.hstack([np.eye(count), -matrix])[:, basis]
    rows = np.abs(columns).max(axis=1)
    scaled = columns / rows[:, None]
    wide = np.abs(scaled).max(axis=0)
    scaled = scaled / wide
    right = constant / rows
    try:
        value = np.linalg.solve(scaled, right)
        for _ in range(3):
            value += np.linalg.solve(scaled, right - scaled @ value)
    except np.linalg.LinAlgError:
        value = np.linalg.lstsq(scaled, right)[0]
    whole = np.zeros(2 * count)
    whole[basis] = value / wide
    inner = whole[count:]
    return np.where(inner > -CLOSE * np.abs(inner).max(initial=0.0), np.maximum(inner, 0.0), inner)

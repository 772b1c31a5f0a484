"""A market as arrays: nodes where a product clears, and activities that move product to, from and between them.

One mineral is one :class:`MineralMarket`. Its *nodes* are places where a stage of the mineral is bought and sold; its
*activities* are everything that adds to or takes from a node: supply, recycling, demand, processing, trade routes,
stocks. Each activity has a quantity ``x`` (per year) and a marginal cost curve ``c(x)`` that never falls. Written out,
with ``x`` the quantity:

===========  ==========================================  =======================================================
shape        marginal cost c(x)                          used for
===========  ==========================================  =======================================================
``FLAT``     level                                       step offers, routes without congestion, stocks
``LINEAR``   level + width·x                             linear curves, processing margins, stock release
``POWER``    level·(x/base)^(1/exponent)                 isoelastic supply; demand (exponent < 0) as minus that
``LOG``      level + width·ln(x/base)                    routes used in the base year, with route friction
``LOG1P``    level + width·ln(1 + x/base)                routes not used in the base year
===========  ==========================================  =======================================================

Quantities are t contained per year and money is USD in the shipped markets; in a case file they are the case's own
units.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import IntEnum
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Integers = NDArray[np.intp]

NOWHERE = -1
"""Index standing for "outside the market": where supply comes from and demand goes to."""


class Shape(IntEnum):
    """Form of a marginal cost curve; see the module's table."""

    FLAT = 0
    LINEAR = 1
    POWER = 2
    LOG = 3
    LOG1P = 4


class Role(IntEnum):
    """What an activity is in the economy; decides in whose accounts its money stands."""

    SUPPLY = 0
    DEMAND = 1
    UNSERVED = 2
    """Demand given up at the choke price (value of lost use)."""
    PROCESS = 3
    ROUTE = 4
    STOCK_SALE = 5
    """Public stock released: a stockpile or the selling side of a buffer stock."""
    STOCK_PURCHASE = 6
    """Public stock bought: a buffer stock at the floor."""
    INVENTORY = 7
    """Private inventories drawn down in a shortage."""
    OVER_QUOTA = 8
    """The part of a tariff-rate quota's imports that pays the over-quota rate."""
    UNBOUGHT = 9
    """The part of a budgeted stock purchase that is given up at the floor price."""
    HOARDING = 10
    """Product bought off the market by a shock, whatever the price."""
    HELD_AT_HOME = 11
    """What an exporter's stockpile takes in of what a ban or quota keeps at home, at a price at which it holds it."""


class NodeRole(IntEnum):
    """Who trades at a node: producers, users, or both (no re-export passes through a node of users)."""

    BOTH = 0
    SUPPLY = 1
    USE = 2


@dataclass(frozen=True)
class Node:
    """A place where one stage of the mineral clears. ``region`` and ``stage`` are names."""

    region: str
    stage: str
    role: NodeRole = NodeRole.BOTH


@dataclass(frozen=True)
class Activities:
    """Columns of the activity table, one entry per activity, all of the same length.

    ``region`` is the region that acts (a route's exporter), ``partner`` a route's importer (otherwise the region
    itself), both as positions in the market's regions. ``node_in`` and ``node_out`` are positions in its nodes or
    ``NOWHERE``; ``ratio`` is what is taken in per unit given out. ``level``, ``width``, ``base``, ``exponent`` are the
    curve's parameters, ``lower`` and ``upper`` bound the quantity. ``landed_cost`` is the part of a route's marginal
    cost that is money paid per unit at zero flow; ``friction`` marks routes whose remaining curve is what turning
    to them costs buyers, and what calibration leaves unexplained.
    """

    role: Integers
    shape: Integers
    region: Integers
    partner: Integers
    node_in: Integers
    node_out: Integers
    ratio: Floats
    level: Floats
    width: Floats
    base: Floats
    exponent: Floats
    lower: Floats
    upper: Floats
    landed_cost: Floats
    friction: NDArray[np.bool_]
    industry: NDArray[np.object_]

    def __len__(self) -> int:
        return len(self.role)


_DEFAULTS: dict[str, object] = {
    "ratio": 1.0,
    "level": 0.0,
    "width": 0.0,
    "base": 1.0,
    "exponent": 1.0,
    "lower": 0.0,
    "upper": np.inf,
    "landed_cost": 0.0,
    "friction": False,
    "industry": None,
}
_TYPES: dict[str, type] = dict.fromkeys(("role", "shape", "region", "partner", "node_in", "node_out"), np.intp) | {
    "friction": np.bool_,
    "industry": np.object_,
}


def activities(count: int, **columns: object) -> Activities:
    """``count`` activities from columns given as arrays or single values; columns left out take their neutral value."""
    columns.setdefault("partner", columns["region"])
    columns.setdefault("node_in", NOWHERE)
    columns.setdefault("node_out", NOWHERE)
    filled = {}
    for field in fields(Activities):
        value = columns.pop(field.name, _DEFAULTS.get(field.name))
        column: NDArray[Any] = np.empty(count, dtype=_TYPES.get(field.name, np.float64))
        column[:] = value
        filled[field.name] = column
    if columns:
        raise TypeError(f"unknown activity columns: {sorted(columns)}")
    return Activities(**filled)


def join(tables: Iterable[Activities]) -> Activities:
    """One activity table holding the given ones in order."""
    parts = list(tables)
    return Activities(**{f.name: np.concatenate([getattr(part, f.name) for part in parts]) for f in fields(Activities)})


@dataclass(frozen=True)
class ByProduct:
    """Supply of activity ``activity`` is at most ``ratio`` times the host's output in the same region.

    ``host`` and ``host_stage`` name a mineral of the same market; the host never responds to the by-product's price.
    """

    activity: int
    region: str
    host: str
    host_stage: str
    ratio: float


@dataclass(frozen=True)
class MineralMarket:
    """All stages of one mineral in all regions, before any agreement or shock.

    ``price_scale`` (money per unit) and ``quantity_scale`` (units per year) are typical sizes, used to keep the numbers
    near one in the solver. ``exporter_stock_price`` (per node) is what an exporter's stockpile pays for product that a
    ban or quota keeps at home, and ``exporter_stock_most`` how much it can take in a year; None where there is no such
    stockpile. ``base_duty`` holds, per activity, the ad valorem
    duty in force (share of landed value). ``start_price`` is a price per node at which the search begins: the base
    year's where there is one, else None.
    """

    mineral: str
    regions: tuple[str, ...]
    stages: tuple[str, ...]
    nodes: tuple[Node, ...]
    activities: Activities
    byproducts: tuple[ByProduct, ...] = ()
    base_duty: Floats | None = None
    price_scale: float = 1.0
    quantity_scale: float = 1.0
    start_price: Floats | None = None
    exporter_stock_price: Floats | None = None
    exporter_stock_most: Floats | None = None

    @cached_property
    def places(self) -> tuple[tuple[object, ...], ...]:
        """What the market's positions stand for: its name, its regions, its stages, and every node."""
        nodes = tuple((node.region, node.stage, int(node.role)) for node in self.nodes)
        return (self.mineral,), self.regions, self.stages, nodes

    def node(self, region: str, stage: str, role: NodeRole) -> int:
        """Position of the node where producers (or users) of a stage trade in a region, or ``NOWHERE``."""
        for position, node in enumerate(self.nodes):
            if node.region == region and node.stage == stage and node.role in {NodeRole.BOTH, role}:
                return position
        return NOWHERE


@dataclass(frozen=True)
class Market:
    """Markets of several minerals over the same regions, hosts before their by-products.

    ``unit`` and ``currency`` label quantities and money.
    """

    regions: tuple[str, ...]
    minerals: Mapping[str, MineralMarket]
    unit: str = "t"
    currency: str = "USD"


def host_order(hosts: Mapping[str, Sequence[str]]) -> list[str]:
    """Minerals so ordered that every host stands before its by-products; ``hosts[k]`` are the hosts of mineral k.

    Raises ValueError naming the minerals that wait for one another.
    """
    try:
        return list(TopologicalSorter(hosts).static_order())
    except CycleError as error:
        raise ValueError("by-products wait for one another: " + " -> ".join(error.args[1])) from error


def is_any(column: Integers, kinds: Iterable[int]) -> NDArray[np.bool_]:
    """Where a column of the table is one of a few kinds; many times faster there than a search in a sorted set."""
    found = np.zeros(column.shape, dtype=bool)
    for kind in kinds:
        found |= column == int(kind)
    return found


def sum_by(position: Integers, amount: Floats, count: int) -> Floats:
    """Sums of ``amount`` by position: entry i is the sum over everything at position i, of ``count``."""
    return np.bincount(position, amount, count).astype(np.float64, copy=False)

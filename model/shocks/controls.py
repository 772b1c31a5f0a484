"""Export controls in force on the status-quo date, as the plain shocks that a market knows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from model.assumptions import control_level
from model.market.evidence import MAIN_SUPPLIER
from model.records import EVERYONE
from model.shocks.kinds import ExportBan, ExportQuota, ExportTaxChange, restriction

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import pandas as pd

    from model.data import Tables
    from model.shocks.kinds import Base, Disturbance

LICENCE = "licence"
"""The kind of control whose strictness shows in prices only: what is granted is not published as it happens."""
LEAST_LEVEL = 1e-3
"""A control's level below this share of base-year exports lets out all but nothing."""
SAME = 1e-9
"""Limits within this share of each other are one."""


@dataclass(frozen=True)
class Replaced:
    """Controls of a kind that a stop takes the place of for some importers, for a ``part`` of the year.

    While it lasts, a share ``let_through`` of base-year exports still goes out.
    """

    kind: str
    exporter: str
    mineral: str
    stage: str
    importers: tuple[str, ...]
    let_through: float = 0.0
    part: float = 1.0

    @property
    def measure(self) -> tuple[str, ...]:
        """What tells the controls."""
        return self.kind, self.exporter, self.mineral, self.stage


def in_force(tables: Tables, mineral: str, levels: Mapping[str, float]) -> pd.DataFrame:
    """Rows of the controls on a mineral in force on the status-quo date, at the ``levels`` assumed in their place.

    A quantity moves in proportion to its level, which states the same limit as a share.
    """
    rows = tables["export_controls"]
    rows = rows[~rows["suspended"].astype(bool) & (rows["mineral"] == mineral)]
    each: Iterable[Any] = rows.itertuples()
    at = [levels.get(control_level(row), row.level) for row in each]
    return rows.assign(level=at, quantity_t_per_yr=rows["quantity_t_per_yr"] * (at / rows["level"]).fillna(1.0))


def controls_in_force(
    tables: Tables,
    base: Base,
    mineral: str,
    levels: Mapping[str, float],
    replaced: Iterable[Replaced] = (),
    licences: float = 1.0,
) -> list[Disturbance]:
    """Export controls on a mineral in force on the status-quo date, as far as the base year does not hold them already.

    A row that names its importers wins over one for everyone. Importers for whom a shock replaces the control (same
    kind, exporter, mineral and stage) leave it; its quantity shrinks to what the others bought. Where the shock lasts
    part of the year, they keep their share of it for the rest. ``levels`` are those that a scenario assumes in place of
    a row's own, by name; ``licences`` is the multiple of their levels that China's licences let out.
    """
    shocks: list[Disturbance] = []
    parts: list[Disturbance | None]
    by_shock: dict[tuple[str, ...], list[Replaced]] = {}
    for each in replaced:
        by_shock.setdefault(each.measure, []).append(each)
    rows = in_force(tables, mineral, levels)
    singled_out: dict[tuple[str, ...], set[str]] = {}
    for row in rows[rows["targets"] != EVERYONE].itertuples():
        singled_out.setdefault(_measure(row), set()).update(str(row.targets).split(";"))
    for row in rows.itertuples():
        importers = base.targets(str(row.targets), str(row.exporter))
        if row.targets == EVERYONE:
            importers = tuple(name for name in importers if name not in singled_out.get(_measure(row), ()))
        parts, multiple = [], licences if row.kind == LICENCE and row.exporter == MAIN_SUPPLIER else 1.0
        for each in by_shock.get(_measure(row), ()):
            gone = tuple(name for name in importers if name in each.importers)
            control = _control(row, gone, base, multiple) if gone else None
            rest = _for_the_rest_of_the_year(each, gone, control, base)
            if rest != control:
                parts.append(rest)
                importers = tuple(name for name in importers if name not in gone)
        parts.append(_control(row, importers, base, multiple) if importers else None)
        shocks += [control for control in parts if control is not None]
    return shocks


def _for_the_rest_of_the_year(
    stop: Replaced, gone: tuple[str, ...], control: Disturbance | None, base: Base
) -> Disturbance | None:
    """What a control on stopped importers comes to over the year: nothing is left of it under a stop of a whole year.

    While the stop lasts, the tighter of both holds. A licence that keeps nothing back lets base-year exports through.
    """
    if stop.part >= 1.0 or not gone:
        return None
    if stop.kind == "export_tax" or isinstance(control, ExportBan):
        return control
    whole = base.exports(stop.mineral, stop.stage, stop.exporter, gone)
    allowed = control.quantity if isinstance(control, ExportQuota) else whole
    quantity = stop.part * min(stop.let_through * whole, allowed) + (1.0 - stop.part) * allowed
    place = {"mineral": stop.mineral, "stage": stop.stage}
    return ExportQuota.of(exporter=stop.exporter, importers=gone, quantity=quantity, **place)


def laid_together(controls: Iterable[Disturbance], shocks: Iterable[Disturbance]) -> list[Disturbance]:
    """Controls and shocks in force at once, without the limits on exports that another of them holds already.

    A limit is set beside those in force and lifts none, so that a mild shock has no effect beyond them.
    """
    controls, shocks = list(controls), list(shocks)
    beyond = [shock for shock in shocks if not isinstance(shock, ExportQuota) or not _held(shock, controls)]
    return [each for each in controls if not isinstance(each, ExportQuota) or not _held(each, beyond)] + beyond


def licences_on(shocks: Iterable[Disturbance], stage: str) -> list[ExportQuota]:
    """The limits on China's exports at a stage."""
    quotas = (each for each in shocks if isinstance(each, ExportQuota))
    return [each for each in quotas if each.exporter == MAIN_SUPPLIER and each.stage == stage]


def let_out(limits: Iterable[ExportQuota], base: Base, mineral: str, stage: str) -> float:
    """Share of China's base-year exports that limits on them let out, with the whole of what they do not limit."""
    limits, everyone = list(limits), base.targets(EVERYONE, MAIN_SUPPLIER)
    limited = {importer for each in limits for importer in each.importers}
    free = base.exports(mineral, stage, MAIN_SUPPLIER, set(everyone) - limited)
    allowed = free + sum(each.quantity for each in limits)
    return allowed / base.exports(mineral, stage, MAIN_SUPPLIER, everyone)


def licence_multiples(tables: Tables, mineral: str, stage: str, levels: Mapping[str, float]) -> tuple[float, float]:
    """The least and the most that China's licences may let out, as multiples of their level, by their own ranges.

    The general licence tells, where there is one; a level of nothing has no multiple. ``levels`` are those that a
    scenario assumes in place of a row's own, by name.
    """
    rows = in_force(tables, mineral, levels)
    rows = rows[(rows["exporter"] == MAIN_SUPPLIER) & (rows["kind"] == LICENCE) & (rows["stage"] == stage)]
    rows = rows[rows["targets"] == EVERYONE] if (rows["targets"] == EVERYONE).any() else rows
    level = rows["level"].astype(float).clip(lower=LEAST_LEVEL)
    low, high = rows["level_low"].astype(float).clip(lower=LEAST_LEVEL), rows["level_high"].astype(float)
    return float((low / level).min()), float((high / level).clip(lower=1.0).max())


def _held(quota: ExportQuota, others: Iterable[Disturbance]) -> bool:
    """Whether other restrictions together let no more through on all routes of a quota, or one on more routes."""
    left, allowed = set(quota.importers), 0.0
    for other in others:
        if not isinstance(other, ExportBan | ExportQuota):
            continue
        if (other.exporter, other.stage) != (quota.exporter, quota.stage) or not left & set(other.importers):
            continue
        left -= set(other.importers)
        allowed += other.quantity if isinstance(other, ExportQuota) else 0.0
    return not left and allowed <= quota.quantity * (1.0 + SAME)


def _measure(row: Any) -> tuple[str, ...]:
    return str(row.kind), str(row.exporter), str(row.mineral), str(row.stage)


def _control(row: Any, importers: tuple[str, ...], base: Base, multiple: float) -> Disturbance | None:
    """One control's effect beyond the base year, at a multiple of its level; None where the base year holds all of it.

    Levels of bans, quotas and licences are shares of base-year exports; a tax counts for the part of the year it was
    not in force.
    """
    exporter, mineral, stage = str(row.exporter), str(row.mineral), str(row.stage)
    place = {"mineral": mineral, "stage": stage}
    if row.kind == "export_tax":
        rate = float(row.level) * (1.0 - float(row.in_base_2024))
        if rate <= 0.0:
            return None
        return ExportTaxChange.of(exporter=exporter, importers=importers, rate=rate, **place)
    if np.isfinite(row.quantity_t_per_yr):
        meant = base.targets(str(row.targets), exporter)
        left = base.exports(mineral, stage, exporter, importers) / base.exports(mineral, stage, exporter, meant)
        quantity = float(row.quantity_t_per_yr) * left
        return ExportQuota.of(exporter=exporter, importers=importers, quantity=quantity, **place)
    level = float(row.level) * multiple
    if level == 1.0 or (level > 1.0 and row.kind != LICENCE):
        return None
    return restriction(exporter, importers, place, level, base)

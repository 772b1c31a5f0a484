"""Parties, all others and the world beside one another: every account of each, and every region's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from model.outcome import ACCOUNTS, SIDES, summed_by_side
from model.units import MONEY
from model.words import accounts
from model.words.numbers import changes, signed_millions, starting

if TYPE_CHECKING:
    from model.words.names import Names

WORLD = "World: what all regions gain or lose together; a charge that one collects from another cancels in it."
NOTE = " ".join([WORLD, *(f"{accounts.NAMES[name]}: {meaning}." for name, meaning in accounts.MEANINGS.items())])


def shown(table: pd.DataFrame) -> pd.DataFrame:
    """One of the tables below as a reader sees it, in million USD a year; what is too small to say is no change."""
    titles = accounts.SIDES | {f"{name}_usd": label for name, label in accounts.NAMES.items()}
    titles |= {"net_usd": accounts.NET_GAIN}
    told = {
        f"{titles[name]}, {MONEY}" if name in titles else starting(name): column.map(signed_millions)
        if name in titles
        else column
        for name, column in ((str(name), table[name]) for name in table.columns)
    }
    return pd.DataFrame(told)


def by_account(frame: pd.DataFrame) -> pd.DataFrame:
    """Per account that changes somewhere, with what it consists of, the change of each side [USD/yr]; the net last.

    ``frame`` holds the accounts of one mineral by region. An account that it lacks was not kept.
    """
    labels: dict[str, str] = {}
    for name in ACCOUNTS:
        labels[name] = accounts.NAMES[name]
        labels |= {part: f"{labels[name]}: {label}" for part, label in accounts.PARTS.get(name, {}).items()}
    summed = summed_by_side(frame)
    rows = [
        {"account": label, **summed.loc[list(SIDES), f"{name}_usd"].to_dict()}
        for name, label in labels.items()
        if f"{name}_usd" in summed and changes(float(summed[f"{name}_usd"].abs().max()))
    ]
    net = {"account": accounts.NET_GAIN, **summed.loc[list(SIDES), "net_usd"].to_dict()}
    return pd.DataFrame([*rows, net], columns=["account", *SIDES])


def by_region(frame: pd.DataFrame, names: Names) -> pd.DataFrame:
    """Per region whose accounts change: which side it is on, every account and the net [USD/yr], largest first."""
    columns = [f"{name}_usd" for name in ACCOUNTS]
    moved = frame[frame[columns].abs().max(axis=1).map(changes)]
    moved = moved.loc[moved["net_usd"].abs().sort_values(ascending=False, kind="stable").index]
    told = {
        "region": moved["region"].map(names.region),
        "side": moved["is_party"].map({True: "party", False: "non-party"}),
    }
    return pd.DataFrame(told | {name: moved[name] for name in (*columns, "net_usd")}).reset_index(drop=True)

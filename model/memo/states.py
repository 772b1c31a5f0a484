"""The numbers of a memo by state: status quo, then the shock without an agreement, then the agreement under it.

Money that the agreement moves is told as its own effect, against the same shock without it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING

import pandas as pd

from model.findings import charts
from model.findings.intervals import without_result
from model.findings.today import PLACES
from model.findings.whose import AGAINST_STATUS_QUO, STATE_NAMES, Whose, answers, events, whose_of
from model.memo.blocks import Column, Sheet, flow, million, price, share
from model.memo.levers import voice
from model.outcome import ACCOUNTS, summed_by_side
from model.scenario import TODAY
from model.studies.ranges import OWN, interval
from model.units import MONEY
from model.words import accounts
from model.words.names import BASE_YEAR
from model.words.numbers import LEAST_SHARE, changes, listing, lowered, starting

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from model.memo.blocks import Value
    from model.shocks import AnyShock
    from model.snapshot.record import Snapshot
    from model.words.voice import Voice

OF_AGREEMENT = "By the agreement"
SEVERAL = 3
"""Up to so many minerals each has its share from non-parties in a table of several; beyond, its price alone."""
MARKET: tuple[tuple[Column, tuple[str | None, str | None, str]], ...] = (
    (
        price("price in the parties"),
        ("price_status_quo_usd_per_t", "price_without_usd_per_t", "price_usd_per_t"),
    ),
    (
        price("price outside the parties"),
        ("price_outside_status_quo_usd_per_t", "price_outside_without_usd_per_t", "price_outside_usd_per_t"),
    ),
    (price("highest levy that holds a floor"), (None, None, "levy_usd_per_t")),
    (
        share("share of supply from non-parties", least=LEAST_SHARE),
        ("non_party_share_status_quo", "non_party_share_without", "non_party_share"),
    ),
    (flow("unmet use in the parties"), (None, None, "short_t")),
)
"""Of one mineral: what is told, and its name in the headline in each state. A snapshot made before lacks some."""
SINCE = frozenset(name for _, stored in MARKET[1:3] for name in stored if name)
"""What a snapshot made before it was told lacks."""
ALL, FEW, ONE = (0, 1, 2, 3, 4), (0, 3, 4), (0,)
"""Which of them a table tells."""
TRIED = {"users": "users_cost_usd", "producers": "producers_gain_usd", "treasury": "public_money_usd"}
NETS = {"parties": "net_gain_usd", "non_parties": "non_parties_gain_usd", "world": "world_gain_usd"}
"""Accounts of the parties together, and the net gain of every side, by what the trials of assumptions call them."""
RANGED = (
    "Lowest and highest: of prices and shares with the agreement if there is one, of money in the column before, with "
    "one assumption at a time at the ends of its range and with all export controls together; a dash: not tried."
)


def range_titles(snapshot: Snapshot) -> tuple[str, str, str]:
    """Titles of the columns of a range, which say of which state it is, and of money of whose effect."""
    of = "with agreement" if is_agreed(snapshot) else "under the shock" if hits(snapshot) else ""
    of = "money: by the agreement" if is_both(snapshot) else of
    low, high = (", ".join(filter(None, (end, of))) for end in ("Lowest", "Highest"))
    return low, high, "Moved most by"


def of_mineral(snapshot: Snapshot, table: str, mineral: str) -> pd.DataFrame:
    """The rows of a result table on one mineral."""
    frame = snapshot.tables[table]
    return frame[frame["mineral"] == mineral].reset_index(drop=True) if len(frame) else frame


def is_agreed(snapshot: Snapshot) -> bool:
    """Whether anything that counts is agreed."""
    return not snapshot.counted.agreement.is_empty


def hits(snapshot: Snapshot) -> tuple[AnyShock, ...]:
    """The shocks that hit whatever is agreed, without answers to the agreement."""
    return events(snapshot.scenario, voice(snapshot).names)


def is_both(snapshot: Snapshot) -> bool:
    """Whether a shock is set and something is agreed, so that what the agreement does is told apart."""
    return bool(hits(snapshot)) and is_agreed(snapshot)


def moves(snapshot: Snapshot) -> bool:
    """Whether anything but the status quo is told."""
    return bool(hits(snapshot)) or is_agreed(snapshot)


def effect(snapshot: Snapshot) -> Whose:
    """Whose effect the tables of a memo tell."""
    return whose_of(len(hits(snapshot)), agreed=is_agreed(snapshot))


def charted(snapshot: Snapshot) -> Whose:
    """Whose effect the charts of a snapshot tell; before the agreement's own was told, both together."""
    return effect(snapshot) if "extra_cost_usd_shock" in snapshot.tables["industries_hit"] else AGAINST_STATUS_QUO


def in_state(snapshot: Snapshot) -> str:
    """In which state of the world the snapshot's own results stand."""
    shocks = hits(snapshot)
    told = f"under the {'shocks' if len(shocks) > 1 else 'shock'} set" if shocks else "without a shock"
    answered = is_agreed(snapshot) and answers(snapshot.scenario, voice(snapshot).names)
    return f"{told}, as answered" if answered else told


def shown(snapshot: Snapshot) -> list[tuple[str, int]]:
    """The states that differ, each with its title and its place among the three, in their order."""
    agreed = is_agreed(snapshot)
    alone = [(STATE_NAMES["without_agreement"], 1 if agreed else 2)] if hits(snapshot) else []
    with_it = [(STATE_NAMES["with_agreement"], 2)] if agreed else []
    return [(STATE_NAMES["status_quo"], 0), *alone, *with_it]


def regions(snapshot: Snapshot, minerals: Iterable[str], suffix: str) -> pd.DataFrame:
    """Every account of every region summed over minerals [USD/yr]: all of a change, or (``_agreement``) the own part.

    Columns: region, is_party, an account each, net; an account that a snapshot was made before is nothing.
    """
    frame = snapshot.tables["accounts"]
    frame = frame[frame["mineral"].isin(list(minerals))]
    summed = frame.groupby("region", sort=False).agg(
        {name: "first" if name == "is_party" else "sum" for name in frame.columns if name not in ("region", "mineral")}
    )
    columns = {f"{name}{suffix}_usd": f"{name}_usd" for name in (*ACCOUNTS, *_parts(), "net")}
    found = summed.reindex(columns=list(columns), fill_value=0.0).astype(float).rename(columns=columns)
    return found.assign(is_party=summed["is_party"].astype(bool)).reset_index()


def _parts() -> list[str]:
    return [part for parts in accounts.PARTS.values() for part in parts]


def by_side(snapshot: Snapshot, minerals: Iterable[str], suffix: str) -> dict[str, dict[str, float]]:
    """The same for the parties together, all others and the world: by side, then by account [USD/yr]."""
    sums = summed_by_side(regions(snapshot, minerals, suffix))
    names = (*ACCOUNTS, "net")
    return {str(side): {name: float(row[f"{name}_usd"]) for name in names} for side, row in sums.iterrows()}


def nets(snapshot: Snapshot, minerals: Iterable[str], suffix: str) -> dict[str, float]:
    """Net gain of every party over minerals, in the scenario's order [USD/yr]."""
    frame = regions(snapshot, minerals, suffix).set_index("region")["net_usd"]
    return {party: float(frame[party]) for party in snapshot.scenario.parties}


@dataclass(frozen=True)
class Measure:
    """One row of numbers: its label with unit, how it is written, its value in each state, its name among trials.

    ``is_change`` says that it is money, a change on the status quo.
    """

    label: str
    look: Column
    values: tuple[float | None, float | None, float | None]
    tried: str = ""
    is_change: bool = False

    @property
    def own(self) -> float | None:
        """What the agreement adds to the shock, without what rounding leaves."""
        _, alone, together = self.values
        if alone is None or together is None:
            return None
        own = together - alone
        return own if abs(own) > LEAST_SHARE * abs(alone) else 0.0


def market_measures(snapshot: Snapshot, mineral: str, chosen: Sequence[int] = ALL) -> list[Measure]:
    """Prices, shares and unmet use of one mineral, without what is nowhere; today's price as quoted comes first."""
    numbers = of_mineral(snapshot, "headline", mineral).iloc[0].to_dict()
    found = [
        Measure(f"{label}, USD/t", price(""), (usd_per_t, None, None))
        for label, usd_per_t in _quoted(snapshot, mineral)
    ]
    for look, stored in (MARKET[at] for at in chosen):
        status_quo, alone, together = (
            _number(numbers.get(key) if key in SINCE else numbers[key]) if key else None for key in stored
        )
        if any((status_quo, alone, together)):
            found.append(Measure(look.header, look, (status_quo, alone, together), stored[-1]))
    return found


def money_measures(snapshot: Snapshot, minerals: Sequence[str]) -> list[Measure]:
    """Accounts of the parties together, and the net gain of every side, summed over minerals [USD/yr]."""
    whole, own = (by_side(snapshot, minerals, suffix) for suffix in ("", "_agreement"))
    agreed, labels = (
        is_agreed(snapshot),
        accounts.NAMES | {"users": accounts.USERS_COST, "producers": accounts.PRODUCERS_GAIN},
    )

    def change(side: str, name: str, label: str, tried: str) -> Measure:
        sign = -1.0 if name == "users" else 1.0
        total = sign * whole[side][name]
        alone = total - sign * own[side][name] if agreed else total
        what = f"{accounts.SIDES[side].removesuffix(' together')}: {lowered(label)}, {MONEY}"
        return Measure(what, million(""), (None, alone, total), tried, is_change=True)

    rows = [change("parties", name, labels[name], TRIED.get(name, "")) for name in ACCOUNTS]
    kept = [row for name, row in zip(ACCOUNTS, rows, strict=True) if _is_told(name, row)]
    return kept + [change(side, "net", accounts.NET_GAIN, tried) for side, tried in NETS.items()]


def _is_told(account: str, row: Measure) -> bool:
    return f"{account}_usd" in charts.ALWAYS_SHOWN or any(changes(value) for value in row.values if value is not None)


def states_table(snapshot: Snapshot, minerals: Sequence[str], say: Voice, caption: str) -> Sheet:
    """Prices, shares and money of the parties, all others and the world in every state; of one mineral their ranges."""
    states, both, ranged = shown(snapshot), is_both(snapshot), len(minerals) == 1
    wide = 2 if both else 3  # beside four columns of numbers no room is left for names
    rows: list[tuple[Value, ...]] = []
    looks: list[tuple[Column, ...]] = []

    def add(measure: Measure, label: str, trials: pd.DataFrame | None) -> None:
        key = f"{OWN if both and measure.is_change else ''}{measure.tried}"
        told = [measure.values[at] for _, at in states]
        ends = (None, None, None) if trials is None else _ends(trials, key, say)
        rows.append((label, *told, *([measure.own] if both else []), *(ends[:wide] if ranged else ())))
        own = [replace(measure.look, signed=True)] if both else []
        looks.append((measure.look, *[measure.look] * len(told), *own, *[measure.look] * (wide if ranged else 0)))

    for mineral in minerals:
        trials = of_mineral(snapshot, "sensitivity", mineral)
        for measure in market_measures(snapshot, mineral, ALL if ranged else FEW if len(minerals) <= SEVERAL else ONE):
            told = measure.label.replace("t/yr", say.names.flow_unit(mineral))
            label = starting(told) if ranged else f"{say.names.mineral(mineral)}: {told}"
            add(measure, label, trials if measure.tried else None)
    for measure in money_measures(snapshot, minerals) if len(states) > 1 else ():
        add(measure, measure.label, of_mineral(snapshot, "sensitivity", minerals[0]) if measure.tried else None)
    columns = (
        Column("Measure"),
        *(Column(title) for title, _ in states),
        *([Column(OF_AGREEMENT)] if both else []),
        *(Column(title) for title in range_titles(snapshot)[: wide if ranged else 0]),
    )
    titles = listing([lowered(title) for title, _ in states])
    note = _note(snapshot, minerals[0] if ranged else None)
    return Sheet("States", f"{caption}: {titles}", columns, tuple(rows), note, looks=tuple(looks))


def _note(snapshot: Snapshot, ranged: str | None) -> str:
    """What the rows and columns of the table of states are; ``ranged`` is the mineral whose ranges stand in it."""
    own = (
        f"; {lowered(OF_AGREEMENT)}: less the shock without it, of shares in percentage points"
        if is_both(snapshot)
        else ""
    )
    told = [f"Prices: means by use in the status quo, {dollars(snapshot)}."]
    told += [f"Money: change on the status quo{own}; a cost counts against the net gain."] if moves(snapshot) else []
    told += [f"{RANGED}{_failed(snapshot, ranged)}"] if ranged else []
    return " ".join(told)


def dollars(snapshot: Snapshot) -> str:
    """The currency of a memo and the time of its prices."""
    if snapshot.scenario.status_quo == TODAY:
        day = snapshot.record.inputs.data.version
        return f"in US dollars at prices of {day} (of {BASE_YEAR} where today's price is not explained)"
    return f"in US dollars of {BASE_YEAR}"


def what_counts(snapshots: Sequence[Snapshot]) -> str:
    """What the net gain is the sum of; of accounts that a snapshot was made before, that it does not count them."""
    kept = [set(snapshot.tables["accounts"].columns) for snapshot in snapshots]
    unknown = [name for name in accounts.MEANINGS if any(f"{name}_usd" not in columns for columns in kept)]
    told = [f"{accounts.NAMES[name]}: {said}." for name, said in accounts.MEANINGS.items() if name not in unknown]
    if unknown:
        those = listing([lowered(accounts.NAMES[name]) for name in unknown])
        told.append(f"Not counted where a snapshot was made before they were: {those}.")
    return " ".join(
        (
            f"{accounts.NET_GAIN}: all accounts together; users' cost counts against it. {accounts.TREASURIES}: "
            "duties, levies, auctioned rents and sales from public stocks less outlays.",
            *told,
            "Supply: what the parties use or buy for stocks.",
        )
    )


def parties_table(snapshot: Snapshot, minerals: Sequence[str], say: Voice, caption: str) -> Sheet:
    """Every account of every party, of the parties together, of all others and of the world, by whose effect is told.

    Where a shock is set too, the last column is what it does alone.
    """
    whose = effect(snapshot)
    own, whole = (regions(snapshot, minerals, suffix) for suffix in (whose.suffix, ""))
    frames = [_with_sides(frame, snapshot, say) for frame in (own, whole)]
    frame = frames[0].assign(shock_usd=frames[1]["net_usd"] - frames[0]["net_usd"])
    shown_accounts = [name for name in charts.ACCOUNT_NAMES if charts.is_shown(frame, name)]
    told = [(million(charts.ACCOUNT_NAMES[name]), name) for name in shown_accounts]
    told.append((million(f"{accounts.NET_GAIN} {whose.effect}"), "net_usd"))
    told += [(million(f"{accounts.NET_GAIN} by the shock alone"), "shock_usd")] if is_both(snapshot) else []
    rows: list[tuple[Value, ...]] = [
        (str(row["party"]), *(float(row[name]) for _, name in told)) for row in frame.to_dict("records")
    ]
    columns = (Column("Party"), *(column for column, _ in told))
    note = f"Plus is a gain, minus a loss, {dollars(snapshot)}; {lowered(accounts.TREASURIES)} apart from rents."
    return Sheet("Parties", caption, columns, tuple(rows), note).without_zeros()


def _with_sides(frame: pd.DataFrame, snapshot: Snapshot, say: Voice) -> pd.DataFrame:
    """A row per party in the scenario's order, then one per side; settlements of offtakes with the rents."""
    parties = list(snapshot.scenario.parties)
    sides = summed_by_side(frame).assign(party=lambda found: found.index.map(accounts.SIDES))
    own = frame[frame["is_party"]].set_index("region").reindex(parties)
    whole = pd.concat([own.assign(party=[say.region(party) for party in parties]), sides], ignore_index=True)
    return whole.assign(rents_usd=whole["rents_usd"] + whole["transfers_usd"])


def at_stake(snapshot: Snapshot, minerals: Sequence[str], say: Voice, most: int = 8) -> pd.DataFrame:
    """The parties with most at stake by whose effect is told: accounts and net, for a chart [USD/yr]."""
    frame = _with_sides(regions(snapshot, minerals, effect(snapshot).suffix), snapshot, say)
    frame = frame.iloc[: len(snapshot.scenario.parties)]
    size = frame[[f"{name}_usd" for name in ACCOUNTS]].abs().sum(axis=1)
    return frame.loc[sorted(size.nlargest(most).index)].reset_index(drop=True)


def _quoted(snapshot: Snapshot, mineral: str) -> list[tuple[str, float]]:
    """Today's price as quoted, told with its place and day; nothing where none is, or was kept."""
    return [
        (f"quote {PLACES[row['quote_place']]}, {day(row['quote_date'])}", usd_per_t)
        for row in of_mineral(snapshot, "today", mineral).to_dict("records")
        if (usd_per_t := _number(row["price_today_quoted"])) is not None
    ]


def day(iso: str) -> str:
    """A day as a reader has it.

    >>> day("2026-05-31")
    '31 May 2026'
    """
    when = date.fromisoformat(iso)
    return f"{when.day} {when:%B %Y}"


def _ends(trials: pd.DataFrame, name: str, say: Voice) -> tuple[Value, Value, Value]:
    """Lowest and highest of a number over the trials, and what moves it most."""
    found = interval(trials, name)
    if found is None:
        return None, None, None
    return found.low, found.high, starting(say.names.assumption(found.driver)) if found.driver else None


def _failed(snapshot: Snapshot, mineral: str) -> str:
    """How many trials of a mineral the intervals do not know."""
    trials = of_mineral(snapshot, "sensitivity", mineral)
    failed = int(trials["fault"].notna().sum()) if len(trials) else 0
    return f" {without_result(failed, len(trials))}: not in it." if failed else ""


def _number(value: object) -> float | None:
    return None if value is None or pd.isna(value) else float(value)  # type: ignore[arg-type,call-overload]

"""What an agreement does to the industries that use a mineral: rankings, and one industry opened."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from model.impact import economy_wide, totals
from model.impact.manufacturers import ALL_USERS
from model.units import MILLION, MONEY, PERCENT
from model.words.names import CLASSES
from model.words.numbers import changes, figures, listing, money, percent, signed_percent

if TYPE_CHECKING:
    from model.outcome import Outcome
    from model.words.names import Names

FLAG_LETTERS = dict(zip(CLASSES, "DEC", strict=True))
"""Defence, energy, critical infrastructure."""


REFUND = {
    "levies": "Levies borne",
    "refund_low": "Refund, by content",
    "refund_high": "Refund, by substitution",
    "exports_extra_cost": "Extra cost of exported metal",
}
"""Columns of a drawback, each without its unit, and what they are called."""


@dataclass(frozen=True)
class Measure:
    """One way to look at the harm to an industry; ``scale`` turns the column's unit into the one shown."""

    column: str
    label: str
    unit: str
    scale: float
    note: str
    signed: bool = False

    @property
    def title(self) -> str:
        """The label with its unit, unless it starts with it."""
        return self.label if self.label.lower().startswith(self.unit) else f"{self.label}, {self.unit}"

    def told(self, value: float) -> str:
        """A value with its unit, a change with its sign."""
        rate, plus = self.unit.removeprefix("%"), "+" if self.signed and value > 0 else ""
        return f"{plus}{figures(value)} {rate}" if rate == self.unit else f"{plus}{percent(value * PERCENT)}{rate}"


MEASURES = {
    "unit_cost": Measure(
        "unit_cost_change",
        "Unit cost",
        "% of output value",
        100.0,
        "Counts the metal alone, at metal prices (a lower bound), once less of it is used.",
        signed=True,
    ),
    "shortage": Measure(
        "shortage_share",
        "Shortfall",
        "% of the party's use",
        100.0,
        "Fall of use below the status quo, the largest among the minerals the industry uses.",
    ),
    "output": Measure(
        "output_loss",
        "Output loss",
        "% of output",
        100.0,
        "Use that users cannot save, and sales lost to the cost; midpoint of best use first and pro rata, "
        "ends with the range of how sales respond.",
    ),
    "value_added": Measure(
        "value_added_at_risk_usd",
        "Value added at risk",
        MONEY,
        1e-6,
        "First round, in dollars of 2023; midpoint of best use first and pro rata, ends with how sales respond.",
    ),
    "jobs": Measure(
        "jobs_at_risk", "Jobs at risk", "jobs", 1.0, "Midpoint, with ends as for value added; jobs of 2017."
    ),
}


def ranked_industries(outcome: Outcome, region: str, measure: Measure) -> pd.DataFrame:
    """Industries of one party, the hardest hit first, by one measure.

    Only industries that use one of the minerals are listed. Columns: industry, name, shortest_mineral, grade,
    assumption, borrowed, suspect, value, low, high, without (in the measure's unit; the status quo is zero), flags and
    label.
    """
    after = _of(outcome.industries, region)
    without = _of(outcome.industries_without_agreement, region)
    columns = {"value": measure.column} | {
        end: bound if (bound := f"{measure.column}_{end}") in after else measure.column for end in ("low", "high")
    }
    flags = ["".join(letter for flag, letter in FLAG_LETTERS.items() if row[flag]) for _, row in after.iterrows()]
    label = [f"{name} ({letters})" if letters else name for name, letters in zip(after["name"], flags, strict=True)]
    frame = after[["industry", "name", "shortest_mineral", "grade", "assumption", "borrowed", "suspect"]].assign(
        **{name: after[column] * measure.scale for name, column in columns.items()},
        without=without[measure.column].to_numpy() * measure.scale,
        flags=flags,
        label=label,
    )
    frame = frame[frame["grade"] != ""]
    size = frame[["value", "without"]].abs().max(axis=1)
    return frame.loc[size.sort_values(ascending=False, kind="stable").index].reset_index(drop=True)


def with_worst(
    ranked: pd.DataFrame, impacts: pd.DataFrame, region: str, measure: Measure, names: Names
) -> pd.DataFrame:
    """The ranking with the worst named shock of each industry: ``worst`` in the measure's unit and the shock's name."""
    own = impacts[impacts["region"] == region]
    top = own.loc[own.groupby("industry")[measure.column].idxmax().dropna()].set_index("industry")
    return ranked.assign(
        worst=ranked["industry"].map(top[measure.column]) * measure.scale,
        worst_shock=ranked["industry"].map(top["shock"].map(names.shock)).fillna(""),
    )


def _of(frame: pd.DataFrame, region: str) -> pd.DataFrame:
    return frame[(frame["region"] == region) & (frame["industry"] != ALL_USERS)].reset_index(drop=True)


def uses_by_mineral(outcome: Outcome, region: str, order: list[str]) -> pd.DataFrame:
    """Extra cost of one party's industries, in % of output value: industries, in the order given, by mineral."""
    frame = outcome.industries_by_mineral
    frame = frame[frame["region"] == region]
    wide = frame.pivot_table(
        index="industry", columns="mineral", values="unit_cost_change", aggfunc="sum", fill_value=0.0
    )
    return 100.0 * wide.reindex([industry for industry in order if industry in wide.index])


def borrowed_minerals(outcome: Outcome, region: str) -> list[str]:
    """Minerals whose shares of use in a party are taken from elsewhere or assumed."""
    frame = outcome.industries_by_mineral
    return list(frame.loc[(frame["region"] == region) & frame["borrowed"], "mineral"].unique())


def ranking_sentence(ranked: pd.DataFrame, region: str, measure: Measure, names: Names, agreed: bool) -> str:
    """Which industry is hit hardest or saves most; "without the agreement" only where something is ``agreed``."""
    where = names.the_region(region)
    if ranked.empty or ranked[["value", "without"]].abs().max().max() < 1e-9:
        return f"Nothing changes for any industry in {where} by this measure."
    top = ranked.iloc[0]
    now, without = measure.told(top["value"]), measure.told(top["without"])
    ending = f"; without the agreement {without}" if agreed and abs(top["without"]) > 1e-12 else ""
    kind = "Most savings" if top["value"] < 0 else "Hardest hit"
    return f"{kind} in {where}: {top['name'].lower()}, {measure.label.lower()} {now}{ending}."


def totals_sentence(outcome: Outcome, region: str, names: Names) -> str:
    """Value added and jobs at risk of a party, by cost and shortage, first round and economy-wide, never added."""
    own = _of(outcome.industries, region)
    if own.empty:
        return ""
    (row,) = totals(own).loc[[region]].to_dict("records")
    ends = ("_low", "", "_high")
    usd, jobs = ([float(row[f"{name}{end}"]) for end in ends] for name in ("value_added_at_risk_usd", "jobs_at_risk"))
    if not changes(usd[1]):
        return f"No value added is at risk in {names.the_region(region)}."
    wide = [economy_wide(each, outcome.assumptions)[end] for end, each in enumerate(usd)]
    return (
        f"Value added at risk in {names.the_region(region)}, in dollars of 2023: first round {money(usd[1])} "
        f"({money(usd[0])} to {money(usd[2])}), {figures(jobs[1])} jobs ({figures(jobs[0])} to {figures(jobs[2])}). "
        f"Economy-wide {money(wide[1])} ({money(wide[0])} to {money(wide[2])}): "
        "the same loss with suppliers and customers, not to be added."
    )


def drawback_sentence(refunds: pd.DataFrame, region: str, names: Names) -> str:
    """What refunding the agreement's levies on exports would cost a party's treasury and save its industries."""
    own = refunds[refunds["region"] == region]
    paid, low, high, dearer = (float(own[f"{name}_usd"].sum()) for name in REFUND)
    if not changes(paid):
        where = names.the_region(region)
        return f"The agreement brings no more levies on imports into {where}: there is nothing to refund."
    refund = money(low) if money(low) == money(high) else f"{money(low)} to {money(high)}"
    of_cost = f"; what they export costs them {money(dearer)} more a year for its metal" if changes(dearer) else ""
    return (
        f"Of {money(paid)} a year that the agreement adds to levies on imports into {names.the_region(region)}, a "
        f"drawback would cost the treasury, and save industries that export, {refund}{of_cost if dearer > 0 else ''}."
    )


def refunds_by_industry(refunds: pd.DataFrame, region: str, names: Names) -> pd.DataFrame:
    """The refund of each industry of a party, to be read [million USD/yr]."""
    own = refunds[refunds["region"] == region].groupby("industry")[[f"{name}_usd" for name in REFUND]].sum() / MILLION
    own = own.sort_values("refund_high_usd", ascending=False)
    titles = {f"{name}_usd": f"{title}, {MONEY}" for name, title in REFUND.items()}
    table = own.map(figures).rename(columns=titles)
    table.insert(0, "Industry", [names.industry(str(industry)) for industry in table.index])
    return table.reset_index(drop=True)


def unsized_users(outcome: Outcome, names: Names) -> pd.DataFrame:
    """Parties whose industries have no known size: their users as one group, with extra cost and shortfall."""
    frame = outcome.industries
    own = frame[(frame["industry"] == ALL_USERS) & frame["region"].isin(outcome.parties)].reset_index(drop=True)
    own = own.assign(party=own["region"].map(names.region))
    return own[["region", "party", "extra_cost_usd", "shortage_share"]]


def industry_detail(outcome: Outcome, region: str, industry: str, uses: pd.DataFrame, names: Names) -> pd.DataFrame:
    """One industry of one party, mineral by mineral: cost, substitutes, stock cover, and what a tonne more would save.

    ``uses`` is the table ``industry_use``. Columns: mineral, use_t, cost_share, unit_cost_change, substitution_class,
    value_added_relieved_usd_per_t, grade, borrowed, name, substitutes, stock_cover_share, cut_low, cut_high.
    """
    substitutes = uses[uses["industry"] == industry].set_index("mineral")["substitutes"]
    rows = outcome.industries_by_mineral
    rows = rows[(rows["region"] == region) & (rows["industry"] == industry)]
    cuts = rows[["cut_best_use", "cut_pro_rata"]]
    stored = (
        "mineral",
        "use_t",
        "cost_share",
        "unit_cost_change",
        "substitution_class",
        "value_added_relieved_usd_per_t",
        "grade",
        "borrowed",
    )
    detail = rows[list(stored)].assign(
        name=rows["mineral"].map(names.mineral),
        substitutes=rows["mineral"].map(substitutes).fillna("not published"),
        stock_cover_share=[outcome.assumptions.value("stock_cover", str(mineral)) for mineral in rows["mineral"]],
        cut_low=cuts.min(axis=1),
        cut_high=cuts.max(axis=1),
    )
    return detail.reset_index(drop=True)


def described(detail: pd.DataFrame) -> pd.DataFrame:
    """The detail of one industry to be read: one row per property, one column per mineral, numbers as text."""
    columns = {
        row["name"]: {
            "Use, t/yr": figures(row["use_t"]),
            "Share of output value": percent(row["cost_share"]),
            "Unit cost change": signed_percent(row["unit_cost_change"]),
            "Substitutes": row["substitution_class"],
            "Which": row["substitutes"],
            "Stock cover, share of a year": percent(row["stock_cover_share"]),
            "Needs not served, best use first and pro rata": " and ".join(
                percent(row[end]) for end in ("cut_low", "cut_high")
            ),
            "A tonne more saves, USD": figures(row["value_added_relieved_usd_per_t"]),
            "Quality of the use share": row["grade"] + (", from elsewhere or assumed" if row["borrowed"] else ""),
        }
        for _, row in detail.iterrows()
    }
    return pd.DataFrame(columns).rename_axis("Property").reset_index()


def opened_sentence(detail: pd.DataFrame, industry: str, region: str, names: Names) -> str:
    """What an industry uses and how much of its cost that is."""
    where = names.the_region(region)
    if detail.empty:
        return f"{names.industry(industry)} in {where}: uses none of the minerals in this scenario."
    used = [
        f"{name.lower()} ({percent(cost_share)} of output value, {substitution} substitutes)"
        for name, cost_share, substitution in detail[["name", "cost_share", "substitution_class"]].to_numpy()
    ]
    change = signed_percent(float(detail["unit_cost_change"].sum()))
    return f"{names.industry(industry)} in {where}: uses {listing(used)}; unit cost: {change}."


def relief_sentence(detail: pd.DataFrame) -> str:
    """What would relieve an industry most: one more tonne of what."""
    if detail.empty or detail["value_added_relieved_usd_per_t"].max() <= 0:
        return "It goes without no more than it can save: no output hangs on another tonne."
    top = detail.iloc[int(detail["value_added_relieved_usd_per_t"].to_numpy().argmax())]
    worth = money(float(top["value_added_relieved_usd_per_t"]))
    metal = str(top["name"]).lower()
    return (
        f"One more tonne of {metal} would relieve it most: it saves {worth} of value added when all uses are cut alike."
    )

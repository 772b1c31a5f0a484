"""What an agreement does to the industries that use a mineral: rankings, and one industry opened."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from model.findings.whose import whose
from model.impact import economy_wide, totals
from model.impact.compare import RESPONSES, WAYS
from model.impact.manufacturers import ALL_USERS
from model.units import MILLION, MONEY, PERCENT
from model.words.names import CLASSES
from model.words.numbers import (
    LEAST_SHARE,
    LEAST_USD,
    NO_CHANGE,
    changes,
    figures,
    listing,
    lowered,
    money,
    percent,
    sign,
    signed_money,
)

if TYPE_CHECKING:
    from model.findings.whose import Whose
    from model.outcome import Outcome
    from model.words.names import Names

FLAG_LETTERS = dict(zip(CLASSES, "DEC", strict=True))
"""Defence, energy, critical infrastructure."""


def _whole(number: float) -> str:
    """A number of people: none is told in parts."""
    return figures(number) if abs(number) >= 100 else figures(float(round(number)), 2)


REFUND = {
    "levies": "Levies borne",
    "refund_low": "Refund, by content",
    "refund_high": "Refund, by substitution",
    "exports_extra_cost": "Extra cost of exported metal",
}
"""Columns of a drawback, each without its unit, and what they are called."""


@dataclass(frozen=True)
class Measure:
    """One way to look at the harm to an industry; ``scale`` turns the column's unit into the one shown.

    A change below ``least``, in the unit shown, is told as none: as a rule only what a solve cannot tell from nothing,
    for metal is a small part of most costs.
    """

    column: str
    label: str
    unit: str
    scale: float
    note: str
    signed: bool = False
    least: float = 1e-6

    @property
    def title(self) -> str:
        """The label with its unit, unless it starts with it."""
        return self.label if self.label.lower().startswith(self.unit) else f"{self.label}, {self.unit}"

    def told(self, value: float, *, signed: bool = False) -> str:
        """A value with its unit, a change with its sign."""
        if abs(value) < self.least:
            return NO_CHANGE
        rate, plus = self.unit.removeprefix("%"), "+" if (signed or self.signed) and value > 0 else ""
        if rate == "jobs":
            return f"{plus}{_whole(value)} {rate}"
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
        least=100 * LEAST_SHARE,
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
        least=LEAST_USD / MILLION,
    ),
    "jobs": Measure(
        "jobs_at_risk", "Jobs at risk", "jobs", 1.0, "Midpoint, with ends as for value added; jobs of 2017.", least=1.0
    ),
}


def ranked_industries(outcome: Outcome, region: str, measure: Measure) -> pd.DataFrame:
    """Industries of one party by one measure, those with the largest effect first, by whose effect is told.

    Only industries that use one of the minerals are listed. Columns: industry, name, shortest_mineral, grade,
    assumption, borrowed, suspect, value, low, high, shock (in the measure's unit; the last is the shock's own beside an
    agreement's, else zero), flags and label. The ends are those of the effect with the same way to bear the shortage
    and the same response of sales before and after; without such a range they are the value.
    """
    own, shock = _effects(outcome, region)
    every = own[_every(measure, own)]
    numbers = {"value": own[measure.column], "low": every.min(axis=1), "high": every.max(axis=1)}
    numbers["shock"] = shock[measure.column]
    scaled = pd.DataFrame(numbers) * measure.scale
    flags = ["".join(letter for flag, letter in FLAG_LETTERS.items() if row[flag]) for _, row in own.iterrows()]
    label = [f"{name} ({letters})" if letters else name for name, letters in zip(own["name"], flags, strict=True)]
    frame = own[["industry", "name", "shortest_mineral", "grade", "assumption", "borrowed", "suspect"]].assign(
        **scaled.where(scaled.abs() >= measure.least, 0.0), flags=flags, label=label
    )
    frame = frame[frame["grade"] != ""]
    size = frame[["value", "shock"]].abs()
    return frame.loc[size.sort_values(["value", "shock"], ascending=False, kind="stable").index].reset_index(drop=True)


def _every(measure: Measure, frame: pd.DataFrame) -> list[str]:
    """Columns of a measure by way to bear the shortage and response of sales; the measure alone where it has none."""
    columns = [f"{measure.column}_{way}{end}" for way in WAYS for end in RESPONSES]
    return columns if columns[0] in frame else [measure.column]


def _effects(outcome: Outcome, region: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Impacts on one party's industries by whose effect is told, and by the shock alone beside an agreement's."""
    after, alone = (_of(frame, region) for frame in (outcome.industries, outcome.industries_without_agreement))
    return _apart(after, alone, agreed=not outcome.agreement.is_empty)


def _apart(after: pd.DataFrame, alone: pd.DataFrame, *, agreed: bool) -> tuple[pd.DataFrame, pd.DataFrame]:
    """A table of impacts with its numbers less those without the agreement, and these; without one as it is, and zero.

    Both tables have the same rows.
    """
    numbers = list(after.select_dtypes("number").columns)
    beside = alone[numbers] if agreed else 0.0 * after[numbers]
    return after.assign(**(after[numbers] - beside)), beside


def with_worst(
    ranked: pd.DataFrame, impacts: pd.DataFrame, region: str, measure: Measure, names: Names
) -> pd.DataFrame:
    """The ranking with the worst named shock of each industry, with the agreement, on the status quo.

    ``worst`` is in the measure's unit, ``worst_shock`` the shock's name.
    """
    own = impacts[impacts["region"] == region]
    top = own.loc[own.groupby("industry")[measure.column].idxmax().dropna()].set_index("industry")
    return ranked.assign(
        worst=ranked["industry"].map(top[measure.column]) * measure.scale,
        worst_shock=ranked["industry"].map(top["shock"].map(names.shock)).fillna(""),
    )


def _of(frame: pd.DataFrame, region: str) -> pd.DataFrame:
    return frame[(frame["region"] == region) & (frame["industry"] != ALL_USERS)].reset_index(drop=True)


def uses_by_mineral(outcome: Outcome, region: str, order: list[str]) -> pd.DataFrame:
    """Unit cost of one party's industries, by whose effect is told, in % of output value: industries by mineral."""
    frame = _parts(outcome, region)
    wide = frame.pivot_table(
        index="industry", columns="mineral", values="unit_cost_change", aggfunc="sum", fill_value=0.0
    )
    return 100.0 * wide.reindex([industry for industry in order if industry in wide.index])


def _parts(outcome: Outcome, region: str) -> pd.DataFrame:
    """What each mineral does to a party's industries: unit cost by whose effect is told, ``_shock`` beside it."""
    column = "unit_cost_change"
    rows, without = outcome.industries_by_mineral, outcome.industries_by_mineral_without_agreement
    own, shock = _apart(rows[[column]], without, agreed=not outcome.agreement.is_empty)
    rows = rows.assign(**own, **shock.add_suffix("_shock"))
    return rows[rows["region"] == region]


def borrowed_minerals(outcome: Outcome, region: str) -> list[str]:
    """Minerals whose shares of use in a party are taken from elsewhere or assumed."""
    frame = outcome.industries_by_mineral
    return list(frame.loc[(frame["region"] == region) & frame["borrowed"], "mineral"].unique())


def ranking_sentence(ranked: pd.DataFrame, region: str, measure: Measure, names: Names, about: Whose) -> str:
    """Which industry is hit hardest, or relieved most, by whose effect is told; the shock's own beside it."""
    where = names.the_region(region)
    nothing = f"Nothing changes for any industry in {where} by this measure"
    if ranked.empty:
        return about.told(f"{nothing}.")
    top = ranked.iloc[0]
    name, value, shock = str(top["name"]), float(top["value"]), float(top["shock"])
    by_shock = f"; by the shock alone {measure.told(shock, signed=True)}" if shock else ""
    if not value:
        return about.told(f"{nothing}{by_shock}{f' in {lowered(name)}' if shock else ''}.")
    kind = "relieved most" if value < 0 else "hit hardest"
    now = measure.told(value, signed=about.agreed)
    return about.told(f"{name} {kind} in {where}, {lowered(measure.label)} {now}{by_shock}.")


def totals_sentence(outcome: Outcome, region: str, names: Names) -> str:
    """Value added and jobs at risk of a party, by cost and shortage, first round and economy-wide, never added.

    By whose effect is told, with what the shock alone puts at risk beside an agreement's.
    """
    about, (own, shock) = whose(outcome, names), _effects(outcome, region)
    if own.empty:
        return ""
    (row,) = totals(own).loc[[region]].to_dict("records")
    ends = ("_low", "", "_high")
    usd, jobs = ([float(row[f"{name}{end}"]) for end in ends] for name in ("value_added_at_risk_usd", "jobs_at_risk"))
    told = signed_money if about.agreed else money
    low_jobs, mid_jobs, high_jobs = (f"{sign(each) if about.agreed else ''}{_whole(abs(each))}" for each in jobs)
    alone_usd, alone_jobs = (float(shock[name].sum()) for name in ("value_added_at_risk_usd", "jobs_at_risk"))
    by_shock = f"; by the shock alone {money(alone_usd)}, {_whole(alone_jobs)} jobs" if changes(alone_usd) else ""
    where = names.the_region(region)
    if not changes(usd[1]):
        if about.agreed:
            return about.told(f"Value added at risk in {where} does not change{by_shock}.")
        return about.told(f"No value added is at risk in {where}.")
    wide = [economy_wide(each, outcome.assumptions) for each in usd]
    return about.told(
        f"Value added at risk in {where}, first round, dollars of 2023, {told(usd[1])} "
        f"({told(usd[0])} to {told(usd[2])}), {mid_jobs} jobs ({low_jobs} to {high_jobs}){by_shock}. "
        f"Economy-wide {told(wide[1].mid)} ({told(min(wide[0]))} to {told(max(wide[2]))}): "
        "the same with suppliers and customers, not to be added."
    )


def drawback_sentence(refunds: pd.DataFrame, border_usd: float, region: str, names: Names) -> str:
    """What refunding the agreement's levies on exports would cost a party's treasury and save its industries.

    ``border_usd`` is what the agreement adds to what the party takes in at the border, less what it takes away.
    """
    own = refunds[refunds["region"] == region]
    paid, low, high, dearer = (float(own[f"{name}_usd"].sum()) for name in REFUND)
    where = names.the_region(region)
    if not changes(paid):
        if changes(border_usd) and border_usd < 0:
            return f"By the agreement {where} takes in less at the border than before: there is nothing to refund."
        return f"The agreement brings no more levies on imports into {where}: there is nothing to refund."
    refund = money(low) if money(low) == money(high) else f"{money(low)} to {money(high)}"
    of_cost = f"; what they export costs them {money(dearer)} more a year for its metal" if changes(dearer) else ""
    return (
        f"Of {money(paid)} a year that the agreement adds to levies on imports into {where}, a "
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
    """Parties whose industries have no known size: their users as one group, with extra cost and shortfall.

    By whose effect is told; columns with ``_shock`` hold the shock's own beside an agreement's.
    """
    about, numbers = whose(outcome, names), ["extra_cost_usd", "shortage_share"]
    after, alone = (
        frame[(frame["industry"] == ALL_USERS) & frame["region"].isin(outcome.parties)].reset_index(drop=True)
        for frame in (outcome.industries, outcome.industries_without_agreement)
    )
    own, shock = _apart(after[["region", *numbers]], alone, agreed=about.agreed)
    own.insert(1, "party", own["region"].map(names.region))
    return own.join(shock.add_suffix("_shock")) if about.by_shock else own


def industry_detail(outcome: Outcome, region: str, industry: str, uses: pd.DataFrame, names: Names) -> pd.DataFrame:
    """One industry of one party, mineral by mineral: cost, substitutes, stock cover, and what a tonne more would save.

    ``uses`` is the table ``industry_use``. Columns: mineral, use_t, cost_share, unit_cost_change (by whose effect is
    told; with ``_shock`` the shock's own beside an agreement's), substitution_class, value_added_relieved_usd_per_t,
    grade, borrowed, name, unit, substitutes, stock_cover_share, cut_low, cut_high.
    """
    substitutes = uses[uses["industry"] == industry].set_index("mineral")["substitutes"]
    rows = _parts(outcome, region)
    rows = rows[rows["industry"] == industry]
    cuts = rows[["cut_best_use", "cut_pro_rata"]]
    stored = (
        "mineral",
        "use_t",
        "cost_share",
        "unit_cost_change",
        "unit_cost_change_shock",
        "substitution_class",
        "value_added_relieved_usd_per_t",
        "grade",
        "borrowed",
    )
    detail = rows[list(stored)].assign(
        name=rows["mineral"].map(names.mineral),
        unit=rows["mineral"].map(names.flow_unit),
        substitutes=rows["mineral"].map(substitutes).fillna("not published"),
        stock_cover_share=[outcome.assumptions.value("stock_cover", str(mineral)) for mineral in rows["mineral"]],
        cut_low=cuts.min(axis=1),
        cut_high=cuts.max(axis=1),
    )
    return detail.reset_index(drop=True)


def described(detail: pd.DataFrame, about: Whose) -> pd.DataFrame:
    """The detail of one industry to be read: one row per property, one column per mineral, numbers as text."""
    columns = {
        row["name"]: {
            "Use": f"{figures(row['use_t'])} {row['unit']}",
            "Share of output value": percent(row["cost_share"]),
            **dict(_unit_cost(row, about)),
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


def _unit_cost(row: pd.Series, about: Whose) -> list[tuple[str, str]]:
    """The change of unit cost by whose effect is told and, beside an agreement's, by the shock: what and how much."""
    ways = [("unit_cost_change", about.effect)]
    ways += [("unit_cost_change_shock", "by the shock alone")] if about.by_shock else []
    return [(f"Unit cost {effect}", MEASURES["unit_cost"].told(100 * float(row[column]))) for column, effect in ways]


def opened_sentence(detail: pd.DataFrame, industry: str, region: str, names: Names, about: Whose) -> str:
    """What an industry uses, how much of its cost that is, and what becomes of it by whose effect is told."""
    where = names.the_region(region)
    if detail.empty:
        return f"{names.industry(industry)} in {where}: uses none of the minerals in this scenario."
    used = [
        f"{lowered(name)} ({percent(cost_share)} of output value, {substitution} substitutes)"
        for name, cost_share, substitution in detail[["name", "cost_share", "substitution_class"]].to_numpy()
    ]
    whole = detail[["unit_cost_change", "unit_cost_change_shock"]].sum()
    moved = "; ".join(f"{lowered(what)}: {change}" for what, change in _unit_cost(whole, about))
    return f"{names.industry(industry)} in {where}: uses {listing(used)}; {moved}."


def relief_sentence(detail: pd.DataFrame) -> str:
    """What would relieve an industry most: one more tonne of what."""
    if detail.empty or detail["value_added_relieved_usd_per_t"].max() <= 0:
        return "It goes without no more than it can save: no output hangs on another tonne."
    top = detail.iloc[int(detail["value_added_relieved_usd_per_t"].to_numpy().argmax())]
    worth = money(float(top["value_added_relieved_usd_per_t"]))
    metal = lowered(str(top["name"]))
    return (
        f"One more tonne of {metal} would relieve it most: it saves {worth} of value added when all uses are cut alike."
    )

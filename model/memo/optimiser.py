"""What the optimiser found, in words: expected values over all states of the world, as a snapshot keeps them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from model.design.wording import SMALLEST_GAP, with_names
from model.memo.blocks import Column, Heading, Paragraph, Sheet, cell
from model.units import MILLION, MONEY, PERCENT
from model.words import accounts
from model.words.numbers import LEAST_USD, starting

if TYPE_CHECKING:
    from typing import Any

    import pandas as pd

    from model.memo.blocks import Block, Value
    from model.snapshot.record import Snapshot
    from model.words.voice import Voice

TOLD = (
    "The agreement was found by the optimiser. These tables are as it left them; a replay does not search again. They "
    "hold expected values over no shock and all shocks that it counts, against no agreement under the same shocks; the "
    "other tables of this memo hold one state each, against the status quo."
)
CAPTIONS = {
    "term_sheet": "what would be signed",
    "gains": "expected net gain of each party over all states, and what it consists of",
    "security": "supply of each party, without and with the agreement",
    "red_lines": "what is left of every red line, expected or in the worst state as the line says",
    "status": "how good the choice is",
}
TITLES = {
    **{f"{name}_musd": label for name, label in accounts.NAMES.items()},
    "settlements_musd": accounts.SETTLEMENTS_AND_TRANSFERS,
    "predicted_musd": f"{accounts.NET_GAIN}, predicted",
    "verified_musd": f"{accounts.NET_GAIN}, verified",
    "non_party_share_without": "Expected share from non-parties without",
    "non_party_share": "Expected share from non-parties with",
    "least_assured_without": "Least share of need served in any state without",
    "least_assured": "Least share of need served in any state with",
    "who": "Who",
    "note": "How",
}
STATUS = {
    "found": ("An agreement was found", ""),
    "objective": ("Objective reached", "in its own unit"),
    "bound": ("Bound: the most that any choice on the menu can reach", "in its own unit"),
    "gap": ("Distance from the bound", "%"),
    "gap_proved": ("That distance is proved", ""),
    "verified_gap": ("Largest difference of predicted and verified gains", "%"),
    "proof_rounds": ("Rounds until the proof agreed", ""),
    "packages_tried": ("Packages tried", ""),
    "packages_left_out": ("Packages left out", ""),
}


def found(snapshot: Snapshot, say: Voice) -> list[Block]:
    """The section on the optimiser, where the scenario came from it."""
    tables = {name: table.frame() for name, table in snapshot.record.design.items()}
    if not tables:
        return []
    order = sorted(tables, key=lambda name: [*CAPTIONS, name].index(name))
    return [Heading("What the optimiser found"), Paragraph(TOLD), *(_sheet(name, tables[name], say) for name in order)]


def _sheet(name: str, frame: pd.DataFrame, say: Voice) -> Sheet:
    if name == "red_lines":
        frame = frame.drop(columns="party", errors="ignore")  # the sentence names it
    columns = [_column(str(title)) for title in frame.columns]
    rows = [_row(row, say) for row in frame.to_dict("records")]
    if name == "status":
        columns = [Column("Item"), Column("Value", least=SMALLEST_GAP / PERCENT), Column("Unit")]
        rows = _status(frame)
    caption = f"Optimiser: {CAPTIONS.get(name, name.replace('_', ' '))}"
    return Sheet(f"Design {name}".replace("_", " "), caption, tuple(columns), tuple(rows))


def _column(name: str) -> Column:
    title = TITLES.get(name, starting(name.removesuffix("_musd").replace("_", " ")))
    if name.endswith("_musd"):
        return Column(title, MONEY, signed=True, least=LEAST_USD / MILLION)
    if "non_party_share" in name or "least_assured" in name:
        return Column(title, "%", 1 / PERCENT)
    return Column(title, exact=name == "level")


def _row(row: dict[Any, Any], say: Voice) -> tuple[Value, ...]:
    """A row with names for codes, and what is a share as percent."""
    unit = str(row.get("unit", ""))
    if unit.startswith("share"):
        points = "percentage points" if "margin" in row else "%"
        shares = {name: float(f"{row[name] / PERCENT:.12g}") for name in ("level", "margin") if name in row}
        row = row | shares | {"unit": points + unit.removeprefix("share")}
    return tuple(_named(str(name), value, say) for name, value in row.items())


def _named(column: str, value: Any, say: Voice) -> Value:
    if not isinstance(value, str):
        return cell(value)
    if column == "mineral":
        return say.names.mineral(value)
    return starting(value) if column == "term" else with_names(value, say.names, is_label=column in ("party", "who"))


def _status(frame: pd.DataFrame) -> list[tuple[Value, ...]]:
    rows: list[tuple[Value, ...]] = []
    for item, value in frame.itertuples(index=False, name=None):
        title, unit = STATUS.get(str(item), (starting(str(item).replace("_", " ")), ""))
        if unit:
            rows.append((title, float(value) / (PERCENT if unit == "%" else 1.0), unit))
        else:
            rows.append((title, {"True": "yes", "False": "no"}.get(value, value), unit))
    return rows

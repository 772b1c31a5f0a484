"""How the base year of each mineral is put together from what is openly published about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Refining = Literal["none", "published", "scaled_to_mine", "assumed"]
Trade = Literal["traced", "traced_magnets", "constructed"]


@dataclass(frozen=True)
class Recipe:
    """The way from tables to a base year for one mineral.

    ``refining`` says where refined output comes from: ``none`` for minerals with one traded stage (their output is the
    production table), ``published`` tonnes by country, published shares ``scaled_to_mine`` output, or ``assumed``
    vectors of which China takes the rest.

    ``trade`` says how final flows are found: bilateral statistics with re-exports ``traced`` to their origin, the same
    for metal in ``traced_magnets``, or ``constructed`` from import sources of the United States, shares of world use
    and distance.

    ``stock_build_region`` is where mine output beyond what refineries took went into stock. ``notes`` are caveats a
    reader of the results must know.
    """

    refining: Refining
    trade: Trade
    stock_build_region: str | None = None
    pattern_hs6: str | None = None
    notes: tuple[str, ...] = ()


UNSEEN_PAIRS = (
    "No open bilateral trade data: flows other than imports of the United States follow distance. "
    "Read no single pair of regions as a fact."
)
UNSEEN_USE = "Use by region outside the United States is an assumed share of the world's."
MIXED_CODE = "Customs code 811292 mixes gallium, germanium, indium and others: only its pattern is used."

RECIPES: dict[str, Recipe] = {
    "copper": Recipe(
        "published",
        "traced",
        notes=("Refined copper made from scrap is an assumed part of published refinery output.",),
    ),
    "lithium": Recipe(
        "scaled_to_mine",
        "traced",
        notes=(
            "Mine output of the United States is withheld and assumed.",
            "Trade in lithium hydroxide is not open, except two totals from China.",
        ),
    ),
    "cobalt": Recipe(
        "published",
        "constructed",
        stock_build_region="COD",
        notes=(
            UNSEEN_PAIRS,
            UNSEEN_USE,
            "Mine output that no refinery took is left out as a stock built in Congo (Kinshasa).",
        ),
    ),
    "graphite": Recipe(
        "none",
        "constructed",
        notes=(
            UNSEEN_PAIRS,
            UNSEEN_USE,
            "Natural graphite only: battery anode material, mostly synthetic, is another market.",
        ),
    ),
    "aluminum": Recipe(
        "published",
        "constructed",
        notes=(
            UNSEEN_PAIRS,
            UNSEEN_USE,
            "The stage called mine is alumina. Old scrap is counted in the United States only.",
        ),
    ),
    "molybdenum": Recipe("none", "constructed", notes=(UNSEEN_PAIRS, UNSEEN_USE)),
    "titanium": Recipe(
        "none",
        "traced",
        notes=(
            "The customs code mixes sponge with powder and ingot; reported exports above availability are cut.",
            "Sponge output of the United States is withheld and assumed.",
        ),
    ),
    "antimony": Recipe(
        "assumed",
        "traced",
        notes=(
            "Smelter output outside the United States is assumed.",
            "Trade in antimony oxide is open for the United States only; Chinese exports to others are assumed.",
            "Russian ore exports go unreported and are taken as what Russia does not smelt.",
        ),
    ),
    "tungsten": Recipe(
        "assumed",
        "constructed",
        notes=(
            UNSEEN_PAIRS,
            UNSEEN_USE,
            "Refined output and scrap outside the United States are assumed, scrap in the United States too.",
        ),
    ),
    "rare_earths": Recipe(
        "published",
        "traced_magnets",
        notes=(
            "Neodymium, praseodymium, dysprosium and terbium only. Final use is what magnets bought contain.",
            "Shares of magnet making are assumed; magnets hold an assumed share of rare earths.",
        ),
    ),
    "yttrium": Recipe(
        "none",
        "constructed",
        notes=(UNSEEN_PAIRS, UNSEEN_USE, "World output and all shares outside the United States are assumed."),
    ),
    "gallium": Recipe("none", "constructed", pattern_hs6="811292", notes=(UNSEEN_PAIRS, UNSEEN_USE, MIXED_CODE)),
    "germanium": Recipe(
        "none",
        "constructed",
        pattern_hs6="811292",
        notes=(
            UNSEEN_PAIRS,
            UNSEEN_USE,
            MIXED_CODE,
            "Refined output is assumed: published lists leave out known producers.",
        ),
    ),
    "bismuth": Recipe("none", "constructed", notes=(UNSEEN_PAIRS, UNSEEN_USE)),
}

"""What a market change does to the manufacturers who use the metal.

``manufacturers`` is built once for a base year; ``compare`` then turns every ``MarketChange`` into costs, shortages and
value added and jobs at risk by industry and party, ``by_mineral`` into their parts. ``economy_wide`` shows what the
loss means with suppliers and customers, ``back_test`` how the losses compare with published ones. Figures are annual
and first-round unless marked economy-wide.

Read them with care. Value added at risk is not welfare: never add it to the consumer surplus of the market, which
values the same tonnes. Rankings within a mineral are sounder than totals, which are too high for minerals with many
small, essential uses. Under a price floor lead with unit cost: a fall in use that a price brings about is mostly
substitution. Cost shares are lower bounds (firms pay more for alloys and powders than for metal), and minerals inside
imported parts are outside them.
"""

from model.impact.back_test import back_test, price_ratio_of_lost_supply, shortage_change
from model.impact.compare import by_mineral, compare, totals
from model.impact.economy import economy_wide
from model.impact.manufacturers import ALL_USERS, Manufacturers, manufacturers, use_of_table
from model.impact.market_change import MarketChange

__all__ = [
    "ALL_USERS",
    "Manufacturers",
    "MarketChange",
    "back_test",
    "by_mineral",
    "compare",
    "economy_wide",
    "manufacturers",
    "price_ratio_of_lost_supply",
    "shortage_change",
    "totals",
    "use_of_table",
]

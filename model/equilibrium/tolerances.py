"""How exact an equilibrium must be to be shown, and what counts as nothing in it, each with its reason.

What only steers a method towards an equilibrium stands beside the method: it decides about speed, never about a number.
"""

from model.problem import SAME_CAP

QUANTITY_UNIT = 1000.0
"""The market's quantity scale becomes this many solver units."""

# What a solve must meet, in the order in which it is held against a point.

TOLERANCE = 1e-8
"""Largest imbalance [solver units] at which a point counts as solved."""
LARGEST_PRICE_ERROR = 1e-6
"""Largest difference between the proving programme's duals and the point's prices, in units of the price scale."""
LARGEST_IMBALANCE = 1e-6
"""Largest relative world imbalance, welfare identity error or complementarity residual of a result returned."""

# What counts as nothing, or as reached, while a point is found and proved.

ALMOST_NOTHING = 1e-300
"""Keeps quotients and logarithms of nothing finite; no number that matters is near it."""
LACKING = 1e-9
"""What a place lacks below this share of the quantity scale, it does not lack."""
SMALL_TRADE = 1e-9
"""Nodes that trade less than this [solver units] are balanced as they are, not in logs."""
AT_ITS_PRICE = 1e-9
"""A node within this share of a stock's price starts with that price ruling."""
ARRIVALS_ENDED = 1e-6
"""Arrivals have ended at this quantity [solver units], the limit in which the levy that just ends them is unique."""
ARRIVED = 1e-5
"""Arrivals of fewer solver units than this beside what is committed have ended, when a levy is proved.

It is wider than what the search aims at."""
AT_CAP = 1.0 - SAME_CAP
"""A levy from this share of its cap on stands at it; a price below this share of a floor misses it."""
PART = 1e-9
"""Share of the market that is neither nothing nor all of what something flat offers or takes."""
GIVEN_AWAY = 1e-6
"""A price below this share of a buffer stock's own, and of the market's, is next to nothing."""

# What is told of a point once it is proved.

NEGLIGIBLE = 1e-8
"""A flow that only fades, below this share of what its node trades, is shown as zero; no account leaves it out."""
DUST = 1e-13
"""Any quantity is shown as zero below this share of the market's scale, which no solve can tell from nothing."""
SAME_MONEY = 1e-11
"""Accounts of two states that differ by no larger share of their sum are the same."""
AT_LEAST = 1e-9
"""A flow within this share of what is committed is forced."""
SAME_SAVING = 1e-6
"""Routes whose duty saved inside a quota differs by less than this share of the largest have the same claim to it."""
SMALLEST_SALES = 1e-6
"""Sales below this share of the market's scales measure no error."""
MORE = 1e-6
"""Share of a commitment by which another can be raised at least, or it cannot."""
MOST_COMMITTED = 1e6
"""Commitments beyond so many times the market's quantity scale are lost in rounding."""

"""Canonical units and every conversion factor.

The model computes in tonnes of contained element a year, US dollars per tonne, US dollars a year, shares between 0 and
1, and years. Tables are in these units already; what was published in others stands
beside in its own.
"""

PERCENT = 0.01
"""A percent as a share."""

MILLION = 1e6
"""A million."""

MONEY = "million USD/yr"
"""The unit of amounts on the screen."""

SHARE = "share"
"""The unit of shares in records; on the screen they are percent."""

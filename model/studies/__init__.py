"""Many solves of one scenario: the floor curve, ranges of assumptions and shocks, the fit of the base year."""

"""Many solves of one scenario: the floor curve, ranges, the fit of the base year; what a drawback costs."""

"""Finding the equilibrium: Newton on the node prices, in closed form where it can be; behind it, interior points."""

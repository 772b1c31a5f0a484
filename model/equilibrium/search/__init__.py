"""Finding the equilibrium: Newton on the node prices, in closed form where an instrument allows."""

"""Proving the equilibrium: the linear programme, in Pyomo to be read and compiled to be fast."""

"""How the market responds: cells of the table, the equilibrium that fills them, and where they are kept."""

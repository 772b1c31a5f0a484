"""One mineral's market: its base year, calibrated costs and curves."""

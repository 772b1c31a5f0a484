"""The market model behind Minerals Accord: no interface code in here."""

import pandas as pd

pd.set_option("mode.string_storage", "python")  # Arrow's strings make each look into a small table a third slower

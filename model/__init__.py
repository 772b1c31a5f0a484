"""The market model behind Minerals Accord: no interface code in here."""

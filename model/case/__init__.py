"""A whole market and policy in one JSON file, as outside economists bring it, read into the records the app uses."""

from model.case.market import market_of, traded
from model.case.records import Case

__all__ = ["Case", "market_of", "traded"]

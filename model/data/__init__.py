"""The shipped tables: read, checked against their schemas and against each other, and returned as typed frames.

To add a table: put its CSV into the data folder, write its schema under ``model/data/schemas/`` and register it in
``model.data.schemas.SCHEMAS``. ``load()["name"]`` then returns it.
"""

from model.data.load import Tables, check, data_hash, default_folder, load
from model.data.schema import Fault
from model.data.schemas import SCHEMAS

__all__ = ["SCHEMAS", "Fault", "Tables", "check", "data_hash", "default_folder", "load"]

"""The registered tables. To add one: write its schema in a module of this package and add it to ``SCHEMAS``."""

from model.data.schema import TableSchema
from model.data.schemas.assumptions import ASSUMPTIONS
from model.data.schemas.industries import (
    DISRUPTION_RESULTS,
    EU_USE_SHARES,
    INDUSTRIES,
    INDUSTRY_PARTY_SIZE,
    INDUSTRY_SIZE,
    INDUSTRY_USE,
    INDUSTRY_USE_BASE,
)
from model.data.schemas.investment import PROJECTS
from model.data.schemas.minerals import MINERALS
from model.data.schemas.policy import (
    COALITIONS,
    EMBARGOES,
    EXPORT_CONTROLS,
    FLOOR_PRECEDENTS,
    SHOCKS,
    STATUS_QUO,
    TARIFFS,
)
from model.data.schemas.quotes import NOWCAST, QUOTES, TRADE_AFTER
from model.data.schemas.regions import REGIONS
from model.data.schemas.sources import SOURCES
from model.data.schemas.supply import (
    BYPRODUCTS,
    CAPACITY,
    ELASTICITIES,
    PRICES,
    PRODUCTION,
    RECYCLING,
    STOCKS,
    WORLD_OUTPUT_SHARES,
)
from model.data.schemas.trade import (
    DISTANCES,
    HS_CODES,
    PUBLISHED_CHECKS,
    TRADE_BILATERAL,
    TRADE_TOTALS,
    US_IMPORT_SOURCES,
    US_SALIENT,
    USE_SHARES,
)

SCHEMAS: tuple[TableSchema, ...] = (
    SOURCES,
    REGIONS,
    MINERALS,
    ASSUMPTIONS,
    PRODUCTION,
    WORLD_OUTPUT_SHARES,
    CAPACITY,
    BYPRODUCTS,
    RECYCLING,
    STOCKS,
    ELASTICITIES,
    PRICES,
    HS_CODES,
    TRADE_BILATERAL,
    TRADE_TOTALS,
    DISTANCES,
    US_IMPORT_SOURCES,
    US_SALIENT,
    USE_SHARES,
    PUBLISHED_CHECKS,
    QUOTES,
    NOWCAST,
    TRADE_AFTER,
    INDUSTRIES,
    INDUSTRY_SIZE,
    INDUSTRY_PARTY_SIZE,
    INDUSTRY_USE,
    INDUSTRY_USE_BASE,
    EU_USE_SHARES,
    DISRUPTION_RESULTS,
    STATUS_QUO,
    TARIFFS,
    EXPORT_CONTROLS,
    EMBARGOES,
    SHOCKS,
    COALITIONS,
    FLOOR_PRECEDENTS,
    PROJECTS,
)

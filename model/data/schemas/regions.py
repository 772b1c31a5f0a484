"""The 46 regions of the model."""

from model.data.schema import TableSchema, flag, text

REGIONS = TableSchema(
    name="regions",
    doc="Countries and groups of countries that trade with each other.",
    key=("id",),
    columns=(
        text("id", "ISO-3 code, or EUN for the European Union and ROW for the rest of the world"),
        text("name", "name in English"),
        text("kind", "whether the region is a single country or a group", choices=("country", "union", "rest")),
        text("members", "ISO-3 codes of the countries in it, joined by ';'", list_column=True),
        flag("known_industry_sizes", "whether the sizes of its downstream industries are known"),
    ),
)

"""Where every number comes from."""

from model.data.schema import TableSchema, integer, text

SOURCES = TableSchema(
    name="sources",
    doc="Publications that the other tables cite.",
    key=("source_id",),
    columns=(
        text("source_id", "short name used in the other tables"),
        text("title", "title of the publication"),
        text("publisher", "who published it"),
        integer("year", "year of publication", absent="undated", high=2100),
        text("url", "where it can be read"),
        text("licence", "terms under which the rows are used here"),
        text("retrieved", "how and from which state it was read"),
    ),
)

"""The fourteen markets and the host metals of by-products."""

from model.data.schema import TableSchema, text

MINERALS = TableSchema(
    name="minerals",
    doc="Minerals traded in the model, and metals that only matter as hosts or analogues.",
    key=("id",),
    columns=(
        text("id", "mineral id used in all tables"),
        text("name", "name in English"),
        text("kind", "market: the model has a market for it; host: it does not", choices=("market", "host")),
        text("content", "what a tonne contained means"),
        text("stages", "stages of the market in order, joined by ';'", absent="no market", list_column=True),
    ),
)

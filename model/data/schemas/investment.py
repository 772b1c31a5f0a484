"""Projects that could add capacity."""

from model.data.schema import TableSchema, integer, mineral, note, number, region, source, text
from model.data.schemas.supply import STAGES

PROJECTS = TableSchema(
    name="projects",
    doc=(
        "Projects whose capacity, capital and operating cost are all published and belong to the one mineral, and that "
        "neither run nor lost their concession by the date of the status quo."
    ),
    key=("id",),
    columns=(
        text("id", "number of the fact"),
        mineral(doc="mineral it adds"),
        region(doc="region it stands in"),
        text("name", "name of the project"),
        text("stage", "stage of the model it produces", choices=STAGES),
        number("capacity_t_per_yr", "capacity, t contained per year"),
        number("capex_million", "capital before production, million units of the currency"),
        number("operating_cost_per_t", "operating cost per tonne contained, units of the currency"),
        text("currency", "currency of the study", choices=("USD", "CAD", "GBP")),
        integer("currency_year", "year of the money", low=1990, high=2100),
        integer("start_year", "first year of production", absent="not published", low=1990, high=2100),
        number(
            "required_return", "yearly return its owners ask", absent="the assumption project_required_return", high=1
        ),
        text("status", "how far it is"),
        note(),
        source(),
    ),
)

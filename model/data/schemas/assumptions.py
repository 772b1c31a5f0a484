"""The numbers that no publication gives."""

import numpy as np

from model.data.schema import TableSchema, mineral, number, source, text

ASSUMPTIONS = TableSchema(
    name="assumptions",
    doc="Every value the model assumes, with the range in which it is varied and the reason for it.",
    key=("id", "mineral"),
    columns=(
        text("id", "name of the assumption, like demand_elasticity_short"),
        mineral(doc="mineral it is for", absent="holds for every mineral without a row of its own"),
        number("value", "the value used", low=-np.inf),
        number("low", "lowest value tried", low=-np.inf),
        number("high", "highest value tried", low=-np.inf),
        text("unit", "unit of the value"),
        text("reason", "why this value"),
        source(absent="a judgement of the authors, without a publication behind it"),
    ),
)

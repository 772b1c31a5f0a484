"""What is taken as it stands and asked about: rates that look like percentages, severities beyond the library's."""

from __future__ import annotations

from typing import Any

import pytest

from model.case import Case
from model.questions import questions
from model.scenario import Scenario
from model.world import World

PLACE = {"mineral": "antimony", "stage": "refined"}
ROUTE = {"importers": ["USA"], "exporters": ["CHN"], **PLACE}
TRQ = {**ROUTE, "quantity": 9.0, "over_quota": {"ad_valorem": 1.5}}


@pytest.mark.parametrize(
    ("content", "asked"),
    [
        ({"tariffs": [{**ROUTE, "ad_valorem": 25}]}, "agreement.tariffs[0].ad_valorem = 25 is 2,500 %; 25 % is 0.25"),
        ({"trqs": [TRQ]}, "agreement.trqs[0].over_quota.ad_valorem = 1.5 is 150 %; 1.5 % is 0.015"),
        ({"tariffs": [{**ROUTE, "ad_valorem": 0.25}]}, None),
        ({"tariffs": [{**ROUTE, "ad_valorem": 1, "specific": 8000}]}, None),
        ({"quotas": [{**ROUTE, "quantity": 60_000}]}, None),
    ],
)
def test_a_rate_above_all_of_the_value_is_asked_about(content: dict[str, Any], asked: str | None) -> None:
    wanted = [] if asked is None else [asked]
    assert questions(Scenario.parse({"agreement": content}, "scenario")) == wanted
    assert questions(Case.parse({"regions": [{"id": "USA"}], "agreement": content}, "case")) == wanted


def test_a_severity_beyond_the_library_is_asked_about_with_its_range(world: World) -> None:
    def asked(severity: float | None) -> list[str]:
        shocks = [{"name": "china_antimony_ban", "severity": severity}, {"name": "no_such_shock", "severity": 9}]
        return questions(Scenario.parse({"shocks": shocks}, "scenario"), world.library)

    known = world.library.describe("china_antimony_ban")
    assert asked(None) == asked(known.severity_high) == asked(known.severity_low) == []
    (question,) = asked(1000)
    assert question.startswith("shocks[0].severity = 1000 is beyond the library's range 0.6 to 1 (share of exports")
    assert question.endswith("of china_antimony_ban")

"""What is taken as it stands and asked about: rates that look like percentages, severities beyond the library's."""

from __future__ import annotations

from typing import Any

import pytest

from model.case import Case
from model.instruments import Mechanism
from model.questions import questions
from model.scenario import Scenario
from model.world import World

PLACE = {"mineral": "antimony", "stage": "refined"}
ROUTE = {"importers": ["USA"], "exporters": ["CHN"], **PLACE}
TRQ = {**ROUTE, "quantity": 9.0, "over_quota": {"ad_valorem": 1.5}}


def scenario(content: dict[str, Any]) -> Scenario:
    """A scenario of today's format."""
    return Scenario.parse({"format": 2, **content}, "scenario")


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
    assert questions(scenario({"agreement": content})) == wanted
    case = {"regions": [{"id": "USA"}, {"id": "CHN"}], "routes": [{**PLACE, "from": "CHN", "to": "USA"}]}
    assert questions(Case.parse({**case, "agreement": content}, "case")) == wanted


def test_the_largest_rate_is_asked_about_in_a_short_line() -> None:
    content = {"agreement": {"tariffs": [{**ROUTE, "ad_valorem": 1e6}]}}
    (question,) = questions(scenario(content))
    assert " is 100,000,000 %; " in question
    assert len(question) < 120


FLOOR = {**PLACE, "parties": ["USA"], "price": 9.0}


@pytest.mark.parametrize(
    ("mechanism", "field", "belongs"),
    [
        ("cfd", {"budget": 5.0}, "buffer stock"),
        ("cfd", {"levy_cap": 5.0}, "variable levy"),
        ("variable_levy", {"ceiling": 12.0}, "buffer stock"),
        ("variable_levy", {"stock": 12.0}, "buffer stock"),
        ("buffer_stock", {"levy_cap": 12.0}, "variable levy"),
        ("buffer_stock", {"budget": 5.0, "ceiling": 12.0, "stock": 3.0}, None),
        ("variable_levy", {"levy_cap": 0.0}, None),
    ],
)
def test_a_field_of_another_mechanism_is_asked_about(
    mechanism: str, field: dict[str, float], belongs: str | None
) -> None:
    content = {"agreement": {"floors": [{**FLOOR, **field, "mechanism": mechanism}]}}
    name, value = next(iter(field.items()))
    held = Mechanism(mechanism).words
    said = f"agreement.floors[0].{name} = {value:g} has no effect with a {held}; it belongs to a {belongs}"
    assert questions(scenario(content)) == ([] if belongs is None else [said])


def test_terms_of_a_region_that_is_no_party_are_asked_about() -> None:
    terms = {
        "stockpiles": [{**PLACE, "party": region, "quantity": 1.0, "release_above": 2.0} for region in ("USA", "CHN")],
        "offtakes": [{**PLACE, "producer": "USA", "buyer": "CHN", "quantity": 1.0}],
        "export_taxes": [{**PLACE, "exporter": "CHN", "importers": ["USA"], "ad_valorem": 0.1}],
    }
    asked = questions(scenario({"parties": ["USA"], "agreement": terms}))
    for place in ("stockpiles[1]", "offtakes[0]", "export_taxes[0]"):
        said = "is of CHN, which is no party: it counts, but CHN stays outside the agreement"
        assert f"agreement.{place} {said}" in asked
    assert len(asked) == 3


def test_terms_and_shocks_on_minerals_that_are_not_solved_are_asked_about(world: World) -> None:
    mineral, of = next((mineral, next(iter(of))) for mineral, of in world.hosts.items() if of)
    place = {"mineral": of, "stage": "refined"}
    content = {
        "minerals": [mineral],
        "agreement": {"floors": [{**FLOOR, **place}, {**FLOOR, "mineral": "titanium"}]},
        "shocks": [
            {"kind": "supply_loss", "region": "CHN", "share": 0.1, **place},
            {"kind": "supply_loss", "region": "CHN", "share": 0.1, "mineral": "titanium", "stage": "refined"},
            {"name": "china_antimony_ban"},
        ],
    }
    assert {"titanium", "antimony"}.isdisjoint({mineral, of})
    asked = questions(scenario(content), world.library, world.hosts_by_mineral)
    rest = f"and has no effect; the scenario's minerals are {mineral}"
    assert asked == [
        f"agreement.floors[1] is on titanium {rest}",
        f"shocks[1] is on titanium {rest}",
        f"shocks[2] is on antimony {rest}",
    ]


def test_unknown_minerals_are_left_to_the_refusal(world: World) -> None:
    content = {"minerals": ["antimony"], "agreement": {"floors": [{**FLOOR, "mineral": "gold"}]}}
    assert questions(scenario(content), world.library, world.hosts_by_mineral) == []


def test_an_offtake_without_a_route_is_asked_about_in_a_case() -> None:
    offtake = {**PLACE, "producer": "A", "buyer": "B", "quantity": 1.0}
    made = {**PLACE, "region": "A", "curve": {"kind": "linear", "price_at_zero": 1.0, "slope": 1.0}}
    case = {"regions": [{"id": "A"}, {"id": "B"}], "supply": [made], "agreement": {"offtakes": [offtake]}}
    route = {**PLACE, "from": "A", "to": "B"}
    asked = questions(Case.parse(case, "case"))
    assert asked == [
        "agreement.offtakes[0] has no effect: no route takes antimony (refined) from A to B; give it a route"
    ]
    assert questions(Case.parse({**case, "routes": [route]}, "case")) == []


@pytest.mark.parametrize(
    ("key", "term", "way"),
    [
        ("quotas", {"importers": ["USA"], "exporters": ["USA"], "quantity": 9.0}, "USA to USA"),
        ("tariffs", {"importers": ["USA", "CHN"], "exporters": ["USA"], "specific": 9.0}, None),
        ("export_taxes", {"exporter": "USA", "importers": ["USA"], "specific": 9.0}, "USA to USA"),
        ("zero_for_zero", {}, "USA to USA"),
    ],
)
def test_a_term_on_no_way_between_two_countries_is_asked_about(key: str, term: dict[str, Any], way: str | None) -> None:
    content = {"parties": ["USA"], "agreement": {key: [PLACE | term]}}
    said = f"agreement.{key}[0] has no effect: no route takes antimony (refined) from {way}"
    assert questions(scenario(content)) == ([] if way is None else [said])


def test_a_severity_beyond_the_library_is_asked_about_with_its_range(world: World) -> None:
    def asked(severity: float | None) -> list[str]:
        shocks = [{"name": "china_antimony_ban", "severity": severity}, {"name": "no_such_shock", "severity": 9}]
        return questions(scenario({"shocks": shocks}), world.library)

    known = world.library.describe("china_antimony_ban")
    assert asked(None) == asked(known.severity_high) == asked(known.severity_low) == []
    (question,) = asked(1000)
    assert question.startswith(
        "shocks[0].severity = 1000 is 100,000 %, beyond the library's range 60 % to 100 % (share"
    )
    assert question.endswith("of china_antimony_ban")

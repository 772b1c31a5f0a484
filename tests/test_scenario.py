"""Scenarios: JSON both ways, refusals that name the valid choices, what named shocks and controls stand for."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.design import DesignRequest
from model.edits import with_status_quo
from model.errors import ScenarioError
from model.questions import format_note
from model.scenario import OnStatusQuo, Scenario
from model.shocks import NamedShock, ShockLibrary
from model.shocks.kinds import (
    DemandChange,
    ExportBan,
    ExportQuota,
    ExportTaxChange,
    FreightChange,
    Hoarding,
    SupplyCap,
    SupplyLoss,
    SupplySurge,
)
from tests.shipped import WORLD

if TYPE_CHECKING:
    from collections.abc import Sequence

    from model.shocks import Shock

FLOOR = {"parties": ["USA", "JPN"], "mineral": "gallium", "stage": "refined", "price": 450000.0}
RESTRICTIONS = (ExportBan, ExportQuota)


def parse(**content: Any) -> Scenario:
    return Scenario.parse(content, "scenario")


def base_exports(mineral: str, stage: str, exporter: str, importers: Sequence[str]) -> float:
    """Flow of the base year [t/yr]."""
    base = WORLD.calibrated(mineral, Scenario(minerals=(mineral,))).base
    record = next(record for record in base.stages if record.stage == stage)
    return float(sum(record.flow_t[base.regions.index(exporter), base.regions.index(name)] for name in importers))


def shocks_of(mineral: str, *names: str, severity: float | None = None) -> list[Shock]:
    """Everything that disturbs a mineral: controls in force and the records of named shocks."""
    named = tuple(NamedShock(name=name, severity=severity) for name in names)
    return WORLD.shocks(mineral, Scenario(minerals=(mineral,), shocks=named))


def records_of(mineral: str, name: str, severity: float | None = None) -> list[Shock]:
    """The records of a named shock alone."""
    base = WORLD._calibration(mineral, Scenario(minerals=(mineral,))).base
    return WORLD.library.records(NamedShock(name=name, severity=severity), base, [mineral])[0]


# --- JSON ---


@st.composite
def scenarios(draw: st.DrawFn) -> Scenario:
    mineral = draw(st.sampled_from(WORLD.minerals))
    parties = draw(st.lists(st.sampled_from(WORLD.regions), min_size=1, max_size=6, unique=True))
    outsiders = [name for name in WORLD.regions if name not in parties]
    place = {"mineral": mineral, "stage": "refined"}
    level = st.floats(0.0, 1e6)
    floors = st.fixed_dictionaries({"price": level, "levy_cap": st.none() | level}).map(
        lambda f: f | place | {"parties": parties}
    )
    quotas = st.fixed_dictionaries({"quantity": level, "rent_to": st.sampled_from(["importer", "auction"])}).map(
        lambda quota: quota | place | {"importers": parties, "exporters": outsiders}
    )
    named = st.fixed_dictionaries(
        {"name": st.sampled_from(WORLD.library.names), "severity": st.none() | st.floats(0.0, 2.0)}
    )
    return parse(
        name=draw(st.text(max_size=20)),
        minerals=[mineral],
        parties=parties,
        horizon=draw(st.sampled_from(["short", "long"])),
        agreement={"floors": draw(st.lists(floors, max_size=2)), "quotas": draw(st.lists(quotas, max_size=2))},
        shocks=draw(st.lists(named, max_size=2, unique_by=lambda shock: shock["name"])),
        assumptions=draw(
            st.dictionaries(st.sampled_from(["pass_through", "choke_price_multiple"]), st.floats(0.1, 2.0))
        ),
    )


@pytest.mark.slow
@settings(max_examples=30)
@given(scenarios())
def test_a_scenario_survives_json(scenario: Scenario) -> None:
    text = scenario.to_json()
    assert parse(**json.loads(text)) == scenario
    assert parse(**json.loads(text)).to_json() == text


def test_the_default_scenario_names_its_format_and_status_quo_only() -> None:
    assert Scenario().to_json() == '{"format": 2, "status_quo": "today"}'
    assert parse(format=2) == Scenario()


def test_what_names_no_format_is_of_the_first_and_keeps_its_status_quo() -> None:
    old = parse(minerals=["copper"])
    assert (old.format, old.status_quo) == (1, "policy_only")
    assert parse(**json.loads(old.to_json())) == old
    (note,) = format_note(old)
    assert "the status quo is that of policy only" in note
    switched = with_status_quo(old, "today")
    assert (switched.format, switched.status_quo, format_note(switched)) == (2, "today", [])
    assert parse(**json.loads(switched.to_json())) == switched


@pytest.mark.parametrize(
    ("content", "format"), [({}, 2), ({"format": 2}, 2), ({"format": 1}, 1)], ids=["unnamed", "second", "first"]
)
@pytest.mark.parametrize("status_quo", ["today", "policy_only"])
@pytest.mark.parametrize("record", [Scenario, DesignRequest])
def test_a_named_status_quo_is_kept_or_refused(
    record: type[OnStatusQuo], content: dict[str, Any], format: int, status_quo: str
) -> None:
    """Only the second format knows today's; what names a status quo and no format is of the second."""
    content = {**content, "status_quo": status_quo}
    if (format, status_quo) == (1, "today"):
        with pytest.raises(ScenarioError) as refused:
            record.parse(content, "this")
        assert str(refused.value) == "this is not valid: format 1 knows only policy_only; name format 2"
        return
    read = record.parse(content, "this")
    assert (read.format, read.status_quo) == (format, status_quo)


@pytest.mark.parametrize("number", [True, False, 1.0, 2.0, 3, 0, -1, 10**30, "1", None, [1], {}], ids=str)
def test_a_format_is_a_number_of_ours(number: object) -> None:
    with pytest.raises(ScenarioError) as refused:
        parse(format=number)
    assert str(refused.value) == "scenario is not valid: format: must be 1 or 2"


@pytest.mark.parametrize("severity", [None, 0.5])
def test_a_named_shock_stands_once(severity: float | None) -> None:
    twice = [
        {"name": "china_gallium_ban"},
        {"name": "china_ban_usa"},
        {"name": "china_gallium_ban", "severity": severity},
    ]
    with pytest.raises(ScenarioError) as refused:
        parse(shocks=twice)
    assert str(refused.value) == (
        "scenario is not valid: shocks: china_gallium_ban stands there more than once; name each once"
    )
    assert len(parse(shocks=twice[:2]).shocks) == 2


def test_the_order_of_keys_does_not_change_the_text() -> None:
    one = parse(minerals=["gallium"], horizon="long", agreement={"floors": [FLOOR]})
    other = parse(agreement={"floors": [dict(reversed(FLOOR.items()))]}, horizon="long", minerals=["gallium"])
    assert one.to_json() == other.to_json()


def test_a_scenario_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="frozen"):
        Scenario().horizon = "long"  # type: ignore[misc]


# --- refusals ---

REFUSED: dict[str, tuple[dict[str, Any], tuple[str, ...]]] = {
    "mineral": ({"minerals": ["galium"]}, ("'galium'", "did you mean 'gallium'", "tungsten")),
    "country": ({"parties": ["USA", "CNH"]}, ("'CNH'", "CHN", "EUN")),
    "shock": ({"shocks": [{"name": "china_galium_ban"}]}, ("'china_galium_ban'", "did you mean 'china_gallium_ban'")),
    "key": ({"agrement": {}}, ("'agrement'", "did you mean 'agreement'", "horizon")),
    "key of an instrument": ({"agreement": {"floors": [FLOOR | {"prise": 1.0}]}}, ("floors[0].prise", "price")),
    "stage": (
        {"agreement": {"floors": [FLOOR | {"stage": "mine"}]}},
        ("agreement.floors[0]", "'mine'", "gallium", "refined"),
    ),
    "mineral of an instrument": (
        {"agreement": {"floors": [FLOOR | {"mineral": "tin"}]}},
        ("agreement.floors[0]", "'tin'", "gallium"),
    ),
    "country of a shock": (
        {"shocks": [{"kind": "supply_loss", "region": "XXX", "mineral": "gallium", "stage": "refined", "share": 0.5}]},
        ("shocks[0]", "'XXX'", "CHN"),
    ),
    "party of a floor": (
        {"parties": ["USA"], "agreement": {"floors": [FLOOR]}},
        ("floors[0]", "JPN", "not a party", "USA"),
    ),
    "horizon": ({"horizon": "medium"}, ("horizon", "medium", "short", "long")),
    "assumption": ({"assumptions": {"pass_thru": 0.5}}, ("'pass_thru'", "pass_through")),
    "range of an assumption": ({"assumptions": {"pass_through": 7.0}}, ("pass_through", "7", "range")),
    "not a number": ({"agreement": {"floors": [FLOOR | {"price": "high"}]}}, ("price", "high", "number")),
    "negative price": ({"agreement": {"floors": [FLOOR | {"price": -1.0}]}}, ("price", "-1")),
}


@pytest.mark.parametrize("fault", REFUSED)
def test_a_fault_is_named_with_the_valid_choices(fault: str) -> None:
    content, fragments = REFUSED[fault]
    with pytest.raises(ScenarioError) as refused:
        WORLD.outcome(parse(**content))
    assert [part for part in fragments if part not in str(refused.value)] == []


def test_all_unknown_names_are_listed_at_once() -> None:
    scenario = parse(minerals=["tin"], parties=["USA", "XXX"], shocks=[{"name": "meteor"}])
    with pytest.raises(ScenarioError, match=r"(?s)XXX.*tin.*meteor"):
        WORLD.outcome(scenario)


# --- named shocks ---


def test_the_library_is_large_and_every_shock_has_a_source() -> None:
    sources = set(WORLD.tables["sources"].iloc[:, 0])
    assert len(WORLD.library.names) >= 20
    for name in WORLD.library.names:
        shock = WORLD.library.describe(name)
        assert shock.id == name
        assert shock.source_id in sources
        assert shock.severity_low <= shock.severity <= shock.severity_high
        assert 0.0 < shock.annual_probability <= 1.0
        assert shock.duration_yr > 0.0


EVENTS = tuple(name for name in WORLD.library.names if name not in WORLD.library.answers)
"""Named shocks that happen whatever is agreed."""


@pytest.mark.slow
@pytest.mark.parametrize("name", EVENTS)
def test_every_named_shock_disturbs_each_of_its_minerals(name: str) -> None:
    minerals = WORLD.library.describe(name).minerals or WORLD.minerals
    for mineral in minerals:
        assert records_of(mineral, name), mineral
    for mineral in set(WORLD.minerals) - set(minerals):
        assert records_of(mineral, name) == []


@pytest.mark.parametrize("mineral", WORLD.minerals)
def test_the_shocks_of_a_mineral_are_those_that_disturb_it(mineral: str) -> None:
    described = {name: WORLD.library.describe(name).minerals for name in WORLD.library.names}
    expected = [name for name, minerals in described.items() if not minerals or mineral in minerals]
    assert list(WORLD.library.for_mineral(mineral)) == expected


def test_a_full_ban_stops_every_other_region() -> None:
    (ban,) = records_of("gallium", "china_gallium_ban")
    assert isinstance(ban, ExportBan)
    assert (ban.exporter, ban.mineral, ban.stage) == ("CHN", "gallium", "refined")
    assert set(ban.importers) == set(WORLD.regions) - {"CHN"}


def test_a_milder_ban_leaves_a_share_of_the_base_years_exports() -> None:
    (quota,) = records_of("gallium", "china_gallium_ban", severity=0.6)
    assert isinstance(quota, ExportQuota)
    assert quota.quantity == pytest.approx(0.4 * base_exports("gallium", "refined", "CHN", quota.importers))


def test_a_quota_is_a_share_of_the_base_years_exports() -> None:
    tighter = shocks_of("cobalt", "drc_cobalt_quota", severity=0.4)
    (quota,) = (shock for shock in tighter if isinstance(shock, ExportQuota))
    assert quota.quantity == pytest.approx(0.4 * base_exports("cobalt", "mine", "COD", quota.importers))


@pytest.mark.parametrize(
    ("name", "mineral", "kind", "field"),
    [
        ("grasberg_mud_rush", "copper", SupplyLoss, "share"),
        ("teck_trail_germanium", "germanium", SupplyLoss, "share"),
        ("lithium_glut", "lithium", SupplySurge, "share"),
        ("tungsten_defence_surge", "tungsten", DemandChange, "share"),
    ],
)
def test_shares_are_those_of_the_library(name: str, mineral: str, kind: type[Any], field: str) -> None:
    row, shocks = _first_row(name), records_of(mineral, name)
    assert {type(shock) for shock in shocks} == {kind}
    assert {getattr(shock, field) for shock in shocks} == {row["severity"] * min(row["duration_yr"], 1.0)}
    actors = WORLD.regions if row["actors"] == "ALL" else row["actors"].split(";")
    assert [shock.region for shock in shocks] == list(actors)  # type: ignore[union-attr]


def test_a_production_cap_is_a_share_of_base_year_output() -> None:
    (cap,) = records_of("tungsten", "china_tungsten_mining_cap")
    assert isinstance(cap, SupplyCap)
    base = WORLD.calibrated("tungsten", Scenario(minerals=("tungsten",))).base
    mined = base.stages[0].production_t[base.regions.index("CHN")]
    assert cap.quantity == pytest.approx(_first_row("china_tungsten_mining_cap")["severity"] * mined)


def test_dearer_shipping_touches_every_mineral_both_ways() -> None:
    row = _first_row("red_sea_shipping")
    for mineral in ("copper", "gallium"):
        shocks = records_of(mineral, "red_sea_shipping")
        assert {type(shock) for shock in shocks} == {FreightChange}
        assert {shock.stage for shock in shocks} == set(WORLD.stages[mineral])
        assert all(shock.share == pytest.approx(row["severity"] - 1.0) for shock in shocks)  # type: ignore[union-attr]


def test_a_severity_scales_every_row_of_a_shock() -> None:
    rows = WORLD.tables["shocks"]
    rows = rows[(rows["shock_id"] == "gulf_aluminum_outage")]
    factor = 0.5
    shocks = records_of("aluminum", "gulf_aluminum_outage", severity=factor * float(rows.iloc[0]["severity"]))
    over_the_year = factor * rows["severity"] * rows["duration_yr"]
    assert [shock.share for shock in shocks] == pytest.approx(list(over_the_year))  # type: ignore[union-attr]


def _records_with(name: str, mineral: str, duration_yr: float, part: float = 1.0) -> list[Shock]:
    """Records of a shock that lasts for a time, each row's distance from "nothing" times ``part``.

    Nothing happens at one for what is allowed and for multiples, at zero for all else.
    """
    rows = WORLD.tables["shocks"]
    rows = rows[rows["shock_id"] == name].copy()
    nothing = rows["unit"].str.contains("allowed|multiple").astype(float)
    rows["severity"] = nothing + (rows["severity"] - nothing) * part
    rows["duration_yr"] = duration_yr
    base = WORLD._calibration(mineral, Scenario(minerals=(mineral,))).base
    library = ShockLibrary({"shocks": rows})  # type: ignore[arg-type]
    return library.records(NamedShock(name=name), base, [mineral])[0]


@pytest.mark.parametrize("name", EVENTS)
def test_half_a_year_of_a_shock_is_a_year_of_half_of_it_and_two_years_are_one(name: str) -> None:
    for mineral in WORLD.library.describe(name).minerals or ("copper",):
        assert _sizes(_records_with(name, mineral, 0.5)) == _sizes(_records_with(name, mineral, 1.0, part=0.5))
        assert _records_with(name, mineral, 2.0) == _records_with(name, mineral, 1.0)


def _sizes(shocks: list[Shock]) -> list[dict[str, Any]]:
    return [
        {key: float(f"{value:.9g}") if isinstance(value, float) else value for key, value in shock} for shock in shocks
    ]


@pytest.mark.parametrize("mineral", WORLD.library.describe("china_all_controlled_minerals").minerals)
def test_a_stop_of_six_months_halves_what_the_controls_in_force_let_through(mineral: str) -> None:
    """It does not count for nothing where a licence leaves less than half of the base year's exports."""
    name = "china_all_controlled_minerals"
    assert WORLD.library.describe(name).duration_yr == 0.5
    targets = _first_row(name)["targets"].split(";")
    let_through = 0.0
    for importer in targets:
        flow = base_exports(mineral, "refined", "CHN", [importer])
        for control in shocks_of(mineral):
            if isinstance(control, ExportQuota) and importer in control.importers:
                whole = base_exports(mineral, "refined", "CHN", control.importers)
                flow *= control.quantity / whole
        let_through += flow
    left = [
        shock
        for shock in shocks_of(mineral, name)
        if isinstance(shock, ExportQuota) and set(shock.importers) <= set(targets)
    ]
    assert {importer for quota in left for importer in quota.importers} == set(targets)
    assert sum(quota.quantity for quota in left) == pytest.approx(0.5 * let_through)


def test_hoarding_is_known_as_a_plain_shock() -> None:
    content = {"kind": "hoarding", "region": "USA", "mineral": "gallium", "stage": "refined", "quantity": 3.0}
    scenario = parse(minerals=["gallium"], shocks=[content])
    assert isinstance(scenario.shocks[0], Hoarding)
    assert scenario.shocks[0] in WORLD.shocks("gallium", scenario)


def _first_row(name: str) -> dict[str, Any]:
    rows = WORLD.tables["shocks"]
    row: dict[str, Any] = rows[rows["shock_id"] == name].iloc[0].to_dict()
    return row


# --- controls in force ---


def test_a_row_for_one_target_wins_over_one_for_all() -> None:
    """Antimony to the United States has a row of its own, so that the row for all must leave the United States out."""
    controls = [shock for shock in shocks_of("antimony") if isinstance(shock, RESTRICTIONS)]
    own = [shock for shock in controls if shock.importers == ("USA",)]
    rest = [shock for shock in controls if len(shock.importers) > 1]
    assert len(own) == len(rest) == 1
    assert "USA" not in rest[0].importers
    rows = WORLD.tables["export_controls"]
    rows = rows[(rows["mineral"] == "antimony") & (rows["kind"] == "licence")].set_index("targets")["level"]
    assert isinstance(own[0], ExportQuota)
    assert own[0].quantity == pytest.approx(rows["USA"] * base_exports("antimony", "refined", "CHN", ["USA"]))
    assert isinstance(rest[0], ExportQuota)
    assert rest[0].quantity == pytest.approx(
        rows["ALL"] * base_exports("antimony", "refined", "CHN", rest[0].importers)
    )


def test_suspended_controls_and_those_the_base_year_holds_are_left_out() -> None:
    assert not [shock for shock in shocks_of("gallium") if isinstance(shock, ExportBan)]
    assert not [shock for shock in shocks_of("aluminum") if isinstance(shock, ExportTaxChange)]
    assert not [shock for shock in shocks_of("graphite") if isinstance(shock, RESTRICTIONS)]


def test_an_export_tax_counts_for_the_part_of_the_base_year_without_it() -> None:
    rows = WORLD.tables["export_controls"]
    row = rows[(rows["exporter"] == "IDN") & (rows["mineral"] == "copper") & (rows["kind"] == "export_tax")].iloc[0]
    (tax,) = (shock for shock in shocks_of("copper") if isinstance(shock, ExportTaxChange))
    assert tax.rate == pytest.approx(row["level"] * (1.0 - row["in_base_2024"]))


def test_a_quota_for_one_importer_is_all_his() -> None:
    (quota,) = (shock for shock in shocks_of("aluminum") if isinstance(shock, RESTRICTIONS))
    assert isinstance(quota, ExportQuota)
    assert (quota.exporter, quota.importers, quota.quantity) == ("RUS", ("EUN",), 60_000)


def test_the_share_of_a_limit_in_tonnes_is_its_share_of_the_base_years_exports() -> None:
    rows = WORLD.tables["export_controls"]
    rows = rows[rows["quantity_t_per_yr"].notna() & rows["mineral"].isin(WORLD.minerals)]
    assert len(rows) >= 2
    for row in rows.itertuples():
        buyers = [name for name in WORLD.regions if name != row.exporter and row.targets in ("ALL", name)]
        whole = base_exports(row.mineral, row.stage, row.exporter, buyers)
        assert row.level == pytest.approx(row.quantity_t_per_yr / whole, rel=0.01)


def test_a_limit_in_tonnes_moves_with_the_share_assumed_for_it() -> None:
    row = next(each for each in WORLD.control_levels if each.name.startswith("export_quota_COD"))
    (plain,), (assumed,) = (
        [each for each in WORLD.shocks("cobalt", scenario) if isinstance(each, ExportQuota) and each.exporter == "COD"]
        for scenario in (
            Scenario(minerals=("cobalt",)),
            Scenario(minerals=("cobalt",), assumptions={row.name: row.high}),
        )
    )
    assert assumed.quantity == pytest.approx(plain.quantity * row.high / row.value)


def test_a_named_quota_that_is_in_force_changes_nothing() -> None:
    """Congo's quota is a shock for scenarios without it; today it holds."""
    assert shocks_of("cobalt", "drc_cobalt_quota") == shocks_of("cobalt")


def test_what_lasts_on_its_date_is_in_the_status_quo() -> None:
    """The Gulf's smelters are shut in it; the shock as it stands adds nothing, a worse one takes more."""
    price, as_it_stands, worse = (
        WORLD.outcome(Scenario(minerals=("aluminum",), shocks=shocks)).headline("aluminum").price_usd_per_t
        for shocks in (
            (),
            (NamedShock(name="gulf_aluminum_outage"),),
            (NamedShock(name="gulf_aluminum_outage", severity=0.7),),
        )
    )
    assert as_it_stands == pytest.approx(price)
    assert worse > price


def test_an_embargo_on_the_date_of_the_status_quo_closes_its_routes() -> None:
    """Russian aluminum stays out of the United States and the United Kingdom; the European Union takes its quota."""
    rows = WORLD.outcome(Scenario(minerals=("aluminum",))).flows
    russian = rows[(rows["exporter"] == "RUS") & (rows["stage"] == "refined")].set_index("importer")["status_quo"]
    assert russian.get("USA", 0.0) == russian.get("GBR", 0.0) == 0.0
    assert 0.0 < russian["EUN"] <= 275_000 * (1 + 1e-6)


def _restricted_routes(shocks: list[Shock]) -> list[tuple[str, str, str]]:
    return [
        (shock.exporter, importer, shock.stage)
        for shock in shocks
        if isinstance(shock, RESTRICTIONS)
        for importer in shock.importers
    ]


REPLACING = [
    (name, mineral)
    for name in WORLD.library.names
    if isinstance(_first_row(name)["replaces"], str)
    for mineral in WORLD.library.describe(name).minerals
]


@pytest.mark.parametrize(("name", "mineral"), REPLACING)
def test_a_shock_replaces_the_same_control_and_never_stacks_on_it(name: str, mineral: str) -> None:
    routes = _restricted_routes(shocks_of(mineral, name))
    assert sorted(routes) == sorted(set(routes))


@pytest.mark.parametrize(("name", "mineral"), REPLACING)
def test_a_shock_leaves_controls_on_regions_it_spares_as_tight_as_before(name: str, mineral: str) -> None:
    """Where a shock stops some importers, a control on the others allows them no more than their own share."""
    records = records_of(mineral, name)
    stopped = set(_restricted_routes(records))
    for shock in shocks_of(mineral):
        if isinstance(shock, ExportQuota):
            spared = [
                importer for importer in shock.importers if (shock.exporter, importer, shock.stage) not in stopped
            ]
            whole = base_exports(mineral, shock.stage, shock.exporter, shock.importers)
            allowed = (
                shock.quantity / whole * base_exports(mineral, shock.stage, shock.exporter, spared)
                if whole > 0
                else 0.0
            )
            now = [
                other
                for other in shocks_of(mineral, name)
                if isinstance(other, ExportQuota)
                and other.exporter == shock.exporter
                and set(other.importers) & set(spared)
            ]
            assert all(other.quantity <= allowed * (1.0 + 1e-9) or other in records for other in now)


STOPS = (
    "china_antimony_ban",
    "china_bismuth_ban",
    "china_yttrium_ban",
    "china_germanium_ban",
    "china_gallium_ban",
)


@pytest.mark.parametrize("name", STOPS)
def test_a_milder_stop_never_loosens_the_control_in_force(name: str) -> None:
    """More severity never lets more through, and none lets through more than the status quo."""
    (mineral,) = WORLD.library.describe(name).minerals
    exports = []
    for severity in (0.0, 0.3, 0.6, 0.9, 1.0):
        scenario = parse(format=2, minerals=[mineral], shocks=[{"name": name, "severity": severity}])
        exports.append(_refined_exports(mineral, scenario))
    status_quo = _refined_exports(mineral, Scenario(minerals=(mineral,)))
    assert exports[0] <= status_quo * (1 + 1e-6)
    assert all(more <= less * (1 + 1e-6) + 1e-6 for less, more in pairwise(exports))


@pytest.mark.slow
@pytest.mark.parametrize(("name", "mineral"), REPLACING)
def test_every_control_in_force_holds_under_a_milder_shock(name: str, mineral: str) -> None:
    """No severity short of a stop lets more through to anyone whom a control names, nor lifts a tax."""
    severity = 0.1 if _first_row(name)["kind"] == "export_ban" else 0.9
    scenario = parse(format=2, minerals=[mineral], shocks=[{"name": name, "severity": severity}])
    flows = WORLD.outcome(scenario).flows
    for control in shocks_of(mineral):
        if isinstance(control, ExportQuota | ExportBan):
            out = flows[(flows["exporter"] == control.exporter) & (flows["stage"] == control.stage)]
            out = out.loc[out["importer"].isin(control.importers), ["status_quo", "without_agreement"]].sum()
            allowed = control.quantity if isinstance(control, ExportQuota) else 0.0
            assert (out <= allowed * (1 + 1e-6) + 1e-6).all()
        replaced = isinstance(control, SupplyLoss)  # of the status quo, by the same shock at another severity
        assert replaced or isinstance(control, ExportQuota) or control in WORLD.shocks(mineral, scenario)


@pytest.mark.parametrize("name", STOPS)
def test_a_shock_milder_than_what_is_in_force_changes_nothing(name: str) -> None:
    (mineral,) = WORLD.library.describe(name).minerals
    in_force = shocks_of(mineral)
    restricted = {importer for control in in_force for importer in control.importers}  # type: ignore[attr-defined]
    tight = all(
        isinstance(control, ExportQuota)
        and control.quantity <= 0.9 * base_exports(mineral, control.stage, "CHN", control.importers)
        for control in in_force
    )
    if tight and restricted == set(WORLD.regions) - {"CHN"}:
        assert shocks_of(mineral, name, severity=0.1) == in_force


@pytest.mark.parametrize("name", WORLD.library.in_status_quo)
@pytest.mark.parametrize("part", [0.0, 0.5, 1.0])
def test_an_outage_of_today_is_not_undone_by_a_milder_one(name: str, part: float) -> None:
    known = WORLD.library.describe(name)
    (mineral,) = known.minerals
    assert set(shocks_of(mineral, name, severity=part * known.severity)) == set(shocks_of(mineral))
    worse = parse(format=2, minerals=[mineral], shocks=[{"name": name, "severity": known.severity_high}])
    assert WORLD.outcome(worse).headline(mineral).world_gain_usd < 0.0


def test_outages_of_today_have_ended_once_capacity_has_responded() -> None:
    for name in WORLD.library.in_status_quo:
        (mineral,) = WORLD.library.describe(name).minerals
        lost = [each for each in shocks_of(mineral) if isinstance(each, SupplyLoss)]
        later = WORLD.shocks(mineral, parse(format=2, minerals=[mineral], horizon="long"))
        assert lost
        assert not [each for each in later if isinstance(each, SupplyLoss)]


@pytest.mark.parametrize("name", STOPS)
def test_a_stop_of_nothing_is_no_shock(name: str) -> None:
    for mineral in WORLD.library.describe(name).minerals:
        assert shocks_of(mineral, name, severity=0.0) == shocks_of(mineral)


def _refined_exports(mineral: str, scenario: Scenario) -> float:
    """Refined exports of China in one state, t a year."""
    rows = WORLD.solved(mineral, scenario).accounts.quantities
    return sum(row["exports"] for row in rows if row["region"] == "CHN" and row["stage"] == "refined")


@pytest.mark.parametrize("name", WORLD.library.names)
def test_every_severity_of_the_library_may_be_asked_for(name: str) -> None:
    known = WORLD.library.describe(name)
    for severity in (known.severity_low, known.severity, known.severity_high):
        WORLD.check(
            parse(format=2, minerals=known.minerals or ["copper"], shocks=[{"name": name, "severity": severity}])
        )


@pytest.mark.parametrize("severity", [1e10, 1e300])
def test_a_severity_beyond_all_sense_is_refused_in_one_line(severity: float) -> None:
    shock = {"name": "drc_cobalt_quota", "severity": severity}
    with pytest.raises(ScenarioError, match=r"severity = .*less than or equal to 1000") as refused:
        Scenario.parse({"minerals": ["cobalt"], "shocks": [shock]}, "scenario")
    assert "\n" not in str(refused.value)

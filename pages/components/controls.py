"""The sidebar: widgets that show the scenario and change it. Its value is read by every page."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import streamlit as st

from model.aside import Aside, aside_in_short, aside_in_words
from model.errors import AccordError
from model.findings import figures, group_labels, price
from model.instruments import Duty, Floor, Mechanism, Offtake, RentHolder, Stockpile, Tariff, Trq, lever
from model.shocks import NamedShock
from model.studies.ranges import main_assumptions
from pages.components import layout, levers, links, results, state

if TYPE_CHECKING:
    from collections.abc import Callable

    from model.assumptions import Assumption
    from model.records import Record
    from model.scenario import Scenario

GROUPS = {
    "parties": "Parties",
    "floor": "Price floor",
    "border": "Border",
    "stock": "Offtake, stock",
    "shock": "Shock",
    "assumptions": "Assumptions",
}
LONGEST_LABEL = 27
MECHANISMS = {
    "variable_levy": "Variable levy",
    "capped": "Capped levy",
    "cfd": "Contract for difference",
    "buffer_stock": "Buffer stock",
}
RENTS = {"importer": "importers", "exporter": "exporters", "auction": "treasury, by auction", "burnt": "no one"}
HORIZONS = {"short": "Short, 1 year", "long": "Long"}
MOST_FLOOR_PERCENT = 300
MOST_DUTY_PERCENT = 100
DEFAULT_OVER_QUOTA = 0.25
MILLION = 1e6
NOT_SOURCED = "The level is for the parties to choose; its bounds on this page are an assumption."


def scenario() -> Scenario:
    """The scenario in force; the default where a page runs alone."""
    return state.history().scenario


def stopped() -> bool:
    """Show the fault of the last edit, if any; true when there is nothing to show beside it."""
    here = state.history()
    if here.fault:
        st.error(layout.plain(here.fault), icon=":material/error:")
    return here.stops


def sidebar() -> None:
    """Draw every lever."""
    here = state.history()
    with st.sidebar:
        _mineral(here.scenario)
        labels = group_labels(here.scenario, levers.focus(here.scenario), results.names())
        drawn: dict[str, Callable[[Scenario], None]] = {
            "parties": _parties,
            "floor": _floor,
            "border": _border,
            "stock": _stock,
            "shock": _shock,
            "assumptions": _assumptions,
        }
        for group, draw in drawn.items():
            with st.container(border=True, key=f"group_{group}"):
                unfolded = group == here.open_group
                st.button(
                    _label(group, labels[group]),
                    key=f"fold_{group}",
                    type="tertiary",
                    width="stretch",
                    on_click=state.fold,
                    args=(group,),
                    icon=":material/expand_less:" if unfolded else ":material/expand_more:",
                )
                if unfolded:
                    draw(here.scenario)
        _horizon(here.scenario)
        _kept(here.scenario)
        _history(here)
    state.publish()


def _label(group: str, text: str) -> str:
    most = LONGEST_LABEL - len(GROUPS[group])
    short = text if len(text) <= most else text[: most - 1].rstrip(" ,") + "…"
    return f"**{GROUPS[group]}**: {layout.plain(short)}"


def _edit(change: Callable[[Scenario], Scenario]) -> dict[str, Any]:
    """Arguments of a widget that changes the scenario."""
    return {"on_change": state.edit, "args": (change,)}


def _mineral(now: Scenario) -> None:
    names = results.names()
    minerals = results.world().minerals
    st.selectbox(
        "Mineral",
        format_func=names.mineral,
        **state.seed("mineral", levers.focus(now), options=minerals),
        **_edit(lambda s: levers.with_focus(s, state.value("mineral"))),
    )


def _parties(now: Scenario) -> None:
    regions = results.world().regions
    rows = results.world().tables["coalitions"]
    members = {str(row.coalition_id): str(row.members).split(";") for row in rows.itertuples()}
    titles = dict(zip(rows["coalition_id"], rows["name"], strict=True))
    chosen = next((id for id, parties in members.items() if set(parties) == set(now.parties)), None)

    def take_coalition() -> None:
        picked = state.optional("coalition")
        if picked is not None:
            state.edit(lambda s: levers.with_parties(s, members[picked], regions))

    def take_parties() -> None:
        picked = state.optional("parties")
        if not picked:
            known = ", ".join(str(title) for title in titles.values())
            state.refuse(
                f"An agreement needs at least one party. Choose countries, or a coalition: {known}.", stops=True
            )
        else:
            state.edit(lambda s: levers.with_parties(s, picked, regions))

    st.pills(
        "Named coalitions",
        list(members),
        format_func=lambda id: str(titles[id]),
        on_change=take_coalition,
        help="Members and sources stand in the table of coalitions on the page Data and method.",
        **state.seed("coalition", chosen, "default"),
    )
    shown = {"key": "parties"} if state.history().stops else state.seed("parties", list(now.parties), "default")
    st.multiselect("Parties", regions, format_func=results.names().region, on_change=take_parties, **shown)


def _floor(now: Scenario) -> None:
    floor: Floor | None = levers.first(now, "floors")
    stage = _stage("floor_stage", now, None if floor is None else floor.stage, _floor_stage)
    reference = _reference(now, stage)
    if reference is not None:
        at = 0 if floor is None else min(round(100 * floor.price / reference), MOST_FLOOR_PERCENT)
        st.slider(
            "Level, % of the status quo price",
            0,
            MOST_FLOOR_PERCENT,
            format="%d %%",
            help=f"0 = no floor. 100 % = {price(reference)}, the parties' price in the status quo. {NOT_SOURCED}",
            **state.seed("floor_percent", at),
            **_edit(lambda s: _floor_level(s, _four_figures(state.value("floor_percent") / 100 * reference))),
        )
    st.number_input(
        "Level, USD/t (0 = none)",
        min_value=0.0,
        format="%.0f",
        step=_step(reference),
        help=_help(Floor, "price"),
        **state.seed("floor_usd", 0.0 if floor is None else floor.price),
        **_edit(lambda s: _floor_level(s, state.value("floor_usd"))),
    )
    if floor is not None:
        _mechanism(floor)
    _precedents(levers.focus(now))


def _stage(key: str, now: Scenario, chosen: str | None, change: Callable[[Scenario, str], Scenario]) -> str:
    """The stage of a group's instruments: asked for only where the market has two."""
    stages = results.world().stages[levers.focus(now)]
    if len(stages) == 1:
        return stages[0]
    at = chosen or st.session_state.get(key)
    at = at if at in stages else stages[-1]
    names = results.names()
    st.segmented_control(
        "Stage",
        stages,
        required=True,
        format_func=lambda stage: names.stage(levers.focus(now), stage),
        **state.seed(key, at, "default"),
        **_edit(lambda s: change(s, state.value(key))),
    )
    return str(state.optional(key) or at)


def _reference(now: Scenario, stage: str) -> float | None:
    """The status-quo price; None where the status quo itself has no solution, which the page reports."""
    try:
        return results.reference_price(now, stage)
    except AccordError:
        return None


def _step(reference: float | None) -> float:
    return _four_figures((reference or 1000.0) / 100)


def _four_figures(value: float) -> float:
    return float(f"{value:.4g}")


def _content(record: Record) -> dict[str, Any]:
    return record.model_dump(mode="json")


def _floor_level(now: Scenario, level: float) -> Scenario:
    floor: Floor | None = levers.first(now, "floors")
    if level <= 0:
        return levers.put(now, "floors", None)
    if floor is None:
        stages = results.world().stages[levers.focus(now)]
        place = {
            "parties": now.parties,
            "mineral": levers.focus(now),
            "stage": st.session_state.get("floor_stage") or stages[-1],
        }
        return levers.put(now, "floors", {**place, "price": level})
    return levers.put(now, "floors", {**_content(floor), "price": level})


def _floor_stage(now: Scenario, stage: str) -> Scenario:
    floor: Floor | None = levers.first(now, "floors")
    if floor is None:
        return now
    before, after = _reference(now, floor.stage), _reference(now, stage)
    level = _four_figures(floor.price / before * after) if before and after else floor.price
    return levers.put(
        now, "floors", {**_content(floor), "stage": stage, "price": level, "levy_cap": None, "ceiling": None}
    )


def _mechanism(floor: Floor) -> None:
    kind = "capped" if floor.levy_cap is not None else floor.mechanism.value
    st.selectbox(
        "Mechanism",
        format_func=MECHANISMS.__getitem__,
        help="Levy on arrivals from non-parties, payment to producers, or public purchases.",
        **state.seed("floor_mechanism", kind, options=list(MECHANISMS)),
        **_edit(lambda s: _with_mechanism(s, state.value("floor_mechanism"))),
    )
    change = partial(_floor_part)
    if kind == "capped":
        _number(
            "Levy cap, USD/t", "floor_levy_cap", floor.levy_cap or 0.0, Floor, "levy_cap", change, floor.price / 100
        )
    if floor.mechanism is Mechanism.BUFFER_STOCK:
        budget = None if floor.budget is None else floor.budget / MILLION
        st.number_input(
            "Budget per party, million USD/yr (empty = no limit)",
            min_value=0.0,
            format="%.1f",
            help=_help(Floor, "budget"),
            **state.seed_optional("floor_budget", budget),
            **_edit(lambda s: _floor_part(s, "budget", _times(state.optional("floor_budget"), MILLION))),
        )
        st.number_input(
            "Ceiling, USD/t (empty = never sells)",
            min_value=0.0,
            format="%.0f",
            help=_help(Floor, "ceiling"),
            **state.seed_optional("floor_ceiling", floor.ceiling),
            **_edit(lambda s: _floor_part(s, "ceiling", state.optional("floor_ceiling"))),
        )
        _number("Stock held, t", "floor_stock", floor.stock, Floor, "stock", change, 10.0)


def _times(value: float | None, factor: float) -> float | None:
    return None if value is None else value * factor


def _floor_part(now: Scenario, name: str, value: float | None) -> Scenario:
    floor = levers.first(now, "floors")
    return now if floor is None else levers.put(now, "floors", {**_content(floor), name: value})


def _with_mechanism(now: Scenario, kind: str) -> Scenario:
    floor: Floor | None = levers.first(now, "floors")
    if floor is None:
        return now
    plain = {name: value for name, value in _content(floor).items() if name in ("parties", "mineral", "stage", "price")}
    mechanism = Mechanism.VARIABLE_LEVY.value if kind == "capped" else kind
    cap = {"levy_cap": _four_figures(floor.price / 10)} if kind == "capped" else {}
    return levers.put(now, "floors", {**plain, "mechanism": mechanism, **cap})


def _number(
    label: str,
    key: str,
    value: float,
    record: type[Record],
    name: str,
    change: Callable[[Scenario, str, float], Scenario],
    step: float,
) -> None:
    """A number field of an instrument: bounds and explanation come from its record."""
    bounds = lever(record, name)
    st.number_input(
        label,
        min_value=float(bounds.get("minimum", 0.0)),
        format="%.0f",
        step=_four_figures(step),
        help=_help(record, name),
        **state.seed(key, float(value)),
        **_edit(lambda s: change(s, name, state.value(key))),
    )


def _help(record: type[Record], name: str) -> str:
    """Unit, bounds and default of a field as its record declares them."""
    about = lever(record, name)
    unit = str(about.get("unit", "")).split(" (")[0]
    text = str(about.get("description", "")).removesuffix(".")
    bounds = f"at least {about['minimum']:g}" if "minimum" in about else ""
    default = about.get("default")
    said = [
        text,
        f"unit: {unit}" if unit else "",
        bounds,
        f"default: {'none' if default is None else default}",
        NOT_SOURCED,
    ]
    return "; ".join(part for part in said if part)


def _precedents(mineral: str) -> None:
    """Floors that exist or were proposed for the mineral, as reference levels."""
    rows = results.world().tables["floor_precedents"]
    for row in rows[(rows["mineral"] == mineral) & rows["price_usd_per_t"].notna()].itertuples():
        st.caption(
            layout.plain(
                f"Reference: {row.price} {row.quoted_unit}, {row.kind}, {row.holder}, {row.status} ({row.source_id})"
            )
        )


def _border(now: Scenario) -> None:
    trq: Trq | None = levers.first(now, "trqs")
    tariff: Tariff | None = levers.first(now, "tariffs")
    free = levers.first(now, "zero_for_zero")
    set_at = next((item.stage for item in (trq, tariff, free) if item is not None), None)
    stage = _stage("border_stage", now, set_at, _border_stage)
    rate = 0.0 if tariff is None else 100 * tariff.ad_valorem
    st.slider(
        "Tariff on non-parties, % of value",
        0.0,
        float(MOST_DUTY_PERCENT),
        step=0.5,
        format="%.1f %%",
        help=_help(Tariff, "ad_valorem"),
        disabled=trq is not None,
        **state.seed("tariff", min(rate, MOST_DUTY_PERCENT)),
        **_edit(lambda s: _with_tariff(s, stage, state.value("tariff") / 100)),
    )
    st.toggle(
        "Tariff-rate quota for non-parties",
        help="One quantity at the in-quota rate, the rest at the over-quota rate; replaces tariffs. "
        "Starts at what comes in in the status quo.",
        **state.seed("trq_on", trq is not None),
        **_edit(lambda s: _with_trq(s, stage, state.value("trq_on"))),
    )
    if trq is not None:
        _trq_levers(trq)
    st.toggle(
        "Zero-for-zero among parties",
        help="Duties in force between parties fall to zero.",
        **state.seed("zero", free is not None),
        **_edit(lambda s: levers.put(s, "zero_for_zero", _place(s, stage) if state.value("zero") else None)),
    )


def _place(now: Scenario, stage: str) -> dict[str, Any]:
    return {"mineral": levers.focus(now), "stage": stage}


def _border_stage(now: Scenario, stage: str) -> Scenario:
    for name in ("trqs", "tariffs", "zero_for_zero"):
        item = levers.first(now, name)
        if item is not None:
            now = levers.put(now, name, {**_content(item), "stage": stage})
    return now


def _against_others(now: Scenario) -> dict[str, Any]:
    outside = [name for name in results.world().regions if name not in now.parties]
    return {"importers": list(now.parties), "exporters": outside}


def _with_tariff(now: Scenario, stage: str, rate: float) -> Scenario:
    if rate <= 0:
        return levers.put(now, "tariffs", None)
    tariff = levers.first(now, "tariffs")
    base = {**_against_others(now), **_place(now, stage)} if tariff is None else _content(tariff)
    return levers.put(now, "tariffs", {**base, "ad_valorem": rate})


def _with_trq(now: Scenario, stage: str, wanted: bool) -> Scenario:
    if not wanted:
        return levers.put(now, "trqs", None)
    quantity = _four_figures(results.imports_from_others(now, stage))
    rates = {"in_quota": {"ad_valorem": 0.0}, "over_quota": {"ad_valorem": DEFAULT_OVER_QUOTA}}
    return levers.put(now, "trqs", {**_against_others(now), **_place(now, stage), "quantity": quantity, **rates})


def _trq_levers(trq: Trq) -> None:
    st.number_input(
        "Quota, t/yr",
        min_value=0.0,
        format="%.0f",
        step=max(1.0, _four_figures(trq.quantity / 50)),
        help=_help(Trq, "quantity"),
        **state.seed("trq_t", trq.quantity),
        **_edit(lambda s: _trq_part(s, quantity=state.value("trq_t"))),
    )
    for key, label, duty in (
        ("in_quota", "In-quota rate, %", trq.in_quota),
        ("over_quota", "Over-quota rate, %", trq.over_quota),
    ):
        st.slider(
            label,
            0.0,
            float(MOST_DUTY_PERCENT),
            step=0.5,
            format="%.1f %%",
            help=_help(Duty, "ad_valorem"),
            **state.seed(key, min(100 * duty.ad_valorem, MOST_DUTY_PERCENT)),
            **_edit(partial(_trq_duty, key=key)),
        )
    rents = [holder.value for holder in RentHolder]
    st.selectbox(
        "Quota rent goes to",
        format_func=RENTS.__getitem__,
        **state.seed("rent_to", trq.rent_to.value, options=rents),
        **_edit(lambda s: _trq_part(s, rent_to=state.value("rent_to"))),
    )


def _trq_part(now: Scenario, **parts: Any) -> Scenario:
    trq = levers.first(now, "trqs")
    return now if trq is None else levers.put(now, "trqs", {**_content(trq), **parts})


def _trq_duty(now: Scenario, key: str) -> Scenario:
    trq = levers.first(now, "trqs")
    if trq is None:
        return now
    return _trq_part(now, **{key: {**_content(getattr(trq, key)), "ad_valorem": state.value(key) / 100}})


def _stock(now: Scenario) -> None:
    _offtake(now, levers.first(now, "offtakes"))
    _stockpile(now, levers.first(now, "stockpiles"))


def _offtake(now: Scenario, offtake: Offtake | None) -> None:
    st.toggle(
        "Offtake between two parties",
        help="At least this much is shipped in every state of the world, settled at the strike price.",
        **state.seed("offtake_on", offtake is not None),
        **_edit(_with_offtake),
    )
    if offtake is None:
        return
    names = results.names()
    for key, label in (("producer", "Producer"), ("buyer", "Buyer")):
        st.selectbox(
            label,
            format_func=names.region,
            **state.seed(f"offtake_{key}", getattr(offtake, key), options=results.world().regions),
            **_edit(partial(_offtake_part, name=key, key=f"offtake_{key}")),
        )
    st.number_input(
        "Offtake, t/yr",
        min_value=0.0,
        format="%.0f",
        step=max(1.0, _four_figures(offtake.quantity / 20)),
        help=_help(Offtake, "quantity"),
        **state.seed("offtake_t", offtake.quantity),
        **_edit(partial(_offtake_part, name="quantity", key="offtake_t")),
    )
    st.number_input(
        "Strike, USD/t (empty = market price)",
        min_value=0.0,
        format="%.0f",
        help=_help(Offtake, "strike"),
        **state.seed_optional("offtake_strike", offtake.strike),
        **_edit(partial(_offtake_part, name="strike", key="offtake_strike")),
    )


def _with_offtake(now: Scenario) -> Scenario:
    if not state.value("offtake_on"):
        return levers.put(now, "offtakes", None)
    return levers.put(now, "offtakes", results.offtake_to_start_from(now).model_dump(mode="json"))


def _offtake_part(now: Scenario, name: str, key: str) -> Scenario:
    offtake = levers.first(now, "offtakes")
    typed = state.optional(key) if name == "strike" else state.value(key)
    return now if offtake is None else levers.put(now, "offtakes", {**_content(offtake), name: typed})


def _stockpile(now: Scenario, stockpile: Stockpile | None) -> None:
    st.toggle(
        "Stockpile of a party",
        help=_help(Stockpile, "quantity"),
        **state.seed("stockpile_on", stockpile is not None),
        **_edit(_with_stockpile),
    )
    if stockpile is None:
        return
    st.selectbox(
        "Party",
        format_func=results.names().region,
        **state.seed("stockpile_party", stockpile.party, options=now.parties),
        **_edit(partial(_stockpile_part, name="party", key="stockpile_party")),
    )
    st.number_input(
        "Release at most, t/yr",
        min_value=0.0,
        format="%.0f",
        step=max(1.0, _four_figures(stockpile.quantity / 20)),
        help=_help(Stockpile, "quantity"),
        **state.seed("stockpile_t", stockpile.quantity),
        **_edit(partial(_stockpile_part, name="quantity", key="stockpile_t")),
    )
    st.number_input(
        "Release above, USD/t",
        min_value=0.0,
        format="%.0f",
        step=_four_figures(max(stockpile.release_above, 100.0) / 100),
        help=_help(Stockpile, "release_above"),
        **state.seed("stockpile_usd", stockpile.release_above),
        **_edit(partial(_stockpile_part, name="release_above", key="stockpile_usd")),
    )


def _with_stockpile(now: Scenario) -> Scenario:
    if not state.value("stockpile_on"):
        return levers.put(now, "stockpiles", None)
    return levers.put(now, "stockpiles", results.stockpile_to_start_from(now).model_dump(mode="json"))


def _stockpile_part(now: Scenario, name: str, key: str) -> Scenario:
    stockpile = levers.first(now, "stockpiles")
    return now if stockpile is None else levers.put(now, "stockpiles", {**_content(stockpile), name: state.value(key)})


def _shock(now: Scenario) -> None:
    library, names = results.world().library, results.names()
    chosen = [shock.name for shock in now.shocks if isinstance(shock, NamedShock)]
    options = list(dict.fromkeys([*library.for_mineral(levers.focus(now)), *chosen]))
    st.multiselect(
        "Named shocks, combinable",
        options,
        format_func=names.shock,
        placeholder="None",
        **state.seed("shocks", chosen, "default"),
        **_edit(lambda s: levers.with_shocks(s, state.value("shocks"))),
    )
    for shock in now.shocks:
        if isinstance(shock, NamedShock):
            _severity(shock)


def _severity(shock: NamedShock) -> None:
    about = results.world().library.describe(shock.name)
    key = f"severity_{shock.name}"
    at = about.severity if shock.severity is None else shock.severity
    chance = f"Probability {100 * about.annual_probability:.1f} % a year (assumption)"
    about_it = f"{about.description}. {chance}. Source: {about.source_id}"
    if about.severity_low >= about.severity_high:
        st.caption(f"{layout.plain(about.name)}: {figures(at)} {about.unit}", help=layout.plain(about_it))
        return
    low, high = min(about.severity_low, at), max(about.severity_high, at)

    def take(now: Scenario) -> Scenario:
        picked = state.value(key)
        return levers.with_severity(now, shock.name, None if picked == about.severity else picked)

    st.slider(
        f"{about.name}: {about.unit}",
        float(low),
        float(high),
        step=_four_figures((high - low) / 40),
        help=layout.plain(about_it),
        **state.seed(key, float(at)),
        **_edit(take),
    )


def _assumptions(now: Scenario) -> None:
    mineral, world = levers.focus(now), results.world()
    main = main_assumptions(world, now, mineral)
    for assumption in main:
        _assumption(now, assumption)
    shown = {assumption.name for assumption in main}
    rest = {
        a.name: a for a in world.assumptions if a.name not in shown and a.mineral in ("", mineral) and a.high > a.low
    }
    changed = [name for name in now.assumptions if name in rest]
    others = [name for name in rest if name not in changed]
    for name in changed:
        _assumption(now, rest[name])
    picked = st.selectbox(
        "Any other assumption",
        others,
        index=None,
        key="other_assumption",
        format_func=_readable,
        placeholder="Choose one",
    )
    if picked in rest:
        _assumption(now, rest[picked])
    if now.assumptions:
        st.button(
            "As registered",
            key="assumptions_reset",
            icon=":material/restart_alt:",
            on_click=state.edit,
            args=(_registered,),
        )


def _registered(now: Scenario) -> Scenario:
    return now.model_copy(update={"assumptions": {}})


def _readable(name: str) -> str:
    return name.split(".", maxsplit=1)[0].replace("_", " ")


def _assumption(now: Scenario, assumption: Assumption) -> None:
    key = f"assumption_{assumption.name}"
    changed = assumption.name in now.assumptions
    at = now.assumptions.get(assumption.name, assumption.value)
    source = f"source: {assumption.source_id}" if assumption.source_id else "source: judgement"
    registered = f"{assumption.value:g}, range {assumption.low:g} to {assumption.high:g}"

    def take(before: Scenario) -> Scenario:
        picked = state.value(key)
        return levers.with_assumption(before, assumption.name, None if picked == assumption.value else picked)

    st.number_input(
        f"{_readable(assumption.name)}{' (changed)' if changed else ''}",
        float(assumption.low),
        float(assumption.high),
        step=_four_figures((assumption.high - assumption.low) / 20),
        format="%.4g",
        help=layout.plain(f"Assumption. {assumption.unit}; {registered}. {assumption.reason}; {source}"),
        **state.seed(key, float(at)),
        **_edit(take),
    )


def _horizon(now: Scenario) -> None:
    st.segmented_control(
        "Horizon",
        list(HORIZONS),
        format_func=HORIZONS.__getitem__,
        required=True,
        help="Short: one year, capacity almost fixed (see Assumptions). Long: capacity responds.",
        label_visibility="collapsed",
        **state.seed("horizon", now.horizon, "default"),
        **_edit(lambda s: s.model_copy(update={"horizon": state.value("horizon")})),
    )


def _kept(now: Scenario) -> None:
    """What the scenario holds that no lever above shows."""
    names = results.names()
    elsewhere = [names.mineral(mineral) for mineral in levers.others(now)]
    if elsewhere:
        st.caption(f"Also in the agreement: {', '.join(elsewhere)}.")
    beside = state.aside(now)
    if beside != Aside():
        whole = aside_in_words(beside, results.world().tables["projects"], names)
        st.caption(f"Also agreed: {aside_in_short(beside)}.", help=layout.plain(whole))
    more = levers.unseen(now)
    plain = sum(not isinstance(shock, NamedShock) for shock in now.shocks)
    held = [f"{number} {what}" for number, what in ((more, "more instruments"), (plain, "unnamed shocks")) if number]
    if held:
        st.caption(f"Held but not shown: {' and '.join(held)}. They count in every number.")


def _history(here: state.History) -> None:
    with st.container(horizontal=True, gap="xsmall"):
        st.button("", key="undo", icon=":material/undo:", help="Undo", on_click=state.undo, disabled=not here.past)
        st.button("", key="redo", icon=":material/redo:", help="Redo", on_click=state.redo, disabled=not here.future)
        st.button(
            "", key="reset", icon=":material/restart_alt:", help="Reset everything to the status quo", on_click=_reset
        )
        with st.popover("", icon=":material/share:", help="Share or save this scenario"):
            _share(here.scenario)


def _reset() -> None:
    state.reset()
    state.history().open_group = ""


def _share(now: Scenario) -> None:
    text = links.encode(now)
    address = (st.context.url or "").split("?")[0]
    st.caption("The link opens this scenario on any page:")
    st.code(f"{address}?{links.PARAMETER}={text}" if text else address, language=None, wrap_lines=True)
    st.download_button(
        "Save scenario",
        now.to_json(),
        "scenario.json",
        "application/json",
        key="save",
        icon=":material/download:",
        on_click="ignore",
    )
    st.file_uploader("Open a saved scenario", "json", key="opened", on_change=_open)


def _open() -> None:
    file = state.optional("opened")
    if file is not None:
        content = file.getvalue()
        state.edit(lambda _: links.parse(content.decode("utf-8", errors="replace")))

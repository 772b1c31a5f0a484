"""The design problem on the page: widgets that show a draft and change it, and the table of responses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

from model.design import ResponseTable, Store
from model.design.problem.draft import LINES, OBJECTIVES, PARTICIPATIONS, Draft, NewLine, RedLine, add_line
from model.design.problem.request import DesignRequest, check, states_of
from model.design.wording import shocks_left, shown, states_in_words, states_table
from model.edits import MECHANISMS
from model.errors import AccordError
from model.findings import shocks_set_aside
from model.instruments import Mechanism, RentHolder
from model.units import SHARE
from model.words.levers import Lever, stride_between
from model.words.numbers import exact, lasting, starting
from model.words.voice import PART_OF_YEAR
from pages.components import design_tables, forms, layout, results

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import pandas as pd

    from model.design.problem.request import WorldState
    from model.scenario import Scenario

PER_ROW = 4
NUMBER_PIXELS = 160
LEVELS = {
    "floor_levels": ("Floors, % of the status-quo price", "0 = no floor"),
    "trq_quantities": (
        "TRQ quantities, % of imports from non-parties",
        "In-quota imports as a share of the status quo's",
    ),
    "over_quota_rates": ("Over-quota rates, % of value", "0 = no tariff-rate quota"),
    "stockpiles": ("Public stocks, % of each party's yearly use", "0 = none"),
    "commitments": (
        "Binding offtakes, % of a party's imports",
        "0 = none; they bind under every shock, further offtakes are found by the choice",
    ),
}


@st.cache_resource(show_spinner=False)
def table() -> ResponseTable:
    """The one table of responses of this process, kept on disk; it solves in the page's own thread, part by part."""
    return ResponseTable(results.world(), Store())


def draft() -> Draft:
    """The design problem of this session as it is typed."""
    return forms.kept("design", Draft)


def request(scenario: Scenario) -> DesignRequest | None:
    """The design problem that is typed, for the scenario's parties; None with its faults in words where it is none."""
    try:
        asked = draft().request(scenario, [state.name for state in _named(scenario.minerals)])
        check(asked, results.world())
    except AccordError as error:
        st.error(layout.plain(str(error)), icon=":material/error:")
        return None
    return asked


@st.cache_data(show_spinner=False)
def _named(minerals: tuple[str, ...]) -> tuple[WorldState, ...]:
    """The named shocks that touch the minerals, as the library has them."""
    return states_of(DesignRequest(minerals=minerals), results.world())[1:]


@st.cache_data(show_spinner=False)
def _counted(_asked: DesignRequest, identity: str) -> tuple[WorldState, ...]:
    return states_of(_asked, results.world())


def counted(asked: DesignRequest) -> tuple[WorldState, ...]:
    """The states of the world of a design problem."""
    return _counted(asked, asked.model_dump_json())


def without_sidebar_shocks(scenario: Scenario) -> None:
    """One line where the sidebar has shocks: here they are set aside for all named ones."""
    told = shocks_set_aside(scenario, results.names())
    if told:
        st.info(layout.plain(told), icon=":material/thunderstorm:")


def states(found: Sequence[WorldState]) -> None:
    """Which states of the world count, in a sentence and on demand as a table."""
    st.caption(layout.plain(states_in_words(found, results.names())))
    with st.expander("Shocks counted, with probability and severity", icon=":material/table_view:"):
        numbers(states_table(found, results.world().library), "states")


def shocks(scenario: Scenario) -> None:
    """Which named shocks count, with probability and severity, as widgets in a fold-out."""
    fold = st.expander(
        "Shocks and their probabilities", icon=":material/thunderstorm:", key="shocks_fold", on_change="rerun"
    )
    if not fold.open:
        return
    with fold:
        st.caption(
            "A probability is the chance that a shock hits in a year, whatever the others do, and an assumption of the "
            f"library. {PART_OF_YEAR} All of it can be changed."
        )
        named = _named(scenario.minerals)
        for number, state in enumerate(named):
            _shock(state, number == 0)
        st.markdown(layout.plain(shocks_left(named, draft())))
        if draft().changes_shocks([state.name for state in named]):
            st.button("As the library has them", on_click=draft().reset_shocks, icon=":material/restart_alt:")


def _shock(state: WorldState, first: bool) -> None:
    """Whether the shock counts, its probability, its severity while it lasts, and where they come from."""
    kept, name = draft(), state.name
    known = results.world().library.describe(name)
    chance, library_percent = kept.probability_percent, Lever({"unit": SHARE}).shown(state.probability)
    field, severity, library_severity = Lever({"unit": known.unit}), kept.severity, known.severity
    keep = _unless(severity, name, library_severity)
    numbers: dict[str, Any] = {
        "format": "%.4g",
        "width": NUMBER_PIXELS,
        "disabled": name in kept.left_out,
        "label_visibility": "visible" if first else "collapsed",
    }
    st.checkbox(
        layout.plain(known.name),
        help=layout.plain(known.description),
        **forms.item(f"shock_{name}", name not in kept.left_out, lambda used: kept.use_shock(name, used)),
    )
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        st.number_input(
            "Probability, % a year",
            0.0,
            100.0,
            step=0.1,
            **numbers,
            **forms.item(f"chance_{name}", chance.get(name, library_percent), _unless(chance, name, library_percent)),
        )
        st.number_input(
            "Severity while it lasts",
            min_value=0.0,
            step=stride_between(0.0, field.shown(library_severity)),
            **numbers,
            **forms.item(
                f"severity_{name}",
                field.shown(severity.get(name, library_severity)),
                lambda typed: keep(field.kept(typed)),
            ),
        )
        st.caption(
            layout.plain(
                f"{starting(field.unit)}; {exact(field.shown(known.severity))} in the library, for "
                f"{lasting(known.duration_yr)}. Source: {known.source_id}"
            )
        )


def _unless(changed: dict[str, float], name: str, library: float) -> Callable[[float], object]:
    """Keeps what is typed, unless it is the library's value."""
    return lambda typed: changed.pop(name, None) if typed == library else changed.__setitem__(name, typed)


def ask(scenario: Scenario, unfolded: bool) -> None:
    """Objective, red lines, weights and menu as widgets, under the sentence that states them."""
    st.markdown(layout.plain(draft().in_words(scenario)))
    with st.expander("Change what is asked", expanded=unfolded, icon=":material/tune:"):
        titles = ["Objective", "Red lines", "Weights", "Menu of levels"]
        # Tracked, so that the tab stays open when the fold-out opens or closes by itself.
        objective, lines, weights, menu = st.tabs(titles, key="asked_tab", on_change="rerun")
        with objective:
            _objective()
        with lines:
            _red_lines(scenario)
        with weights:
            _weights(scenario)
        with menu:
            _menu()


def _objective() -> None:
    kept = draft()
    with st.container(key="charts_objective"):
        left, middle, right = st.columns([2, 1.4, 1.4], gap="medium", vertical_alignment="bottom")
    left.selectbox(
        "Find",
        format_func=OBJECTIVES.get,
        **forms.field("design", kept, "objective", options=list(OBJECTIVES)),
    )
    if kept.objective == "cvar":
        left.number_input(
            "Worst part of outcomes, %",
            0.1,
            99.0,
            format="%.4g",
            step=1.0,
            **forms.field("design", kept, "tail_percent"),
        )
    middle.selectbox(
        "such that",
        format_func=PARTICIPATIONS.get,
        **forms.field("design", kept, "participation", options=list(PARTICIPATIONS)),
    )
    right.number_input(
        "with transfers up to, million USD/yr",
        min_value=0.0,
        format="%.4g",
        step=10.0,
        help="Largest lump sum that one party pays to others; 0 = none",
        **forms.field("design", kept, "transfers_musd"),
    )
    with st.container(horizontal=True):
        st.toggle("Levies and rents go to a common purse", **forms.field("design", kept, "share_revenue"))
        st.toggle("Outlays are paid from a common purse", **forms.field("design", kept, "share_outlay"))


def _red_lines(scenario: Scenario) -> None:
    kept = draft()
    for line, value in kept.lines.items():
        _line(kept, line, value, kept.counts(line, scenario))
    if not kept.lines:
        st.caption("No red line is set. Every party that is no worse off would sign.")
    _new_line(scenario)


def _line(kept: Draft, line: RedLine, value: float, counts: bool) -> None:
    """A red line as a sentence with its number to edit."""
    words, key = LINES[line.kind], f"line_{line.party}_{line.kind}_{line.industry}"
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(layout.plain(line.words(results.names())), width="content")
        st.number_input(
            "Level",
            format="%.4g",
            step=1.0,
            width=NUMBER_PIXELS,
            label_visibility="collapsed",
            **forms.item(key, float(value), lambda typed: kept.lines.update({line: typed})),
        )
        st.markdown(layout.plain(words.after.strip()), width="content")
        if not counts:
            st.badge("no party now: does not count", color="orange")
        st.button(
            "",
            key=f"remove_{key}",
            icon=":material/close:",
            type="tertiary",
            help="Remove this red line",
            on_click=kept.lines.pop,
            args=(line, None),
        )


def _new_line(scenario: Scenario) -> None:
    new, names = forms.kept("line", NewLine), results.names()
    new.party = new.party if new.party in scenario.parties else scenario.parties[0]
    industries = [str(industry) for industry in results.world().tables["industries"]["id"]]
    new.industry = new.industry or industries[0]
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        st.selectbox(
            "Party",
            format_func=names.region,
            width=190,
            **forms.field("line", new, "party", options=scenario.parties),
        )
        st.selectbox(
            "insists on",
            format_func=lambda kind: LINES[kind].name,
            width=250,
            **forms.field("line", new, "kind", options=list(LINES)),
        )
        if new.kind == "industry_cost":
            st.selectbox(
                "Industry",
                format_func=names.industry,
                width=250,
                **forms.field("line", new, "industry", options=industries),
            )
        words = LINES[new.kind]
        st.number_input(
            layout.plain(f"{words.before.format(names.industry(new.industry))} …{words.after}"),
            format="%.4g",
            step=1.0,
            width=320,
            **forms.field("line", new, "value"),
        )
        st.button("Add red line", key="line_add", on_click=_add, args=(new,), disabled=new.value is None)


def _add(new: NewLine) -> None:
    kept = draft()
    kept.lines = add_line(kept.lines, new.party, new.kind, new.industry, new.value)
    new.value = None


def _weights(scenario: Scenario) -> None:
    kept, names = draft(), results.names()
    st.caption(
        "A dollar of gain of each party counts so much; in a Nash bargain it is bargaining power. A weight of an "
        "industry counts a dollar of its extra cost besides."
    )
    for column, party in layout.grid(scenario.parties, PER_ROW):
        column.number_input(
            names.region(party),
            min_value=0.0,
            step=0.5,
            format="%.4g",
            **forms.item(f"weight_{party}", kept.weights.get(party, 1.0), _into(kept.weights, party)),
        )
    chosen = st.multiselect(
        "Industries with a weight of their own",
        [str(industry) for industry in results.world().tables["industries"]["id"]],
        format_func=names.industry,
        **forms.item("weighted", list(kept.industry_weights), lambda ids: _weighted(kept, ids), start="default"),
    )
    weights = kept.industry_weights
    for column, industry in layout.grid(chosen, PER_ROW):
        column.number_input(
            names.industry(industry),
            min_value=0.0,
            step=0.5,
            format="%.4g",
            **forms.item(f"industry_weight_{industry}", weights.get(industry, 1.0), _into(weights, industry)),
        )


def _into(kept: dict[str, float], name: str) -> Any:
    return lambda value: kept.__setitem__(name, value)


def _weighted(kept: Draft, industries: Sequence[str]) -> None:
    kept.industry_weights = {industry: kept.industry_weights.get(industry, 1.0) for industry in industries}


def _menu() -> None:
    kept = draft()
    st.caption("Every combination of these levels is one package; around the best ones finer levels are tried.")
    for column, (name, (label, about)) in layout.grid(LEVELS.items(), 3):
        column.text_input(label, help=f"Percentages separated by commas. {about}.", **forms.field("design", kept, name))
    left, right = st.columns(2)
    left.multiselect(
        "Floors are held by",
        [mechanism.value for mechanism in Mechanism],
        format_func=MECHANISMS.get,
        **forms.field("design", kept, "mechanisms", start="default"),
    )
    right.selectbox(
        "Rent of the TRQ goes to",
        format_func=lambda holder: RentHolder(holder).words,
        **forms.field("design", kept, "rent_to", options=[holder.value for holder in RentHolder]),
    )


def numbers(table: pd.DataFrame, name: str) -> None:
    """A table in few figures on the screen and in full to download."""
    st.dataframe(shown(table), hide_index=True, key=f"table_{name}", column_config=design_tables.columns())
    layout.download(table, name)

"""The app with one instrument more, which is only a file: ``python tests/with_another_instrument.py [TEST ...]``.

The instrument file of ``tests/another_instrument`` counts as one of ``model/instruments``. Runs pytest with the
arguments; without any, writes as JSON what the sidebar shows of a price undertaking, what becomes of edits, and each
country's total in the case format's example of a floor at 22 where one of two exporters undertakes.
"""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from unittest.mock import patch

import pytest
from streamlit.testing.v1 import AppTest

import model

APP = Path(__file__).resolve().parents[1] / "app.py"
ANOTHER = Path(__file__).parent / "another_instrument"
KEY = "price_undertakings"
PLACE = {"mineral": "m", "stage": "refined"}
EXAMPLE = APP.parent / "tests" / "cases" / "contract-two-countries-levy-22.json"


def add_instruments() -> None:
    """Let the package of instruments, before it is first imported, find those of the other folder too."""
    found = importlib.util.find_spec("model.instruments")
    assert found is not None
    assert found.loader is not None
    assert found.submodule_search_locations is not None
    found.submodule_search_locations.append(str(ANOTHER))
    package = importlib.util.module_from_spec(found)
    sys.modules["model.instruments"] = package
    model.instruments = package  # type: ignore[attr-defined]
    found.loader.exec_module(package)


def widgets(test: AppTest) -> dict[str, str]:
    """The new instrument's widgets with their labels."""
    kinds = (test.toggle, test.number_input, test.multiselect, test.selectbox, test.slider)
    return {str(item.key): item.label for kind in kinds for item in kind if str(item.key).startswith(KEY)}


def told() -> dict[str, object]:
    """What the sidebar shows and the agreement holds, once the instrument is in force and its level is moved."""
    test = AppTest.from_file(str(APP), default_timeout=120).run()
    test.button(key="fold_floor").click().run()
    off, before = widgets(test), test.metric[0].value
    test.toggle(key=f"{KEY}_on").set_value(True).run()
    on = widgets(test)
    test.number_input(key=f"{KEY}_price").set_value(29_000.0).run()
    test.multiselect(key=f"{KEY}_exporters").set_value(["TJK"]).run()
    found = {"after": test.metric[0].value, "says": test.subheader[0].value}
    found["reasons"] = " ".join(text.value for text in test.markdown)
    test.number_input(key=f"{KEY}_price").set_value(28_876.0).run()
    found["at_its_level"] = test.metric[0].value
    test.number_input(key=f"{KEY}_levy_cap").set_value(10.0).run()
    return found | {
        "off": off,
        "on": on,
        "help": test.number_input(key=f"{KEY}_price").help,
        "before": before,
        "capped": test.subheader[0].value,
        "held": json.loads(test.session_state["history"].scenario.to_json())["agreement"],
        "faults": [fault.message for fault in test.exception] + [fault.value for fault in test.error],
        "captions": " ".join(caption.value for caption in test.sidebar.caption),
    }


def totals(floor_price: float | None = None, undertaking: dict[str, object] | None = None) -> dict[str, float]:
    """Each country's total where ABROAD undertakes a price of 22 and OTHER does not, beside a floor if given."""
    from model.case import Case, market_of  # noqa: PLC0415 - the instrument must be found first
    from model.equilibrium import solve  # noqa: PLC0415

    content = json.loads(EXAMPLE.read_text(encoding="utf-8"))
    content["regions"].append({"id": "OTHER"})
    content["supply"].append(
        PLACE | {"region": "OTHER", "curve": {"kind": "linear", "price_at_zero": 5.0, "slope": 1.0}}
    )
    content["routes"].append(PLACE | {"from": "OTHER", "to": "HOME", "cost": 1.0})
    held = PLACE | {"parties": ["HOME"]}
    floors = [] if floor_price is None else [held | {"price": floor_price}]
    content["agreement"] = {
        KEY: [held | {"exporters": ["ABROAD"], "price": 22.0} | (undertaking or {})],
        "floors": floors,
    }
    case = Case.parse(content, "example")
    result = solve(market_of(case), case.parties, case.agreement, case.shocks).result()
    return {row["region"]: row["total"] for row in result["welfare"]}


def refused() -> str:
    """What is said of a party that undertakes a price: nobody takes a levy from it that it could keep."""
    from model.errors import ScenarioError  # noqa: PLC0415 - the instrument must be found first

    try:
        totals(undertaking={"exporters": ["HOME"]})
    except ScenarioError as error:
        return str(error)
    return ""


def workbook() -> list[str]:
    """Captions of a memo's sheets where an undertaking is agreed."""
    from model.memo import memo  # noqa: PLC0415 - the instrument must be found first
    from model.scenario import Scenario  # noqa: PLC0415
    from model.snapshot import make  # noqa: PLC0415
    from model.world import World  # noqa: PLC0415

    place = {"mineral": "titanium", "stage": "refined", "parties": ["USA"], "exporters": ["CHN"], "price": 16_000.0}
    content = {"minerals": ["titanium"], "parties": ["USA"], "agreement": {KEY: [place]}}
    steps = make._steps
    with patch.object(make, "_steps", lambda *of: steps(*of)[:3] + steps(*of)[-2:]):  # few shocks and trials
        frozen = make.freeze(World(), Scenario.parse(content, "scenario"))
    return [sheet.caption for sheet in memo(frozen).further]


if __name__ == "__main__":
    add_instruments()
    if sys.argv[1:]:
        sys.exit(pytest.main(sys.argv[1:]))
    found = told() | {"refused": refused(), "totals": [totals(price) for price in (None, 21.0, 22.0, 23.0)]}
    found["capped_totals"] = [totals(22.0, {"levy_cap": cap}) for cap in (20.0, 10.0)]
    found["workbook"] = workbook()
    sys.stdout.write(json.dumps(found))

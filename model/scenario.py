"""A scenario: what the parties agree, what happens to the markets, and under which assumptions; JSON both ways."""

from __future__ import annotations

import json
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from model.errors import ScenarioError
from model.instruments import Agreement, Regions, regions_named
from model.market.horizon import SHORT, HorizonId
from model.records import Name, Record, choices, listed
from model.shocks import AnyShock, NamedShock

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from model.shocks import ShockLibrary


StatusQuoId = Literal["today", "policy_only"]
TODAY: StatusQuoId = "today"
POLICY_ONLY: StatusQuoId = "policy_only"
FIRST_FORMAT: Literal[1] = 1
FORMAT: Literal[2] = 2


def in_its_format(content: object) -> object:
    """Plain JSON content of a scenario with the format it is of, and what the first format means by absence.

    >>> in_its_format({}), in_its_format({"status_quo": "today"})
    ({'status_quo': 'policy_only', 'format': 1}, {'format': 2, 'status_quo': 'today'})
    """
    if not isinstance(content, dict):
        return content
    content = {"format": FORMAT if "status_quo" in content else FIRST_FORMAT, **content}
    return {"status_quo": POLICY_ONLY, **content} if content["format"] == FIRST_FORMAT else content


class OnStatusQuo(Record):
    """What is asked of the shipped markets against a status quo of theirs, in one of two formats.

    The first format has no status quo but that of policy only: prices of the base year, moved by duties and controls.
    """

    format: Literal[1, 2] = Field(
        FORMAT,
        description="1: written before today's status quo was known; absent means 1, or 2 where a status quo is named",
    )
    status_quo: StatusQuoId = Field(
        TODAY,
        description="today: markets moved so that they return the prices quoted on the status-quo date; policy_only: "
        "prices of the base year moved by duties and controls alone",
    )

    @field_validator("format", mode="before")
    @classmethod
    def _is_a_format(cls, number: object) -> object:
        """Truth values and decimals equal whole numbers, and numbers too long are refused in a library's words."""
        if type(number) is not int or number not in (FIRST_FORMAT, FORMAT):
            raise ValueError(f"must be {FIRST_FORMAT} or {FORMAT}")
        return number

    @model_validator(mode="after")
    def _knows_its_status_quo(self) -> Self:
        if self.format == FIRST_FORMAT and self.status_quo != POLICY_ONLY:
            raise ValueError(f"format {FIRST_FORMAT} knows only {POLICY_ONLY}; name format {FORMAT}")
        return self

    @classmethod
    def parse(cls, content: object, what: str) -> Self:
        """The record held by plain JSON content; where it names no format, of the one that its status quo tells."""
        return super().parse(in_its_format(content), what)


class Scenario(OnStatusQuo):
    """One scenario on the shipped markets.

    ``minerals`` are the markets looked at; hosts of by-products are solved with them.
    """

    name: str = Field("", max_length=200)
    minerals: tuple[Name, ...] = Field(("antimony",), min_length=1)
    parties: Regions = ("USA", "EUN", "JPN", "KOR", "CAN", "MEX", "AUS", "GBR")
    horizon: HorizonId = Field(SHORT.id, description="short: one year, capacity almost fixed; long: capacity responds")
    agreement: Agreement = Agreement()
    shocks: tuple[AnyShock, ...] = ()
    assumptions: dict[str, float] = Field(
        default_factory=dict,
        description="assumption name (id or id.mineral; levels of export controls are some) to value",
    )

    @field_validator("minerals", "shocks")
    @classmethod
    def _named_once(cls, items: tuple[str | AnyShock, ...]) -> tuple[str | AnyShock, ...]:
        names = [item if isinstance(item, str) else item.name for item in items if isinstance(item, str | NamedShock)]
        doubled = sorted({name for name in names if names.count(name) > 1})
        if doubled:
            raise ValueError(f"{', '.join(doubled)} stands there more than once; name each once")
        return items

    @cached_property
    def _text(self) -> str:
        kept = {"format": self.format, "status_quo": self.status_quo}
        return json.dumps(self.model_dump(mode="json", exclude_defaults=True) | kept, sort_keys=True)

    def to_json(self) -> str:
        """The scenario as JSON: format, status quo and what differs from the defaults; equal ones give equal texts."""
        return self._text

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Scenario:
        """The scenario with other fields, unchecked; its text is its own, not that of what it was copied from."""
        copied = super().model_copy(update=update, deep=deep)
        copied.__dict__.pop("_text", None)
        return copied

    def without_agreement(self) -> Scenario:
        """The same shocks, parties, horizon and assumptions with nothing agreed."""
        return self.model_copy(update={"agreement": Agreement()})

    def undisturbed(self) -> Scenario:
        """Nothing agreed and no shock: the same parties, horizon and assumptions."""
        return self.model_copy(update={"agreement": Agreement(), "shocks": ()})


def check_names(
    scenario: Scenario, regions: tuple[str, ...], stages: Mapping[str, tuple[str, ...]], library: ShockLibrary
) -> None:
    """Refuse names that the shipped markets do not have.

    Raises:
        ScenarioError: listing every unknown region, mineral, stage or shock with the valid ones.
    """
    faults = [
        f"parties: unknown country {name!r}; {choices(regions, name)}"
        for name in scenario.parties
        if name not in regions
    ]
    faults += [
        f"minerals: unknown mineral {name!r}; {choices(stages, name)}"
        for name in scenario.minerals
        if name not in stages
    ]
    for index, term in scenario.agreement.terms():
        faults += _faults_of(f"agreement.{term.key}[{index}]", term, regions, stages)
    for index, shock in enumerate(scenario.shocks):
        if isinstance(shock, NamedShock):
            if shock.name not in library.names:
                faults.append(f"shocks[{index}]: unknown shock {shock.name!r}; {choices(library.names, shock.name)}")
        else:
            faults += _faults_of(f"shocks[{index}]", shock, regions, stages)
    faults += answers_beyond_all(scenario.shocks, library)
    faults += scenario.agreement.misplaced(scenario.parties, regions)
    if faults:
        raise ScenarioError("scenario is not valid: " + listed(faults))


def answers_beyond_all(shocks: Sequence[AnyShock], library: ShockLibrary) -> list[str]:
    """Faults of answers that are to win back, or to tax, more than all that the agreement takes."""
    return [
        f"shocks[{index}].severity = {shock.severity:g}: {shock.name} is a {library.describe(shock.name).unit}, 0 to 1"
        for index, shock in enumerate(shocks)
        if isinstance(shock, NamedShock) and shock.name in library.answers and (shock.severity or 0.0) > 1.0
    ]


def _faults_of(what: str, item: Any, regions: tuple[str, ...], stages: Mapping[str, tuple[str, ...]]) -> list[str]:
    faults = [
        f"{what}: unknown country {name!r}; {choices(regions, name)}"
        for name in regions_named(item)
        if name not in regions
    ]
    if item.mineral not in stages:
        faults.append(f"{what}: unknown mineral {item.mineral!r}; {choices(stages, item.mineral)}")
    elif item.stage not in stages[item.mineral]:
        faults.append(
            f"{what}: unknown stage {item.stage!r} of {item.mineral}; {choices(stages[item.mineral], item.stage)}"
        )
    return faults

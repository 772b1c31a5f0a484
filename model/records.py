"""What every record from a file shares: it is frozen, knows its units and bounds, and refuses unknown keys."""

from __future__ import annotations

import difflib
import json
from typing import TYPE_CHECKING, Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import PydanticSerializationError, to_json

from model.errors import ScenarioError
from model.files import named, place, read_json, short

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from pydantic_core import ErrorDetails


FAULTS_SHOWN = 20
"""Faults a message lists; whoever has mended these sees the next."""
LONGEST_SAID = 400
"""Letters of what is said of one fault, which may quote a value."""


def unit(name: str) -> dict[str, Any]:
    """Schema entry that states a field's unit."""
    return {"unit": name}


LARGEST = 1e15
"""The largest amount, in whatever unit: ten times the world's product of a year in USD."""
LARGEST_RATE = 1e6
"""The largest rate: a million times the value."""
Quantity = Annotated[
    float, Field(ge=0, le=LARGEST, json_schema_extra=unit("t contained per year (case file: its unit)"))
]
Price = Annotated[float, Field(ge=0, le=LARGEST, json_schema_extra=unit("USD/t (case file: currency per unit)"))]
Money = Annotated[float, Field(ge=0, le=LARGEST, json_schema_extra=unit("USD per year (case file: currency)"))]
Share = Annotated[float, Field(ge=0, le=1, json_schema_extra=unit("share"))]
Rate = Annotated[float, Field(ge=0, le=LARGEST_RATE, json_schema_extra=unit("share of value"))]
Name = Annotated[str, Field(min_length=1, max_length=120)]
REGION_ID = "region id"
EVERYONE = "ALL"
"""In tables, among region ids: every other region."""
RegionName = Annotated[Name, Field(json_schema_extra=unit(REGION_ID))]


class Record(BaseModel):
    """A frozen record read from JSON; unknown keys, NaN and infinity are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, populate_by_name=True)

    @classmethod
    def parse(cls, content: object, what: str) -> Self:
        """The record held by plain JSON content; ``what`` names it in messages.

        A number is a number there and a truth value a truth value, as the schema says: text and other likenesses are
        refused, which only a strict reading of JSON does.

        Raises:
            ScenarioError: naming every fault with its place, value and the valid choices.
        """
        try:
            return cls.model_validate_json(to_json(content), strict=True)
        except ValidationError as error:
            raise ScenarioError(_describe(error, cls, what)) from None
        except PydanticSerializationError as error:
            is_half = UnicodeEncodeError.__name__ in str(error)
            told = "holds half a letter (a lone surrogate)" if is_half else "is nested too deeply to be one of ours"
            raise ScenarioError(f"{what} {told}") from None

    @classmethod
    def read(cls, path: Path, what: str) -> Self:
        """The record held by a JSON file.

        Raises:
            ScenarioError: if the file is missing, not JSON, or not such a record.
        """
        return cls.parse(read_json(path, what), named(what, path))


def choices(valid: Iterable[str], wanted: object = None, most: int = 60) -> str:
    """A list of valid names for a message, the nearest to ``wanted`` first when one is near."""
    names = [str(name) for name in valid]
    near = difflib.get_close_matches(short(str(wanted)), names, n=1, cutoff=0.6)
    hint = f"did you mean {near[0]!r}? " if near else ""
    shown = ", ".join(names[:most]) + (", …" if len(names) > most else "")
    return f"{hint}valid: {shown or 'none'}"


def listed(faults: Iterable[str]) -> str:
    """Faults in one line, each once, and each list of valid names with the first that needs it.

    >>> listed(["unknown key 'a'; valid: b, c", "unknown key 'cc'; did you mean 'c'? valid: b, c"])
    "unknown key 'a'; valid: b, c; unknown key 'cc'; did you mean 'c'?"
    """
    lines: list[str] = []
    told: set[str] = set()
    for fault in dict.fromkeys(faults):
        begin, mark, valid = fault.rpartition("valid: ")
        lines.append(begin.rstrip("; ") if mark and valid in told else fault)
        told.add(valid)
    return "; ".join(lines)


def _describe(error: ValidationError, cls: type[BaseModel], what: str) -> str:
    details = [detail for detail in error.errors(include_url=False) if not _follows(detail)]
    lines = [_describe_one(detail, cls) for detail in details[:FAULTS_SHOWN]]
    more = [f"and {len(details) - FAULTS_SHOWN} more"] if len(details) > FAULTS_SHOWN else []
    return f"{what} is not valid: " + listed([*lines, *more])


def _follows(detail: ErrorDetails) -> bool:
    """Whether a fault says only that a list lost the items named in other faults."""
    return detail["type"] == "too_short" and bool(detail["input"])


def _describe_one(detail: ErrorDetails, cls: type[BaseModel]) -> str:
    steps, valid, kind, kinds = _walk(cls, detail["loc"])
    where = place(steps)
    says = f"{detail['msg'][:1].lower()}{short(detail['msg'][1:], LONGEST_SAID)}".replace("tuple", "list").replace(
        "a valid array", "a list"
    )
    if detail["type"] == "extra_forbidden":
        return f"unknown key {where!r}{f' of kind {kind!r}' if kind else ''}; {choices(valid, steps[-1])}"
    if steps[-1:] == ("[key]",):
        return f"unknown key {place(steps[:-1])!r}: {says}"
    if detail["type"] == "union_tag_not_found":
        return f"missing key {place((*steps, 'kind'))!r}; {choices(kinds)}"
    if detail["type"] == "union_tag_invalid":
        wanted = detail["ctx"]["tag"]
        return f"unknown kind {short(wanted)!r} of {where}; {choices(kinds, wanted)}"
    if detail["type"] == "missing" and kinds:
        return f"missing key {where!r}, or {place((*steps[:-1], 'kind'))!r}; {choices(kinds)}"
    if detail["type"] == "missing":
        return f"missing key {where!r}"
    if detail["type"] == "too_short":
        return f"{where} is empty; name at least one"
    if detail["type"] == "value_error":
        return f"{where + ': ' if where else ''}{detail['msg'].removeprefix('Value error, ')}"
    shown = short(json.dumps(detail["input"], default=str, ensure_ascii=False))
    return f"{where + ' = ' if where else ''}{shown}: {says}"


Schema = dict[str, Any]


def _walk(
    cls: type[BaseModel], location: tuple[int | str, ...]
) -> tuple[tuple[int | str, ...], list[str], str, list[str]]:
    """Steps of a location that stand in the file, the keys allowed beside the last of them, and the kind of record.

    Found by walking the record's schema; a location also names the forms of records it went through. Last come the
    kinds that could stand at the location, or, where its record is of the one form without a kind, in its place.
    """
    schema = cls.model_json_schema()
    definitions = schema.get("$defs", {})

    def forms(node: Schema) -> list[Schema]:
        while "$ref" in node:
            node = definitions[node["$ref"].rsplit("/", 1)[-1]]
        options = [*node.get("anyOf", ()), *node.get("oneOf", ())]
        return [form for option in options for form in forms(option)] if options else [node]

    steps: list[int | str] = []
    beside: list[Schema] = []
    nodes = wider = forms(schema)
    instead: list[Schema] = []
    for step in location:
        narrowed = [node for node in nodes if _is_form(node, step)]
        if len(nodes) > 1 and narrowed:
            nodes = narrowed
            continue
        steps.append(step)
        beside, instead = nodes, wider if not any(map(_kind, nodes)) else []
        nodes = wider = [form for node in nodes for form in forms(_below(node, step))]
    kinds = {_kind(node) for node in beside}
    valid = dict.fromkeys(key for node in beside for key in node.get("properties", ()))
    possible = [kind for kind in map(_kind, [*nodes, *instead]) if kind]
    return tuple(steps), list(valid), kinds.pop() if len(kinds) == 1 else "", possible


def _is_form(node: Schema, step: int | str) -> bool:
    """Whether a step of a location only says which of several forms a record has: by its kind, or by having one."""
    return {"named": not _kind(node), "described": bool(_kind(node))}.get(str(step), bool(step) and _kind(node) == step)


def _kind(node: Schema) -> str:
    """The kind of record a schema describes, where it has one."""
    return str(node.get("properties", {}).get("kind", {}).get("const", ""))


def _below(node: Schema, step: int | str) -> Schema:
    """The schema of what stands under a step: an item of a list, a key of a record, or any key of a table."""
    if isinstance(step, int):
        items = node.get("prefixItems", ())
        return dict(items[step]) if step < len(items) else dict(node.get("items", {}))
    further = node.get("additionalProperties")
    return dict(node.get("properties", {}).get(step, further if isinstance(further, dict) else {}))

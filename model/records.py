"""What every record from a file shares: it is frozen, knows its units and bounds, and refuses unknown keys."""

from __future__ import annotations

import difflib
import json
from typing import TYPE_CHECKING, Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from model.errors import ScenarioError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from pydantic_core import ErrorDetails


def unit(name: str) -> dict[str, Any]:
    """Schema entry that states a field's unit."""
    return {"unit": name}


Quantity = Annotated[float, Field(ge=0, json_schema_extra=unit("t contained per year (case file: its unit)"))]
Price = Annotated[float, Field(ge=0, json_schema_extra=unit("USD/t (case file: currency per unit)"))]
Money = Annotated[float, Field(ge=0, json_schema_extra=unit("USD per year (case file: currency)"))]
Share = Annotated[float, Field(ge=0, le=1, json_schema_extra=unit("share"))]
Rate = Annotated[float, Field(ge=0, json_schema_extra=unit("share of value"))]
Name = Annotated[str, Field(min_length=1, max_length=120)]


class Record(BaseModel):
    """A frozen record read from JSON; unknown keys, NaN and infinity are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, populate_by_name=True)

    @classmethod
    def parse(cls, content: object, what: str) -> Self:
        """The record held by plain JSON content; ``what`` names it in messages.

        Raises:
            ScenarioError: naming every fault with its place, value and the valid choices.
        """
        try:
            return cls.model_validate(content)
        except ValidationError as error:
            raise ScenarioError(_describe(error, cls, what)) from None

    @classmethod
    def read(cls, path: Path, what: str) -> Self:
        """The record held by a JSON file.

        Raises:
            ScenarioError: if the file is missing, not JSON, or not such a record.
        """
        return cls.parse(read_json(path, what), what)


def read_json(path: Path, what: str) -> object:
    """Content of a JSON file. NaN and Infinity, which are not JSON, are refused.

    Raises:
        ScenarioError: naming the file and, where it is not JSON, line and column.
    """

    def refuse(name: str) -> float:
        raise ScenarioError(f"{what} {path}: {name} is not a number; every value must be finite")

    try:
        return json.loads(path.read_text(encoding="utf-8"), parse_constant=refuse)
    except json.JSONDecodeError as error:
        raise ScenarioError(
            f"{what} {path} is not JSON: {error.msg} at line {error.lineno}, column {error.colno}"
        ) from None
    except RecursionError:
        raise ScenarioError(f"{what} {path} is nested too deeply to be one") from None
    except (OSError, ValueError) as error:
        raise ScenarioError(f"{what} {path} cannot be read: {error}") from None


def choices(valid: Iterable[str], wanted: object = None, most: int = 60) -> str:
    """A list of valid names for a message, the nearest to ``wanted`` first when one is near."""
    names = [str(name) for name in valid]
    near = difflib.get_close_matches(str(wanted), names, n=1, cutoff=0.6)
    hint = f"did you mean {near[0]!r}? " if near else ""
    shown = ", ".join(names[:most]) + (", …" if len(names) > most else "")
    return f"{hint}valid: {shown or 'none'}"


def _describe(error: ValidationError, cls: type[BaseModel], what: str) -> str:
    lines = [_describe_one(detail, cls) for detail in error.errors(include_url=False)]
    return f"{what} is not valid: " + "; ".join(dict.fromkeys(lines))


def _describe_one(detail: ErrorDetails, cls: type[BaseModel]) -> str:
    place = _place(detail["loc"])
    value = detail["input"]
    if detail["type"] == "extra_forbidden":
        valid = _keys_at(cls, detail["loc"][:-1])
        return f"unknown key {place!r}; {choices(valid, detail['loc'][-1])}"
    if detail["type"] == "missing":
        return f"missing key {place!r}"
    if detail["type"] == "value_error":
        return f"{place + ': ' if place else ''}{detail['msg'].removeprefix('Value error, ')}"
    shown = json.dumps(value, default=str)
    return f"{place} = {shown[:80]}: {detail['msg'][0].lower()}{detail['msg'][1:]}"


UNION_TAGS = ("named", "described")
"""Steps of a location that name a form of record, not a key of the file."""


def _place(location: tuple[int | str, ...]) -> str:
    text = ""
    for part in (part for part in location if part not in UNION_TAGS):
        text += f"[{part}]" if isinstance(part, int) else f".{part}"
    return text.lstrip(".")


def _keys_at(cls: type[BaseModel], location: tuple[int | str, ...]) -> list[str]:
    """Keys allowed at a place of the record, found by walking its schema."""
    schema: dict[str, Any] = cls.model_json_schema()
    definitions = schema.get("$defs", {})

    def resolve(node: dict[str, Any]) -> dict[str, Any]:
        while "$ref" in node:
            node = definitions[node["$ref"].rsplit("/", 1)[-1]]
        return node

    node = resolve(schema)
    for part in location:
        if isinstance(part, int):
            node = resolve(node.get("items", {}))
        elif part in node.get("properties", {}):
            node = resolve(node["properties"][part])
        for option in node.get("anyOf", []):
            if "$ref" in option:
                node = resolve(option)
        if isinstance(part, str) and part in node.get("discriminator", {}).get("mapping", {}):
            node = definitions[node["discriminator"]["mapping"][part].rsplit("/", 1)[-1]]
    return list(node.get("properties", {}))

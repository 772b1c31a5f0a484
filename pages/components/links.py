"""A scenario as text in an address: compressed JSON, read back with every doubt."""

from __future__ import annotations

import base64
import binascii
import zlib

from model.errors import ScenarioError
from model.files import parse_json
from model.scenario import Scenario

PARAMETER = "s"
LARGEST_LINK = 20_000
LARGEST_JSON = 200_000
"""Characters; a link that unpacks to more is refused before it is unpacked whole."""


def encode(scenario: Scenario) -> str:
    """The scenario as URL-safe text; the default scenario is empty text."""
    if scenario == Scenario():
        return ""
    return base64.urlsafe_b64encode(zlib.compress(scenario.to_json().encode(), 9)).decode().rstrip("=")


def decode(text: str) -> Scenario:
    """The scenario a link holds.

    Raises:
        ScenarioError: when the text is too long, damaged or not a scenario.
    """
    if len(text) > LARGEST_LINK:
        raise ScenarioError(f"the link is {len(text):,} characters long; at most {LARGEST_LINK:,} can be a scenario")
    try:
        packed = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        unpacker = zlib.decompressobj()
        content = unpacker.decompress(packed, LARGEST_JSON)
        if unpacker.unconsumed_tail or not unpacker.eof:
            raise ScenarioError("the link is cut off or too large; ask for it again, or open the saved scenario file")
        return parse(content.decode())
    except (binascii.Error, zlib.error, ValueError) as error:
        raise ScenarioError("the link is damaged; ask for it again, or open the saved scenario file") from error


def parse(text: str) -> Scenario:
    """The scenario in a JSON text.

    Raises:
        ScenarioError: naming every fault.
    """
    return Scenario.parse(parse_json(text, "scenario"), "scenario")

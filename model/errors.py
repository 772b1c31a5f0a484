"""The ways a request can fail, each with what to try next."""

LONGEST_MESSAGE = 8_000
"""Letters of a message; twenty faults with their valid choices have about half as many."""


class AccordError(Exception):
    """Base of every error a user can cause or must be told about; no full stop ends it, so that it may be quoted."""

    def __init__(self, message: str) -> None:
        message = message.removesuffix(".")
        super().__init__(message if len(message) <= LONGEST_MESSAGE else message[: LONGEST_MESSAGE - 1] + "…")


class DataError(AccordError):
    """A data table is damaged or incomplete. Run ``accord check-data`` for every fault at once."""


class ScenarioError(AccordError):
    """A scenario or case asks for what does not exist or contradicts itself. The message names the valid choices."""


class SolveError(AccordError):
    """No equilibrium was proved. Relax what the message names; the numbers of an unproved solve are never returned."""


class SnapshotError(AccordError):
    """A snapshot or library cannot be read, written or trusted. Nothing was changed; the message says what to do."""


class FileError(ScenarioError, SnapshotError):
    """A file cannot be read as what it should be, or not be written. An earlier file was left as it was."""

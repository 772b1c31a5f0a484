"""The ways a request can fail, each with what to try next."""


class AccordError(Exception):
    """Base of every error a user can cause or must be told about."""


class DataError(AccordError):
    """A data table is damaged or incomplete. Run ``accord check-data`` for every fault at once."""


class ScenarioError(AccordError):
    """A scenario or case asks for what does not exist or contradicts itself. The message names the valid choices."""


class SolveError(AccordError):
    """No equilibrium was proved. Relax what the message names; the numbers of an unproved solve are never returned."""


class SnapshotError(AccordError):
    """A snapshot or library cannot be read, written or trusted. Nothing was changed; the message says what to do."""

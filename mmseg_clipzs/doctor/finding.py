"""What a check has found."""
from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """One row of the table.

    Attributes:
        checked (str): What was checked.
        verdict (str): 'ok', 'note' (works, with a limit) or 'WRONG'.
        found (str): What was found, and a remedy.
    """
    checked: str
    verdict: str
    found: str

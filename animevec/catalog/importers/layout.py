"""What a format is: how to know one of its rows, and how to make a record of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from animevec.catalog.record import Anime


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a file; both a record and an error where only a part of it was refused.

    ``line`` counts from 1: the line of a line file, the row of any other.  ``names_id`` says that
    the record's id stands in the row, and was not derived from its keys.
    """

    line: int
    record: Anime | None = None
    error: str | None = None
    names_id: bool = False


class Importer(Protocol):
    """A published layout of rows.

    ``owns`` says whether its rows replace whole records; the others only bring what their
    source knows, and leave what came from elsewhere.
    """

    name: str
    owns: bool

    def recognises(self, row: Mapping[str, Any]) -> bool:
        """Whether ``row`` has this layout's distinguishing fields."""
        ...

    def record(self, row: Mapping[str, Any]) -> Anime | None:
        """The title in ``row``; None where it is no title but a header.

        Raises:
            ValidationError: a value is out of its range.
            InvalidRequest: a value of the wrong type, or no id of a known provider.
        """
        ...

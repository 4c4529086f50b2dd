"""A record of one source as the stages take it: with its time and licence."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flows.enrichment.types import Candidate, SourceOutcome, SourceRecord


@dataclass(frozen=True, slots=True)
class Heard:
    """What a source said, when, and under which licence."""

    record: SourceRecord
    at: datetime
    licence: str | None = None

    def candidate(self, value: Any) -> Candidate:
        """A value of this source."""
        return Candidate(self.record.source, value, self.at, self.licence)


def heard(outcomes: Iterable[SourceOutcome]) -> list[Heard]:
    """The records among the outcomes."""
    return [Heard(o.record, o.at, o.licence) for o in outcomes if o.record is not None]


def candidates(
    said: Sequence[Heard], value: Callable[[SourceRecord], Any]
) -> tuple[Candidate, ...]:
    """A value from every source that has one; empty and None are no values."""
    found = ((one, value(one.record)) for one in said)
    return tuple(one.candidate(v) for one, v in found if v is not None and v != () and v != {})

"""Figures: one entry per provider on its own scale, and one provider's as the record's."""

from collections.abc import Mapping, Sequence
from functools import partial

from animevec.catalog.record import Statistics
from flows.enrichment.stages.hearing import Heard, candidates
from flows.enrichment.types import Candidate, SourceRecord

PLAIN = {
    "scored_by": "votes",
    "rank": "rank",
    "popularity": "popularity_rank",
    "members": "members",
    "favorites": "favorites",
}
FIELDS = ("statistics", "score", *PLAIN)


def propose(said: Sequence[Heard]) -> Mapping[str, tuple[Candidate, ...]]:
    """Candidates of every field of this stage."""
    found = {field: candidates(said, partial(_figure, name=name)) for field, name in PLAIN.items()}
    found["score"] = candidates(said, lambda record: _score(record.statistics))
    found["statistics"] = candidates(said, _entry)
    return found


def _figure(record: SourceRecord, name: str) -> int | None:
    return getattr(record.statistics, name) if record.statistics else None


def _entry(record: SourceRecord) -> dict[str, Statistics] | None:
    stated = record.statistics
    telling = stated and any(v is not None for n, v in stated if n != "scale")
    return {record.provider: stated} if stated and telling else None


def _score(statistics: Statistics | None) -> float | None:
    """The score on the record's scale of 1 to 10, by a straight line from the source's."""
    if statistics is None or statistics.score is None or statistics.scale is None:
        return None
    low, high = statistics.scale
    if not low <= statistics.score <= high:
        return None
    return round(1 + 9 * (statistics.score - low) / (high - low), 2)

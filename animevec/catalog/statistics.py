"""What a catalogue holds, in figures."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from animevec.catalog.record import Anime

FIELDS = tuple(name for name in Anime.model_fields if name not in {"id", "keys", "titles"})
TOP = 20


@dataclass(frozen=True, slots=True)
class CatalogStats:
    """Counts of titles; ``completeness`` is the share (0 to 1) that has each field."""

    revision: int
    titles: int
    types: Mapping[str, int]
    statuses: Mapping[str, int]
    decades: Mapping[str, int]
    genres: Mapping[str, int]
    providers: Mapping[str, int]
    completeness: Mapping[str, float]


def summarise(revision: int, texts: Iterable[str]) -> CatalogStats:
    """Figures of stored records, given as the JSON they are stored as."""
    rows = 0
    counts: dict[str, Counter[str]] = {
        name: Counter() for name in ("type", "status", "decade", "genre", "provider", "field")
    }
    for text in texts:
        rows += 1
        _count(json.loads(text), counts)
    return CatalogStats(
        revision=revision,
        titles=rows,
        types=dict(counts["type"].most_common()),
        statuses=dict(counts["status"].most_common()),
        decades=dict(sorted(counts["decade"].items())),
        genres=dict(counts["genre"].most_common(TOP)),
        providers=dict(counts["provider"].most_common()),
        completeness={name: counts["field"][name] / max(rows, 1) for name in FIELDS},
    )


def _count(row: Mapping[str, Any], counts: Mapping[str, Counter[str]]) -> None:
    year = row.get("year")
    counts["type"][row.get("type", "UNKNOWN")] += 1
    counts["status"][row.get("status", "UNKNOWN")] += 1
    counts["decade"][f"{year // 10 * 10}s" if year else "unknown"] += 1
    counts["genre"].update(row.get("genres", ()))
    counts["provider"].update(row["keys"].keys())
    counts["field"].update(row.keys())

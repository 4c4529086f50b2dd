"""Recorded answers on disk, read by the parsers that read fetched ones.

A folder holds one title: files named ``<source>__<anything>.<json|xml|html>[.gz]``.
"""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from flows.enrichment.http import RequestFailed
from flows.enrichment.sources import (
    REGISTRY,
    anidb,
    anidb_page,
    anilist,
    animeplanet,
    animeschedule,
    anisearch,
    ann,
    asking,
    jikan,
    kitsu,
    livechart,
    myanimelist,
    pages,
    simkl,
)
from flows.enrichment.types import OutcomeKind, SourceOutcome, SourceRecord

Parse = Callable[[bytes], SourceRecord]


def _json(parse: Callable[[object], SourceRecord]) -> Parse:
    def read(document: bytes) -> SourceRecord:
        try:
            return parse(json.loads(document))
        except (ValueError, RecursionError) as error:
            raise RequestFailed(OutcomeKind.MALFORMED, f"not JSON: {error}") from error

    return read


PARSERS: dict[str, tuple[str, Parse]] = {
    "jikan": ("jikan", _json(jikan.parse)),
    "anilist": ("anilist", _json(anilist.parse)),
    "kitsu": ("kitsu", _json(kitsu.parse)),
    "animeschedule": ("animeschedule", _json(animeschedule.parse)),
    "anidb-xml": ("anidb", anidb.parse),
    "anidb": ("anidb_page", anidb_page.parse),
    "anime-planet": ("animeplanet", animeplanet.parse),
    "anisearch": ("anisearch", anisearch.parse),
    "myanimelist": ("myanimelist", myanimelist.parse),
    "livechart": ("livechart", livechart.parse),
    "animenewsnetwork": ("ann", ann.parse),
    "simkl": ("simkl", simkl.parse),
}


def outcome_of(path: Path) -> SourceOutcome | None:
    """What one recorded answer comes to; None for a source nobody reads."""
    source, _, _ = path.name.partition("__")
    if source not in PARSERS:
        return None
    name, parse = PARSERS[source]
    facts = REGISTRY[name][0]
    at = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    try:
        record = parse(pages.content(path))
    except RequestFailed as failure:
        return asking.failed(facts, f"{facts.provider}:?", failure)
    return SourceOutcome(
        source=name,
        key=record.key,
        kind=OutcomeKind.FOUND,
        at=at,
        licence=facts.licence,
        record=record,
    )


def outcomes(folder: Path) -> list[SourceOutcome]:
    """One outcome for every source with an answer in the folder, the best of several."""
    best: dict[str, SourceOutcome] = {}
    for path in sorted(folder.iterdir()):
        found = outcome_of(path)
        if found and (found.record or found.source not in best):
            best[found.source] = found
    return list(best.values())

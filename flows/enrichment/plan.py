"""Which titles a run asks about, in which order, under which ids."""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from uuid import UUID

from animevec.catalog.record import Status
from animevec.catalog.store import Catalog
from flows.enrichment import schedule
from flows.enrichment.identity import IdMap
from flows.enrichment.ledger import Ledger, Planned
from flows.enrichment.request import Enrich
from flows.enrichment.schedule import NOTHING, Due, Reason

ORDER = {reason: place for place, reason in enumerate(Reason)}


def make(
    request: Enrich, catalog: Catalog, ledger: Ledger, id_map: IdMap | None, now: datetime
) -> list[Planned]:
    """The titles asked for, or those due, the most urgent first; at most ``request.limit``."""
    if request.titles:
        found = list(_named(request, catalog))
    else:
        found = sorted(_due(request, catalog, ledger, now), key=_urgency)
    return [
        Planned(place, id, _completed(keys, id_map), due.reason, due.sources)
        for place, (id, keys, due) in enumerate(found[: request.limit])
    ]


Found = tuple[UUID | None, dict[str, str], Due]


def _named(request: Enrich, catalog: Catalog) -> Iterator[Found]:
    """The titles a person named, each once, known or not."""
    due = Due(Reason.ASKED, frozenset(request.sources))
    seen: set[UUID | str] = set()
    for key in request.titles:
        id = catalog.resolve(key)
        record = catalog.get(id) if id else None
        provider, _, own = key.partition(":")
        if (place := id or key) not in seen:
            seen.add(place)
            yield id, dict(record.keys) if record else {provider: own}, due


def _due(request: Enrich, catalog: Catalog, ledger: Ledger, now: datetime) -> Iterator[Found]:
    answers = ledger.answers()
    for text in catalog.texts():
        row = json.loads(text)
        id, status = UUID(row["id"]), Status(row.get("status", Status.UNKNOWN))
        due = schedule.due(status, answers.get(id, NOTHING), request.sources, now)
        if due is not None:
            yield id, row["keys"], due


def _urgency(found: Found) -> tuple[int, str]:
    return ORDER[found[2].reason], str(found[0])


def _completed(keys: Mapping[str, str], id_map: IdMap | None) -> dict[str, str]:
    return id_map.complete(keys)[0] if id_map else dict(keys)

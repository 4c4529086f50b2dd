"""From a source's answer or failure to a record and a typed outcome."""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from animevec.catalog.ids import PROVIDERS
from animevec.catalog.urls import key_of
from flows.enrichment.http import RequestFailed, Tally
from flows.enrichment.reading import given, read
from flows.enrichment.types import (
    Fault,
    OutcomeKind,
    SourceFacts,
    SourceOutcome,
    SourceRecord,
    Stage,
)

_ID = re.compile(r"^[A-Za-z0-9][\w.~-]{0,149}$", re.ASCII)


def record(
    facts: SourceFacts, id: str, draft: Mapping[str, Any], faults: Iterable[Fault] = ()
) -> SourceRecord:
    """The record a source's parser drafted; what does not fit is lost with a fault.

    Raises:
        RequestFailed: malformed, where nothing is left.
    """
    if not _ID.match(id):
        raise RequestFailed(OutcomeKind.MALFORMED, f"no id: {id[:80]!r}")
    said = given(draft) | {"source": facts.name, "key": f"{facts.provider}:{id}"}
    settled, lost = read(SourceRecord, said)
    if not settled.titles:
        raise RequestFailed(OutcomeKind.MALFORMED, "a title without a name")
    return settled.model_copy(update={"faults": (*faults, *lost)})


def found(
    facts: SourceFacts,
    key: str,
    record: SourceRecord,
    at: datetime,
    tally: Tally,
    parts: Mapping[Stage, OutcomeKind] | None = None,
) -> SourceOutcome:
    """The outcome of an answer; one about another title than asked for is none."""
    if record.key != key:
        moved = RequestFailed(OutcomeKind.NOT_FOUND, f"answered with {record.key}")
        return failed(facts, key, moved, tally)
    return SourceOutcome(
        source=facts.name,
        key=key,
        kind=OutcomeKind.FOUND,
        at=at,
        licence=facts.licence,
        record=record,
        parts=dict(parts or {}),
        requests=tally.requests,
        cached=tally.cached,
    )


def failed(
    facts: SourceFacts, key: str, failure: RequestFailed, tally: Tally | None = None
) -> SourceOutcome:
    """The outcome of a failure."""
    return SourceOutcome(
        source=facts.name,
        key=key,
        kind=failure.kind,
        at=datetime.now(UTC),
        licence=facts.licence,
        detail=failure.detail[:500],
        retry_after_s=failure.retry_after_s,
        requests=tally.requests if tally else 0,
        cached=tally.cached if tally else 0,
    )


def ids_in(urls: Iterable[str | None]) -> dict[str, tuple[str, ...]]:
    """Every id the addresses name, by provider; Kitsu's only by number, since slugs change."""
    ids: dict[str, list[str]] = {}
    for url in urls:
        if (key := key_of(url or "")) and (key[0] != "kitsu" or key[1].isdigit()):
            known = ids.setdefault(key[0], [])
            if key[1] not in known:
                known.append(key[1])
    return {provider: tuple(ids[provider]) for provider in PROVIDERS if provider in ids}


def united(*ids: Mapping[str, Iterable[str]]) -> dict[str, tuple[str, ...]]:
    """Ids from several places, each once."""
    merged: dict[str, dict[str, None]] = {}
    for claims in ids:
        for provider, values in claims.items():
            merged.setdefault(provider, {}).update(dict.fromkeys(values))
    return {provider: tuple(values) for provider, values in merged.items()}

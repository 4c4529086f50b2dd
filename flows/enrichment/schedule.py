"""Which sources are due to be asked about a title, and why."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from animevec.catalog.record import Status
from flows.enrichment.sources import REGISTRY
from flows.enrichment.types import OutcomeKind, SourceOutcome

WEEK, MONTH, YEAR = timedelta(days=7), timedelta(days=30), timedelta(days=365)
INTERVALS = {
    Status.AIRING: WEEK,
    Status.UPCOMING: WEEK,
    Status.HIATUS: MONTH,
    Status.UNKNOWN: MONTH,
    Status.FINISHED: YEAR,
    Status.CANCELLED: YEAR,
}
RETRY = timedelta(hours=1)
REFUSED = timedelta(days=1)


class Reason(StrEnum):
    """Why a title is in a run, the most urgent first."""

    ASKED = "asked"
    INTERVAL = "interval"
    NEW = "new"
    RETRY = "retry"
    LOOK = "look"


@dataclass(frozen=True, slots=True)
class Answer:
    """The last thing a source said of a title; ``found_at`` is when it last had it."""

    kind: OutcomeKind
    at: datetime
    found_at: datetime | None = None
    updated_at: datetime | None = None
    gone_at: datetime | None = None
    retry_after_s: float | None = None


Answers = Mapping[str, Answer]
NOTHING: Answers = {}


@dataclass(frozen=True, slots=True)
class Due:
    """Sources to ask about a title now."""

    reason: Reason
    sources: frozenset[str]


def due(status: Status, answers: Answers, sources: Collection[str], now: datetime) -> Due | None:
    """What is due for a title in ``status``; None where nothing is.

    Airing titles weekly, finished ones yearly, a source that failed after an hour, one that refused
    after a day, or when it asked to be.  In between the sources that answer for many titles at once
    are asked monthly whether the title changed; if it did, the others are asked too.
    """
    known = {source: answers[source] for source in sources if source in answers}
    if not known:
        return Due(Reason.NEW, frozenset(sources)) if sources else None
    stale = {s for s, answer in known.items() if _stale(answer, INTERVALS[status], now)}
    if stale:
        return Due(Reason.INTERVAL, frozenset(stale))
    failed = {s for s in sources if s not in known or _worth_another(known[s], now)}
    looks = {s for s, a in known.items() if REGISTRY[s][0].batch > 1 and _stale(a, MONTH, now)}
    if failed:
        return Due(Reason.RETRY, frozenset(failed | looks))
    return Due(Reason.LOOK, frozenset(looks)) if looks else None


def changed(outcome: SourceOutcome, answers: Answers) -> bool:
    """Whether a source changed the title since it last spoke of it."""
    known = answers.get(outcome.source)
    updated = outcome.record.updated_at if outcome.record else None
    return bool(known and known.updated_at and updated and updated > known.updated_at)


def heard(outcome: SourceOutcome, known: Answer | None, now: datetime) -> Answer:
    """What to remember of an outcome; a title its source lost is marked, an outage is no loss."""
    before = known or Answer(outcome.kind, now)
    found = outcome.record is not None
    gone_at = before.gone_at
    if outcome.kind.definite:
        gone_at = None if found or before.found_at is None else before.gone_at or now
    updated_at = outcome.record.updated_at if outcome.record else None
    return Answer(
        kind=outcome.kind,
        at=now,
        found_at=now if found else before.found_at,
        updated_at=updated_at or before.updated_at,
        gone_at=gone_at,
        retry_after_s=outcome.retry_after_s,
    )


def orphaned(answers: Answers) -> bool:
    """Whether every source that ever had the title has removed it."""
    had = [answer for answer in answers.values() if answer.found_at]
    return bool(had) and all(answer.gone_at for answer in had)


def _stale(answer: Answer, interval: timedelta, now: datetime) -> bool:
    return answer.kind.definite and answer.at + interval <= now


def _worth_another(answer: Answer, now: datetime) -> bool:
    usual = REFUSED if answer.kind is OutcomeKind.REFUSED else RETRY
    wait = max(usual, timedelta(seconds=answer.retry_after_s or 0))
    return not answer.kind.definite and answer.at + wait <= now


def utc(value: datetime) -> datetime:
    """A time read from a database that keeps no zones."""
    return value if value.tzinfo else value.replace(tzinfo=UTC)

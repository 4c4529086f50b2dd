"""Titles, dates, kinds, labels, companies, pictures: what describes a title as a whole."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from functools import partial
from operator import attrgetter
from zoneinfo import ZoneInfo

from animevec.catalog.record import Season, Status
from animevec.catalog.vocabulary import Labels, route
from flows.enrichment import dates
from flows.enrichment.stages.hearing import Heard, candidates
from flows.enrichment.types import Candidate, SourceRecord

FIELDS = (
    "titles",
    "synopsis",
    "background",
    "genres",
    "themes",
    "demographics",
    "tags",
    "type",
    "status",
    "aired_from",
    "aired_to",
    "zone",
    "year",
    "season",
    "rating",
    "nsfw",
    "source",
    "episodes",
    "duration_minutes",
    "studios",
    "producers",
    "licensors",
    "pictures",
    "trailer",
    "links",
)
PLAIN = {
    "titles": "titles",
    "synopsis": "synopsis",
    "background": "background",
    "type": "type",
    "rating": "rating",
    "nsfw": "nsfw",
    "source": "material",
    "duration_minutes": "duration_minutes",
    "studios": "studios",
    "producers": "producers",
    "licensors": "licensors",
    "pictures": "pictures",
    "trailer": "trailer",
    "links": "links",
}


def propose(said: Sequence[Heard]) -> Mapping[str, tuple[Candidate, ...]]:
    """Candidates of every field of this stage."""
    zone = zone_of([one.record for one in said])
    found = {field: candidates(said, attrgetter(name)) for field, name in PLAIN.items()}
    found |= {field: candidates(said, partial(_labels, field=field)) for field in Labels._fields}
    found["episodes"] = tuple(_counts(said))
    found["aired_from"] = candidates(said, lambda record: _day(record.aired_from, zone))
    found["aired_to"] = _ends(said, zone)
    found["year"] = candidates(said, lambda record: _year(record, zone))
    found["season"] = candidates(said, lambda record: _season(record, zone))
    found["zone"] = candidates(said, lambda record: zone.key if _dated(record) else None)
    found["status"] = _statuses(said, zone)
    return found


def zone_of(records: Sequence[SourceRecord]) -> ZoneInfo:
    """The zone a title aired in: that of its country, Japan where no source names one."""
    countries = [record.country for record in records if record.country]
    return ZoneInfo(dates.ZONES.get(countries[0], dates.TOKYO.key)) if countries else dates.TOKYO


def _counts(said: Sequence[Heard]) -> Iterator[Candidate]:
    """Numbers of episodes; one announced before the first is provisional."""
    for one in said:
        if count := one.record.episodes:
            announced = one.record.status is Status.UPCOMING
            yield replace(one.candidate(count), provisional=announced)


def _labels(record: SourceRecord, field: str) -> tuple[str, ...]:
    labels: tuple[str, ...] = getattr(route(record.labels), field)
    return labels


def _dated(record: SourceRecord) -> bool:
    return record.aired_from is not None or record.aired_to is not None


def _day(value: date | datetime | None, zone: ZoneInfo) -> date | None:
    return None if value is None else dates.day_of(value, zone)


def _ends(said: Sequence[Heard], zone: ZoneInfo) -> tuple[Candidate, ...]:
    """Last days; one before the first, or far ahead, stands for an unknown one."""
    found = []
    for one in said:
        last = _day(dates.ended(one.record.aired_to, one.at), zone)
        first = _day(one.record.aired_from, zone)
        if last and not (first and last < first):
            found.append(one.candidate(last))
    return tuple(found)


def _year(record: SourceRecord, zone: ZoneInfo) -> int | None:
    first = _day(record.aired_from, zone)
    return record.year or (first.year if first else None)


def _season(record: SourceRecord, zone: ZoneInfo) -> Season | None:
    first = _day(record.aired_from, zone)
    return record.season or (dates.season_of(first.month) if first else None)


def _statuses(said: Sequence[Heard], zone: ZoneInfo) -> tuple[Candidate, ...]:
    """What sources say; only where none does, what dates tell, the whole runs before the open."""
    if found := candidates(said, lambda record: record.status):
        return found
    whole = [one for one in said if one.record.aired_to]
    derived = ((one, status_by_dates(one, zone)) for one in whole or said)
    return tuple(one.candidate(status) for one, status in derived if status)


def status_by_dates(one: Heard, zone: ZoneInfo) -> Status | None:
    """Upcoming before the first day, finished after the last, airing between or without one."""
    today = one.at.astimezone(zone).date()
    first, last = _day(one.record.aired_from, zone), _day(one.record.aired_to, zone)
    if last and last < today:
        return Status.FINISHED
    if first is None:
        return None
    return Status.UPCOMING if first > today else Status.AIRING

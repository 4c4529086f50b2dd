"""Dates as sources write them: partial, with sentinels, in a zone or in none."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from animevec.catalog.record import Season

TOKYO = ZoneInfo("Asia/Tokyo")
ZONES = {"JP": "Asia/Tokyo", "CN": "Asia/Shanghai", "KR": "Asia/Seoul", "TW": "Asia/Taipei"}
FIRST_YEAR = 1907
EPOCH = (1970, 1, 1)
FAR = timedelta(days=366)
_ISO = re.compile(r"^(\d{4})(?:-(\d{1,2}))?(?:-(\d{1,2}))?$")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_GERMAN = re.compile(r"^(?:(\d{2})\.)?(?:(\d{2})\.)?(\d{4})$")
_ENGLISH = re.compile(r"^(?:([A-Za-z]{3})[a-z]*\.? ?(?:(\d{1,2}),)? ?)?(\d{4})(?: at .*)?$")


@dataclass(frozen=True, slots=True)
class When:
    """As much of a date as is known."""

    year: int | None = None
    month: int | None = None
    day: int | None = None

    @property
    def date(self) -> date | None:
        """The day, where it is known."""
        if self.year is None or self.month is None or self.day is None:
            return None
        try:
            return date(self.year, self.month, self.day)
        except ValueError:
            return None

    @property
    def season(self) -> Season | None:
        """The quarter, where the month is known."""
        return season_of(self.month) if self.year and self.month else None


NEVER = When()


def when(year: int | None, month: int | None = None, day: int | None = None) -> When:
    """A partial date; nothing where the year cannot be one of an anime."""
    if not year or not FIRST_YEAR <= year <= datetime.now(UTC).year + 10:
        return NEVER
    if not month or not 1 <= month <= 12:
        return When(year)
    return When(year, month, day if day and 1 <= day <= 31 else None)


def iso(text: str | None) -> When:
    """From ``2019``, ``2019-10`` or ``2019-10-10``, with or without a time behind it.

    The first day of the Unix epoch stands for an unknown one.
    """
    match = _ISO.match((text or "").strip().split("T")[0])
    if not match:
        return NEVER
    year, month, day = (int(part) if part else None for part in match.groups())
    return NEVER if (year, month, day) == EPOCH else when(year, month, day)


def english(text: str | None) -> When:
    """From ``Jan 11, 2019``, with ``at 10:30pm JST`` behind it, ``January 2019`` or ``2019``."""
    match = _ENGLISH.match(" ".join((text or "").split()))
    if not match:
        return NEVER
    name, day, year = match.groups()
    month = _MONTHS.index(name.lower()) + 1 if name and name.lower() in _MONTHS else None
    return when(int(year), month, int(day) if day else None)


def german(text: str | None) -> When:
    """From ``04.10.2006``, ``10.2006`` or ``2006``; ``?`` is nothing."""
    match = _GERMAN.match((text or "").strip())
    if not match:
        return NEVER
    first, second, year = match.groups()
    day, month = (first, second) if second else (None, first)
    return when(int(year), int(month) if month else None, int(day) if day else None)


def moment(text: str | None) -> datetime | None:
    """An ISO 8601 moment with its zone; None for a sentinel such as ``0001-01-01T00:00:00Z``."""
    try:
        found = datetime.fromisoformat((text or "").strip())
    except ValueError:
        return None
    if found.tzinfo is None or when(found.year) is NEVER:
        return None
    return found


def aired(text: str | None) -> date | datetime | None:
    """A moment, or the day where the time is midnight: then it was never more than a day."""
    found = moment(text)
    if found is None or (found.hour, found.minute) == (0, 0):
        return iso(text).date
    return found


def ended(value: date | datetime | None, now: datetime) -> date | datetime | None:
    """An end date, unless it lies so far ahead that it stands for an unknown one."""
    if value is None:
        return None
    return value if day_of(value, UTC_DAY) <= (now + FAR).date() else None


def day_of(value: date | datetime, zone: ZoneInfo) -> date:
    """The day in ``zone``: a moment late in UTC's evening is the next day in Japan."""
    return value.astimezone(zone).date() if isinstance(value, datetime) else value


def season_of(month: int) -> Season:
    """The quarter of a month, January to March being winter."""
    return list(Season)[(month - 1) // 3]


UTC_DAY = ZoneInfo("UTC")

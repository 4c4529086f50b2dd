"""Dates keep what is known of them, and sentinels are nothing."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from flows.enrichment import dates
from flows.enrichment.dates import When


@pytest.mark.parametrize(
    ("text", "when"),
    [
        ("2019-10-10", When(2019, 10, 10)),
        ("2019-10-10T15:00:00Z", When(2019, 10, 10)),
        ("2019-10", When(2019, 10)),
        ("2019", When(2019)),
        ("0001-01-01T00:00:00Z", dates.NEVER),
        ("1970-01-01", dates.NEVER),
        ("2019-13-10", When(2019)),
        ("soon", dates.NEVER),
        (None, dates.NEVER),
    ],
)
def test_iso_dates(text: str | None, when: When) -> None:
    assert dates.iso(text) == when


@pytest.mark.parametrize(
    ("text", "when"),
    [
        ("Jan 11, 2019", When(2019, 1, 11)),
        ("October 4, 2006", When(2006, 10, 4)),
        ("Apr 2, 2026 at 10:30pm JST", When(2026, 4, 2)),
        ("Mar 2020", When(2020, 3)),
        ("1996", When(1996)),
        ("?", dates.NEVER),
        ("Not available", dates.NEVER),
    ],
)
def test_english_dates(text: str, when: When) -> None:
    assert dates.english(text) == when


@pytest.mark.parametrize(
    ("text", "when"),
    [
        ("04.10.2006", When(2006, 10, 4)),
        ("10.2006", When(2006, 10)),
        ("2006", When(2006)),
        ("?", dates.NEVER),
    ],
)
def test_german_dates(text: str, when: When) -> None:
    assert dates.german(text) == when


def test_a_day_that_no_calendar_has_is_none() -> None:
    assert When(2019, 2, 30).date is None
    assert When(2019, 2).date is None


def test_evening_in_utc_is_the_next_day_in_japan() -> None:
    premiere = dates.moment("1998-04-02T16:00:00Z")
    assert premiere is not None
    assert dates.day_of(premiere, dates.TOKYO) == date(1998, 4, 3)
    assert dates.day_of(premiere, ZoneInfo("America/New_York")) == date(1998, 4, 2)
    assert dates.day_of(date(1998, 4, 3), dates.TOKYO) == date(1998, 4, 3), "a day is never moved"


def test_a_moment_at_midnight_is_a_day_and_any_other_keeps_its_zone() -> None:
    assert dates.aired("1998-10-24T00:00:00+09:00") == date(1998, 10, 24)
    assert dates.aired("1998-10-24T01:00:00+09:00") == datetime(1998, 10, 23, 16, tzinfo=UTC)
    assert dates.aired("0001-01-01T00:00:00Z") is None


def test_an_end_far_ahead_is_unknown() -> None:
    now = datetime(2026, 11, 1, tzinfo=UTC)
    assert dates.ended(date(2030, 6, 1), now) is None
    assert dates.ended(date(2027, 3, 1), now) == date(2027, 3, 1)
    assert dates.ended(None, now) is None

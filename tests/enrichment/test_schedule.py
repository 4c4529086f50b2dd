"""What is due: airing weekly, finished yearly, failures soon, the cheap look monthly."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from animevec.catalog.record import Status
from flows.enrichment import schedule
from flows.enrichment.schedule import Answer, Due, Reason
from flows.enrichment.types import OutcomeKind, SourceOutcome, SourceRecord

NOW = datetime(2026, 6, 1, tzinfo=UTC)
SOURCES = ("jikan", "anilist")


def ago(days: float, kind: OutcomeKind = OutcomeKind.FOUND) -> Answer:
    at = NOW - timedelta(days=days)
    return Answer(kind, at, found_at=at)


def test_a_title_never_asked_about_is_due_everywhere() -> None:
    assert schedule.due(Status.FINISHED, {}, SOURCES, NOW) == Due(Reason.NEW, frozenset(SOURCES))


@pytest.mark.parametrize(
    ("status", "days", "reason"),
    [
        (Status.AIRING, 6, None),
        (Status.AIRING, 7, Reason.INTERVAL),
        (Status.UPCOMING, 7, Reason.INTERVAL),
        (Status.HIATUS, 29, None),
        (Status.HIATUS, 30, Reason.INTERVAL),
        (Status.FINISHED, 29, None),
        (Status.FINISHED, 30, Reason.LOOK),
        (Status.FINISHED, 364, Reason.LOOK),
        (Status.FINISHED, 365, Reason.INTERVAL),
        (Status.CANCELLED, 365, Reason.INTERVAL),
    ],
)
def test_by_status_and_age(status: Status, days: int, reason: Reason | None) -> None:
    found = schedule.due(status, dict.fromkeys(SOURCES, ago(days)), SOURCES, NOW)
    assert (found.reason if found else None) is reason


def test_only_sources_that_answer_for_many_are_looked_at() -> None:
    answers = dict.fromkeys(("jikan", "anilist", "kitsu", "anidb"), ago(40))
    found = schedule.due(Status.FINISHED, answers, list(answers), NOW)
    assert found == Due(Reason.LOOK, frozenset({"anilist", "kitsu"}))


def test_a_source_that_failed_is_asked_again_and_no_other() -> None:
    answers = {"jikan": ago(1), "anilist": ago(0.1, OutcomeKind.UNREACHABLE)}
    found = schedule.due(Status.FINISHED, answers, SOURCES, NOW)
    assert found == Due(Reason.RETRY, frozenset({"anilist"}))
    waiting = Answer(OutcomeKind.REFUSED, NOW - timedelta(hours=2), retry_after_s=86_400)
    assert schedule.due(Status.FINISHED, {**answers, "anilist": waiting}, SOURCES, NOW) is None


def test_a_source_that_refuses_for_good_hides_no_change_upstream() -> None:
    answers = {"jikan": ago(40), "anilist": ago(40), "anidb": ago(2, OutcomeKind.REFUSED)}
    found = schedule.due(Status.FINISHED, answers, list(answers), NOW)
    assert found == Due(Reason.RETRY, frozenset({"anidb", "anilist"}))
    answers["anidb"] = ago(0.5, OutcomeKind.REFUSED)
    found = schedule.due(Status.FINISHED, answers, list(answers), NOW)
    assert found == Due(Reason.LOOK, frozenset({"anilist"}))


def outcome(kind: OutcomeKind, found: bool, updated: datetime | None = None) -> SourceOutcome:
    titles = [{"text": "Kumo"}]
    record = SourceRecord.model_validate(
        {"source": "anilist", "key": "anilist:1", "titles": titles, "updated_at": updated}
    )
    return SourceOutcome(
        source="anilist", key="anilist:1", kind=kind, at=NOW, record=record if found else None
    )


def test_a_removed_title_is_marked_until_it_comes_back() -> None:
    had = ago(10)
    gone = schedule.heard(outcome(OutcomeKind.NOT_FOUND, False), had, NOW)
    assert gone.gone_at == NOW and gone.found_at == had.found_at
    assert schedule.orphaned({"anilist": gone})
    assert not schedule.orphaned({"anilist": gone, "jikan": ago(3)})
    still = schedule.heard(outcome(OutcomeKind.UNREACHABLE, False), gone, NOW + schedule.WEEK)
    assert still.gone_at == NOW
    back = schedule.heard(outcome(OutcomeKind.FOUND, True), still, NOW + schedule.MONTH)
    assert back.gone_at is None and not schedule.orphaned({"anilist": back})


def test_a_title_never_found_is_no_orphan() -> None:
    never = schedule.heard(outcome(OutcomeKind.NOT_FOUND, False), None, NOW)
    assert never.gone_at is None
    assert not schedule.orphaned({"anilist": never})


def test_a_later_change_upstream_is_noticed() -> None:
    known = {"anilist": Answer(OutcomeKind.FOUND, NOW, NOW, updated_at=NOW)}
    same = outcome(OutcomeKind.FOUND, True, NOW)
    later = outcome(OutcomeKind.FOUND, True, NOW + timedelta(days=1))
    assert not schedule.changed(same, known)
    assert schedule.changed(later, known)
    assert not schedule.changed(later, {})


@given(
    st.sampled_from(list(Status)),
    st.dictionaries(
        st.sampled_from(["jikan", "anilist", "kitsu", "anidb"]),
        st.builds(ago, st.floats(0, 800), st.sampled_from(list(OutcomeKind))),
    ),
)
def test_what_is_due_is_asked_and_then_it_is_due_no_more(
    status: Status, answers: dict[str, Answer]
) -> None:
    sources = ["jikan", "anilist", "kitsu", "anidb"]
    for _ in range(6):
        found = schedule.due(status, answers, sources, NOW)
        if found is None:
            break
        assert found.sources and found.sources <= set(sources)
        fresh = Answer(OutcomeKind.FOUND, NOW, NOW)
        answers = {**answers, **dict.fromkeys(found.sources, fresh)}
    assert schedule.due(status, answers, sources, NOW) is None

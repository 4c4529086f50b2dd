"""Runs against the simulator: few requests, nothing lost, nothing overwritten, going on."""

import asyncio
import json
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from animevec.catalog.record import Kind, Status
from animevec.catalog.store import Catalog
from animevec.settings import Settings
from flows.enrichment import writer
from flows.enrichment.request import Enrich
from flows.simulator import Fault, FaultKind, Simulator, World
from tests import postgres
from tests.enrichment.stage import Stage, settings_for, staged, values

TITLES = 12
SIX = ("jikan", "anilist", "kitsu", "anidb", "animeschedule", "animeplanet")
KINDS = {"TV": Kind.TV, "Movie": Kind.MOVIE, "OVA": Kind.OVA, "ONA": Kind.ONA}


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with staged(tmp_path, TITLES) as found:
        yield found


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Everything enriched once; tests that use it change nothing."""
    with staged(tmp_path_factory.mktemp("whole"), TITLES) as found:
        found.enrich_all()
        yield found


def test_every_title_becomes_what_is_true_of_it(whole: Stage) -> None:
    assert whole.catalog.count() == TITLES
    for work in whole.world:
        record = whole.record(work.number)
        assert record.title == work.romaji
        assert record.title_english == work.english
        assert record.title_japanese == work.native
        assert record.synopsis == work.synopsis
        assert record.type is KINDS[work.kind]
        assert record.status is (Status.FINISHED if work.finished else Status.AIRING)
        assert (record.aired_from, record.aired_to) == (work.start, work.end)
        assert record.zone == "Asia/Tokyo"
        assert record.episodes == work.episodes
        assert record.duration_minutes == work.minutes
        assert record.studios == (work.studio,)
        assert {genre for genre in work.genres} == set(record.genres)
        assert len(record.characters) == len(work.cast)
        assert {person.name for person in record.staff} == {name for name, _ in work.staff}
        assert len(record.episode_list) >= work.listed_episodes
        assert record.keys["mal"] == work.id("mal")
        assert record.keys["anilist"] == work.id("anilist")
        assert record.keys["kitsu"] == work.id("kitsu")


def test_every_value_knows_its_source_and_licence(whole: Stage) -> None:
    for work in whole.world:
        record = whole.record(work.number)
        for name in ("titles", "synopsis", "type", "episodes", "characters", "statistics"):
            origin = record.provenance[name]
            assert origin.source and origin.licence and origin.fetched_at


def test_what_is_not_due_is_not_asked(whole: Stage) -> None:
    before = sum(whole.simulator.requests.values())
    report = whole.enrich()
    assert report.titles == 0
    assert sum(whole.simulator.requests.values()) == before


def people_pages(stage: Stage) -> int:
    """Requests AniList needs for all titles: as many as the longest cast has pages of 25."""
    return -(-max(len(work.cast) for work in stage.world) // 25)


def test_a_title_costs_six_requests_at_most(stage: Stage) -> None:
    report = stage.enrich_all(sources=[source for source in SIX if source != "animeplanet"])
    each = [0] * TITLES
    for row in stage.runner.ledger.outcomes(report.run):
        each[row.place] += row.requests
    assert sorted(each)[TITLES // 2] <= 6
    assert report.requests["anilist"] == people_pages(stage)
    assert report.requests["kitsu"] <= 2 * 2


def test_a_second_run_is_answered_by_the_cache(stage: Stage) -> None:
    stage.enrich_all()
    stage.enrich_all()  # asks again by the ids the first one found
    stage.simulator.forget()
    report = stage.enrich_all()
    assert report.states == {"confirmed": TITLES}
    assert not stage.simulator.answered


@pytest.mark.parametrize(
    ("source", "fault", "kind"),
    [
        ("anilist", FaultKind.DOWN, "unreachable"),
        ("kitsu", FaultKind.TRUNCATED, "malformed"),
        ("jikan", FaultKind.GARBAGE, "malformed"),
        ("jikan", FaultKind.WRONG_TYPE, "found"),
        ("anidb", FaultKind.GARBAGE, "malformed"),
        ("anidb", FaultKind.EMPTY, "malformed"),
        ("animeschedule", FaultKind.BLOCK_PAGE, "refused"),
        ("animeplanet", FaultKind.BLOCK_PAGE, "refused"),
        ("kitsu", FaultKind.MOVED, "not_found"),
        ("jikan", FaultKind.MOVED, "not_found"),
    ],
)
def test_a_faulty_source_is_told_and_the_others_fill_in(
    stage: Stage, source: str, fault: FaultKind, kind: str
) -> None:
    stage.simulator.faults.set([Fault(source=source, kind=fault)])
    report = stage.enrich_all()
    assert set(report.outcomes[source]) - {kind} <= {"unreachable", "not_found"}
    assert report.outcomes[source][kind] > 0
    assert stage.catalog.count() == TITLES
    for work in stage.world:
        record = stage.record(work.number)
        assert record.titles and record.synopsis and record.type is not Kind.UNKNOWN
        assert record.aired_from is not None and record.episodes


def _kept(before: object, after: object) -> bool:
    """Whether a value stands; a list still holds everybody and everything it held."""
    if not isinstance(before, list):
        return before == after
    assert isinstance(after, list)
    return {_who(item) for item in before} <= {_who(item) for item in after}


def _who(item: object) -> object:
    return item.get("name", item.get("number")) if isinstance(item, dict) else item


@pytest.mark.parametrize("fault", [f for f in FaultKind if f is not FaultKind.SLOW])
def test_no_fault_overwrites_a_value(stage: Stage, fault: FaultKind) -> None:
    stage.enrich_all()
    before = {work.number: values(stage.record(work.number)) for work in stage.world}
    (stage.settings.http_cache_path / "answers.db").unlink()
    stage.simulator.faults.set([Fault(source=source, kind=fault) for source in SIX])
    report = stage.enrich_all()
    assert not report.troubles
    after = {work.number: values(stage.record(work.number)) for work in stage.world}
    for number, plain in before.items():
        for name, value in plain.items():
            if name not in {"provenance", "tags", "statistics"}:
                assert _kept(value, after[number][name]), (number, name)


def test_a_rate_limited_source_is_waited_for(stage: Stage) -> None:
    limited = Fault(source="jikan", kind=FaultKind.RATE_LIMITED, every=10, first=3, seconds=0.1)
    stage.simulator.faults.set([limited])
    report = stage.enrich_all()
    assert report.outcomes["jikan"] == {"found": TITLES}


def test_a_slow_source_is_given_up_on(tmp_path: Path) -> None:
    slow = Fault(source="kitsu", kind=FaultKind.SLOW, seconds=2.0)
    with staged(tmp_path, 6, timeout_s=0.3, attempts=1) as stage:
        stage.simulator.faults.set([slow])
        report = stage.enrich_all()
        assert report.outcomes["kitsu"] == {"unreachable": 6}
        assert stage.catalog.count() == 6


def test_an_outage_is_asked_again_later_and_only_it(stage: Stage) -> None:
    stage.simulator.faults.set([Fault(source="kitsu", kind=FaultKind.DOWN)])
    stage.enrich_all()
    stage.simulator.faults.set([])
    stage.simulator.forget()
    soon = datetime.now(UTC)
    assert stage.enrich(now=soon).titles == 0
    report = stage.enrich(now=soon + timedelta(hours=2))
    assert report.outcomes == {"kitsu": {"found": TITLES}}
    assert set(stage.simulator.requests) == {"kitsu"}
    assert "kitsu" in stage.record(3).statistics


def test_a_title_removed_upstream_is_orphaned_not_deleted(stage: Stage) -> None:
    stage.enrich_all()
    before = values(stage.record(4))
    for source in SIX:
        stage.world.remove(source, 4)
    (stage.settings.http_cache_path / "answers.db").unlink()
    report = stage.enrich(titles=(f"mal:{stage.world.works[4].id('mal')}",))
    assert report.orphans == (f"mal:{stage.world.works[4].id('mal')}",)
    assert values(stage.record(4)) == before
    answers = stage.runner.ledger.answers()[stage.record(4).id]
    assert all(answer.gone_at for answer in answers.values() if answer.found_at)


def test_a_deleted_title_is_not_brought_back(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    stage.enrich_all()
    ids = [stage.record(number).id for number in (3, 4)]
    merge = writer.Writer.merge

    async def meanwhile(*arguments: Any, **options: Any) -> Any:
        stage.catalog.delete(ids, "admin", "withdrawn")
        return await merge(*arguments, **options)

    monkeypatch.setattr(writer.Writer, "merge", meanwhile)
    later = datetime.now(UTC) + timedelta(days=400)
    for report in (stage.enrich(now=later), stage.enrich_all(now=later)):
        assert [trouble.message for trouble in report.troubles] == [writer.DELETED] * 2
    assert not stage.catalog.get_many(ids)
    assert stage.catalog.count() == TITLES - 2


def test_a_change_upstream_is_seen_by_the_cheap_sources_and_asked_of_all(stage: Stage) -> None:
    stage.enrich_all()
    finished = [work.number for work in stage.world if work.finished]
    stage.world.change(finished[0])
    (stage.settings.http_cache_path / "answers.db").unlink()
    stage.simulator.forget()
    report = stage.enrich(now=datetime.now(UTC) + timedelta(days=31))
    assert stage.simulator.requests["anilist"] <= people_pages(stage)
    assert "edition 1" in (stage.record(finished[0]).synopsis or "")
    airing = TITLES - len(finished)
    assert report.outcomes["jikan"] == {"found": airing + 1}


def test_a_poisoned_title_does_not_stop_the_batch(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, poisoned = writer.enrich, stage.world.works[5].id("mal")

    def enrich(*arguments: object, **options: object) -> object:
        keys = options["keys"]
        if keys["mal"] == poisoned:  # type: ignore[index]
            raise KeyError("poison")
        return real(*arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(writer, "enrich", enrich)
    report = stage.enrich_all()
    assert report.states == {"created": TITLES - 1, "failed": 1}
    assert [trouble.key for trouble in report.troubles] == [f"mal:{poisoned}"]
    assert "poison" in report.troubles[0].message


def test_a_title_nobody_knows_is_told(stage: Stage) -> None:
    report = stage.enrich(titles=("mal:99999999", stage.keys()[0]))
    assert report.states == {"failed": 1, "created": 1}
    assert "no source found the title" in report.troubles[0].message


def test_a_dry_run_writes_nothing_and_shows_what_would_change(stage: Stage) -> None:
    report = stage.enrich_all(dry_run=True)
    assert report.dry_run and report.states == {"created": TITLES}
    assert stage.catalog.revision() == 0
    assert stage.runner.ledger.answers() == {}
    changed = {change.field for change in report.changes}
    assert {"titles", "synopsis", "episodes"} <= changed
    assert stage.enrich_all().states == {"created": TITLES}


def test_a_budget_of_a_source_leaves_the_rest_for_the_next_run(stage: Stage) -> None:
    report = stage.enrich_all(limits={"anidb": 5})
    assert sum(report.outcomes["anidb"].values()) == 5
    later = stage.enrich(limits={"anidb": 5})
    assert later.outcomes == {"anidb": report.outcomes["anidb"]} or set(later.outcomes) == {"anidb"}
    assert sum(later.outcomes["anidb"].values()) == 5


def test_an_id_found_at_one_source_opens_the_others(stage: Stage) -> None:
    work = next(w for w in stage.world if w.sources >= set(SIX) and not w.off("kitsu anidb", 25))
    report = stage.enrich(titles=(f"anilist:{work.id('anilist')}",))
    assert {source: set(kinds) for source, kinds in report.outcomes.items()} == {
        source: {"found"} for source in SIX
    }
    assert stage.record(work.number).keys["animeplanet"] == work.slug


def test_an_id_another_title_has_is_disputed_and_stays_with_it(stage: Stage) -> None:
    work = next(w for w in stage.world if w.sources >= set(SIX) and not w.off("kitsu anidb", 25))
    other = next(w for w in stage.world if w.number != work.number)
    stage.enrich_all()
    robbed, holder = stage.record(work.number), stage.record(other.number)
    moved = {**holder.keys, "anilist": robbed.keys["anilist"]}
    left = {name: id for name, id in robbed.keys.items() if name != "anilist"}
    both = [robbed.model_copy(update={"keys": left}), holder.model_copy(update={"keys": moved})]
    stage.catalog.put(both, actor="test")
    report = stage.enrich(titles=(f"mal:{work.id('mal')}",))
    assert "anilist" not in stage.record(work.number).keys
    assert stage.record(other.number).keys == moved
    (told,) = [d for d in report.disputes if d.conflict.field == "keys.anilist"]
    assert work.id("anilist") in told.conflict.others.values()


def test_progress_ends_at_its_total(stage: Stage) -> None:
    told: list[tuple[int, int | None]] = []
    wanted = Enrich(titles=stage.keys(), limits={})
    asyncio.run(stage.runner.run(wanted, lambda done, total: told.append((done, total))))
    assert told[-1] == (TITLES * 6, TITLES * 6)
    assert [done for done, _ in told] == sorted(done for done, _ in told)


def test_runs_of_other_stages_leave_the_rest_alone(stage: Stage) -> None:
    stage.enrich_all()
    before = values(stage.record(2))
    stage.world.change(2)
    (stage.settings.http_cache_path / "answers.db").unlink()
    stage.enrich(titles=stage.keys()[2:3], stages=("statistics",))
    assert stage.record(2).synopsis == before["synopsis"]


def test_on_postgresql_the_ledger_lives_with_the_catalogue(tmp_path: Path) -> None:
    binaries = postgres.programs()
    if binaries is None:
        pytest.skip("needs PostgreSQL's programs (Debian: apt install postgresql)")
    with postgres.server(binaries) as url, staged(tmp_path, 6, url) as stage:
        assert stage.enrich_all().states == {"created": 6}
        assert stage.enrich_all().states == {"confirmed": 6}
        assert stage.enrich().titles == 0
        answers = stage.runner.ledger.answers()[stage.record(1).id]
        assert answers["jikan"].at.tzinfo is not None
        assert not (tmp_path / "enrichment.db").exists()


KILLED = """
import asyncio, json, sys
from pathlib import Path
from animevec.catalog.store import Catalog
from animevec.settings import Settings
from flows.enrichment.request import Enrich
from flows.enrichment.runner import Runner
settings = Settings.model_validate_json(Path(sys.argv[1]).read_text())
request = Enrich.model_validate_json(Path(sys.argv[2]).read_text())
with Catalog.open(settings.catalog_url) as catalog, Runner(settings, catalog) as runner:
    report = asyncio.run(runner.run(request))
print(report.model_dump_json())
"""


def test_killed_and_resumed_it_comes_to_the_same_without_asking_twice(tmp_path: Path) -> None:
    with staged(tmp_path / "straight", 40) as straight:
        straight.enrich_all()
        wanted = {w.number: values(straight.record(w.number)) for w in straight.world}

    world = World.make(40)
    with Simulator(world) as simulator:
        settings = settings_for(simulator, tmp_path / "killed", stand_in_rate=60)
        files = tmp_path / "settings.json", tmp_path / "request.json"
        plain = settings.model_dump(mode="json")
        plain["enrichment"] |= {"anidb_client": "stage", "animeschedule_token": "stage"}
        for name in ("index", "serve"):
            plain.pop(name)
        plain["enrichment"].pop("llm_key")
        files[0].write_text(json.dumps(plain))
        keys = [f"mal:{work.id('mal')}" for work in world]
        files[1].write_text(json.dumps({"titles": keys, "limits": {}}))
        command = [sys.executable, "-c", KILLED, *map(str, files)]
        lost = 0
        for requests in (20, 70, 120):
            with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
                _await(simulator, requests)
                process.send_signal(signal.SIGKILL)
            _settle(simulator)
            lost += len(simulator.answered) - _kept_answers(settings)
        finished = subprocess.run(command, capture_output=True, check=True, text=True)
        report = json.loads(finished.stdout)
        repeated = sum(count - 1 for count in simulator.answered.values())
        with Catalog.open(settings.catalog_url) as catalog:
            resumed = {
                int(record.keys["mal"]) - 61_000: values(record) for record in catalog.iterate()
            }
    assert resumed == wanted
    assert report["states"] == {"created": 40}
    # Only answers still on their way when the process died, in no cache, were asked for again.
    assert repeated <= lost


def _settle(simulator: Simulator) -> None:
    """Wait until the simulator has dealt with what the dead process had sent."""
    before = -1
    while (now := sum(simulator.answered.values())) != before:
        before = now
        time.sleep(0.3)


def _kept_answers(settings: Settings) -> int:
    """How many whole answers the HTTP cache holds."""
    with sqlite3.connect(settings.http_cache_path / "answers.db") as cache:
        query = "SELECT count(*) FROM entries WHERE chunk_count IS NOT NULL"
        return int(cache.execute(query).fetchone()[0])


def _await(simulator: Simulator, requests: int) -> None:
    deadline = time.monotonic() + 60
    while sum(simulator.requests.values()) < requests:
        assert time.monotonic() < deadline, "the run asks nothing"
        time.sleep(0.005)

"""The simulator: the same world for the same seed, and every fault as asked."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from threading import Event

import httpx
import pytest
from click.testing import CliRunner

from animevec.errors import InvalidRequest
from animevec.settings import EnrichmentSettings
from flows.enrichment.http import Client
from flows.enrichment.sources import open_sources
from flows.enrichment.types import OutcomeKind, SourceOutcome, Stage, Wanted
from flows.simulate import simulate
from flows.simulator import Fault, FaultKind, Faults, Simulator, World, animeplanet
from tests.enrichment.stage import settings_for

SIX = ("jikan", "anilist", "kitsu", "anidb", "animeschedule", "animeplanet")


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    with Simulator(World.make(40)) as found:
        yield found


@pytest.fixture(autouse=True)
def healthy(simulator: Simulator) -> None:
    simulator.faults.set([])
    simulator.forget()


def ask(simulator: Simulator, home: Path, source: str, *numbers: int) -> list[SourceOutcome]:
    async def asked() -> list[SourceOutcome]:
        settings = settings_for(simulator, home, attempts=1)
        async with Client(settings) as client:
            one = open_sources(client, settings, [source])[source]
            return await one.fetch([Wanted(keys=keys(simulator.world, n)) for n in numbers])

    return asyncio.run(asked())


def keys(world: World, number: int) -> dict[str, str]:
    work = world.works[number]
    providers = ("mal", "anilist", "kitsu", "anidb", "animeplanet")
    return {provider: work.id(provider) for provider in providers}


def full(world: World) -> int:
    """A title every source has."""
    return next(work.number for work in world if work.sources >= set(SIX))


def test_the_same_seed_makes_the_same_world() -> None:
    assert World.make(30, seed=4).works == World.make(30, seed=4).works
    assert World.make(30, seed=4).works != World.make(30, seed=5).works
    assert World.make(10, seed=4).works == {n: World.make(30, seed=4).works[n] for n in range(10)}


def test_titles_are_told_apart() -> None:
    world = World.make(2_000)
    for name in ("romaji", "english", "native", "slug"):
        assert len({getattr(work, name) for work in world}) == 2_000


@pytest.mark.parametrize("source", SIX)
def test_every_source_answers_in_full(simulator: Simulator, tmp_path: Path, source: str) -> None:
    number = full(simulator.world)
    (found,) = ask(simulator, tmp_path, source, number)
    work = simulator.world.works[number]
    assert found.kind is OutcomeKind.FOUND and found.record is not None
    assert not found.record.faults
    assert work.romaji in {title.text for title in found.record.titles}
    assert found.record.episodes is not None
    assert set(found.parts.values()) <= {OutcomeKind.FOUND}


def test_batches_are_one_request(simulator: Simulator, tmp_path: Path) -> None:
    assert all(o.record for o in ask(simulator, tmp_path / "a", "anilist", *range(40)))
    assert all(o.record for o in ask(simulator, tmp_path / "k", "kitsu", *range(20)))
    scheduled = ask(simulator, tmp_path / "s", "animeschedule", *range(10))
    assert sum(bool(outcome.record) for outcome in scheduled) > 1
    crowd = max(len(simulator.world.works[number].cast) for number in range(40))
    assert simulator.requests == {"anilist": -(-crowd // 25), "kitsu": 1, "animeschedule": 1}


def test_sources_contradict_each_other_on_purpose(simulator: Simulator, tmp_path: Path) -> None:
    shifted = [w.number for w in simulator.world if w.off("kitsu start", 6)]
    (found,) = ask(simulator, tmp_path, "kitsu", shifted[0])
    assert found.record is not None
    assert found.record.aired_from != simulator.world.works[shifted[0]].start


@pytest.mark.parametrize(
    ("kind", "ends"),
    [
        (FaultKind.RATE_LIMITED, {"refused"}),
        (FaultKind.DOWN, {"unreachable"}),
        (FaultKind.TRUNCATED, {"malformed"}),
        (FaultKind.GARBAGE, {"malformed"}),
        (FaultKind.BLOCK_PAGE, {"refused"}),
        (FaultKind.EMPTY, {"malformed", "not_found"}),
        (FaultKind.MOVED, {"not_found"}),
    ],
)
@pytest.mark.parametrize("source", ["jikan", "anilist", "kitsu", "anidb"])
def test_a_fault_is_an_outcome_of_its_kind(
    simulator: Simulator, tmp_path: Path, source: str, kind: FaultKind, ends: set[str]
) -> None:
    simulator.faults.set([Fault(source=source, kind=kind, seconds=0.05)])
    (found,) = ask(simulator, tmp_path, source, full(simulator.world))
    assert found.kind in ends
    assert found.record is None and found.detail


def test_wrong_types_cost_their_values_only(simulator: Simulator, tmp_path: Path) -> None:
    simulator.faults.set([Fault(source="jikan", kind=FaultKind.WRONG_TYPE)])
    (found,) = ask(simulator, tmp_path, "jikan", full(simulator.world))
    assert found.record is not None and found.record.titles
    assert found.record.faults and found.record.episodes is None


def test_faults_meet_the_requests_they_are_meant_for() -> None:
    faults = Faults(
        [
            Fault(source="jikan", kind=FaultKind.DOWN, every=3, first=2),
            Fault(source="kitsu", kind=FaultKind.SLOW, containing="mappings"),
        ]
    )
    met = [faults.of("jikan", "/anime/1/full") is not None for _ in range(10)]
    assert met == [False, False, True, False, False, True, False, False, False, False]
    assert faults.of("kitsu", "/anime?filter") is None
    assert faults.of("kitsu", "/mappings?filter") is not None
    assert faults.of("anidb", "/mappings") is None


def test_what_a_source_removed_is_not_found(simulator: Simulator, tmp_path: Path) -> None:
    world = World.make(3)
    world.remove("jikan", 1)
    with Simulator(world) as other:
        gone, there = (ask(other, tmp_path, "jikan", number)[0] for number in (1, 2))
    assert (gone.kind, there.kind) == (OutcomeKind.NOT_FOUND, OutcomeKind.FOUND)


def test_pages_may_be_written_for_an_operator(tmp_path: Path) -> None:
    world = World.make(30)
    written = animeplanet.write(world, tmp_path)
    assert written == sum("animeplanet" in work.sources for work in world)
    assert len(list((tmp_path / "animeplanet").glob("*.html"))) == written


def test_the_command_prints_what_points_enrichment_at_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    class Interrupted(Event):
        def wait(self, timeout: float | None = None) -> bool:
            raise KeyboardInterrupt

    monkeypatch.setattr("flows.simulate.Event", Interrupted)
    arguments = ["--titles", "3", "--port", "0", "--pages", str(tmp_path)]
    found = CliRunner().invoke(simulate, [*arguments, "--fault", "kitsu:down"])
    assert found.exit_code == 0, found.output
    lines = [line.removeprefix("export ") for line in found.output.splitlines() if "=" in line]
    area = EnrichmentSettings.model_fields
    names = {line.partition("=")[0].removeprefix("ANIMEVEC_ENRICHMENT__").lower() for line in lines}
    assert names <= set(area) and {"base_urls", "stand_in_rate"} <= names
    assert list((tmp_path / "animeplanet").iterdir())


@pytest.mark.parametrize("fault", ["kitsu", "imdb:down", "kitsu:tired"])
def test_the_command_names_the_faults_there_are(fault: str) -> None:
    found = CliRunner().invoke(simulate, ["--titles", "1", "--port", "0", "--fault", fault])
    assert isinstance(found.exception, InvalidRequest)
    assert "rate_limited" in found.exception.message


def test_unknown_paths_are_not_found(simulator: Simulator) -> None:
    base = simulator.base_urls["jikan"]
    assert httpx.get(f"{base}/nothing").status_code == 404
    assert httpx.get(f"{base}/anime/1/{Stage.STAFF}").status_code == 404
    assert json.loads(httpx.get(f"{base}/anime/1/full").text) == {"error": "not found"}

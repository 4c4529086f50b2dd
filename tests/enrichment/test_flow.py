"""The flow: a form, a plain function behind it, and a real Prefect server around it."""

import json
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from animevec.assembly import Assembly, local_release
from animevec.lineup import Lineup, open_lineup
from animevec.search.request import TextSearch
from animevec.settings import FlowSettings, Settings
from animevec.stack.process import Supervisor
from animevec.stack.readiness import wait_ready
from animevec.stack.table import flow_runner, prefect_server
from flows.enrichment import flow
from flows.enrichment.request import Enrich
from flows.enrichment.sources import DEFAULT, REGISTRY
from flows.simulator import Simulator, World
from tests.enrichment.stage import settings_for
from tests.flows.stack import patiently
from tests.service.conftest import built, copied, settings_at

__all__ = ["built"]
PATIENCE_S = 240.0


def test_the_form_describes_and_bounds_every_parameter() -> None:
    form = Enrich.model_json_schema()["properties"]
    assert set(form) == {"titles", "sources", "stages", "limit", "limits", "dry_run"}
    assert all(field["title"] and field["description"] for field in form.values())
    assert form["sources"]["items"]["enum"] == list(REGISTRY)
    assert form["sources"]["default"] == list(DEFAULT)


@pytest.mark.parametrize(
    "wrong",
    [
        {"titles": ["Cowboy Bebop"]},
        {"sources": ["imdb"]},
        {"sources": []},
        {"stages": ["plot"]},
        {"limit": 0},
        {"limits": {"imdb": 1}},
        {"limits": {"anidb": -1}},
        {"colour": "red"},
    ],
)
def test_what_the_form_cannot_mean_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Enrich.model_validate(wrong)


def test_a_dry_run_is_the_same_work_as_the_run_it_foretells() -> None:
    assert Enrich(dry_run=True).digest == Enrich().digest
    assert Enrich(limit=5).digest != Enrich().digest


def test_without_prefect_it_is_a_plain_function(tmp_path: Path) -> None:
    world = World.make(6)
    told: list[tuple[int, int | None]] = []
    with Simulator(world) as simulator:
        settings = settings_for(simulator, tmp_path)
        titles = tuple(f"mal:{work.id('mal')}" for work in world)
        report = flow.enrich(
            settings, Enrich(titles=titles), lambda done, total: told.append((done, total))
        )
    assert told[-1] == (36, 36)
    rows = {row["source"]: row for row in flow.outcome_rows(report)}
    assert rows["anilist"]["found"] == 6 and rows["anilist"]["requests"] == 1
    assert all(set(row) >= {"key", "field", "in force"} for row in flow.dispute_rows(report))
    assert "keys.anidb" in {row["field"] for row in flow.dispute_rows(report)}
    assert f"revision **{report.revision}**" in flow.summary(report)
    json.dumps(report.model_dump(mode="json"))


class Servers:
    """A Prefect server and the process that runs deployments, on free ports."""

    def __init__(self, settings: Settings, env: Mapping[str, str]) -> None:
        self._supervisor = Supervisor(settings.home / "run")
        self._processes = [
            replace(process, env={**process.env, **env})
            for process in (prefect_server(settings), flow_runner(settings))
        ]
        self.http = httpx.Client(base_url=f"{self._processes[0].url}/api", timeout=30.0)

    def __enter__(self) -> "Servers":
        for process in self._processes:
            self._supervisor.start(process)
            wait_ready(process, self._supervisor, lambda state: None)
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()
        for process in reversed(self._processes):
            self._supervisor.stop(process)

    def post(self, path: str, body: Mapping[str, Any]) -> Any:
        answer = patiently(lambda: self.http.post(path, json=body))
        assert answer.is_success, answer.text
        return answer.json()

    def log(self) -> str:
        return "\n".join(self._supervisor.tail(process) for process in self._processes)

    def until(self, found: Callable[[], Any]) -> Any:
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            if value := found():
                return value
            time.sleep(0.5)
        raise AssertionError(f"not within {PATIENCE_S:g} s\n{self.log()}")


@pytest.fixture
def home(built: Path, tmp_path: Path) -> Path:
    return copied(built, tmp_path / "home")


@pytest.fixture
def installation(home: Path) -> Iterator[tuple[World, Settings, dict[str, str]]]:
    """A built home whose sources are invented, and the environment that says so."""
    world = World.make(4)
    with Simulator(world) as simulator:
        flows = FlowSettings(port=_free(), runner_port=_free())
        settings = settings_at(home).model_copy(update={"flows": flows})
        env = {
            "ANIMEVEC_HOME": str(home),
            "ANIMEVEC_ENCODERS__PICTURE": "tiny-clip",
            "ANIMEVEC_ENCODERS__PICTURE_DIMENSIONS": "64",
            "ANIMEVEC_FLOWS__PORT": str(flows.port),
            "ANIMEVEC_FLOWS__RUNNER_PORT": str(flows.runner_port),
            "ANIMEVEC_ENRICHMENT__BASE_URLS": json.dumps(simulator.base_urls),
            "ANIMEVEC_ENRICHMENT__STAND_IN_RATE": "1000",
            "ANIMEVEC_ENRICHMENT__ANIDB_CLIENT": "test",
            "ANIMEVEC_ENRICHMENT__ANIMESCHEDULE_TOKEN": "test",
        }
        yield world, settings, env


@contextmanager
def following(lineup: Lineup) -> Iterator[Assembly]:
    """The open release, kept at the catalogue's revision as the service keeps its own."""
    assembly = lineup.open(local_release(lineup.settings))
    lineup.follower.start()
    try:
        yield assembly
    finally:
        lineup.follower.stop()


@pytest.mark.timeout(600)
def test_started_as_the_ui_does_it_ends_with_a_title_that_search_finds(
    installation: tuple[World, Settings, dict[str, str]],
) -> None:
    world, settings, env = installation
    work = world.works[2]
    with open_lineup(settings) as lineup, following(lineup) as assembly:
        assert work.english not in _found(assembly, work.english)
        before = assembly.catalog.revision()
        with Servers(settings, env) as servers:
            deployment = servers.until(lambda: _deployment(servers, "enrich"))
            schema = deployment["parameter_openapi_schema"]
            assert "limits" in json.dumps(schema)
            keys = [f"mal:{w.id('mal')}" for w in world]
            body = {"parameters": {"request": {"titles": keys}}, "idempotency_key": "pressed once"}
            run = servers.post(f"/deployments/{deployment['id']}/create_flow_run", body)
            ended = servers.until(lambda: _ended(servers, run["id"]))
            assert ended["state"]["type"] == "COMPLETED", servers.log()
            tables = servers.post("/artifacts/filter", {"limit": 50})
            names = {table["key"] for table in tables}
            assert {"enrichment-outcomes", "enrichment-conflicts", "enrichment"} <= names
            outcomes = next(t for t in tables if t["key"] == "enrichment-outcomes")
            rows = {row["source"]: row for row in json.loads(outcomes["data"])}
            assert rows["jikan"]["found"] == len(keys)
            limits = servers.post("/v2/concurrency_limits/filter", {"limit": 50})
            assert {f"source-{name}" for name in DEFAULT} <= {limit["name"] for limit in limits}
            embed = _deployment(servers, "embed")
            servers.until(lambda: _runs(servers, embed["id"]))
            # As the service does, with the release that was open before.
            servers.until(lambda: work.english in _found(assembly, work.english))
        assert assembly.catalog.revision() == before + len(keys)


def _found(assembly: Assembly, words: str) -> list[str | None]:
    hits = assembly.engine.text(TextSearch(query=words, limit=5)).hits
    return [hit.record.title_english for hit in hits]


def _deployment(servers: Servers, name: str) -> Any:
    answer = servers.http.get(f"/deployments/name/{name}/{flow.NAME}")
    return answer.json() if answer.is_success else None


def _ended(servers: Servers, run: str) -> Any:
    found = servers.http.get(f"/flow_runs/{run}").json()
    final = {"COMPLETED", "FAILED", "CRASHED", "CANCELLED"}
    return found if found["state"] and found["state"]["type"] in final else None


def _runs(servers: Servers, deployment: str) -> Any:
    return servers.post("/flow_runs/filter", {"deployments": {"id": {"any_": [deployment]}}})


def _free() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])

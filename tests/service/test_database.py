"""The service with its catalogue, keys and records on a PostgreSQL server that comes and goes."""

import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from fastapi.testclient import TestClient

from animevec.assembly import open_foundation, rebuild
from animevec.catalog.sample import load_sample
from animevec.catalog.store import Catalog
from animevec.keys import Role
from animevec.settings import CatalogSettings, RegistrySettings
from bentos.app import create_app
from bentos.champion import Champion
from tests import postgres
from tests.service.conftest import await_ready, issue, settings_at

POLL_S = 0.2


@pytest.fixture
def running(home: Path, postgres_url: str) -> Iterator[TestClient]:
    settings = settings_at(home).model_copy(
        update={
            "catalog": CatalogSettings(url=postgres.schema(postgres_url)),
            "registry": RegistrySettings(poll_seconds=POLL_S),
        }
    )
    with Catalog.open(settings.catalog_url) as catalog:
        catalog.put(load_sample()[:8], actor="test")
    with open_foundation(settings) as room:
        rebuild(room)
    with TestClient(create_app(settings), raise_server_exceptions=False) as client:
        await_ready(client)
        client.headers.update(issue(settings, Role.ADMIN))
        yield client


def cut(url: str) -> None:
    """End every connection, as a server that restarts does."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"
        )


def test_a_database_that_restarts_stops_nothing(running: TestClient, postgres_url: str) -> None:
    title = {"keys": {"animevec": "after"}, "titles": [{"text": "After the Restart"}]}
    for _ in range(3):
        cut(postgres_url)
        time.sleep(POLL_S * 2)
        assert running.get("/readyz").status_code == 200
        assert running.post("/api/v1/search", json={"query": "space"}).json()["hits"]
    written = running.post("/api/v1/admin/vectors/upsert", json={"items": [title]})
    assert written.json()["results"][0]["status"] == "created", written.text


def test_a_round_of_care_that_fails_is_followed_by_the_next(
    running: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    rounds: list[int] = []

    def tend(champion: Champion) -> None:
        rounds.append(1)
        raise ValueError("nobody thought of this")

    monkeypatch.setattr(Champion, "tend", tend)
    time.sleep(POLL_S * 5)
    assert len(rounds) >= 2
    assert running.get("/readyz").status_code == 200

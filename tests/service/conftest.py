"""A small built home, the app over a copy of it in process, and a real service over another."""

import os
import shutil
import socket
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
import torch
from fastapi.testclient import TestClient

from animevec.artwork import cover_bytes, draw_cover
from animevec.assembly import open_foundation, rebuild
from animevec.catalog.record import Picture
from animevec.catalog.sample import load_sample
from animevec.catalog.store import Catalog
from animevec.encoders.card import ModelCard
from animevec.index.sparse_copy import copy_tree
from animevec.keys import KeyStore, Role
from animevec.pictures import keep
from animevec.settings import EncoderSettings, IndexSettings, LimitSettings, ServeSettings, Settings
from animevec.stack.process import Process, Supervisor
from animevec.stack.readiness import wait_ready
from animevec.stack.table import search_service
from bentos.app import create_app

TITLES = 48
TINY = Path(__file__).parents[1] / "encoders" / "reference" / "jina-clip-v2-tiny"
CARD = ModelCard(
    name="tiny-clip",
    architecture="jina-clip",
    repository="tests",
    revision="1",
    licence="Apache-2.0",
    commercial_use=True,
    modalities=("text", "picture"),
    dimensions=64,
    max_tokens=64,
    image_pixels=32,
    memory_mb=2,
)


def settings_at(home: Path, **serve: object) -> Settings:
    """Settings of a test home; a port that was free a moment ago, and nothing beside the app."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    return Settings(
        home=home,
        encoders=EncoderSettings(picture="tiny-clip", picture_dimensions=64, threads=1),
        index=IndexSettings(follow_seconds=0.2),
        limits=LimitSettings(requests_per_minute=60_000),
        serve=ServeSettings.model_validate({"port": port, "topology": "in_process", **serve}),
    )


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with a catalogue of 48 titles, their covers and a live index; copy it, do not use it.

    The picture encoder is the tiny reference checkpoint.
    """
    torch.set_num_threads(1)
    home = tmp_path_factory.mktemp("built")
    settings = settings_at(home)
    shutil.copytree(TINY, settings.models_path / CARD.name)
    (settings.models_path / CARD.name / "card.json").write_text(CARD.model_dump_json())
    titles = []
    for title in load_sample()[:TITLES]:
        digest = keep(cover_bytes(draw_cover(title)), settings.pictures_path)
        titles.append(title.model_copy(update={"pictures": (Picture(sha256=digest),)}))
    with Catalog.open(settings.catalog_url) as catalog:
        catalog.put(titles, actor="test")
    with open_foundation(settings) as room:
        rebuild(room)
    return home


def copied(home: Path, target: Path) -> Path:
    """A copy of a home; the holes in its index, most of it, stay holes."""
    copy_tree(home, target)
    return target


@pytest.fixture
def home(built: Path, tmp_path: Path) -> Path:
    """A copy of the built home for one test."""
    return copied(built, tmp_path / "home")


@pytest.fixture(scope="module")
def settings(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Settings of a copy of the built home, one per module."""
    return settings_at(copied(built, tmp_path_factory.mktemp("app") / "home"))


@pytest.fixture(scope="module")
def app(settings: Settings) -> Iterator[TestClient]:
    """The app in process, ready."""
    with TestClient(create_app(settings), raise_server_exceptions=False) as client:
        await_ready(client)
        yield client


@pytest.fixture(scope="module")
def admin(settings: Settings) -> dict[str, str]:
    """Headers of an admin."""
    return issue(settings, Role.ADMIN)


def issue(settings: Settings, role: Role) -> dict[str, str]:
    """Headers with a new key."""
    store = KeyStore(settings.keys_url)
    try:
        _, token = store.issue(f"test-{os.urandom(4).hex()}", role)
    finally:
        store.close()
    return {"X-API-Key": token}


def await_ready(client: TestClient) -> None:
    """Wait until /readyz says so."""

    for _ in range(600):
        if (answer := client.get("/readyz")).status_code == 200:
            return
        assert answer.json()["error"]["details"]["state"] != "failed", answer.text
        time.sleep(0.1)
    raise AssertionError("never ready")


class Served:
    """A real ``bentoml serve`` over a home; can be killed and started again."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.supervisor = Supervisor(settings.home / "run")
        self.process = self._process()
        self.client = httpx.Client(base_url=self.process.url, timeout=60)
        self.admin = issue(settings, Role.ADMIN)

    def start(self) -> None:
        """Start and wait until it is ready."""
        self.supervisor.start(self.process)
        wait_ready(self.process, self.supervisor, lambda state: None)

    def kill(self) -> None:
        """SIGKILL to the whole family at once."""
        found = self.supervisor.running(self.process)
        assert found is not None
        family = [found, *found.children(recursive=True)]
        for member in family:
            member.kill()
        for member in family:
            member.wait(10)

    def stop(self) -> None:
        """End it."""
        self.client.close()
        self.supervisor.stop(self.process)

    def _process(self) -> Process:
        areas = {
            "ENCODERS": self.settings.encoders,
            "INDEX": self.settings.index,
            "LIMITS": self.settings.limits,
            "SERVE": self.settings.serve,
        }
        env = {"ANIMEVEC_HOME": str(self.settings.home)}
        for area, section in areas.items():
            for name in section.model_fields_set:
                env[f"ANIMEVEC_{area}__{name.upper()}"] = str(getattr(section, name))
        process = search_service(self.settings)
        return replace(process, env={**process.env, **env})


@pytest.fixture(scope="session")
def served(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A real service, shared by the tests that do not harm it."""
    home = copied(built, tmp_path_factory.mktemp("served") / "home")
    service = Served(settings_at(home, topology="own_process"))
    try:
        service.start()
        yield service
    finally:
        service.stop()

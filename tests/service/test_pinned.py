"""A Bento carries a release: an empty home serves it from the first start on."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from animevec.lineup import open_lineup
from animevec.settings import Settings
from bentos.app import create_app
from bentos.pinned import install
from registry.bundle import export_release
from registry.releases import CHAMPION, Releases
from tests.service.conftest import await_ready, copied, settings_at
from tests.service.test_champion import candidate, make_adapter, search, until


@pytest.fixture
def elsewhere(built: Path, tmp_path: Path) -> Settings:
    """The installation that the bundle comes from."""
    return settings_at(copied(built, tmp_path / "elsewhere"))


@pytest.fixture
def settings(home: Path) -> Settings:
    """A home with titles, without an index and without a registry."""
    for name in ("index", "builds"):
        shutil.rmtree(home / name)
    return settings_at(home)


def bundled(elsewhere: Settings, tmp_path: Path, gate: str = "pass") -> Path:
    """A release with an adapter, exported."""
    version = candidate(elsewhere, make_adapter(tmp_path / "adapter"), gate, build=False)
    releases = Releases.of(elsewhere)
    return export_release(releases, releases.get(version), tmp_path / "release.zip")


def carrying(settings: Settings, bundle: Path) -> Settings:
    """The settings of a service that carries a bundle."""
    registry = settings.registry.model_copy(update={"bundle": bundle})
    return settings.model_copy(update={"registry": registry})


@contextmanager
def started(settings: Settings) -> Iterator[TestClient]:
    with TestClient(create_app(settings), raise_server_exceptions=False) as client:
        yield client


def test_an_empty_home_installs_what_the_bento_carries_once(
    settings: Settings, elsewhere: Settings, tmp_path: Path
) -> None:
    bento = carrying(settings, bundled(elsewhere, tmp_path))
    releases = Releases.of(settings)
    for _ in ("first start", "second start"):
        with started(bento) as client:
            await_ready(client)
            answer = search(client, "a boy robot with a heart")
        assert (answer["release"], len(answer["hits"])) == ("1", 3)
        [only] = releases.list()
        assert releases.aliases() == {CHAMPION: "1"}
        assert only.release.index == "titles-r1" and only.release.text.adapter
        assert only.tags["verdict"].startswith("pinned; where it was made")


def test_an_installation_with_a_champion_keeps_it(
    home: Path, elsewhere: Settings, tmp_path: Path
) -> None:
    settings = settings_at(home)
    with started(settings) as client:
        await_ready(client)
        until(lambda: Releases.of(settings).aliases().get(CHAMPION) == "1")
    with started(carrying(settings, bundled(elsewhere, tmp_path))) as client:
        await_ready(client)
        assert search(client, "robot")["release"] == "1"
    [only] = Releases.of(settings).list()
    assert only.release.text.adapter is None


def test_what_did_not_pass_its_gate_is_not_installed(
    settings: Settings, elsewhere: Settings, tmp_path: Path
) -> None:
    with started(carrying(settings, bundled(elsewhere, tmp_path, gate="fail"))) as client:
        until(lambda: client.get("/health").json()["status"] == "failed")
        error = client.get("/readyz").json()["error"]
    assert "has not passed its gate: fail" in error["details"]["reason"]
    assert Releases.of(settings).aliases() == {}


def test_an_installation_that_was_cut_off_goes_on_with_the_same_version(
    settings: Settings, elsewhere: Settings, tmp_path: Path
) -> None:
    bundle, releases = bundled(elsewhere, tmp_path), Releases.of(settings)
    with open_lineup(settings) as lineup:
        first = install(settings, lineup, releases, bundle)
        index = lineup.store.resolve(first.release.index)
        assert install(settings, lineup, releases, bundle).release == first.release
        assert lineup.store.resolve(first.release.index) == index
    assert len(releases.list()) == 1

"""Pruning: what no alias names goes, the newest stay, and the index goes with its release."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from uuid import uuid4

import numpy as np
import pytest
from click.testing import CliRunner, Result

from animevec.index.assembly import vector_cache
from animevec.index.stores import open_store
from animevec.index.vector_cache import Encoded, Source
from animevec.release import EncoderRef
from animevec.settings import Settings
from flows.candidate import like, register
from flows.embedding import embed_release, register_again
from flows.parameters import Embed, Prune
from flows.pruning import prune_releases
from flows.workshop import open_records, open_workshop
from registry.cli import release
from registry.releases import CHAMPION

Remove = Callable[[Settings, pytest.MonkeyPatch], None]


@pytest.fixture
def old(settings: Settings) -> str:
    """A candidate with an index and a searchable copy, and a newer one without."""
    version = register_again(settings, Embed(what="all"))
    embed_release(settings, version)
    with open_workshop(settings) as workshop:
        workshop.searchable(version)
    register_again(settings, Embed(what="all"))
    return version


def test_a_dry_run_lists_and_changes_nothing(settings: Settings, old: str) -> None:
    rows = prune_releases(settings, Prune(keep=1))
    assert [(row["release"], row["removed"]) for row in rows] == [(old, False)]
    with open_records(settings) as records:
        assert old in {one.release.version for one in records.releases.list()}


def prune_by_flow(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    prune_releases(settings, Prune(keep=1, dry_run=False))


def command(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, *options: str, answer: str = ""
) -> Result:
    """``animevec release prune --keep 1`` in this home."""
    monkeypatch.setattr("registry.cli._settings", lambda: settings)
    return CliRunner().invoke(release, ["prune", "--keep", "1", *options], input=answer)


def prune_by_command(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    done = command(settings, monkeypatch, "--yes")
    assert done.exit_code == 0 and "removed: 2" in done.output, done.output


@pytest.mark.parametrize("remove", [prune_by_flow, prune_by_command])
def test_release_index_copy_and_build_record_go_together(
    settings: Settings, old: str, remove: Remove, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert list((settings.home / "builds").glob(f"titles-r{old}-*"))
    remove(settings, monkeypatch)
    for path in (settings.index_path, settings.evaluation_path):
        with closing(open_store(settings.index, path)) as store:
            assert not [name for name in store.names() if name.startswith(f"titles-r{old}")]
    assert not list((settings.home / "builds").glob(f"titles-r{old}-*"))
    with open_records(settings) as records:
        left = {one.release.version for one in records.releases.list()}
        assert old not in left and len(left) == 2
        [event] = records.audit.entries("pruned")
        assert event.facts["version"] == old
        assert event.facts["index"].startswith(f"titles-r{old}-")
    assert prune_releases(settings, Prune(keep=1, dry_run=False)) == []


def test_the_command_says_what_would_go_and_asks(
    settings: Settings, old: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for answer in ("", "n\n"):
        asked = command(settings, monkeypatch, answer=answer)
        assert asked.exit_code == 1 and f"release {old}: titles-r{old}" in asked.output
    with open_records(settings) as records:
        assert old in {one.release.version for one in records.releases.list()}
    assert f"removed: {old}" in command(settings, monkeypatch, answer="y\n").output
    nothing = command(settings, monkeypatch)
    assert (nothing.exit_code, nothing.output) == (0, "removed: nothing\n")


def tuned(settings: Settings, sha256: str) -> EncoderRef:
    """The text encoder of a new candidate with an adapter, of which one vector is kept."""
    with open_records(settings) as records:
        made = like(records, None, "tuned")
        named = {"adapter": "tuned", "adapter_sha256": sha256}
        text = EncoderRef.model_validate(made.text.model_dump() | named)
        register(records, replace(made, text=text))
    with closing(vector_cache(settings)) as cache:
        source = Source(text.version, "text", uuid4(), b"x")
        cache.put({source: Encoded(np.ones(2, np.float32))})
    return text


def test_vectors_go_with_the_last_release_of_their_encoder(settings: Settings) -> None:
    going, staying = (tuned(settings, letter * 64) for letter in "ab")
    before = kept_versions(settings)
    prune_releases(settings, Prune(keep=1, dry_run=False))
    assert going.version in before and staying.version in before
    assert kept_versions(settings) == before - {going.version}


def kept_versions(settings: Settings) -> set[str]:
    with closing(sqlite3.connect(settings.home / "vectors" / "vectors.db")) as cache:
        return {version for (version,) in cache.execute("SELECT DISTINCT version FROM vector")}


def test_the_champion_stays_whatever_is_kept(settings: Settings, old: str) -> None:
    with closing(open_store(settings.index, settings.index_path)) as store:
        live = store.resolve("live")
    prune_releases(settings, Prune(keep=1, dry_run=False))
    with closing(open_store(settings.index, settings.index_path)) as store:
        assert store.resolve("live") == live
    assert live is not None and (settings.home / "builds" / f"{live}.json").exists()


def test_the_settings_own_index_outlives_its_release(settings: Settings, old: str) -> None:
    with open_records(settings) as records:
        records.releases.unset(CHAMPION)
    rows = prune_releases(settings, Prune(keep=1, dry_run=False))
    assert [(row["release"], row["removed"]) for row in rows] == [(old, True), ("1", True)]
    with closing(open_store(settings.index, settings.index_path)) as store:
        assert store.count("live") > 0


def test_a_release_in_use_stays_with_the_reason_and_the_others_go(
    settings: Settings, old: str
) -> None:
    idle = register_again(settings, Embed(what="all"))
    register_again(settings, Embed(what="all"))
    with closing(open_store(settings.index, settings.index_path)) as service:
        service.count(f"titles-r{old}")
        rows = prune_releases(settings, Prune(keep=1, dry_run=False))
    found = {row["release"]: row for row in rows}
    assert not found[old]["removed"] and f"titles-r{old}" in found[old]["kept"]
    assert found[idle]["removed"] and found[idle]["kept"] == ""
    with open_records(settings) as records:
        left = {one.release.version for one in records.releases.list()}
    assert old in left and idle not in left
    with open_workshop(settings) as workshop:
        assert workshop.searchable(old).release.version == old
    assert [row["removed"] for row in prune_releases(settings, Prune(keep=1, dry_run=False))] == [
        True
    ]

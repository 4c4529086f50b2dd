"""Pruning: what no alias names goes, the newest stay, and the index goes with its release."""

from contextlib import closing

import pytest

from animevec.index.assembly import ledger
from animevec.index.stores import open_store
from animevec.settings import Settings
from flows.embedding import embed_release, register_again
from flows.parameters import Embed, Prune
from flows.pruning import prune_releases
from flows.workshop import evaluation_path, open_records, open_workshop


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


def test_release_index_copy_and_build_record_go_together(settings: Settings, old: str) -> None:
    prune_releases(settings, Prune(keep=1, dry_run=False))
    for path in (settings.index_path, evaluation_path(settings)):
        with closing(open_store(settings.index, path)) as store:
            assert not [name for name in store.names() if name.startswith(f"titles-r{old}")]
    assert not list((settings.home / "builds").glob(f"titles-r{old}-*"))
    with open_records(settings) as records:
        left = {one.release.version for one in records.releases.list()}
        assert old not in left and len(left) == 2
        [event] = records.audit.entries("pruned")
        assert event.facts["version"] == old
    assert prune_releases(settings, Prune(keep=1, dry_run=False)) == []


def test_the_champion_stays_whatever_is_kept(settings: Settings, old: str) -> None:
    with closing(open_store(settings.index, settings.index_path)) as store:
        live = store.resolve("live")
    prune_releases(settings, Prune(keep=1, dry_run=False))
    with closing(open_store(settings.index, settings.index_path)) as store:
        assert store.resolve("live") == live
    assert live is not None and ledger(settings).version(live) is not None


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

"""Embedding: what changed is written where it belongs; everything anew becomes a candidate."""

from contextlib import closing

import pytest

from animevec.catalog.store import Catalog
from animevec.errors import DeadlineExceeded
from animevec.index.stores import open_store
from animevec.settings import Settings
from flows import candidate
from flows.embedding import embed_release, register_again
from flows.parameters import Embed
from flows.workshop import open_records, open_workshop


def rename(settings: Settings) -> int:
    """Give one title another story; the catalogue's revision."""
    with Catalog.open(settings.catalog_url) as catalog:
        title = next(iter(catalog.iterate()))
        catalog.put([title.model_copy(update={"synopsis": "A lighthouse on Mars."})], actor="test")
        return catalog.revision()


def test_only_what_changed_is_embedded(settings: Settings) -> None:
    revision = rename(settings)
    done = embed_release(settings, None)
    assert (done.by, done.written, done.points, done.revision) == ("flow", 1, 48, revision)
    assert embed_release(settings, None).written == 0


def test_everything_anew_is_a_candidate_beside_the_champion(settings: Settings) -> None:
    version = register_again(settings, Embed(what="all"))
    progress: list[tuple[int, int | None]] = []
    done = embed_release(settings, version, lambda n, total: progress.append((n, total)))
    assert (done.version, done.points) == (version, 48)
    assert done.index.startswith(f"titles-r{version}-")
    assert (48, 48) in progress
    with open_records(settings) as records:
        made, champion = records.release(version), records.release(None)
        assert (made.gate, made.tags["parent"]) == ("none", champion.release.version)
        assert made.release.text == champion.release.text
        assert made.release.index != champion.release.index


def test_an_index_the_service_holds_is_waited_for(settings: Settings) -> None:
    with closing(open_store(settings.index, settings.index_path)) as service:
        service.count("live")
        assert embed_release(settings, None).by == "service"


def test_a_copy_is_searched_while_the_service_holds_the_index(settings: Settings) -> None:
    with closing(open_store(settings.index, settings.index_path)) as service:
        service.count("live")
        with open_workshop(settings) as workshop:
            assembly = workshop.searchable("1")
            assert assembly.store.count(assembly.live) == 48
            assert assembly.live in workshop.copies.store.names()
        rename(settings)
        with open_workshop(settings) as workshop:
            again = workshop.searchable("1")
            assert again.live == assembly.live
            assert again.store.watermark(again.live) == workshop.catalog.revision()


def test_a_service_that_does_not_catch_up_is_told(settings: Settings) -> None:
    rename(settings)
    with (
        closing(open_store(settings.index, settings.index_path)) as service,
        open_workshop(settings) as workshop,
    ):
        service.count("live")
        with pytest.raises(DeadlineExceeded, match="is at revision 48 after 0 s, the catalogue"):
            candidate.await_service(workshop, "live", patience_s=0.0)

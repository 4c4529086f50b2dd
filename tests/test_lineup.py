"""Releases side by side: each opens over an index of its own encoders only."""

from pathlib import Path

import pytest

from animevec.assembly import unwrapped
from animevec.catalog.store import Catalog
from animevec.encoders.base import Encoder
from animevec.errors import Conflict
from animevec.index.stores import open_store
from animevec.lineup import Lineup
from animevec.release import EncoderRef, Release
from animevec.settings import Settings
from tests.index.titles import TEXT_SIZE, HashEncoder, make_titles


def release(card: str, index: str) -> Release:
    reference = EncoderRef(card=card, revision="1", dimensions=TEXT_SIZE)
    return Release(version=f"{card} on {index}", text=reference, picture=reference, index=index)


def load(card: str) -> Encoder:
    return HashEncoder(TEXT_SIZE, name=card)


def test_a_release_is_not_served_from_vectors_of_other_encoders(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, encoders={"picture": ""})
    store = open_store(settings.index, settings.index_path)
    with Catalog.open(settings.catalog_url) as catalog:
        catalog.put(make_titles(range(1, 21)), "test")
        lineup = Lineup(settings, catalog, store, unwrapped, load)
        lineup.build(release("old", "live"))
        store.restore("moved", store.snapshot("live", tmp_path / "saved"))
        with pytest.raises(Conflict, match="'moved' is for old@1/32"):
            lineup.open(release("new", "moved"))
        assert lineup.versions == ()
        assert lineup.open(release("old", "moved")).live == "moved"
    store.close()

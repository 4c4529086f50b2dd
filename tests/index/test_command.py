"""``animevec index`` as it is typed."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from animevec.cli.main import main
from animevec.index.edge import EmbeddedStore
from animevec.settings import Settings
from tests.index.conftest import SCHEMA


@pytest.fixture
def first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[EmbeddedStore]:
    """An installation with one index, and no alias."""
    monkeypatch.setenv("ANIMEVEC_HOME", str(tmp_path))
    store = EmbeddedStore(Settings().index_path)
    store.create("first", SCHEMA)
    store.close()
    yield store
    store.close()


def drop(*words: str) -> str:
    return CliRunner().invoke(main, ["index", "drop", *words]).output


def test_an_index_is_dropped_where_none_is_live(first: EmbeddedStore) -> None:
    assert drop("first") == "first: dropped.\n"
    assert first.names() == []


@pytest.mark.parametrize("name", ["first", "live"])
def test_the_live_index_is_dropped_only_by_force(first: EmbeddedStore, name: str) -> None:
    first.switch("live", "first")
    assert f"index '{name}' is live; build another one first" in drop(name)
    assert first.names() == ["first"]
    assert drop(name, "--force") == "first: dropped.\n"
    assert first.names() == []

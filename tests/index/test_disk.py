"""A disk without room: told before anything is written, and nothing half made is left."""

import errno
import shutil
from collections import namedtuple
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from animevec.errors import Unavailable
from animevec.index import disk, edge_index
from animevec.index.edge import EmbeddedStore
from animevec.index.sparse_copy import copy_tree, disk_bytes
from tests.index.conftest import SCHEMA, make_points, point_id

Usage = namedtuple("Usage", "total used free")
Free = Callable[[float], None]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[EmbeddedStore]:
    opened = EmbeddedStore(tmp_path / "index")
    opened.create("titles", SCHEMA)
    opened.upsert("titles", make_points(100))
    yield opened
    opened.close()


@pytest.fixture
def free(monkeypatch: pytest.MonkeyPatch) -> Free:
    """Lets every disk have so many bytes free."""

    def leave(bytes_: float) -> None:
        monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(10**12, 0, bytes_))

    return leave


def test_writes_are_refused_before_the_disk_is_full_and_reads_go_on(
    store: EmbeddedStore, free: Free
) -> None:
    free(50e6)
    with pytest.raises(Unavailable, match=r"titles has 50 MB free, 129 MB are needed") as caught:
        store.upsert("titles", make_points(120))
    assert caught.value.details["free_mb"] == 50
    with pytest.raises(Unavailable):
        store.delete("titles", [point_id(1)])
    with pytest.raises(Unavailable):
        store.create("another", SCHEMA)
    assert store.names() == ["titles"]
    assert store.count("titles") == 100
    free(200e6)
    store.upsert("titles", make_points(120))
    assert store.count("titles") == 120


@pytest.mark.parametrize("work", ["optimize", "snapshot", "restore"])
def test_copies_need_room_of_their_size(
    store: EmbeddedStore, free: Free, work: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(edge_index, "INDEXING_KB", 0)
    saved = store.snapshot("titles", tmp_path / "saved")
    copies: dict[str, Callable[[], object]] = {
        "optimize": lambda: store.optimize("titles"),
        "snapshot": lambda: store.snapshot("titles", tmp_path / "again"),
        "restore": lambda: store.restore("back", saved),
    }
    free(disk.RESERVE + 1_000)
    with pytest.raises(Unavailable, match="MB are needed"):
        copies[work]()
    assert store.names() == ["titles"]
    assert not list((tmp_path / "again").glob("*"))
    free(disk.RESERVE + 3 * disk_bytes(tmp_path))
    copies[work]()
    assert store.count("titles") == 100


def test_a_disk_that_fills_up_meanwhile_leaves_no_partial_copy(
    store: EmbeddedStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def copied_in_part(source: Path, target: Path) -> None:
        copy_tree(source, target)
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(edge_index, "INDEXING_KB", 0)
    monkeypatch.setattr(edge_index, "copy_tree", copied_in_part)
    with pytest.raises(Unavailable, match="MB are needed"):
        store.optimize("titles")
    assert [path.name for path in (tmp_path / "index" / "titles").glob("shard-*")] == ["shard-1"]
    assert store.count("titles") == 100

"""Building beside the live index, following the catalogue, and dying in the middle of either."""

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from animevec.catalog.store import Catalog
from animevec.errors import Conflict
from animevec.index.assembly import IndexRoom
from animevec.index.base import Query, VectorStore
from animevec.index.build import Builder, Ledger
from animevec.index.edge import EmbeddedStore
from animevec.index.follower import Follower
from animevec.index.server import ServerStore
from animevec.index.sync import Synchroniser
from animevec.settings import IndexSettings
from tests.index.local_server import LocalServer
from tests.index.titles import TEXT_SIZE, HashEncoder, make_embedder, make_title, make_titles


@dataclass
class Home:
    """An installation in a folder; ``room`` may be opened again after a crash."""

    folder: Path
    catalog: Catalog
    encoder: HashEncoder

    def room(self, store: VectorStore | None = None) -> IndexRoom:
        store = store or EmbeddedStore(self.folder / "index", IndexSettings(flush_every=500))
        embedder = make_embedder(self.folder, self.encoder)
        synchroniser = Synchroniser(self.catalog, store, embedder)
        ledger = Ledger(self.folder / "builds")
        builder = Builder(store, synchroniser, embedder, ledger)
        return IndexRoom(self.catalog, store, embedder, synchroniser, builder, ledger)


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    with Catalog.open(f"sqlite:///{tmp_path / 'catalog.db'}") as catalog:
        catalog.put(make_titles(range(1, 401)), "test")
        yield Home(tmp_path, catalog, HashEncoder(TEXT_SIZE))


@pytest.fixture
def room(home: Home) -> Iterator[IndexRoom]:
    opened = home.room()
    yield opened
    opened.store.close()


def assert_equal(room: IndexRoom, name: str = "live") -> None:
    """The index holds the catalogue's titles and nothing else, each with its own vector."""
    titles = {title.id: title for title in room.catalog.iterate()}
    hits = {hit.id: hit for hit in room.store.scroll(name, with_vectors=("text",))}
    assert set(hits) == set(titles)
    points, skipped = room.embedder.points(list(titles.values()))
    assert not skipped
    for point in points:
        assert np.allclose(hits[point.id].vectors["text"], point.vectors["text"], atol=1e-6)
        assert hits[point.id].payload == point.payload
    assert room.store.watermark(name) == room.catalog.revision()


def test_a_build_indexes_the_whole_catalogue_and_becomes_live(room: IndexRoom) -> None:
    report = room.builder.build("v1")
    assert (report.points, report.resumed, report.skipped) == (400, False, [])
    assert room.store.resolve("live") == "v1"
    assert_equal(room)


def test_a_rebuild_encodes_nothing_again_and_keeps_the_old_index(
    home: Home, room: IndexRoom
) -> None:
    room.builder.build("v1")
    encoded = home.encoder.encoded
    room.builder.build("v2")
    assert home.encoder.encoded == encoded
    assert room.store.names() == ["v1", "v2"]
    assert room.store.resolve("live") == "v2"
    assert_equal(room)


def test_another_encoder_encodes_everything_again(home: Home, room: IndexRoom) -> None:
    room.builder.build("v1")
    home.encoder = HashEncoder(TEXT_SIZE, name="other")
    other = home.room(room.store)
    with pytest.raises(Conflict, match="is for hash@1/32"):
        other.builder.sync("v1")
    other.builder.build("v2")
    assert home.encoder.encoded == 400
    assert_equal(other)


@pytest.mark.parametrize("way", ["sync", "follow", "build on"])
def test_vectors_of_two_encoders_do_not_mix_in_a_restored_index(
    home: Home, room: IndexRoom, way: str
) -> None:
    room.builder.build("v1")
    room.store.restore("back", room.store.snapshot("v1", home.folder / "saved"))
    room.catalog.put([make_title(5, "Told anew.")], "test")
    home.encoder = HashEncoder(TEXT_SIZE, name="other")
    other = home.room(room.store)
    with pytest.raises(Conflict, match=r"'back' is for hash@1/32.*encoders are other@1/32"):
        if way == "sync":
            other.builder.sync("back")
        elif way == "build on":
            other.ledger.write("back", finished=False)
            other.builder.build("back")
        else:
            Follower(
                room.catalog, room.store, lambda: [("back", other.synchroniser)], seconds=1
            ).round()
    assert home.encoder.encoded == 0
    room.ledger.remove("back")
    assert room.builder.sync("back").upserted == 1


def test_an_index_that_does_not_name_its_encoders_is_not_written_to(room: IndexRoom) -> None:
    schema = replace(room.embedder.schema, encoders=None)
    room.store.create("bare", schema)
    with pytest.raises(Conflict, match=r"encoders it does not name.*animevec index build"):
        room.builder.sync("bare")
    assert room.store.count("bare") == 0


def test_a_finished_index_is_not_built_over(room: IndexRoom) -> None:
    room.builder.build("v1")
    with pytest.raises(Conflict, match="is finished"):
        room.builder.build("v1")


@pytest.mark.parametrize("engine", ["embedded", "server"])
def test_a_creation_that_was_cut_short_is_begun_again(
    home: Home, make_store: Callable[[str], VectorStore], engine: str
) -> None:
    room = home.room(make_store(engine))
    schema = room.embedder.schema
    room.ledger.write("v1", finished=False)
    room.store.create("v1", replace(schema, payload=dict(list(schema.payload.items())[:2])))
    report = room.builder.build("v1")
    assert (report.points, report.resumed) == (400, False)
    assert room.store.schema("v1") == schema
    assert_equal(room)


def test_catching_up_applies_changes_and_really_deletes(home: Home, room: IndexRoom) -> None:
    room.builder.build("v1")
    changed = [make_title(number, "Told anew.") for number in (3, 5)]
    room.catalog.put([*changed, *make_titles([401])], "test")
    gone = make_title(7)
    room.catalog.delete([gone.id], "test", "asked for")
    encoded = home.encoder.encoded
    report = room.builder.sync("live")
    assert (report.upserted, report.deleted) == (3, 1)
    assert home.encoder.encoded == encoded + 3
    assert room.store.retrieve("live", [gone.id]) == []
    assert_equal(room)
    assert room.builder.sync("live").upserted == 0


def test_what_a_torn_log_lost_is_mended(room: IndexRoom) -> None:
    room.builder.build("v1")
    room.store.delete("v1", [make_title(number).id for number in range(1, 50)])
    room.store.flush("v1")
    assert room.builder.sync("live").repaired == 49
    assert_equal(room)


def test_the_follower_keeps_up_and_says_so(room: IndexRoom) -> None:
    room.builder.build("v1")
    follower = Follower(
        room.catalog, room.store, lambda: [("live", room.synchroniser)], seconds=0.05
    )
    follower.start()
    try:
        room.catalog.put(make_titles(range(401, 421)), "test")
        until(lambda: follower.status.watermarks.get("live") == room.catalog.revision())
        assert_equal(room)
        assert follower.status.behind == 0
        assert follower.status.error is None
    finally:
        follower.stop()
    assert not follower.status.running


def test_the_follower_survives_a_failure_and_tells_of_it(room: IndexRoom) -> None:
    room.builder.build("v1", alias=None)
    follower = Follower(
        room.catalog, room.store, lambda: [("live", room.synchroniser)], seconds=0.02
    )
    follower.start()
    try:
        until(lambda: follower.status.failures > 0)
        assert "there is no index 'live'" in str(follower.status.error)
        room.store.switch("live", "v1")
        until(lambda: follower.status.error is None and follower.status.synced_at is not None)
    finally:
        follower.stop()


def test_the_follower_does_not_wait_for_the_optimisers_of_a_server(home: Home) -> None:
    server = LocalServer()
    settings = IndexSettings(engine="server", url="http://qdrant:6333")
    store = ServerStore(settings, optimize_timeout_s=0, transport=server.transport)
    room = home.room(store)
    room.builder.build("v1")
    server.health = {"status": "yellow"}
    room.catalog.put(make_titles([401]), "test")
    follower = Follower(room.catalog, store, lambda: [("live", room.synchroniser)], seconds=1)
    follower.round()
    assert follower.status.behind == 0
    assert_equal(room)


def test_swapping_never_fails_a_query(room: IndexRoom) -> None:
    room.builder.build("v1")
    titles = list(room.catalog.iterate())
    points, _ = room.embedder.points(titles)
    done = threading.Event()
    answers: list[int] = []

    def ask() -> None:
        while not done.is_set():
            for point in points[:20]:
                vector = point.vectors["text"]
                [hits] = room.store.query_batch("live", [Query(vector, "text", 1)])
                answers.append(hits[0].id == point.id)
            time.sleep(0.01)

    asking = [threading.Thread(target=ask) for _ in range(2)]
    for thread in asking:
        thread.start()
    for number in (2, 3):
        room.builder.build(f"v{number}")
    done.set()
    for thread in asking:
        thread.join()
    assert len(answers) > 100
    assert all(answers)


DYING = """
import sys
from pathlib import Path
from animevec.catalog.store import Catalog
from tests.index.test_build import Home
from tests.index.titles import HashEncoder, TEXT_SIZE
folder = Path(sys.argv[1])
home = Home(folder, Catalog.open(f"sqlite:///{folder / 'catalog.db'}"), HashEncoder(TEXT_SIZE))
home.room().builder.build("v1", progress=lambda done, total: print(done, flush=True))
"""


@pytest.mark.parametrize("after", [1, 1500])
def test_a_killed_build_resumes_to_the_same_state(home: Home, after: int) -> None:
    home.catalog.put(make_titles(range(401, 2001)), "test")
    child = subprocess.Popen(
        [sys.executable, "-c", DYING, str(home.folder)], stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    for line in child.stdout:
        if int(line) >= after:
            break
    child.send_signal(signal.SIGKILL)
    child.communicate()
    assert child.returncode == -signal.SIGKILL
    room = home.room()
    try:
        assert room.store.resolve("live") is None
        told: list[tuple[int, int | None]] = []
        report = room.builder.build("v1", progress=lambda *so_far: told.append(so_far))
        assert report.resumed
        assert told[-1][0] == told[-1][1]
        assert all(done <= (total or 0) for done, total in told)
        assert home.encoder.encoded <= 2000 - after + 256
        assert_equal(room)
    finally:
        room.store.close()


def until(true: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "not within its time"
        time.sleep(0.01)

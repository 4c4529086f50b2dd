"""What the embedded engine promises beyond the protocol: locks, crashes, codes, swaps."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest

from animevec.errors import Conflict, InvalidRequest, NotFound, Unavailable
from animevec.index.base import DenseSpec, IndexSchema, PayloadType, Point, Query
from animevec.index.edge import EmbeddedStore
from animevec.settings import IndexSettings
from tests.index.conftest import SCHEMA, make_points, point_id, unit

HOLDER = """
import sys
from pathlib import Path
from animevec.index.edge import EmbeddedStore
store = EmbeddedStore(Path(sys.argv[1]))
store.count("titles")
print("held", flush=True)
sys.stdin.read()
"""
WRITER = """
import sys
from pathlib import Path
from animevec.index.edge import EmbeddedStore
from animevec.settings import IndexSettings
from tests.index.conftest import make_points
store = EmbeddedStore(Path(sys.argv[1]), IndexSettings(flush_every=700))
points = make_points(5_000)
for start in range(0, len(points), 50):
    store.upsert("titles", points[start:start + 50])
    print(start + 50, flush=True)
"""
OPTIMISER = """
import time
from animevec.index import optimizer
def work(*arguments):
    print("working", flush=True)
    time.sleep(60)
optimizer.optimize_here = work
optimizer.main()
"""
PARENT = """
import json, os, subprocess, sys
from animevec.index.schema_json import dump_schema
from tests.index.conftest import SCHEMA
command = [sys.executable, "-c", sys.argv[1], "folder", "1", str(os.getpid())]
pipe = subprocess.PIPE
child = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True)
child.stdin.write(json.dumps({"schema": dump_schema(SCHEMA), "settings": {}}))
child.stdin.close()
print(child.stdout.readline().strip(), child.pid, flush=True)
child.wait()
"""


@pytest.fixture
def store(tmp_path: Path) -> Iterator[EmbeddedStore]:
    opened = EmbeddedStore(tmp_path)
    opened.create("titles", SCHEMA)
    yield opened
    opened.close()


def test_an_index_held_by_another_process_is_a_conflict_with_a_way_out(
    store: EmbeddedStore, tmp_path: Path
) -> None:
    store.upsert("titles", make_points(30))
    store.set_watermark("titles", 9)
    store.close()
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "held\n"
        with pytest.raises(Conflict, match="held by another process; stop that process"):
            store.count("titles")
        with pytest.raises(Conflict):
            store.drop("titles")
        stats = store.stats("titles")
        assert (stats.points, stats.watermark) == (30, 9)
        store.create("other", SCHEMA)
        assert store.count("other") == 0
        child.communicate("")
    assert store.count("titles") == 30


@pytest.mark.parametrize("after", [50, 1_000, 3_350])
def test_a_killed_writer_loses_no_acknowledged_point(
    store: EmbeddedStore, tmp_path: Path, after: int
) -> None:
    store.close()
    child = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    acknowledged = next(int(line) for line in child.stdout if int(line) >= after)
    child.send_signal(signal.SIGKILL)
    acknowledged = max([acknowledged, *(int(line) for line in child.communicate()[0].split())])
    points = make_points(5_000)[:acknowledged]
    found = store.retrieve("titles", [point.id for point in points], ["text"])
    assert [hit.id for hit in found] == [point.id for point in points]
    for hit, point in zip(found, points, strict=True):
        assert hit.payload == point.payload
        assert np.allclose(hit.vectors["text"], point.vectors["text"], atol=1e-6)
    assert store.facet("titles", "type")["TV"] >= acknowledged // 3


def test_an_index_is_dropped_without_being_opened(
    store: EmbeddedStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.upsert("titles", make_points(30))
    store.switch("live", "titles")
    store.close()

    def load(path: str) -> None:
        raise AssertionError(f"{path} is opened")

    monkeypatch.setattr("animevec.index.edge_index.edge.EdgeShard.load", load)
    store.drop("titles")
    assert (store.names(), store.resolve("live")) == ([], None)
    assert [path.name for path in tmp_path.iterdir()] == ["aliases.json"]


def test_the_watermark_survives_and_never_runs_ahead_of_the_points(
    store: EmbeddedStore, tmp_path: Path
) -> None:
    store.upsert("titles", make_points(10))
    store.set_watermark("titles", 42)
    store.upsert("titles", make_points(20))
    assert EmbeddedStore(tmp_path).watermark("titles") == 42
    store.close()
    assert EmbeddedStore(tmp_path).watermark("titles") == 42


@pytest.mark.parametrize(
    ("quantization", "floor"),
    [("none", 1.0), ("int8", 0.99), ("turbo4", 0.99), ("turbo1", 0.5), ("binary", 0.3)],
)
def test_codes_are_rescored_exactly(tmp_path: Path, quantization: str, floor: float) -> None:
    settings = IndexSettings.model_validate({"quantization": quantization, "oversampling": 4})
    store = EmbeddedStore(tmp_path, settings)
    schema = IndexSchema({"text": DenseSpec(512)}, payload={"year": PayloadType.INTEGER})
    store.create("titles", schema)
    rng = np.random.default_rng(1)
    rows = rng.normal(size=(5_400, 24)) @ rng.normal(size=(24, 512)) + rng.normal(size=512)
    rows = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    points = [Point(point_id(n), {"text": row}, {"year": 2000}) for n, row in enumerate(rows)]
    store.upsert("titles", points)
    store.optimize("titles")
    shares = []
    for row in rows[:20]:
        query = (row + 0.02 * rng.normal(size=512)).astype(np.float32)
        best = {points[n].id for n in np.argsort(-(rows @ query))[:10]}
        [hits] = store.query_batch("titles", [Query(query, "text", 10)])
        shares.append(len(best & {hit.id for hit in hits}) / 10)
        exact = rows @ (query / np.linalg.norm(query))
        assert hits[0].score == pytest.approx(exact.max(), abs=1e-5)
        [hits] = store.query_batch("titles", [Query(query, "text", 10, exact=True)])
        assert {hit.id for hit in hits} == best
    assert np.mean(shares) >= floor
    assert store.count("titles") == len(points)
    assert [path.name for path in (tmp_path / "titles").glob("shard-*")] == ["shard-2"]
    store.close()


def test_ties_are_broken_by_id_however_many_there_are(store: EmbeddedStore) -> None:
    vector = unit(np.random.default_rng(0), 8)
    same = [Point(point_id(number), {"text": vector}, {}) for number in range(500)]
    store.upsert("titles", same)
    [hits] = store.query_batch("titles", [Query(vector, "text", 30)])
    assert [hit.id for hit in hits] == sorted(point.id for point in same)[:30]


def test_of_duplicate_ids_in_a_batch_the_last_wins(store: EmbeddedStore) -> None:
    first, second = make_points(2)
    store.upsert("titles", [first, Point(first.id, second.vectors, second.payload)])
    [hit] = store.retrieve("titles", [first.id])
    assert hit.payload == second.payload


def test_replacing_a_point_removes_the_vectors_it_no_longer_has(store: EmbeddedStore) -> None:
    point = make_points(2)[1]
    store.upsert("titles", [point])
    store.upsert("titles", [Point(point.id, {"text": point.vectors["text"]}, {})])
    [hit] = store.retrieve("titles", [point.id], [*SCHEMA.dense, *SCHEMA.sparse])
    assert (set(hit.vectors), hit.payload) == ({"text"}, {})


def test_a_damaged_snapshot_is_refused_and_leaves_nothing(
    store: EmbeddedStore, tmp_path: Path
) -> None:
    store.upsert("titles", make_points(20))
    whole = store.snapshot("titles", tmp_path / "out")
    for damaged in (whole.read_bytes()[:-2_000], b"not a snapshot"):
        (tmp_path / "damaged").write_bytes(damaged)
        with pytest.raises(InvalidRequest, match="no snapshot of the embedded engine"):
            store.restore("again", tmp_path / "damaged")
    with pytest.raises(NotFound):
        store.restore("again", tmp_path / "absent")
    with pytest.raises(Conflict, match="taken"):
        store.restore("titles", whole)
    assert "again" not in store.names()


def test_a_failed_optimisation_leaves_the_index_as_it_was(
    store: EmbeddedStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("animevec.index.edge_index.INDEXING_KB", 0)
    monkeypatch.setattr(sys, "executable", "/bin/false")
    store.upsert("titles", make_points(20))
    with pytest.raises(Unavailable, match="run it again"):
        store.optimize("titles")
    assert [path.name for path in (tmp_path / "titles").glob("shard-*")] == ["shard-1"]
    monkeypatch.undo()
    assert store.count("titles") == 20
    store.close()
    assert EmbeddedStore(tmp_path).count("titles") == 20


@pytest.mark.skipif(sys.platform != "linux", reason="other systems let it finish")
def test_an_optimiser_ends_with_its_parent() -> None:
    command = [sys.executable, "-c", PARENT, OPTIMISER]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        said, number = parent.stdout.readline().split()
        assert said == "working"
        optimiser = psutil.Process(int(number))
        parent.kill()
    assert psutil.wait_procs([optimiser], timeout=10)[0] == [optimiser]

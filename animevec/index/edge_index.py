"""One index of the embedded engine: a folder with its schema, its state and one shard."""

# Aliases of the engine's type stubs do not exist when the program runs.
from __future__ import annotations

import fcntl
import os
import shutil
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import qdrant_edge as edge

from animevec.index import disk
from animevec.index.base import IndexSchema, Point
from animevec.index.edge_config import edge_config, field_index
from animevec.index.edge_points import PointCodec, engine_errors, held_elsewhere
from animevec.index.optimizer import optimize_apart
from animevec.index.pointer import read_json, replace_json
from animevec.index.schema_json import dump_schema, load_schema
from animevec.index.sparse_copy import copy_tree, disk_bytes
from animevec.settings import IndexSettings

SCHEMA, STATE = "schema.json", "state.json"
# The folder of a shard's write-ahead log; the engine locks it (flock) while the shard is open.
LOG = "wal"
BLOCK = 1 << 20
# Beginnings of the names of files that are only mapped when a shard is opened.
LAZILY_READ = ("matrix.", "page_", "chunk_", "open-")
# Points per engine call: each call holds the interpreter lock, so small ones keep queries quick.
CHUNK = 64
# The engine leaves smaller segments as they are (its default indexing threshold).
INDEXING_KB = 10_000
# Fewer fresh points than this are scanned exactly in a few milliseconds (docs/index.md).
FRESH_POINTS = 10_000
# Disk that optimising takes at most beside the shard, in sizes of the shard: a copy, and what the
# copy's segments become before they go (2.17 measured).
OPTIMISING = 2.25


@dataclass(frozen=True, slots=True)
class State:
    """What an index remembers beside its shard; true as of the last flush.

    ``fresh`` counts the points written since the last optimisation, ``generation`` names the
    shard folder in force.
    """

    watermark: int = 0
    points: int = 0
    fresh: int = 0
    generation: int = 1

    @property
    def optimized(self) -> bool:
        """Whether few enough points are fresh that optimising would not pay."""
        return self.fresh < FRESH_POINTS


def read_state(folder: Path) -> State:
    """The state of an index, read without opening its shard."""
    return State(**(read_json(folder / STATE) or {}))


def read_schema(folder: Path) -> IndexSchema:
    """The schema of an index, read without opening its shard."""
    return load_schema(read_json(folder / SCHEMA))


def make_index(folder: Path, schema: IndexSchema, settings: IndexSettings) -> None:
    """Create the folder of an empty index, whole or not at all."""
    beside = folder.with_name(f".new-{folder.name}")
    shutil.rmtree(beside, ignore_errors=True)
    disk.admit(folder.parent)
    with engine_errors(folder.name):
        shard = edge.EdgeShard.create(
            str(shard_folder(beside, State())), edge_config(schema, settings, 0)
        )
        for field, kind in schema.payload.items():
            shard.update(field_index(field, kind))
        shard.flush()
        shard.close()
    replace_json(beside / SCHEMA, dump_schema(schema))
    replace_json(beside / STATE, asdict(State()))
    beside.rename(folder)


def shard_folder(folder: Path, state: State) -> Path:
    """Where the shard of a state lies."""
    return folder / f"shard-{state.generation}"


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Hold an index as one that opened its shard does, without the time that opening takes.

    Raises:
        Conflict: another process holds it.
    """
    log = shard_folder(folder, read_state(folder)) / LOG
    if not log.is_dir():  # a shard that lost its files is held by nobody
        yield
        return
    lock = os.open(log, os.O_RDONLY)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise held_elsewhere(folder.name) from error
        yield
    finally:
        os.close(lock)


class EdgeIndex:
    """An open shard. Reads never wait for a writer; writers wait for one another.

    The engine is safe without ``_handle`` (it holds the interpreter lock in every call); that
    lock only keeps a shard from being closed between being named and being called.
    """

    def __init__(self, folder: Path, settings: IndexSettings) -> None:
        self.name = folder.name
        self.schema = read_schema(folder)
        self.state = read_state(folder)
        self.codec = PointCodec(self.schema)
        self._folder = folder
        self._settings = settings
        self._unflushed = 0
        self._writing = threading.RLock()
        self._handle = threading.RLock()
        self._shard = self._load(self.state)
        self._discard_other_generations()

    @property
    def writing(self) -> threading.RLock:
        """Held by whoever needs the files to stand still."""
        return self._writing

    def update(self, operation: edge.UpdateOperation) -> None:
        with self._handle, engine_errors(self.name):
            self._shard.update(operation)

    def query(self, requests: list[edge.QueryRequest]) -> list[list[edge.ScoredPoint]]:
        with self._handle, engine_errors(self.name):
            return self._shard.query_batch(edge.QueryBatchRequest(requests))

    def retrieve(self, ids: Sequence[edge.PointId], vectors: list[str]) -> list[edge.Record]:
        with self._handle, engine_errors(self.name):
            return self._shard.retrieve(list(ids), True, vectors or False)

    def scroll(self, request: edge.ScrollRequest) -> tuple[list[edge.Record], edge.PointId | None]:
        with self._handle, engine_errors(self.name):
            return self._shard.scroll(request)

    def count(self, filter: edge.Filter | None = None) -> int:
        with self._handle, engine_errors(self.name):
            return self._shard.count(edge.CountRequest(exact=True, filter=filter))

    def facet(self, request: edge.FacetRequest) -> edge.FacetResponse:
        with self._handle, engine_errors(self.name):
            return self._shard.facet(request)

    def upsert(self, points: Sequence[Point]) -> None:
        """Write admitted points; they survive the death of the process at once."""
        with self._writing:
            for start in range(0, len(points), CHUNK):
                disk.admit(self._folder)
                chunk = [self.codec.point(point) for point in points[start : start + CHUNK]]
                self.update(edge.UpdateOperation.upsert_points(chunk))
                self._wrote(len(chunk))

    def delete(self, ids: Sequence[edge.PointId]) -> None:
        """Delete points; unknown ids are no error."""
        with self._writing:
            disk.admit(self._folder)
            self.update(edge.UpdateOperation.delete_points(list(ids)))
            self._wrote(len(ids))

    def flush(self, watermark: int | None = None) -> None:
        """Write everything to disk (safe against power loss) and then the state."""
        with self._writing:
            with self._handle, engine_errors(self.name):
                self._shard.flush()
            self._unflushed = 0
            mark = self.state.watermark if watermark is None else watermark
            self._remember(replace(self.state, points=self.count(), watermark=mark))

    def optimize(self) -> None:
        """Optimise a copy in a child process and serve it once it is done.

        Reads go on all the time, writes wait. A crash leaves the old shard in force, a failure
        nothing else.  Below the engine's threshold there is nothing to do: so few vectors are
        scanned as they are.
        """
        with self._writing:
            self.flush()
            if self._vector_kb() < INDEXING_KB:
                return
            after = replace(self.state, fresh=0, generation=self.state.generation + 1)
            old, new = shard_folder(self._folder, self.state), shard_folder(self._folder, after)
            self._copy_optimised(old, new)
            shard = self._load(after)
            self._remember(after)
            with self._handle:
                self._shard, closing = shard, self._shard
            closing.close()
            self._discard_other_generations()

    def close(self) -> None:
        """Flush and let go of the files."""
        with self._writing:
            self.flush()
            with self._handle:
                self._shard.close()

    def _copy_optimised(self, old: Path, new: Path) -> None:
        shutil.rmtree(new, ignore_errors=True)
        with disk.room(self._folder, OPTIMISING * disk_bytes(old)), ExitStack() as undo:
            undo.callback(shutil.rmtree, new, ignore_errors=True)
            copy_tree(old, new)
            optimize_apart(new, self.schema, self._settings, self.state.points)
            undo.pop_all()

    def _vector_kb(self) -> float:
        return self.state.points * max(spec.size for spec in self.schema.dense.values()) * 4 / 1024

    def _load(self, state: State) -> edge.EdgeShard:
        folder = shard_folder(self._folder, state)
        _read_ahead(folder)
        with engine_errors(self.name):
            return edge.EdgeShard.load(str(folder))

    def _wrote(self, points: int) -> None:
        self.state = replace(self.state, fresh=self.state.fresh + points)
        self._unflushed += points
        if self._unflushed >= self._settings.flush_every:
            self.flush()

    def _remember(self, state: State) -> None:
        replace_json(self._folder / STATE, asdict(state))
        self.state = state

    def _discard_other_generations(self) -> None:
        """Remove what a crash or a finished optimisation left; called with the lock held."""
        current = shard_folder(self._folder, self.state)
        for other in self._folder.glob("shard-*"):
            if other != current:
                shutil.rmtree(other, ignore_errors=True)


def _read_ahead(folder: Path) -> None:
    """Bring the files into the system's cache; reading gives the interpreter lock up, loading
    holds it.  The engine drops them from there whenever it closes a shard.
    """
    block = bytearray(BLOCK)
    for path in folder.rglob("*"):
        if path.is_file():
            with path.open("rb", buffering=0) as file:
                if not path.name.startswith(LAZILY_READ):
                    while file.readinto(block):
                        pass
                elif hasattr(os, "posix_fadvise"):  # not on macOS
                    os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_WILLNEED)

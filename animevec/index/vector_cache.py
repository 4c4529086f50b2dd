"""Vectors kept by encoder version and content, so that only what changed is encoded again."""

import sqlite3
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import numpy as np

from animevec.encoders.base import SparseVector, Vector

_TABLE = """
CREATE TABLE IF NOT EXISTS vector (
    version TEXT NOT NULL, channel TEXT NOT NULL, anime BLOB NOT NULL, content BLOB NOT NULL,
    dense BLOB NOT NULL, indices BLOB, weights BLOB,
    PRIMARY KEY (anime, version, channel)
)
"""


@dataclass(frozen=True, slots=True)
class Encoded:
    """What one input of one title became."""

    dense: Vector
    sparse: SparseVector | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """One input: ``version`` of the encoder, ``channel``, title and SHA-256 of the content."""

    version: str
    channel: str
    anime: UUID
    content: bytes


class VectorCache:
    """A SQLite file; several processes may use one. What is put outlives the process.

    One vector is kept per encoder version, channel and title: a changed title replaces its own,
    and forgetting a title leaves nothing of it behind.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.Lock()
        self._connection = sqlite3.connect(path, timeout=60, check_same_thread=False)
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=NORMAL")
        with self._connection:
            self._connection.execute(_TABLE)

    def get(self, sources: Sequence[Source]) -> dict[Source, Encoded]:
        """The vectors of those sources that are known and unchanged."""
        found: dict[Source, Encoded] = {}
        with self._lock:
            for source in sources:
                row = self._connection.execute(
                    "SELECT dense, indices, weights FROM vector "
                    "WHERE version = ? AND channel = ? AND anime = ? AND content = ?",
                    (source.version, source.channel, source.anime.bytes, source.content),
                ).fetchone()
                if row is not None:
                    found[source] = _encoded(*row)
        return found

    def put(self, vectors: Mapping[Source, Encoded]) -> None:
        """Keep vectors, replacing those of the same title."""
        rows = [
            (one.version, one.channel, one.anime.bytes, one.content, *_blobs(encoded))
            for one, encoded in vectors.items()
        ]
        with self._lock, self._connection:
            self._connection.executemany("REPLACE INTO vector VALUES (?, ?, ?, ?, ?, ?, ?)", rows)

    def forget(self, ids: Iterable[UUID]) -> None:
        """Remove every vector of these titles, of every encoder."""
        with self._lock, self._connection:
            self._connection.executemany(
                "DELETE FROM vector WHERE anime = ?", [(id.bytes,) for id in ids]
            )

    def keep_versions(self, versions: Iterable[str]) -> int:
        """Remove the vectors of every other encoder version; returns how many went."""
        kept = list(versions)
        marks = ", ".join("?" * len(kept))
        with self._lock, self._connection:
            gone = self._connection.execute(
                f"DELETE FROM vector WHERE version NOT IN ({marks})", kept
            )
        return gone.rowcount

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._connection.close()


def _blobs(encoded: Encoded) -> tuple[bytes, bytes | None, bytes | None]:
    sparse = encoded.sparse
    return (
        encoded.dense.astype("<f4").tobytes(),
        None if sparse is None else sparse.indices.astype("<u4").tobytes(),
        None if sparse is None else sparse.values.astype("<f4").tobytes(),
    )


def _encoded(dense: bytes, indices: bytes | None, weights: bytes | None) -> Encoded:
    sparse = None
    if indices is not None and weights is not None:
        sparse = SparseVector(
            np.frombuffer(indices, dtype="<u4"), np.frombuffer(weights, dtype="<f4")
        )
    return Encoded(np.frombuffer(dense, dtype="<f4"), sparse)

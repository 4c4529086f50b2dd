"""Stores of every kind, and points to put into them."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import UUID, uuid5

import numpy as np
import pytest

from animevec.catalog.ids import NAMESPACE
from animevec.encoders.base import SparseVector
from animevec.index.base import (
    DenseSpec,
    Distance,
    IndexSchema,
    PayloadType,
    Point,
    VectorStore,
)
from animevec.index.edge import EmbeddedStore
from animevec.index.server import ServerStore
from animevec.settings import IndexSettings
from tests.index.local_server import LocalServer

GENRES = ("Action", "Comedy", "Drama", "Horror", "Romance", "Sci-Fi")
SCHEMA = IndexSchema(
    dense={
        "text": DenseSpec(8),
        "picture": DenseSpec(6, Distance.DOT),
        "thumbnail": DenseSpec(4, Distance.EUCLID),
    },
    sparse=("lexical", "learned"),
    payload={
        "genres": PayloadType.KEYWORD,
        "type": PayloadType.KEYWORD,
        "year": PayloadType.INTEGER,
        "episodes": PayloadType.INTEGER,
        "score": PayloadType.FLOAT,
        "nsfw": PayloadType.BOOL,
    },
    idf=("lexical",),
)
ENGINES = [
    "embedded",
    "server",
    pytest.param("real", marks=pytest.mark.server),
]


def point_id(number: int) -> UUID:
    return uuid5(NAMESPACE, f"test:{number}")


def make_points(count: int, seed: int = 0) -> list[Point]:
    """Points where some lack pictures, years or terms, as real titles do."""
    rng = np.random.default_rng(seed)
    return [_point(number, rng) for number in range(count)]


def _point(number: int, rng: np.random.Generator) -> Point:
    vectors: dict[str, np.ndarray | SparseVector] = {"text": unit(rng, 8)}
    if number % 3:
        vectors["picture"] = rng.normal(size=6).astype(np.float32)
        vectors["thumbnail"] = rng.normal(size=4).astype(np.float32)
    if number % 5:
        vectors["lexical"] = terms(rng)
        vectors["learned"] = terms(rng)
    payload = {
        "genres": sorted(rng.choice(GENRES, size=rng.integers(0, 4), replace=False).tolist()),
        "type": ("TV", "MOVIE", "OVA")[number % 3],
        "nsfw": bool(number % 7 == 0),
    }
    if number % 4:
        payload |= {"year": int(rng.integers(1990, 2020)), "score": float(rng.integers(2, 20)) / 2}
    if number % 6:
        payload["episodes"] = int(rng.integers(1, 60))
    return Point(point_id(number), vectors, payload)


def unit(rng: np.random.Generator, size: int) -> np.ndarray:
    vector = rng.normal(size=size)
    return (vector / np.linalg.norm(vector)).astype(np.float32)


def terms(rng: np.random.Generator, count: int = 5) -> SparseVector:
    indices = np.sort(rng.choice(40, size=count, replace=False)).astype(np.uint32)
    return SparseVector(indices, rng.uniform(0.1, 2.0, size=count).astype(np.float32))


@pytest.fixture
def make_store(tmp_path: Path) -> Iterator[Callable[[str], VectorStore]]:
    """A function from the name of an engine to an empty store of it."""
    opened: list[VectorStore] = []

    def make(engine: str) -> VectorStore:
        store = open_store(engine, tmp_path / engine)
        opened.append(store)
        return store

    yield make
    for store in opened:
        store.close()


def open_store(engine: str, folder: Path) -> VectorStore:
    """A store of one engine; the real server's own indexes are left alone."""
    if engine == "embedded":
        return EmbeddedStore(folder)
    if engine == "server":
        settings = IndexSettings(engine="server", url="http://qdrant:6333")
        return ServerStore(settings, transport=LocalServer().transport)
    url = os.environ.get("QDRANT_URL")
    if not url:
        pytest.skip("needs QDRANT_URL")
    return ServerStore(IndexSettings(engine="server", url=url))

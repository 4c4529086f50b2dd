"""Synthetic titles, held-out queries, and the filters they are asked with."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from qdrant_client import models

from animevec.encoders.base import SparseVector
from animevec.index.base import DenseSpec, IndexSchema, PayloadType, Point
from animevec.index.document import LEXICAL, PICTURE, TEXT, THUMBNAIL
from animevec.search.filters import And, Node, Range, Terms, compiled

Floats = NDArray[np.float32]

SIZES = {TEXT: 384, PICTURE: 512, THUMBNAIL: 512}
RANK, CLUSTERS, SUPER = 48, 1_200, 40
GENRES, YEARS, TYPES = 20, (1970, 2026), ("TV", "MOVIE", "OVA", "ONA", "SPECIAL")
VOCABULARY, TERMS = 30_000, 52
QUERIES = 200
SCHEMA = IndexSchema(
    dense={name: DenseSpec(size) for name, size in SIZES.items()},
    sparse=(LEXICAL,),
    payload={
        "genres": PayloadType.KEYWORD,
        "themes": PayloadType.KEYWORD,
        "studios": PayloadType.KEYWORD,
        "type": PayloadType.KEYWORD,
        "season": PayloadType.KEYWORD,
        "rating": PayloadType.KEYWORD,
        "source": PayloadType.KEYWORD,
        "year": PayloadType.INTEGER,
        "episodes": PayloadType.INTEGER,
        "score": PayloadType.FLOAT,
    },
)


@dataclass(frozen=True)
class World:
    """Titles and held-out queries; ``codes`` has what the filters are computed from."""

    vectors: dict[str, Floats]
    queries: dict[str, Floats]
    terms: NDArray[np.uint32]
    weights: Floats
    query_terms: NDArray[np.uint32]
    genres: NDArray[np.int64]
    year: NDArray[np.int64]
    score: Floats
    type: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.year)


@dataclass(frozen=True)
class Case:
    """A filter, and the titles it keeps."""

    name: str
    filter: models.Filter | None
    mask: NDArray[np.bool_]


def make_world(count: int, seed: int = 0) -> World:
    """Synthetic titles as the package describes them."""
    rng = np.random.default_rng(seed)
    total = count + QUERIES
    weight = 1 / np.arange(1, CLUSTERS + 1) ** 0.8
    cluster = rng.choice(CLUSTERS, size=total, p=weight / weight.sum())
    above = rng.integers(SUPER, size=CLUSTERS)
    vectors: dict[str, Floats] = {}
    for name in (TEXT, PICTURE):
        vectors[name] = _space(rng, cluster, above, SIZES[name])
    noise = rng.normal(size=vectors[PICTURE].shape).astype(np.float32)
    vectors[THUMBNAIL] = _normalised(vectors[PICTURE] + 0.6 * noise / np.sqrt(SIZES[PICTURE]))
    popularity = 1 / np.arange(1, VOCABULARY + 1) ** 0.9
    cumulative = np.cumsum(popularity / popularity.sum())
    terms = np.searchsorted(cumulative, rng.random((total, TERMS))).astype(np.uint32)
    genres = np.stack(
        [
            (above[cluster] + (rng.random(total) < 0.3) * rng.integers(GENRES, size=total))
            % GENRES,
            rng.integers(GENRES, size=total),
        ],
        axis=1,
    )
    return World(
        vectors={name: rows[:count] for name, rows in vectors.items()},
        queries={name: rows[count:] for name, rows in vectors.items()},
        terms=terms[:count],
        weights=rng.uniform(0.05, 0.4, size=(count, TERMS)).astype(np.float32),
        query_terms=terms[count:, :8],
        genres=genres[:count],
        year=rng.integers(*YEARS, size=count),
        score=rng.normal(6.5, 1.0, size=count).clip(1, 10).astype(np.float32),
        type=rng.choice(len(TYPES), size=count, p=(0.4, 0.2, 0.15, 0.15, 0.1)),
    )


def _space(
    rng: np.random.Generator, cluster: NDArray[Any], above: NDArray[Any], size: int
) -> Floats:
    centres = rng.normal(size=(SUPER, RANK))[above] + 0.6 * rng.normal(size=(CLUSTERS, RANK))
    latent = centres[cluster] + 0.45 * rng.normal(size=(len(cluster), RANK))
    basis = rng.normal(size=(RANK, size)) * (0.97 ** np.arange(RANK))[:, None]
    mean = 4.0 * rng.normal(size=size)
    return _normalised((latent @ basis + mean).astype(np.float32))


def _normalised(rows: Floats) -> Floats:
    unit: Floats = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return unit.astype(np.float32)


def cases(world: World) -> list[Case]:
    """No filter, and filters as the service sends them, named by the share of titles they keep.

    The last two are what a graph has no links for: a field without, and genres that are linked
    each by itself.
    """
    everything = np.ones(len(world), dtype=bool)
    broad = _in_genres(world, 0, 1, 2, 3) & (world.year >= 1976)
    one = _in_genres(world, 7)
    narrow = one & (world.year >= 2000) & (world.score >= 6.3) & (world.type == 2)
    unlinked = np.asarray(world.type == TYPES.index("SPECIAL"))
    union = _in_genres(world, 7, 8)
    return [
        Case("none", None, everything),
        _case("31 %", broad, _any("genres", "g0", "g1", "g2", "g3"), Range("year", gte=1976)),
        _case("7 %", one, _any("genres", "g7")),
        _case(
            "0.5 %",
            narrow,
            _any("genres", "g7"),
            Range("year", gte=2000),
            Range("score", gte=6.3),
            _any("type", TYPES[2]),
        ),
        _case("10 %, no links", unlinked, _any("type", "SPECIAL")),
        _case("two genres", union, _any("genres", "g7", "g8")),
    ]


def _in_genres(world: World, *genres: int) -> NDArray[np.bool_]:
    return np.asarray(np.isin(world.genres, genres).any(axis=1))


def _case(name: str, mask: NDArray[np.bool_], *parts: Node) -> Case:
    return Case(name, compiled(And(parts)), mask)


def _any(field: str, *values: str) -> Terms:
    return Terms(field, "any", values)


def points(world: World) -> Iterator[Point]:
    """The titles as points; ids are their numbers."""
    for row in range(len(world)):
        terms, first = np.unique(world.terms[row], return_index=True)
        yield Point(
            UUID(int=row + 1),
            {
                **{name: rows[row] for name, rows in world.vectors.items()},
                LEXICAL: SparseVector(terms, world.weights[row][first]),
            },
            {
                "genres": [f"g{genre}" for genre in world.genres[row]],
                "themes": [f"t{row % 53}", f"t{row % 31}"],
                "studios": [f"s{row % 400}"],
                "type": TYPES[world.type[row]],
                "season": ("WINTER", "SPRING", "SUMMER", "FALL")[row % 4],
                "rating": ("G", "PG", "PG_13", "R")[row % 4],
                "source": ("manga", "novel", "original")[row % 3],
                "year": int(world.year[row]),
                "episodes": row % 60 + 1,
                "score": float(world.score[row]),
            },
        )

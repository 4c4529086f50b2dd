"""Latency and recall of queries, exact numpy beside them."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from animevec.encoders.base import SparseVector, Vector
from animevec.index.base import Query
from animevec.index.document import LEXICAL, PICTURE, TEXT
from animevec.index.edge import EmbeddedStore
from benchmarks.index.clock import spread, timed
from benchmarks.index.world import QUERIES, Case, World, cases

TOP = 10


def measure_dense(world: World, store: EmbeddedStore, name: str) -> list[dict[str, Any]]:
    """Latency and recall of each space under each filter, numpy beside it."""
    rows = []
    for space in (TEXT, PICTURE):
        for case in cases(world):
            rows.append(_dense_row(world, store, name, space, case))
    return rows


def _dense_row(
    world: World, store: EmbeddedStore, name: str, space: str, case: Case
) -> dict[str, Any]:
    vectors, queries = world.vectors[space], world.queries[space]
    kept = np.flatnonzero(case.mask)
    within = vectors if case.filter is None else np.ascontiguousarray(vectors[kept])

    def exact(number: int) -> NDArray[np.int64]:
        scores = within @ queries[number]
        best = np.argpartition(-scores, TOP)[:TOP]
        return kept[best]

    def ours(number: int) -> list[int]:
        query = Query(queries[number], space, TOP, filter=case.filter)
        return [hit.id.int - 1 for hit in store.query_batch(name, [query])[0]]

    truth, exact_ms = timed(exact, QUERIES)
    found, ours_ms = timed(ours, QUERIES)
    return {
        "space": space,
        "filter": case.name,
        "kept": f"{case.mask.mean():.1%}",
        **spread(ours_ms),
        "recall": recall(found, truth),
        "numpy": spread(exact_ms),
    }


def recall(found: Sequence[Sequence[int]], truth: Sequence[Any]) -> float:
    """Mean share of the true ten that were found."""
    shares = [len(set(a) & set(map(int, b))) / TOP for a, b in zip(found, truth, strict=True)]
    return float(np.mean(shares))


def measure_hybrid(world: World, store: EmbeddedStore, name: str) -> list[dict[str, Any]]:
    """Three channels of 100 candidates in one batch with payloads, without and with a filter."""
    rows = []
    for case in cases(world)[:2]:

        def ask(number: int, case: Case = case) -> Any:
            terms = np.unique(world.query_terms[number])
            sparse = SparseVector(terms, np.ones(len(terms), dtype=np.float32))
            channels: list[tuple[str, Vector | SparseVector]] = [
                (TEXT, world.queries[TEXT][number]),
                (PICTURE, world.queries[PICTURE][number]),
                (LEXICAL, sparse),
            ]
            return store.query_batch(
                name, [Query(vector, using, 100, case.filter) for using, vector in channels]
            )

        _, took = timed(ask, QUERIES)
        rows.append({"space": "hybrid 3 x 100", "filter": case.name, **spread(took)})
    return rows

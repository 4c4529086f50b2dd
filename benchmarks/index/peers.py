"""The same vectors in another library."""

import os
import time
from typing import Any

import numpy as np

from animevec.index.document import TEXT
from benchmarks.index.clock import cpu_seconds, spread, timed
from benchmarks.index.queries import TOP, recall
from benchmarks.index.world import QUERIES, World


def measure_faiss(world: World) -> dict[str, Any]:
    """faiss HNSW (M=16, efConstruction=100, efSearch=128) over the text vectors; no filters."""
    import faiss

    faiss.omp_set_num_threads(os.cpu_count() or 1)
    vectors, queries = world.vectors[TEXT], world.queries[TEXT]
    start, cpu = time.perf_counter(), cpu_seconds()
    index = faiss.IndexHNSWFlat(vectors.shape[1], 16, faiss.METRIC_INNER_PRODUCT)
    index.hnsw.efConstruction, index.hnsw.efSearch = 100, 128
    index.add(vectors)
    built = {"build_s": time.perf_counter() - start, "build_cpu_s": cpu_seconds() - cpu}
    found, took = timed(
        lambda number: index.search(queries[number : number + 1], TOP)[1][0], QUERIES
    )
    scores = (np.argpartition(-(vectors @ query), TOP)[:TOP] for query in queries)
    size = faiss.serialize_index(index).nbytes / 1e6
    return {**built, "size_mb": size, **spread(took), "recall": recall(found, list(scores))}

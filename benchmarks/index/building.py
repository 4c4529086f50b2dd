"""What building an index takes."""

import time

from animevec.index.base import Point
from animevec.index.edge import EmbeddedStore
from benchmarks.index.clock import cpu_seconds
from benchmarks.index.world import SCHEMA, World, points


def build(world: World, store: EmbeddedStore, name: str) -> dict[str, float]:
    """Load and optimise an index; wall and CPU seconds, children included."""
    store.create(name, SCHEMA)
    start, cpu = time.perf_counter(), cpu_seconds()
    batch: list[Point] = []
    for point in points(world):
        batch.append(point)
        if len(batch) == 256:
            store.upsert(name, batch)
            batch = []
    store.upsert(name, batch)
    store.flush(name)
    loaded, loaded_cpu = time.perf_counter(), cpu_seconds()
    store.optimize(name)
    return {
        "load_s": loaded - start,
        "load_cpu_s": loaded_cpu - cpu,
        "optimise_s": time.perf_counter() - loaded,
        "optimise_cpu_s": cpu_seconds() - loaded_cpu,
        "build_s": time.perf_counter() - start,
        "build_cpu_s": cpu_seconds() - cpu,
        "disk_mb": store.stats(name).disk_bytes / 1e6,
    }

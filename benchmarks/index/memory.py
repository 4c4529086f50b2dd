"""What an index adds to the memory of a process."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import psutil

from animevec.encoders.base import SparseVector
from animevec.index.base import Query
from animevec.index.document import LEXICAL
from animevec.index.edge import EmbeddedStore
from benchmarks.index.world import QUERIES, SIZES, VOCABULARY


def measure_apart(folder: Path) -> dict[str, float]:
    """``measure_memory`` in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.index", "--memory-of", str(folder)]
    found = subprocess.run(command, capture_output=True, text=True, check=True)
    answer: dict[str, float] = json.loads(found.stdout)
    return answer


def measure_memory(folder: Path) -> dict[str, float]:
    """What opening an index and asking it 200 random questions adds to a process, MB."""
    rng = np.random.default_rng(0)
    before = _memory_mb()
    store = EmbeddedStore(folder)
    for _ in range(QUERIES):
        terms = np.unique(rng.integers(VOCABULARY, size=8)).astype(np.uint32)
        lexical = SparseVector(terms, np.ones(len(terms), dtype=np.float32))
        dense = [
            Query(rng.normal(size=size).astype(np.float32), name, 100)
            for name, size in SIZES.items()
        ]
        store.query_batch("live", [*dense, Query(lexical, LEXICAL, 100)])
    added = {key: value - before[key] for key, value in _memory_mb().items()}
    store.close()
    return added


def _memory_mb() -> dict[str, float]:
    """Own memory, and files mapped, which the system takes back where it needs to."""
    found = psutil.Process().memory_info()
    return {"own": (found.rss - found.shared) / 1e6, "mapped": found.shared / 1e6}

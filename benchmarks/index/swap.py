"""Answers of the live index while another one is built, and over the swap to it."""

import argparse
import gc
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np

from animevec.index.base import Query
from animevec.index.document import TEXT
from animevec.index.edge import EmbeddedStore
from benchmarks.index.clock import spread
from benchmarks.index.queries import TOP
from benchmarks.index.world import QUERIES, World

EVERY_S = 0.01


def measure_rebuild(
    world: World, store: EmbeddedStore, folder: Path, options: argparse.Namespace
) -> dict[str, Any]:
    """Queries of the live index while another process builds a second one, and over the swap.

    One is due every 10 ms and timed from then, so that those a stall delayed are counted.
    """
    child = _build_apart(len(world), folder, options)

    def swap() -> None:
        child.wait()
        store.count("v2")  # opened before the alias moves, as a reindex does
        store.switch("live", "v2")

    gc.collect()
    gc.freeze()  # as the service does once it is warm
    swapping = threading.Thread(target=swap)
    swapping.start()
    took: list[float] = []
    wrong = after = 0
    due = time.perf_counter()
    while after < QUERIES:
        after += not swapping.is_alive()
        due += EVERY_S
        time.sleep(max(0.0, due - time.perf_counter()))
        wrong += len(_text(world, store, len(took) % QUERIES)) != TOP
        took.append((time.perf_counter() - due) * 1000)
    return {
        "queries": len(took),
        "wrong": wrong,
        "child_exit": child.returncode,
        **spread(took),
        "p99": float(np.percentile(took, 99)),
        "longest": max(took),
    }


def _build_apart(count: int, folder: Path, options: argparse.Namespace) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "benchmarks.index", "--build-only", str(count), str(folder)]
    tuning = ["--quantization", options.quantization, "--graph-from", str(options.graph_from)]
    return subprocess.Popen([*command, *tuning])


def _text(world: World, store: EmbeddedStore, number: int) -> list[Any]:
    return store.query_batch("live", [Query(world.queries[TEXT][number], TEXT, TOP)])[0]

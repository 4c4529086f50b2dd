"""``python -m benchmarks.index``: every measurement, size after size."""

import argparse
import json
import os
import tempfile
from pathlib import Path
from typing import Any

from animevec.index.edge import EmbeddedStore
from animevec.settings import IndexSettings
from benchmarks import index
from benchmarks.index.building import build
from benchmarks.index.memory import measure_apart, measure_memory
from benchmarks.index.peers import measure_faiss
from benchmarks.index.queries import measure_dense, measure_hybrid
from benchmarks.index.report import show, show_growth
from benchmarks.index.swap import measure_rebuild
from benchmarks.index.world import make_world


def run(count: int, folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    """Everything at one size."""
    world = make_world(count)
    store = EmbeddedStore(folder, _settings(options))
    result: dict[str, Any] = {"titles": count, "built": build(world, store, "v1")}
    store.switch("live", "v1")
    store.close()
    result["memory"] = measure_apart(folder)
    store = EmbeddedStore(folder, _settings(options))
    result["queries"] = measure_dense(world, store, "live") + measure_hybrid(world, store, "live")
    result["faiss"] = measure_faiss(world)
    if count == options.rebuild:
        result["rebuild"] = measure_rebuild(world, store, folder, options)
    store.close()
    return result


def _settings(options: argparse.Namespace) -> IndexSettings:
    return IndexSettings(quantization=options.quantization, graph_from=options.graph_from)


def measure(options: argparse.Namespace) -> None:
    """Every size in turn, shown as soon as it is done."""
    results = []
    for count in options.sizes:
        with tempfile.TemporaryDirectory(prefix="animevec-index-") as folder:
            results.append(run(count, Path(folder), options))
        show(results[-1])
    if len(results) > 1:
        show_growth(results)
    if options.json:
        options.json.write_text(json.dumps(results, indent=1))


def build_only(count: int, folder: Path, options: argparse.Namespace) -> None:
    """The second index of ``measure_rebuild``, beside the one that is asked."""
    os.nice(10)
    store = EmbeddedStore(folder, _settings(options))
    build(make_world(count), store, "v2")
    store.close()


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser("python -m benchmarks.index", description=index.__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[100_000])
    parser.add_argument("--quantization", default=IndexSettings().quantization)
    parser.add_argument("--graph-from", type=int, default=IndexSettings().graph_from)
    parser.add_argument("--rebuild", type=int, default=100_000, help="the size it is measured at")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--build-only", nargs=2, metavar=("COUNT", "FOLDER"))
    parser.add_argument("--memory-of", type=Path, metavar="FOLDER")
    options = parser.parse_args()
    if options.memory_of:
        print(json.dumps(measure_memory(options.memory_of)))
    elif options.build_only:
        count, folder = options.build_only
        build_only(int(count), Path(folder), options)
    else:
        measure(options)


if __name__ == "__main__":
    main()

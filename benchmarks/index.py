"""The embedded index beside exact numpy and faiss, on the same synthetic titles in one run.

    python -m benchmarks.index                      100,000 titles
    python -m benchmarks.index --sizes 10000 50000 100000 300000

Three dense vectors per title (text 384, picture 512, thumbnail 512 = a noisy picture), sparse
terms, and ten filter fields.  Vectors are clustered (1,200 Zipf clusters in 40 super-clusters),
low-rank (48) and anisotropic, as encoders' are; queries are held out; the first genre follows the
super-cluster.  Times are taken one query at a time; recall@10 is against exact numpy.  At one size
another process builds a second index while this one is asked, and the alias moves to it.
"""

import argparse
import gc
import json
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from qdrant_client import models

from animevec.encoders.base import SparseVector, Vector
from animevec.index.base import DenseSpec, IndexSchema, PayloadType, Point, Query
from animevec.index.document import LEXICAL, PICTURE, TEXT, THUMBNAIL
from animevec.index.edge import EmbeddedStore
from animevec.settings import IndexSettings

Floats = NDArray[np.float32]

SIZES = {TEXT: 384, PICTURE: 512, THUMBNAIL: 512}
RANK, CLUSTERS, SUPER = 48, 1_200, 40
GENRES, YEARS, TYPES = 20, (1970, 2026), ("TV", "MOVIE", "OVA", "ONA", "SPECIAL")
VOCABULARY, TERMS = 30_000, 52
QUERIES, TOP = 200, 10
EVERY_S = 0.01
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
    """Synthetic titles as the module describes them."""
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
    """No filter, and filters that keep about 31, 7 and 0.5 % of the titles."""
    everything = np.ones(len(world), dtype=bool)
    broad = np.isin(world.genres, (0, 1, 2, 3)).any(axis=1) & (world.year >= 1976)
    one = (world.genres == 7).any(axis=1)
    narrow = one & (world.year >= 2000) & (world.score >= 6.3) & (world.type == 2)
    return [
        Case("none", None, everything),
        Case("31 %", _all(_any("genres", ["g0", "g1", "g2", "g3"]), _from("year", 1976)), broad),
        Case("7 %", _all(_any("genres", ["g7"])), one),
        Case(
            "0.5 %",
            _all(
                _any("genres", ["g7"]),
                _from("year", 2000),
                _from("score", 6.3),
                _any("type", [TYPES[2]]),
            ),
            narrow,
        ),
    ]


def _all(*conditions: models.Condition) -> models.Filter:
    return models.Filter(must=list(conditions))


def _any(key: str, values: list[str]) -> models.FieldCondition:
    return models.FieldCondition(key=key, match=models.MatchAny(any=values))


def _from(key: str, value: float) -> models.FieldCondition:
    return models.FieldCondition(key=key, range=models.Range(gte=value))


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


def build(world: World, store: EmbeddedStore, name: str) -> dict[str, float]:
    """Load and optimise an index; wall and CPU seconds, children included."""
    store.create(name, SCHEMA)
    start, cpu = time.perf_counter(), _cpu()
    batch: list[Point] = []
    for point in points(world):
        batch.append(point)
        if len(batch) == 256:
            store.upsert(name, batch)
            batch = []
    store.upsert(name, batch)
    store.flush(name)
    loaded, loaded_cpu = time.perf_counter(), _cpu()
    store.optimize(name)
    return {
        "load_s": loaded - start,
        "load_cpu_s": loaded_cpu - cpu,
        "optimise_s": time.perf_counter() - loaded,
        "optimise_cpu_s": _cpu() - loaded_cpu,
        "build_s": time.perf_counter() - start,
        "build_cpu_s": _cpu() - cpu,
        "disk_mb": store.stats(name).disk_bytes / 1e6,
    }


def _cpu() -> float:
    kinds = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    usages = [resource.getrusage(kind) for kind in kinds]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def timed(call: Callable[[int], Any], count: int) -> tuple[list[Any], list[float]]:
    """Answers and milliseconds of ``count`` calls, after a few to warm up."""
    for number in range(min(10, count)):
        call(number)
    answers, took = [], []
    for number in range(count):
        start = time.perf_counter()
        answers.append(call(number))
        took.append((time.perf_counter() - start) * 1000)
    return answers, took


def spread(took: Sequence[float]) -> dict[str, float]:
    """Median and 95th percentile, milliseconds."""
    return {"p50": float(np.percentile(took, 50)), "p95": float(np.percentile(took, 95))}


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


def measure_faiss(world: World) -> dict[str, Any]:
    """faiss HNSW (M=16, efConstruction=100, efSearch=128) over the text vectors; no filters."""
    import faiss

    faiss.omp_set_num_threads(os.cpu_count() or 1)
    vectors, queries = world.vectors[TEXT], world.queries[TEXT]
    start, cpu = time.perf_counter(), _cpu()
    index = faiss.IndexHNSWFlat(vectors.shape[1], 16, faiss.METRIC_INNER_PRODUCT)
    index.hnsw.efConstruction, index.hnsw.efSearch = 100, 128
    index.add(vectors)
    built = {"build_s": time.perf_counter() - start, "build_cpu_s": _cpu() - cpu}
    found, took = timed(
        lambda number: index.search(queries[number : number + 1], TOP)[1][0], QUERIES
    )
    scores = (np.argpartition(-(vectors @ query), TOP)[:TOP] for query in queries)
    size = faiss.serialize_index(index).nbytes / 1e6
    return {**built, "size_mb": size, **spread(took), "recall": recall(found, list(scores))}


def measure_rebuild(
    world: World, store: EmbeddedStore, folder: Path, options: argparse.Namespace
) -> dict[str, Any]:
    """Queries of the live index while another process builds a second one, and over the swap.

    One is due every 10 ms and timed from then, so that those a stall delayed are counted.
    """
    sizes = [str(len(world)), str(folder)]
    tuning = ["--quantization", options.quantization, "--graph-from", str(options.graph_from)]
    child = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.index", "--build-only", *sizes, *tuning]
    )

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


def _text(world: World, store: EmbeddedStore, number: int) -> list[Any]:
    return store.query_batch("live", [Query(world.queries[TEXT][number], TEXT, TOP)])[0]


def run(count: int, folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    """Everything at one size."""
    world = make_world(count)
    store = EmbeddedStore(folder, _settings(options))
    result: dict[str, Any] = {"titles": count, "built": build(world, store, "v1")}
    store.switch("live", "v1")
    store.close()
    result["memory"] = _memory_apart(folder)
    store = EmbeddedStore(folder, _settings(options))
    result["queries"] = measure_dense(world, store, "live") + measure_hybrid(world, store, "live")
    result["faiss"] = measure_faiss(world)
    if count == options.rebuild:
        result["rebuild"] = measure_rebuild(world, store, folder, options)
    store.close()
    return result


def _settings(options: argparse.Namespace) -> IndexSettings:
    return IndexSettings(quantization=options.quantization, graph_from=options.graph_from)


def _memory_apart(folder: Path) -> dict[str, float]:
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
    import psutil

    found = psutil.Process().memory_info()
    return {"own": (found.rss - found.shared) / 1e6, "mapped": found.shared / 1e6}


def show(result: dict[str, Any]) -> None:
    """A table of one run, as Markdown."""
    built, faiss, memory = result["built"], result["faiss"], result["memory"]
    print(f"\n### {result['titles']:,} titles\n")
    print("build: " + ", ".join(f"{key} {value:.1f}" for key, value in built.items()))
    print(f"memory: own {memory['own']:,.0f} MB, mapped files {memory['mapped']:,.0f} MB\n")
    print("| space | filter | kept | p50 ms | p95 ms | recall@10 | numpy exact p50 / p95 ms |")
    print("|---|---|---|---|---|---|---|")
    for row in result["queries"]:
        exact = row.get("numpy")
        beside = f"{exact['p50']:.2f} / {exact['p95']:.2f}" if exact else ""
        recalled = f"{row['recall']:.3f}" if "recall" in row else ""
        print(
            f"| {row['space']} | {row['filter']} | {row.get('kept', '')} | {row['p50']:.2f} "
            f"| {row['p95']:.2f} | {recalled} | {beside} |"
        )
    build_words = f"build {faiss['build_s']:.1f} s ({faiss['build_cpu_s']:.1f} CPU s)"
    times = f"p50 {faiss['p50']:.2f}, p95 {faiss['p95']:.2f} ms, recall {faiss['recall']:.3f}"
    print(f"\nfaiss HNSWFlat, text: {build_words}, {faiss['size_mb']:,.0f} MB, {times}")
    if "rebuild" in result:
        print("\nduring a rebuild: " + json.dumps(result["rebuild"]), flush=True)


def show_growth(results: Sequence[dict[str, Any]]) -> None:
    """One line for each size, as Markdown."""
    print("\n### Growth\n")
    print(
        "| titles | build s | CPU s | disk MB | own MB | text p50 / p95 ms | least recall@10 "
        "| hybrid p50 / p95 ms | numpy, text | faiss, text |"
    )
    print("|---|---|---|---|---|---|---|---|---|---|")
    for result in results:
        built, rows, faiss = result["built"], result["queries"], result["faiss"]
        text = rows[0]
        hybrid = next(row for row in rows if "recall" not in row)
        least = min(row["recall"] for row in rows if "recall" in row)
        cells = [
            f"{result['titles']:,}",
            f"{built['build_s']:.0f}",
            f"{built['build_cpu_s']:.0f}",
            f"{built['disk_mb']:,.0f}",
            f"{result['memory']['own']:,.0f}",
            _times(text),
            f"{least:.3f}",
            _times(hybrid),
            _times(text["numpy"]),
            _times(faiss),
        ]
        print(f"| {' | '.join(cells)} |")


def _times(row: dict[str, float]) -> str:
    return f"{row['p50']:.2f} / {row['p95']:.2f}"


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(description=__doc__)
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
        return
    if options.build_only:
        os.nice(10)
        count, path = options.build_only
        store = EmbeddedStore(Path(path), _settings(options))
        build(make_world(int(count)), store, "v2")
        store.close()
        return
    results = []
    for count in options.sizes:
        with tempfile.TemporaryDirectory(prefix="animevec-index-") as folder:
            results.append(run(count, Path(folder), options))
        show(results[-1])
    if len(results) > 1:
        show_growth(results)
    if options.json:
        options.json.write_text(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()

"""Time, memory and disk of importing a file of titles, and the catalogue's everyday operations.

Run: python benchmarks/catalog.py FILE [--url URL] [--index]
With ``--index`` the titles are embedded and indexed too, and once more from the vectors kept.
Each part runs in a process of its own, so that the peak memory is its own.
"""

import argparse
import json
import multiprocessing
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from animevec.catalog.export import export_file
from animevec.catalog.importers import import_file
from animevec.catalog.store import Catalog
from animevec.settings import Settings

ROUNDS = 200


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """Seconds, and what the work gave."""
    start = time.perf_counter()
    result = work()
    return time.perf_counter() - start, result


def imported(url: str, file: Path, answers: Any) -> None:
    """Import in a process of its own; answers with seconds, CPU seconds, MiB and the report."""
    with Catalog.open(url) as catalog:
        seconds, report = timed(lambda: import_file(catalog, file, again=True))
    figures = {
        **spent(seconds),
        "rows": report.rows,
        "created": report.created,
        "unchanged": report.unchanged,
        "refused": len(report.errors),
    }
    answers.put(figures)


def indexed(home: Path, answers: Any) -> None:
    """Embed what has no vector yet, index and optimise, in a process of its own."""
    from animevec.assembly import open_foundation, rebuild

    with open_foundation(Settings(home=home)) as room:
        seconds, report = timed(lambda: rebuild(room))
        disk = room.store.stats(report.name).disk_bytes
    figures = {
        **spent(seconds),
        "titles": report.points,
        "without_a_vector": len(report.skipped),
        "index_mib": round(disk / 2**20),
        "vectors_kept_mib": round((home / "vectors" / "vectors.db").stat().st_size / 2**20),
    }
    answers.put(figures)


def spent(seconds: float) -> dict[str, float]:
    """Seconds, CPU seconds and the highest resident memory; child processes included."""
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return {
        "seconds": round(seconds, 2),
        "cpu_seconds": round(sum(usage.ru_utime + usage.ru_stime for usage in usages), 2),
        "peak_mib": round(max(usage.ru_maxrss for usage in usages) / 1024),
    }


def isolated(work: Callable[..., None], *arguments: Any) -> dict[str, Any]:
    """What ``work`` answers from another process."""
    spawn = multiprocessing.get_context("spawn")
    answers = spawn.Queue()
    process = spawn.Process(target=work, args=(*arguments, answers))
    process.start()
    figures: dict[str, Any] = answers.get(timeout=3_600)
    process.join()
    return figures


def operations(catalog: Catalog, folder: Path) -> dict[str, float]:
    """Milliseconds of reading, writing and following; seconds of the whole catalogue."""
    ids = [change.id for change in catalog.changes(0, ROUNDS)]
    records = list(catalog.get_many(ids).values())
    one, _ = timed(lambda: [catalog.get(id) for id in ids])
    many, _ = timed(lambda: catalog.get_many(ids))
    write, _ = timed(
        lambda: [
            catalog.put([record.model_copy(update={"members": n})], "bench")
            for n, record in enumerate(records)
        ]
    )
    changes, _ = timed(lambda: catalog.changes(0, 1_000))
    iterate, _ = timed(lambda: sum(1 for _ in catalog.iterate()))
    export, _ = timed(lambda: export_file(catalog, folder / "out.jsonl.gz"))
    return {
        "get_ms": round(one / len(ids) * 1_000, 3),
        f"get_many_{len(ids)}_ms": round(many * 1_000, 1),
        "durable_put_ms": round(write / len(ids) * 1_000, 2),
        "changes_1000_ms": round(changes * 1_000, 1),
        "iterate_all_s": round(iterate, 2),
        "export_gz_s": round(export, 2),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--url", help="an empty catalogue; default: SQLite in a scratch folder")
    parser.add_argument("--index", action="store_true", help="embed and index the titles too")
    arguments = parser.parse_args()
    if arguments.index and arguments.url:
        parser.error("--index works on the scratch catalogue; leave out --url")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        url = arguments.url or f"sqlite:///{folder / 'catalog.db'}"
        figures: dict[str, Any] = {"import": isolated(imported, url, arguments.file)}
        figures["import_again"] = isolated(imported, url, arguments.file)
        with Catalog.open(url) as catalog:
            figures["operations"] = operations(catalog, folder)
        if arguments.url is None:
            figures["disk_mib"] = round((folder / "catalog.db").stat().st_size / 2**20, 1)
        if arguments.index:
            figures["index"] = isolated(indexed, folder)
            figures["index_again"] = isolated(indexed, folder)
    print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()

"""Time, memory and disk of importing a file of titles, and the catalogue's everyday operations.

Run: python benchmarks/catalog.py FILE [--url URL]
The import runs in a process of its own, so that the peak memory is its own.
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
    usage = resource.getrusage(resource.RUSAGE_SELF)
    figures = {
        "seconds": round(seconds, 2),
        "cpu_seconds": round(usage.ru_utime + usage.ru_stime, 2),
        "peak_mib": round(usage.ru_maxrss / 1024),
        "rows": report.rows,
        "created": report.created,
        "unchanged": report.unchanged,
        "refused": len(report.errors),
    }
    answers.put(figures)


def isolated(url: str, file: Path) -> dict[str, Any]:
    """``imported``, from another process."""
    spawn = multiprocessing.get_context("spawn")
    answers = spawn.Queue()
    process = spawn.Process(target=imported, args=(url, file, answers))
    process.start()
    figures: dict[str, Any] = answers.get(timeout=600)
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
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        url = arguments.url or f"sqlite:///{folder / 'catalog.db'}"
        figures: dict[str, Any] = {"import": isolated(url, arguments.file)}
        figures["import_again"] = isolated(url, arguments.file)
        with Catalog.open(url) as catalog:
            figures["operations"] = operations(catalog, folder)
        if arguments.url is None:
            figures["disk_mib"] = round((folder / "catalog.db").stat().st_size / 2**20, 1)
    print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()

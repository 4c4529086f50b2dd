"""What w8a8, int8 and bf16 cost in retrieval, beside fp32, on any set of texts and judged queries.

    python -m benchmarks.quantized CATALOGUE.jsonl.gz QUERIES.jsonl

The catalogue has ``mal_id`` and ``synopsis``; a query has ``query_short`` and ``relevant``.
Prints for each engine: the smallest and mean cosine to fp32, how many of fp32's ten nearest
it keeps, and recall@10, with index and queries from that engine ("own") and with fp32's index
("mixed": may the two be exchanged?).
"""

import gzip
import json
from pathlib import Path
from typing import Any

import click
import numpy as np
from rich.console import Console
from rich.table import Table

from animevec import quiet
from benchmarks.encode import folder_of, own_engine

Vectors = np.ndarray[Any, np.dtype[np.float32]]


def read(path: Path) -> list[dict[str, Any]]:
    """Rows of a JSON Lines file, gzipped or not."""
    content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    return [json.loads(line) for line in content.splitlines()]  # str has more line ends


def vectors(engine: str, model: str, scratch: Path, texts: list[str], threads: int) -> Vectors:
    """Dense vectors of texts that were trimmed to the model's limit."""
    encode = own_engine(engine, model, folder_of(model, scratch), scratch, threads)
    return np.stack([one.dense for one in encode(texts)])


def recall(queries: Vectors, index: Vectors, relevant: list[set[int]], k: int = 10) -> float:
    """Share of queries with a relevant text among the first ``k``."""
    nearest = np.argsort(-(queries @ index.T), axis=1, kind="stable")[:, :k]
    return float(
        np.mean([bool(set(row) & good) for row, good in zip(nearest, relevant, strict=True)])
    )


@click.command()
@click.argument("catalogue", type=click.Path(path_type=Path, exists=True))
@click.argument("queries", type=click.Path(path_type=Path, exists=True))
@click.option("--model", default="minilm", show_default=True)
@click.option("--titles", default=2000, show_default=True, help="texts in the index")
@click.option("--threads", default=2, show_default=True)
@click.option("--scratch", type=click.Path(path_type=Path), default=Path("var/benchmarks"))
def main(
    catalogue: Path, queries: Path, model: str, titles: int, threads: int, scratch: Path
) -> None:
    """Compare w8a8, int8 and bf16 with fp32."""
    asked = read(queries)
    wanted = {int(key) for row in asked for key in row["relevant"]}
    rows = [row for row in read(catalogue) if row["synopsis"]]
    rows.sort(key=lambda row: (int(row["mal_id"]) not in wanted, int(row["mal_id"])))
    place = {int(row["mal_id"]): i for i, row in enumerate(rows[:titles])}
    kept = [row for row in asked if any(int(key) in place for key in row["relevant"])]
    relevant = [{place[int(k)] for k in row["relevant"] if int(k) in place} for row in kept]
    texts = [row["synopsis"][:900] for row in rows[:titles]]
    short = [row["query_short"][:300] for row in kept]
    found = {
        engine: (
            vectors(engine, model, scratch, short, threads),
            vectors(engine, model, scratch, texts, threads),
        )
        for engine in ("float32", "bfloat16", "w8a8", "int8")
    }
    _show(found, relevant)
    print(f"{len(kept)} queries, {len(texts)} texts, {model}")


def _show(found: dict[str, tuple[Vectors, Vectors]], relevant: list[set[int]]) -> None:
    table = Table(box=None)
    for title in ("engine", "min cos", "mean cos", "top-10 kept", "recall own", "recall mixed"):
        table.add_column(title, justify="right")
    base_queries, base_index = found["float32"]
    base = np.argsort(-(base_queries @ base_index.T), axis=1, kind="stable")[:, :10]
    for engine, (queries, index) in found.items():
        cosine = (index * base_index).sum(axis=1)
        nearest = np.argsort(-(queries @ index.T), axis=1, kind="stable")[:, :10]
        kept = np.mean([len(set(a) & set(b)) / 10 for a, b in zip(nearest, base, strict=True)])
        table.add_row(
            engine,
            f"{cosine.min():.5f}",
            f"{cosine.mean():.5f}",
            f"{kept:.3f}",
            f"{recall(queries, index, relevant):.4f}",
            f"{recall(queries, base_index, relevant):.4f}",
        )
    Console(width=120).print(table)


if __name__ == "__main__":
    quiet.apply()
    main()

"""The figures as Markdown."""

import json
from collections.abc import Sequence
from typing import Any


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

"""Judgements that are not the project's own: a folder of JSON lines, used where it is given.

``retrieval_*.jsonl``, ``multilingual.jsonl`` and ``similarity_*.jsonl`` as its README describes
them; files that are missing are left out, so other splits of the same layout load alike.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from evaluation.qrels import Judged, QuerySet
from evaluation.sets.rows import Row, grades, mal, read_rows

LICENCE = "internal evaluation only"
PARAPHRASES = {"query": "long", "query_short": "short", "query_noname": "no names"}


@dataclass(frozen=True, slots=True)
class Pair:
    """Two titles and how alike people find them: ``grade`` 0 to 3, and two sources' votes."""

    a: UUID
    b: UUID
    grade: float
    votes: tuple[float, float]


def shared_sets(folder: Path) -> list[QuerySet]:
    """Every set whose files are in ``folder`` (or its ``eval``)."""
    home = _home(folder)
    loaders: dict[str, Callable[[Path, list[Row]], Iterable[QuerySet]]] = {
        "retrieval_paraphrase.jsonl": _paraphrases,
        "retrieval_reviews.jsonl": _reviews,
        "retrieval_labels.jsonl": _labels,
        "multilingual.jsonl": _multilingual,
        "similarity_seeds.jsonl": _similar,
    }
    present = {name: load for name, load in loaders.items() if (home / name).is_file()}
    return [one for name, load in present.items() for one in load(home, read_rows(home / name))]


def similarity_pairs(folder: Path) -> list[Pair]:
    """Graded pairs; none where the folder has none."""
    path = _home(folder) / "similarity_pairs.jsonl"
    rows = read_rows(path) if path.is_file() else []
    return [
        Pair(
            mal(row["a"]),
            mal(row["b"]),
            float(row["grade"]),
            (float(row["mal_users"]), float(row["anilist_votes"])),
        )
        for row in rows
    ]


def _home(folder: Path) -> Path:
    return folder / "eval" if (folder / "eval").is_dir() else folder


def _paraphrases(_: Path, rows: list[Row]) -> Iterable[QuerySet]:
    """The same story in another site's words: whole, its first sentences, without names."""
    for field, name in PARAPHRASES.items():
        queries = [_text(row, field, row["kind"]) for row in rows if row.get(field)]
        label = name.replace(" ", "-")
        yield QuerySet(f"paraphrase-{label}", "text", tuple(queries), licence=LICENCE, general=True)


def _reviews(_: Path, rows: list[Row]) -> Iterable[QuerySet]:
    queries = [_text(row, "query", row["kind"]) for row in rows]
    yield QuerySet("reviews", "text", tuple(queries), licence=LICENCE, general=True)


def _labels(home: Path, rows: list[Row]) -> Iterable[QuerySet]:
    """Label names as queries; one set per pool of titles whose labels are known."""
    pools = json.loads((home / "retrieval_labels_pools.json").read_text(encoding="utf-8"))
    for name in sorted({row["judged_pool"] for row in rows}):
        queries = [_text(row, "query", row["kind"]) for row in rows if row["judged_pool"] == name]
        pool = frozenset(mal(id) for id in pools[name])
        label = name.replace("_", "-")
        yield QuerySet(f"labels-{label}", "text", tuple(queries), pool, LICENCE)


def _multilingual(_: Path, rows: list[Row]) -> Iterable[QuerySet]:
    """Titles and stories in other languages, one set per kind."""
    kinds: dict[str, list[Judged]] = defaultdict(list)
    for row in rows:
        kinds[row["kind"]].append(_text(row, "query", row["kind"]))
    for kind, queries in kinds.items():
        name = f"multilingual-{kind.replace('_', '-')}"
        primary = "ndcg@10" if kind == "synopsis" else "success@1"
        yield QuerySet(name, "text", tuple(queries), licence=LICENCE, primary=primary)


def _similar(home: Path, rows: list[Row]) -> Iterable[QuerySet]:
    """What users recommend to whom liked a title, inside the titles that have votes."""
    universes = sorted(home.glob("*_universe.json"))
    pool = None
    if universes:
        pool = frozenset(map(mal, json.loads(universes[0].read_text(encoding="utf-8"))))
    queries = [
        Judged(
            f"seed-{row['seed']}",
            f"mal:{row['seed']}",
            grades(row["relevant"]),
            exclude=frozenset(map(mal, [row["seed"], *row["exclude_franchise"]])),
        )
        for row in rows
    ]
    yield QuerySet("similarity", "similar", tuple(queries), pool, LICENCE)


def _text(row: Row, field: str, kind: str) -> Judged:
    slices = {"language": row.get("lang", "en"), "kind": kind}
    return Judged(row["qid"], row[field], grades(row["relevant"]), slices)

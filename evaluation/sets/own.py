"""The project's own judgements over its sample catalogue."""

import hashlib
import json
from pathlib import Path

from animevec.catalog.sample import load_sample
from animevec.errors import InvalidRequest
from evaluation.qrels import Judged, QuerySet
from evaluation.sets.rows import Row, grades, mal, read_rows

FOLDER = Path(__file__).parent / "sample"
LICENCE = "Apache-2.0"


def own_sets(folder: Path = FOLDER) -> list[QuerySet]:
    """Queries, queries nothing answers, and similar titles, judged inside the sample.

    Raises:
        InvalidRequest: a file differs from its hash in the manifest.
    """
    _verify(folder)
    pool = frozenset(title.id for title in load_sample())
    asked = [_judged(row) for row in read_rows(folder / "queries.jsonl")]
    liked = [_similar(row) for row in read_rows(folder / "similar.jsonl")]
    answered = tuple(judged for judged in asked if judged.relevant)
    nothing = tuple(judged for judged in asked if not judged.relevant)
    return [
        QuerySet("sample", "text", answered, pool, LICENCE, general=True),
        QuerySet("sample-none", "text", nothing, pool, LICENCE),
        QuerySet("sample-similar", "similar", tuple(liked), pool, LICENCE),
    ]


def _verify(folder: Path) -> None:
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    for name, facts in manifest["files"].items():
        found = hashlib.sha256((folder / name).read_bytes()).hexdigest()
        if found != facts["sha256"]:
            raise InvalidRequest(
                f"{name} has SHA-256 {found}, the manifest says {facts['sha256']}; "
                "restore the file, or state the new hash in manifest.json"
            )


def _judged(row: Row) -> Judged:
    slices = {"language": row["lang"], "kind": row["kind"]}
    return Judged(row["qid"], row["query"], grades(row["relevant"]), slices)


def _similar(row: Row) -> Judged:
    seed = frozenset({mal(row["seed"])})
    return Judged(row["seed"], row["seed"], grades(row["relevant"]), exclude=seed)

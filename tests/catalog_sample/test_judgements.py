"""The judged queries of the sample are frozen, well formed and inside the sample."""

import hashlib
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from animevec.catalog.sample import load_sample

FOLDER = Path(__file__).resolve().parents[2] / "evaluation" / "sets" / "sample"
MANIFEST = json.loads((FOLDER / "manifest.json").read_text(encoding="utf-8"))
FILES = ["queries.jsonl", "similar.jsonl"]
KINDS = {
    "title": 40,
    "typo": 10,
    "plot": 40,
    "theme": 20,
    "like": 10,
    "character": 10,
    "studio": 5,
    "director": 5,
    "filter": 15,
    "multilingual": 20,
    "no_match": 8,
}


def rows(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (FOLDER / name).read_text(encoding="utf-8").splitlines()]


@pytest.fixture(scope="module")
def keys() -> set[str]:
    return {f"mal:{anime.keys['mal']}" for anime in load_sample()}


def test_the_manifest_lists_every_set() -> None:
    assert sorted(MANIFEST["files"]) == FILES == sorted(p.name for p in FOLDER.glob("*.jsonl"))


@pytest.mark.parametrize("name", FILES)
def test_the_content_is_the_one_that_was_frozen(name: str) -> None:
    frozen = MANIFEST["files"][name]
    assert hashlib.sha256((FOLDER / name).read_bytes()).hexdigest() == frozen["sha256"]
    assert len(rows(name)) == frozen["rows"]


@pytest.mark.parametrize("name", FILES)
def test_judged_titles_are_in_the_sample_and_graded_1_to_3(name: str, keys: set[str]) -> None:
    for row in rows(name):
        assert row["relevant"].keys() <= keys, row
        assert set(row["relevant"].values()) <= {1, 2, 3}, row


def test_queries_and_their_ids_are_unique() -> None:
    queries = rows("queries.jsonl")
    assert len({row["qid"] for row in queries}) == len(queries) >= 150
    assert len({row["query"] for row in queries}) == len(queries)


def test_only_no_match_queries_have_nothing_relevant() -> None:
    for row in rows("queries.jsonl"):
        assert (row["kind"] == "no_match") == (not row["relevant"]), row
        assert not row["relevant"] or max(row["relevant"].values()) >= 2, row


def test_every_kind_and_language_has_enough_queries() -> None:
    queries = rows("queries.jsonl")
    kinds = Counter(row["kind"] for row in queries)
    languages = Counter(row["lang"] for row in queries)
    assert kinds.keys() == KINDS.keys()
    assert all(kinds[kind] >= least for kind, least in KINDS.items()), kinds
    assert all(languages[code] >= 4 for code in ["ja", "es", "fr", "de", "pt", "ko", "zh"])


def test_seeds_are_titles_of_the_sample_and_never_their_own_answer(keys: set[str]) -> None:
    seeds = rows("similar.jsonl")
    assert len({row["seed"] for row in seeds}) == len(seeds) >= 40
    for row in seeds:
        assert row["seed"] in keys and row["seed"] not in row["relevant"], row
        assert len(row["relevant"]) >= 2, row


def test_the_readme_states_the_counts() -> None:
    text = (FOLDER / "README.md").read_text(encoding="utf-8")
    kinds = Counter(row["kind"] for row in rows("queries.jsonl"))
    stated = {kind: f"| {kind} | {count} |" for kind, count in kinds.items()}
    assert all(line in text for line in stated.values())
    assert all(f"| `{name}` | {MANIFEST['files'][name]['rows']} |" in text for name in FILES)
    assert f"the {len(load_sample())} titles" in text

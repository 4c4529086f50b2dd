"""Pairs and rows: what the catalogue and votes become, and what poisoned data is told."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from animevec.catalog.record import Anime
from animevec.errors import InvalidRequest
from animevec.index.document import embedding_text
from training.dataset import Negatives, collect, positives, rows
from training.negatives import mine
from training.pairs import Vote, catalogue_pairs, read_votes, vote_pairs
from training.recipe import PairKind, Recipe
from training.split import split


def pairs_of(kind: PairKind, record: Anime) -> list[tuple[str, str]]:
    parts = split([record], Recipe(name="x", task="genre", pairs={kind: 1}).split)
    return [(p.anchor, p.positive) for p in catalogue_pairs([record], parts) if p.kind is kind]


@pytest.fixture
def record(records: list[Anime]) -> Anime:
    return next(one for one in records if one.title_english == "Astro Boy")


def test_names_lead_to_the_synopsis(record: Anime) -> None:
    assert ("Astro Boy", record.synopsis) in pairs_of(PairKind.TITLE, record)


def test_aliases_lead_to_the_indexed_text_which_does_not_show_them(record: Anime) -> None:
    found = pairs_of(PairKind.ALIAS, record)
    assert ("Mighty Atom", embedding_text(record)) in found
    assert all(anchor not in positive for anchor, positive in found)


def test_labels_lead_to_a_text_without_labels(record: Anime) -> None:
    found = dict(pairs_of(PairKind.LABEL, record))
    assert {"sci-fi anime", "anime about mecha", "anime about robots"} <= found.keys()
    assert not any("Mecha" in positive for positive in found.values())


def test_the_halves_make_up_the_synopsis(record: Anime) -> None:
    ((first, second),) = pairs_of(PairKind.HALVES, record)
    assert f"{first} {second}" == record.synopsis


def test_characters_lead_to_their_title(record: Anime) -> None:
    assert ("Uran", embedding_text(record)) in pairs_of(PairKind.CHARACTER, record)


def test_votes_inside_a_franchise_are_left_to_relations(records: list[Anime]) -> None:
    parts = split(records, Recipe(name="x", task="genre", pairs={PairKind.VOTE: 1}).split)
    related = next(one for one in records if one.relations)
    keyed = {f"{k}:{v}" for one in records for k, v in one.keys.items()}
    mate = next(r.key for r in related.relations if r.key in keyed)
    vote = Vote(a=str(related.id), b=mate)
    assert list(vote_pairs([vote], records, parts)) == []


@pytest.mark.parametrize(("weight", "grade"), [(0.2, 1), (1, 1), (3, 2), (6, 3), (1e6, 3)])
def test_the_grade_grows_with_the_weight(weight: float, grade: int) -> None:
    assert Vote(a="mal:1", b="mal:2", weight=weight).grade == grade


@pytest.mark.parametrize(
    "line",
    [
        '{"a": "mal:1"}',
        '{"a": "mal:1", "b": "mal:2", "weight": NaN}',
        '{"a": "mal:1", "b": "mal:2", "weight": -1}',
        '{"a": "mal:1", "b": ""}',
        '{"a": "mal:1", "b": "mal:2", "user": "me"}',
        "mal:1,mal:2",
    ],
)
def test_a_line_that_is_no_vote_is_named(line: str, tmp_path: Path) -> None:
    path = tmp_path / "votes.jsonl"
    path.write_text('{"a": "mal:1", "b": "mal:2"}\n\n' + line)
    with pytest.raises(InvalidRequest, match="line 3"):
        read_votes(path)


def test_votes_on_unknown_titles_alone_are_refused(records: list[Anime], recipe: Recipe) -> None:
    with pytest.raises(InvalidRequest, match="none of 1 votes"):
        collect(recipe, records, [Vote(a="nowhere:1", b="nowhere:2")])


def test_a_kind_without_pairs_is_refused(records: list[Anime], recipe: Recipe) -> None:
    wanted = recipe.model_copy(update={"pairs": {PairKind.VOTE: 1.0}})
    with pytest.raises(InvalidRequest, match="kind vote"):
        collect(wanted, records)


def test_an_empty_catalogue_is_refused(recipe: Recipe) -> None:
    with pytest.raises(InvalidRequest):
        collect(recipe, [])


def test_the_hash_follows_the_content(records: list[Anime], recipe: Recipe) -> None:
    data = collect(recipe, records)
    assert collect(recipe, list(reversed(records))).sha256 == data.sha256
    assert collect(recipe, records[:-20]).sha256 != data.sha256


def test_rows_are_the_seeds_and_follow_the_shares(records: list[Anime], recipe: Recipe) -> None:
    many = recipe.model_copy(update={"steps": 100})
    data = collect(many, records)
    drawn = rows(many, data, Negatives(data))
    assert drawn == rows(many, data, Negatives(data))
    assert drawn != rows(many.model_copy(update={"seed": 1}), data, Negatives(data))
    kinds = Counter(row.pair.kind for row in drawn)
    assert 0.4 < kinds[PairKind.TITLE] / len(drawn) < 0.6


def test_no_row_stands_against_another_of_its_batch(records: list[Anime], recipe: Recipe) -> None:
    many = recipe.model_copy(update={"steps": 50})
    data = collect(many, records)
    drawn = rows(many, data, Negatives(data))
    franchise, known = data.parts.franchise, positives(data.train)
    for start in range(0, len(drawn), many.batch):
        batch = [row.pair for row in drawn[start : start + many.batch]]
        assert len({franchise[pair.target] for pair in batch}) == len(batch)
        assert not any(
            other.target in known[pair.anchor] for pair in batch for other in batch if other != pair
        )


def test_mined_negatives_are_near_and_not_meant(records: list[Anime], recipe: Recipe) -> None:
    """Here the encoder sees nothing but a text's length, and aliases are short."""

    def encode(texts: Sequence[str]) -> np.ndarray:
        angles = np.array([len(one) / 2000 for one in texts])
        return np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)

    rule = recipe.negatives.model_copy(update={"hard": 1.0, "pool": 500, "margin": 2.0, "skip": 0})
    mined = recipe.model_copy(update={"negatives": rule, "pairs": {PairKind.ALIAS: 1.0}})
    data = collect(mined, records)
    ids = {embedding_text(one): one.id for one in data.titles}
    franchise, known = data.parts.franchise, positives(data.train)
    for row in rows(mined, data, mine(mined, data, encode)):
        title = ids[row.negative]
        assert franchise[title] != franchise[row.pair.target]
        assert title not in known[row.pair.anchor]
        assert len(row.negative) <= sorted(map(len, ids))[rule.depth + 10]

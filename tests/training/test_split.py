"""Splits: franchises and texts are on one side only."""

import random
from uuid import UUID

import pytest

from animevec.catalog.record import Anime
from training.dataset import collect
from training.pairs import Vote, texts
from training.recipe import PairKind, Recipe, SplitRule
from training.split import sides, split

RULE = SplitRule(held_out=0.3, salt="a")


def franchise_mates(records: list[Anime]) -> set[frozenset[UUID]]:
    """Pairs of titles that a relation joins directly."""
    keyed = {f"{k}:{v}": one.id for one in records for k, v in one.keys.items()}
    return {
        frozenset((one.id, keyed[r.key]))
        for one in records
        for r in one.relations
        if r.key in keyed and r.kind in ("sequel", "prequel", "side_story", "parent")
    }


def test_related_titles_are_on_one_side(records: list[Anime]) -> None:
    parts, mates = split(records, RULE), franchise_mates(records)
    assert len(mates) > 5
    assert all(len({parts.is_held(one) for one in pair}) == 1 for pair in mates)


def test_both_sides_make_up_the_catalogue(records: list[Anime]) -> None:
    ours, held = sides(records, split(records, RULE))
    assert len(ours) + len(held) == len(records)
    assert 0.15 < len(held) / len(records) < 0.45


def test_sides_depend_on_the_salt_and_not_on_the_order(records: list[Anime]) -> None:
    mixed = random.Random(1).sample(records, len(records))
    assert split(mixed, RULE) == split(records, RULE)
    assert split(records, SplitRule(held_out=0.3, salt="b")).held != split(records, RULE).held


def test_titles_with_one_synopsis_are_on_one_side(records: list[Anime]) -> None:
    a = next(one for one in records if not split(records, RULE).is_held(one.id))
    b = next(one for one in records if split(records, RULE).is_held(one.id))
    copied = b.model_copy(update={"synopsis": f"  {(a.synopsis or '').upper()} "})
    parts = split([copied if one.id == b.id else one for one in records], RULE)
    assert parts.is_held(a.id) == parts.is_held(b.id)


@pytest.mark.parametrize("salt", ["a", "b", "c"])
def test_no_franchise_and_no_text_is_on_both_sides(
    salt: str, records: list[Anime], votes: list[Vote], recipe: Recipe
) -> None:
    every = recipe.model_copy(
        update={
            "pairs": dict.fromkeys(PairKind, 1.0),
            "split": SplitRule(held_out=0.3, salt=salt),
        }
    )
    data = collect(every, records, votes)
    assert {p.kind for p in data.train} == set(PairKind)
    sources = [
        {p.target for p in side} | {p.source for p in side} for side in (data.train, data.held)
    ]
    franchises = [{data.parts.franchise[i] for i in ids if i is not None} for ids in sources]
    assert not franchises[0] & franchises[1]
    assert not texts(data.train) & texts(data.held)

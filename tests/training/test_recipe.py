"""Recipes: what configs/training holds, and what is refused."""

from pathlib import Path

import pytest
import yaml

from animevec.errors import InvalidRequest, NotFound
from training.recipe import FOLDER, Recipe

SHIPPED = sorted(p.stem for p in FOLDER.glob("*.yaml") if p.stem != "compact-picture")


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_recipe_is_read_by_its_name(name: str) -> None:
    assert Recipe.read(name).name == name


@pytest.mark.parametrize("task", ["retrieval", "similarity", "genre", "art-style", "character"])
def test_every_task_has_a_recipe(task: str) -> None:
    assert task in {Recipe.read(name).task for name in SHIPPED}


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(NotFound, match="similarity"):
        Recipe.read("taste")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"stepz": 3}, "stepz"),
        ({"pairs": {}}, "needs pairs"),
        ({"pairs": {"title": 0}}, "above 0"),
        ({"pairs": {"title": float("nan")}}, "pairs"),
        ({"learning_rate": float("nan")}, "learning_rate"),
        ({"lora": {"target": "pooler.dense"}}, "reaches a head"),
        ({"lora": {"target": ".*dense"}}, "reaches a head"),
        ({"lora": {"target": "head"}}, "reaches a head"),
        ({"lora": {"target": "(open"}}, "no regular expression"),
        ({"loss": {"scale": 0}}, "scale"),
        ({"split": {"held_out": 1}}, "held_out"),
    ],
)
def test_a_wrong_recipe_is_refused_with_its_reason(
    change: dict[str, object], said: str, tmp_path: Path
) -> None:
    whole = {"name": "mine", "task": "retrieval", "pairs": {"title": 1}} | change
    path = tmp_path / "mine.yaml"
    path.write_text(yaml.safe_dump(whole))
    with pytest.raises(InvalidRequest, match=said):
        Recipe.read(path)

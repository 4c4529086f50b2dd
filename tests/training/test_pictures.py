"""Picture recipes on the shipped compact model: contrastive loss, parity, resumption."""

from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from animevec.artwork.scene import scene
from animevec.catalog.record import Anime
from animevec.encoders.base import Embedding, PictureItem
from animevec.encoders.jina_encoder import JinaClipEncoder
from animevec.encoders.picture_encoder import PictureEncoder
from animevec.encoders.runtime import Runtime
from animevec.errors import InvalidRequest, ModelError
from animevec.settings import Settings
from training.adapter import keep_tensors
from training.compact.scenes import pixels_of
from training.finetune import Base, TrainingResult, train
from training.pictures import (
    collect_pictures,
    fit_pictures,
    likeness_loss,
    lora_config,
    lora_weights,
    open_tower,
    smoke_pictures,
)
from training.recipe import Recipe
from training.trainer import Watch


@pytest.fixture
def recipe() -> Recipe:
    small = {"steps": 2, "batch": 4, "checkpoint_steps": 1, "warmup": 1, "threads": 1}
    exact = {"precision": "float32"}
    return Recipe.model_validate(Recipe.read("character").model_dump() | small | exact)


@pytest.fixture
def base(recipe: Recipe, tmp_path: Path) -> Base:
    return Base.of(recipe, Settings(home=tmp_path))


def test_people_of_held_out_franchises_are_never_trained_on(
    recipe: Recipe, records: list[Anime]
) -> None:
    data = collect_pictures(recipe, records)
    assert not {one.label for one in data.train} & {one.label for one in data.held}
    assert collect_pictures(recipe, list(reversed(records))).sha256 == data.sha256


def test_styles_are_decades_and_moods(records: list[Anime]) -> None:
    data = collect_pictures(Recipe.read("art-style"), records)
    assert {one.label for one in data.held} <= {one.label for one in data.train}
    assert "1990s dark" in {one.label for one in data.train}


def test_an_empty_catalogue_is_refused(recipe: Recipe) -> None:
    with pytest.raises(InvalidRequest, match="two labels"):
        collect_pictures(recipe, [])


def test_the_loss_is_least_where_labels_are_together() -> None:
    together = torch.eye(2).repeat_interleave(2, 0)
    apart = torch.eye(2).repeat(2, 1)
    labels = ["a", "a", "b", "b"]
    assert likeness_loss(together, labels, 10.0) < 1e-3 < likeness_loss(apart, labels, 10.0)


def test_a_run_ends_in_an_adapter_and_a_verdict(
    recipe: Recipe, records: list[Anime], base: Base, tmp_path: Path
) -> None:
    result: TrainingResult = train(recipe, records, [], tmp_path / "out", base=base)
    assert len(result.losses) == 2 and np.isfinite(result.losses).all()
    assert result.verdict.questions == 2 * len(collect_pictures(recipe, records).held)
    assert (result.adapter / "adapter_model.safetensors").stat().st_size < 10 * 1024 * 1024


def test_served_pictures_equal_the_trained_tower(
    recipe: Recipe, records: list[Anime], base: Base, tmp_path: Path
) -> None:
    data, tower = collect_pictures(recipe, records), open_tower(recipe, base.folder)
    fit_pictures(recipe, tower, data, tmp_path / "c", Watch())
    folder = keep_tensors(
        lora_weights(tower), lora_config(recipe), base.card, base.folder, tmp_path / "adapter"
    )
    encoder = JinaClipEncoder.load(base.folder, base.card, Runtime(threads=1)).tower("picture")
    assert isinstance(encoder, PictureEncoder)
    encoder.adapters.load("people", folder)
    edge = tower.config.image_size
    file = BytesIO()
    scene(7, size=(edge, edge)).picture.save(file, "PNG")
    adapted, bare = encoder.encode(
        [PictureItem(file.getvalue(), adapter="people"), PictureItem(file.getvalue())]
    )
    assert isinstance(adapted, Embedding) and isinstance(bare, Embedding)
    assert adapted.dense is not None and bare.dense is not None
    with torch.inference_mode():
        (expected,) = tower(pixels_of([Image.open(file).convert("RGB")]))
    expected = torch.nn.functional.normalize(expected, dim=0).numpy()
    assert abs(adapted.dense - expected).max() < 1e-4
    assert abs(adapted.dense - bare.dense).max() > 1e-3


def test_a_cut_run_goes_on_as_if_nothing_had_happened(
    recipe: Recipe, records: list[Anime], base: Base, tmp_path: Path
) -> None:
    data = collect_pictures(recipe, records)
    whole, cut = open_tower(recipe, base.folder), open_tower(recipe, base.folder)
    fit_pictures(recipe, whole, data, tmp_path / "whole", Watch())

    def die(done: int, total: int | None) -> None:
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit_pictures(recipe, cut, data, tmp_path / "cut", Watch(die))
    resumed = open_tower(recipe, base.folder)
    fit_pictures(recipe, resumed, data, tmp_path / "cut", Watch())
    ours, theirs = lora_weights(resumed), lora_weights(whole)
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)


def test_poisoned_weights_are_found_by_the_smoke_step(
    recipe: Recipe, records: list[Anime], base: Base
) -> None:
    tower = open_tower(recipe, base.folder)
    with torch.no_grad():
        next(p for n, p in tower.named_parameters() if "lora_A" in n).fill_(float("nan"))
    with pytest.raises(ModelError, match="the loss is nan"):
        smoke_pictures(recipe, tower, collect_pictures(recipe, records))

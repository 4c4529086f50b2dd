"""Runs from recipe to verdict on a tiny random BERT: order, resumption, parity, refusals."""

import shutil
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from animevec.catalog.record import Anime
from animevec.encoders.base import Embedding, TextItem
from animevec.encoders.runtime import Runtime
from animevec.encoders.sentence import SentenceEncoder
from animevec.errors import Conflict, InvalidRequest, ModelError
from registry.tracking import Tracking
from training import trainer
from training.adapter import keep_adapter
from training.dataset import Negatives, collect, rows
from training.finetune import Base, TrainingResult, train
from training.recipe import Recipe
from training.trainer import encoder_of, fit, open_model, smoke
from training.verdict import judge

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

TEXTS = ["a robot boy who fights for justice", "Astro Boy", "school"]


@pytest.fixture(scope="module")
def tracking(tmp_path_factory: pytest.TempPathFactory) -> Tracking:
    folder = tmp_path_factory.mktemp("mlflow")
    return Tracking(f"sqlite:///{folder / 'mlflow.db'}", folder / "artifacts")


def run(recipe: Recipe, records: list[Anime], base: Base, out: Path) -> TrainingResult:
    return train(recipe, records, [], out, base=base)


def served(base: Base, folder: Path) -> np.ndarray:
    """What the serving side makes of the adapter, rows of unit length."""
    encoder = SentenceEncoder.load(base.folder, base.card, Runtime(threads=1))
    encoder.adapters.load("tuned", folder)
    outcomes = encoder.encode([TextItem(text, adapter="tuned") for text in TEXTS])
    assert all(isinstance(one, Embedding) for one in outcomes)
    return np.stack([one.dense for one in outcomes if isinstance(one, Embedding)])


def test_a_run_is_recorded_whole(
    recipe: Recipe, records: list[Anime], base: Base, tmp_path: Path, tracking: Tracking
) -> None:
    seen: list[tuple[int, int | None]] = []
    result = train(
        recipe,
        records,
        [],
        tmp_path,
        base=base,
        tracking=tracking,
        revision=7,
        progress=lambda done, total: seen.append((done, total)),
    )
    found = tracking.client.get_run(result.run_id)
    curve = tracking.client.get_metric_history(result.run_id, "train/loss")
    kept = {one.path for one in tracking.client.list_artifacts(result.run_id)}
    assert seen == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert [(one.step, one.value) for one in curve] == list(enumerate(result.losses, 1))
    assert found.data.params["lora.rank"] == "2" and found.data.params["seed"] == str(recipe.seed)
    assert found.data.metrics["score"] == pytest.approx(result.verdict.score)
    assert found.data.tags["data_sha256"] == result.lineage.data_sha256
    assert result.lineage.catalog_revision == 7
    assert result.lineage.training_run == result.run_id
    assert kept >= {"adapter", "model_card.md", "samples.jsonl", "first_batch.jsonl"}
    assert found.info.status == "FINISHED"


def test_the_served_adapter_is_the_trained_model(
    recipe: Recipe, records: list[Anime], base: Base, tmp_path: Path
) -> None:
    data = collect(recipe, records)
    model = open_model(recipe, base.card, base.folder)
    fit(recipe, model, rows(recipe, data, Negatives(data)), tmp_path / "c", trainer.Watch())
    folder = keep_adapter(model, base.card, base.folder, (), tmp_path / "adapter")
    bare = encoder_of(open_model(recipe, base.card, base.folder), recipe)(TEXTS)
    assert abs(served(base, folder) - encoder_of(model, recipe)(TEXTS)).max() < 1e-4
    assert abs(bare - encoder_of(model, recipe)(TEXTS)).max() > 1e-3


def test_a_share_of_the_change_can_be_kept(
    recipe: Recipe, records: list[Anime], base: Base, tmp_path: Path
) -> None:
    data = collect(recipe, records)
    model = open_model(recipe, base.card, base.folder)
    bare = encoder_of(model, recipe)(TEXTS)
    fit(recipe, model, rows(recipe, data, Negatives(data)), tmp_path / "c", trainer.Watch())
    whole = encoder_of(model, recipe)(TEXTS)
    tenth = recipe.model_copy(update={"lora": recipe.lora.model_copy(update={"keep": 0.1})})
    trainer.soften(tenth, model)
    soft = encoder_of(model, tenth)(TEXTS)
    folder = keep_adapter(model, base.card, base.folder, (), tmp_path / "adapter")
    assert abs(served(base, folder) - soft).max() < 1e-4
    assert 0 < abs(soft - bare).max() < 0.2 * abs(whole - bare).max()


def test_equal_recipes_give_equal_adapters(
    recipe: Recipe, records: list[Anime], base: Base, tmp_path: Path
) -> None:
    one, two = (run(recipe, records, base, tmp_path / name) for name in "ab")
    other = run(recipe.model_copy(update={"seed": 1}), records, base, tmp_path / "c")
    assert one.sha256 == two.sha256 and one.losses == two.losses
    assert other.sha256 != one.sha256


class Killed(BaseException):
    """What a kill looks like from inside."""


def test_a_killed_run_goes_on_as_if_nothing_had_happened(
    recipe: Recipe, records: list[Anime], base: Base, tmp_path: Path
) -> None:
    def die(done: int, total: int | None) -> None:
        if done == 3:
            raise Killed

    whole = run(recipe, records, base, tmp_path / "whole")
    with pytest.raises(Killed):
        train(recipe, records, [], tmp_path / "cut", base=base, progress=die)
    resumed = run(recipe, records, base, tmp_path / "cut")
    assert resumed.losses == whole.losses[2:]
    assert resumed.sha256 == whole.sha256


def test_a_folder_of_another_run_is_not_gone_on_with(
    recipe: Recipe, records: list[Anime], base: Base, tmp_path: Path
) -> None:
    run(recipe, records, base, tmp_path)
    with pytest.raises(Conflict, match="another recipe or other data"):
        run(recipe.model_copy(update={"learning_rate": 0.1}), records, base, tmp_path)


@pytest.mark.parametrize(
    "change",
    [
        {"loss": {"mini_batch": 2}},
        {"gradient_checkpointing": True},
        {"loss": {"mini_batch": 2}, "gradient_checkpointing": True},
    ],
)
def test_what_saves_memory_changes_no_loss(
    change: dict[str, object], recipe: Recipe, records: list[Anime], base: Base, tmp_path: Path
) -> None:
    still = {"steps": 2, "lora": {"rank": 2, "alpha": 4, "dropout": 0.0}}
    plain = Recipe.model_validate(recipe.model_dump() | still)
    thrifty = Recipe.model_validate(recipe.model_dump() | still | change)
    expected = run(plain, records, base, tmp_path / "plain").losses
    assert run(thrifty, records, base, tmp_path / "thrifty").losses == pytest.approx(
        expected, abs=1e-5
    )


def test_matryoshka_sizes_are_served(
    recipe: Recipe, records: list[Anime], base: Base, tmp_path: Path
) -> None:
    sizes = recipe.model_copy(
        update={"steps": 2, "loss": recipe.loss.model_copy(update={"matryoshka": (32, 16)})}
    )
    result = run(sizes, records, base, tmp_path)
    encoder = SentenceEncoder.load(base.folder, base.card, Runtime(threads=1))
    encoder.adapters.load("tuned", result.adapter)
    (short,) = encoder.encode([TextItem("mecha", adapter="tuned", dimensions=16)])
    assert isinstance(short, Embedding) and short.dense is not None and short.dense.shape == (16,)


def test_bfloat16_trains(recipe: Recipe, records: list[Anime], base: Base, tmp_path: Path) -> None:
    low = recipe.model_copy(update={"precision": "bfloat16", "steps": 1})
    assert np.isfinite(run(low, records, base, tmp_path).losses).all()


def test_the_adapter_names_its_base_by_card_and_hash(
    recipe: Recipe, records: list[Anime], base: Base, tmp_path: Path
) -> None:
    result = run(recipe.model_copy(update={"steps": 2}), records, base, tmp_path)
    assert "tiny-bert" in (result.adapter / "adapter_config.json").read_text()
    assert str(base.folder) not in (result.adapter / "adapter_config.json").read_text()
    other = replace(base, folder=shutil.copytree(base.folder, tmp_path / "other"))
    tensors = load_file(other.folder / "model.safetensors")
    save_file({k: v + 1e-3 for k, v in tensors.items()}, other.folder / "model.safetensors")
    with pytest.raises(ModelError, match="trained on a base"):
        served(other, result.adapter)


def test_a_loss_that_is_no_number_ends_the_run(
    recipe: Recipe, records: list[Anime], base: Base, tmp_path: Path, tracking: Tracking
) -> None:
    hot = recipe.model_copy(update={"loss": recipe.loss.model_copy(update={"scale": 1e39})})
    with pytest.raises(ModelError, match="the loss is"):
        train(hot, records, [], tmp_path, base=base, tracking=tracking)
    ended = tracking.client.search_runs([tracking.experiment("training")], max_results=1)
    assert ended[0].info.status == "FAILED"


def test_a_loss_that_goes_wrong_while_training_ends_it_too(
    recipe: Recipe, records: list[Anime], base: Base, tmp_path: Path
) -> None:
    data = collect(recipe, records)
    model = poisoned(open_model(recipe, base.card, base.folder))
    with pytest.raises(ModelError, match="the loss is nan at step 1"):
        fit(recipe, model, rows(recipe, data, Negatives(data)), tmp_path, trainer.Watch())
    assert not list(tmp_path.glob("checkpoint-*"))


def poisoned(model: "SentenceTransformer") -> "SentenceTransformer":
    with torch.no_grad():
        next(p for n, p in model.named_parameters() if "lora_A" in n).fill_(float("nan"))
    return model


def test_poisoned_weights_are_found_by_the_smoke_step(
    recipe: Recipe, records: list[Anime], base: Base
) -> None:
    data = collect(recipe, records)
    model = poisoned(open_model(recipe, base.card, base.folder))
    with pytest.raises(ModelError, match="the loss is nan at step 0"):
        smoke(recipe, model, rows(recipe, data, Negatives(data)))


def test_layers_that_no_gradient_reaches_are_named(
    recipe: Recipe, records: list[Anime], base: Base
) -> None:
    lora = recipe.lora.model_copy(update={"target": r"pooler\.dense|.*attention\.self\.query"})
    wrong = recipe.model_copy(update={"lora": lora})
    data = collect(recipe, records)
    model = open_model(wrong, base.card, base.folder)
    with pytest.raises(ModelError, match=r"pooler\.dense"):
        smoke(wrong, model, rows(recipe, data, Negatives(data)))


def test_a_target_that_names_nothing_is_refused(recipe: Recipe, base: Base) -> None:
    lora = recipe.lora.model_copy(update={"target": "blocks.0.attn"})
    with pytest.raises(ModelError, match="names no layer of tiny-bert"):
        open_model(recipe.model_copy(update={"lora": lora}), base.card, base.folder)


def test_an_adapter_over_ten_megabytes_is_refused(
    recipe: Recipe,
    records: list[Anime],
    base: Base,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("training.adapter.LIMIT", 100)
    with pytest.raises(ModelError, match="the limit is 100"):
        run(recipe.model_copy(update={"steps": 1}), records, base, tmp_path)


def test_pictures_are_no_text(recipe: Recipe, tmp_path: Path) -> None:
    from animevec.settings import Settings

    wrong = recipe.model_copy(update={"base": "jina-clip-compact"})
    with pytest.raises(InvalidRequest, match="jina-clip"):
        Base.of(wrong, Settings(home=tmp_path))


@pytest.mark.parametrize(
    ("score", "word"),
    [
        ([0.6, 0.7, 0.8, 0.9], "WIN"),
        ([0.9, 0.1, 0.9, 0.3], "MARGINAL"),
        ([0.4, 0.4, 0.4, 0.5], "REGRESSION"),
        ([0.5, 0.5, 0.5, 0.5], "MARGINAL"),
    ],
)
def test_the_verdict_says_how_sure_it_is(score: list[float], word: str) -> None:
    verdict = judge(score, [0.5, 0.5, 0.5, 0.5])
    assert verdict.word == word
    assert verdict.low <= verdict.delta <= verdict.high
    assert verdict.line.startswith(f"VERDICT: {word} score 0.")

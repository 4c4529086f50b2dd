"""The compact model's training: bit-deterministic by seed, resumable, and it learns."""

from pathlib import Path
from random import Random

import pytest
import torch
from PIL import Image
from tokenizers import Tokenizer

from animevec.artwork import scene
from animevec.encoders.jina_clip import load_clip
from training.compact.augment import found_view, stored_view
from training.compact.recipe import Architecture, Recipe
from training.compact.scenes import Scenes, batch_of, draw_scenes
from training.compact.trainer import (
    kept_patches,
    learning_rate,
    resume,
    save_run,
    ship,
    start,
    train,
    train_step,
)
from training.compact.verdict import verdict
from training.compact.vocabulary import SPECIALS, learn

ROOT = Path(__file__).resolve().parents[2]
TINY = Recipe(
    scenes=16,
    scene_size=(48, 68),
    architecture=Architecture(
        width=32, layers=2, head_width=16, image_size=42, text_hidden=32, text_layers=1,
        vocabulary=400, dimensions=32, matryoshka=(16, 32),
    ),
    steps=6,
    horizon=12,
    cool_from=4,
    batch=8,
    warmup=2,
    unmasked_from=0.5,
    checkpoint_every=3,
)  # fmt: skip


@pytest.fixture(scope="module")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> Scenes:
    return draw_scenes(TINY, tmp_path_factory.mktemp("scenes") / "scenes.npy")


@pytest.fixture(scope="module")
def tokenizer(scenes: Scenes) -> Tokenizer:
    return learn(scenes.captions, TINY.architecture.vocabulary)


def weights(run_model: torch.nn.Module) -> torch.Tensor:
    return torch.cat([p.detach().flatten() for p in run_model.parameters()])


def test_steps_on_one_batch_reduce_its_loss(scenes: Scenes, tokenizer: Tokenizer) -> None:
    recipe = TINY.model_copy(update={"steps": 1_000, "cool_from": 900, "horizon": 1_000})
    run, batch = start(recipe), batch_of(scenes, recipe, tokenizer, 0)
    losses = [train_step(run, batch, recipe) for _ in range(12)]
    assert losses[-1] < 0.8 * losses[0]


def test_equal_recipes_give_equal_weights(scenes: Scenes, tokenizer: Tokenizer) -> None:
    runs = [start(TINY), start(TINY)]
    losses = [train(run, TINY, scenes, tokenizer) for run in runs]
    assert losses[0] == losses[1]
    assert torch.equal(weights(runs[0].model), weights(runs[1].model))


def test_another_seed_gives_other_weights() -> None:
    other = TINY.model_copy(update={"seed": 1})
    assert not torch.equal(weights(start(TINY).model), weights(start(other).model))


def test_a_run_cut_off_ends_as_one_that_was_not(
    scenes: Scenes, tokenizer: Tokenizer, tmp_path: Path
) -> None:
    whole = start(TINY)
    train(whole, TINY, scenes, tokenizer, tmp_path / "whole.pt")

    cut = start(TINY)
    for step in range(3):
        train_step(cut, batch_of(scenes, TINY, tokenizer, step), TINY)
    save_run(cut, tmp_path / "cut.pt")
    again = resume(TINY, tmp_path / "cut.pt")
    assert again.step == 3
    train(again, TINY, scenes, tokenizer)

    assert torch.equal(weights(again.model), weights(whole.model))
    assert resume(TINY, tmp_path / "whole.pt").step == TINY.steps


def test_a_shipped_model_loads_through_the_architecture(
    tokenizer: Tokenizer, tmp_path: Path
) -> None:
    run = start(TINY)
    ship(run.model, tokenizer, tmp_path)
    loaded = load_clip(tmp_path)
    assert loaded.config == run.model.config
    assert torch.allclose(weights(loaded), weights(run.model), atol=1e-3)


def test_scenes_are_drawn_once(tmp_path: Path) -> None:
    first = draw_scenes(TINY, tmp_path / "scenes.npy")
    told: list[int] = []
    second = draw_scenes(TINY, tmp_path / "scenes.npy", lambda done, total: told.append(done))
    assert not told
    assert (first.pictures == second.pictures).all()
    assert (first.captions, first.tags) == (second.captions, second.tags)


def test_a_batch_holds_whole_families(scenes: Scenes, tokenizer: Tokenizer) -> None:
    same = batch_of(scenes, TINY, tokenizer, 0).same
    assert all(same[k, k + 1] == 1 for k in range(0, TINY.batch, 2))


def test_the_rate_warms_up_falls_and_ends_near_nothing() -> None:
    recipe = Recipe()
    rates = [learning_rate(recipe, step) for step in range(recipe.steps)]
    top = rates.index(max(rates))
    assert abs(top - recipe.warmup) <= 1
    assert rates[top:] == sorted(rates[top:], reverse=True)
    assert rates[-1] < recipe.learning_rate / 50


def test_patches_are_masked_until_the_end() -> None:
    early, late = kept_patches(TINY, 0), kept_patches(TINY, TINY.steps - 1)
    assert len(early) == round(9 * TINY.keep_patches) and len(late) == 9
    assert torch.equal(early, kept_patches(TINY, 0))


@pytest.mark.parametrize("view", [stored_view, found_view])
def test_views_have_the_model_s_size_and_follow_their_seed(view: object) -> None:
    assert callable(view)
    picture = scene(3, size=(96, 135)).picture
    for seed in range(40):
        one = view(picture, 42, Random(seed))
        assert isinstance(one, Image.Image) and one.size == (42, 42) and one.mode == "RGB"
        assert one.tobytes() == view(picture, 42, Random(seed)).tobytes()


def test_the_tokenizer_reads_every_script() -> None:
    tokenizer = learn(["a quiet town", "magic school"], 300)
    assert [tokenizer.id_to_token(k) for k in range(4)] == SPECIALS
    for text in ("Magic School", "進撃の巨人", "🎌", ""):
        ids = tokenizer.encode(text).ids
        assert ids[0] == 0 and ids[-1] == 2 and 3 not in ids
    assert tokenizer.encode("MAGIC").ids == tokenizer.encode("magic").ids


@pytest.mark.parametrize(
    ("score", "word"), [(0.9, "WIN"), (0.22, "MARGINAL"), (0.2, "REGRESSION"), (0.1, "REGRESSION")]
)
def test_the_verdict_compares_with_the_untrained_model(score: float, word: str) -> None:
    assert verdict(score, 0.2).startswith(f"VERDICT: {word} ")


def test_the_shipped_recipe_is_the_default_one() -> None:
    assert Recipe.read(ROOT / "configs" / "training" / "compact-picture.yaml") == Recipe()

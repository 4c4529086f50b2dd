"""JinaCLIP v2 behind the seam: lazy towers, any mix of items, adapters, and wrong files."""

import json
import pickle
import shutil
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from safetensors.torch import load_file, save_file

from animevec.encoders.base import Embedding, Failure, Item, PictureItem, TextItem
from animevec.encoders.card import ModelCard
from animevec.encoders.checkpoint import read_json, read_tensors
from animevec.encoders.jina_clip import (
    JinaClip,
    JinaClipConfig,
    clip_loss,
    load_clip,
    load_text_tower,
    load_vision_tower,
    read_config,
    save_clip,
)
from animevec.encoders.jina_encoder import JinaClipEncoder
from animevec.encoders.jina_text import TextConfig
from animevec.encoders.jina_vision import VisionConfig
from animevec.encoders.runtime import Runtime
from animevec.errors import (
    AnimevecError,
    InvalidRequest,
    ModelError,
    NotFound,
    TooLarge,
    UnsupportedMedia,
)
from tests.encoders.conftest import find_reference

WORDS = st.lists(
    st.sampled_from(["ghost", "pilot", "school", "magic", "sea"]), min_size=1, max_size=8
)


@pytest.fixture(scope="module")
def folder(reference: Path) -> Path:
    return find_reference(reference, "jina-clip-v2")


def card(folder: Path, **changes: Any) -> ModelCard:
    config = read_json(folder / "config.json")
    return ModelCard(
        name="reference",
        architecture="jina-clip",
        repository="local",
        revision="local",
        licence="CC-BY-NC-4.0",
        commercial_use=False,
        modalities=("text", "picture"),
        dimensions=config["projection_dim"],
        matryoshka=tuple(config["matryoshka_dimensions"]),
        max_tokens=64,
        pooling="mean",
        memory_mb=1,
    ).model_copy(update=changes)


@pytest.fixture(scope="module")
def encoder(folder: Path) -> JinaClipEncoder:
    return JinaClipEncoder.load(folder, card(folder), Runtime(budget=128))


def png(seed: int, size: tuple[int, int] = (90, 70)) -> bytes:
    pixels = np.random.default_rng(seed).integers(0, 256, (*size, 3), dtype=np.uint8)
    out = BytesIO()
    Image.fromarray(pixels).save(out, "PNG")
    return out.getvalue()


def vectors(encoder: JinaClipEncoder, items: list[Item]) -> np.ndarray:
    outcomes = encoder.encode(items)
    assert all(isinstance(one, Embedding) for one in outcomes), outcomes
    return np.stack([one.dense for one in outcomes if isinstance(one, Embedding)])


def test_a_tower_is_read_when_first_needed(folder: Path) -> None:
    encoder = JinaClipEncoder.load(folder, card(folder))
    assert encoder.loaded == ()
    encoder.encode([PictureItem(png(0))])
    assert encoder.loaded == ("picture",)
    encoder.encode([TextItem("ghost")])
    assert encoder.loaded == ("picture", "text")


@settings(max_examples=20, deadline=None)
@given(
    texts=st.lists(WORDS.map(" ".join), min_size=1, max_size=5),
    pictures=st.lists(st.integers(0, 3), max_size=2),
    order=st.randoms(use_true_random=False),
)
def test_a_vector_does_not_depend_on_its_batch_or_place(
    encoder: JinaClipEncoder, texts: list[str], pictures: list[int], order: Any
) -> None:
    items: list[Item] = [TextItem(text) for text in texts]
    items += [PictureItem(png(seed)) for seed in pictures]
    order.shuffle(items)
    together = vectors(encoder, items)
    alone = np.concatenate([vectors(encoder, [item]) for item in items])
    assert abs(together - alone).max() < 2e-5
    assert np.allclose(np.linalg.norm(together, axis=1), 1, atol=1e-6)


def test_a_cut_is_the_beginning_normalised(encoder: JinaClipEncoder) -> None:
    size = encoder.card.matryoshka[0]
    for whole, short in (
        (TextItem("sea"), TextItem("sea", dimensions=size)),
        (PictureItem(png(1)), PictureItem(png(1), dimensions=size)),
    ):
        long, cut = vectors(encoder, [whole])[0], vectors(encoder, [short])[0]
        assert np.allclose(cut, long[:size] / np.linalg.norm(long[:size]), atol=1e-6)


def test_bad_items_fail_alone(encoder: JinaClipEncoder) -> None:
    items: list[Item] = [
        TextItem("sea"),
        TextItem(" "),
        TextItem("ghost " * 200),
        TextItem("sea", dimensions=7),
        TextItem("sea", adapter="none such"),
        PictureItem(b"nothing"),
        PictureItem(png(1)[:200]),
        PictureItem(png(1), dimensions=7),
        PictureItem(png(1), adapter="none such"),
        PictureItem(png(1)),
    ]
    outcomes = encoder.encode(items)
    errors = [type(one.error) if isinstance(one, Failure) else None for one in outcomes]
    assert errors == [
        None,
        InvalidRequest,
        TooLarge,
        InvalidRequest,
        NotFound,
        UnsupportedMedia,
        InvalidRequest,
        InvalidRequest,
        NotFound,
        None,
    ]


def test_a_card_for_pictures_refuses_text(folder: Path) -> None:
    encoder = JinaClipEncoder.load(folder, card(folder, modalities=("picture",)))
    text, picture = encoder.encode([TextItem("sea"), PictureItem(png(1))])
    assert isinstance(text, Failure) and "does not encode text" in text.error.message
    assert isinstance(picture, Embedding)


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_half_precision_keeps_the_rotary_tables(
    folder: Path, encoder: JinaClipEncoder, dtype: Any
) -> None:
    items: list[Item] = [TextItem("magic school by the sea"), PictureItem(png(2))]
    half = JinaClipEncoder.load(folder, card(folder), Runtime(dtype=dtype))
    cosine = (vectors(half, items) * vectors(encoder, items)).sum(1)
    assert (cosine > 0.999).all()


def test_published_names_survive_a_round_trip(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "again.safetensors"
    save_clip(load_clip(folder), path)
    before, after = load_file(folder / "model.safetensors"), load_file(path)
    assert before.keys() == after.keys()
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_a_merged_model_is_saved_and_loaded_without_tasks(folder: Path, tmp_path: Path) -> None:
    model = load_clip(folder)
    ids = torch.arange(5, 25)[None]
    expected = model.text_model(ids)
    model.text_model.merge_task()
    shutil.copy(folder / "config.json", tmp_path)
    save_clip(model, tmp_path / "model.safetensors")
    again = load_text_tower(tmp_path)
    assert again.config.tasks == ()
    assert torch.allclose(again(ids), expected, atol=1e-5)


def test_the_configuration_survives_a_round_trip(folder: Path) -> None:
    for config in (
        read_config(folder),
        JinaClipConfig(),
        JinaClipConfig(text=TextConfig(projection=96), vision=VisionConfig(projection=96)),
    ):
        again = JinaClipConfig.from_published(json.loads(json.dumps(config.to_published())))
        assert again == config


def test_projections_bring_towers_of_different_width_together(tmp_path: Path) -> None:
    config = JinaClipConfig(
        text=TextConfig(32, 1, 2, 48, vocabulary=50, tasks=(), projection=24),
        vision=VisionConfig(width=48, layers=1, head_width=16, image_size=28, projection=24),
    )
    model = JinaClip(config)
    (tmp_path / "config.json").write_text(json.dumps(config.to_published()))
    save_clip(model, tmp_path / "model.safetensors")
    names = load_file(tmp_path / "model.safetensors").keys()
    assert {"text_projection.weight", "visual_projection.weight"} <= names
    pixels, ids = torch.randn(2, 3, 28, 28), torch.arange(2, 10)[None]
    assert torch.equal(load_vision_tower(tmp_path)(pixels), model.vision_model(pixels))
    assert torch.equal(load_text_tower(tmp_path)(ids), model.text_model(ids))


def test_towers_of_different_width_need_a_projection() -> None:
    with pytest.raises(ModelError, match="must agree"), torch.device("meta"):
        JinaClip(JinaClipConfig(text=TextConfig(hidden=512, heads=8)))


def test_checkpointing_changes_memory_not_gradients(folder: Path) -> None:
    grads = []
    for recompute in (False, True):
        model = load_clip(folder).train()
        model.text_model.gradient_checkpointing = recompute
        model.vision_model.gradient_checkpointing = recompute
        size = model.config.vision.image_size
        torch.manual_seed(0)
        pixels = torch.randn(3, 3, size, size)
        ids = torch.randint(5, 60, (3, 9))
        clip_loss(model(ids, torch.ones_like(ids), pixels)).backward()
        grads.append({n: p.grad for n, p in model.named_parameters() if p.grad is not None})
    assert grads[0].keys() == grads[1].keys()
    assert not any("lora" in name for name in grads[0])
    assert all(torch.allclose(grads[0][n], grads[1][n], atol=1e-6) for n in grads[0])


TEXT_TARGETS = ["q_proj", "k_proj", "v_proj", "out_proj", "fc1", "fc2"]
PICTURE_TARGETS = ["q_proj", "k_proj", "v_proj", "proj", "w1", "w2", "w3"]


@pytest.mark.parametrize("side", ["text", "picture"])
def test_lora_reaches_every_linear_trains_and_is_served(
    folder: Path, tmp_path: Path, side: str
) -> None:
    from peft import LoraConfig, get_peft_model

    tower: Any = load_text_tower(folder) if side == "text" else load_vision_tower(folder)
    if side == "text":
        tower.merge_task()
    targets = TEXT_TARGETS if side == "text" else PICTURE_TARGETS
    blocks = "layers" if side == "text" else "blocks"
    pattern = rf".*{blocks}\.\d+\..*\.({'|'.join(targets)})"
    adapted: Any = get_peft_model(tower, LoraConfig(r=2, target_modules=pattern))
    edge = load_vision_tower(folder).config.image_size
    inputs = torch.arange(5, 15)[None] if side == "text" else torch.randn(1, 3, edge, edge)
    optimizer = torch.optim.SGD([p for p in adapted.parameters() if p.requires_grad], lr=0.5)
    for _ in range(2):
        optimizer.zero_grad()
        adapted(inputs).square().mean().backward()
        optimizer.step()
    trained = {n: p for n, p in adapted.named_parameters() if p.requires_grad}
    layers = len(getattr(tower, blocks))
    assert len(trained) == 2 * layers * len(targets)
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in trained.values())
    adapted.save_pretrained(tmp_path)

    encoder = JinaClipEncoder.load(folder, card(folder))
    name: Any = side
    served: Any = encoder.tower(name)
    served.adapters.load("tuned", tmp_path)
    make: Callable[[str | None], Item] = (
        (lambda adapter: TextItem("magic sea", adapter=adapter))
        if side == "text"
        else (lambda adapter: PictureItem(png(5), adapter=adapter))
    )
    mixed = vectors(encoder, [make(None), make("tuned"), make(None)])
    assert abs(mixed[0] - mixed[1]).max() > 1e-4
    assert np.allclose(mixed[0], mixed[2], atol=1e-6)
    assert np.allclose(mixed[1], vectors(encoder, [make("tuned")])[0], atol=2e-5)


class Bomb:
    """What a hostile pickle would run."""

    def __reduce__(self) -> tuple[Any, ...]:
        return (print, ("executed",))


def _edit(change: Callable[[dict[str, torch.Tensor]], Any]) -> Callable[[Path], None]:
    def apply(folder: Path) -> None:
        path = folder / "model.safetensors"
        state = load_file(path)
        change(state)
        save_file(state, path, metadata={"format": "pt"})

    return apply


def _truncate(folder: Path) -> None:
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-1000])


def _config(change: Callable[[dict[str, Any]], Any]) -> Callable[[Path], None]:
    def apply(folder: Path) -> None:
        config = json.loads((folder / "config.json").read_text())
        change(config)
        (folder / "config.json").write_text(json.dumps(config))

    return apply


NORM = "vision_model.norm.weight"


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda folder: (folder / "model.safetensors").unlink(), "does not exist"),
        (lambda folder: (folder / "config.json").unlink(), "does not exist"),
        (lambda folder: (folder / "preprocessor_config.json").unlink(), "does not exist"),
        (lambda folder: (folder / "config.json").write_text("{"), "not JSON"),
        (lambda folder: (folder / "config.json").write_text("{}"), "vision_config"),
        (_truncate, "not a complete safetensors file"),
        (_edit(lambda state: state.pop(NORM)), "lacks 1 tensor(s): norm.weight"),
        (_edit(lambda state: state.update({"vision_model.more": torch.zeros(1)})), "unknown"),
        (_edit(lambda state: state.update({NORM: torch.zeros(7)})), "shape [7]"),
        (_edit(lambda state: state[NORM].fill_(torch.nan)), "not finite"),
        (_config(lambda config: config["vision_config"].update(post_norm=True)), "post_norm"),
        (_config(lambda config: config["vision_config"].update(head_width=6)), "does not divide"),
        (_config(lambda config: config["vision_config"].update(image_size=84)), "shape"),
    ],
)
def test_wrong_files_are_one_clear_error(
    folder: Path, tmp_path: Path, damage: Callable[[Path], Any], said: str
) -> None:
    copy = tmp_path / "model"
    shutil.copytree(folder, copy)
    damage(copy)
    encoder = JinaClipEncoder.load(copy, card(folder))
    (outcome,) = encoder.encode([PictureItem(png(1))])
    assert isinstance(outcome, Failure) and isinstance(outcome.error, ModelError)
    assert said in outcome.error.message and str(copy) in outcome.error.message


def test_a_card_of_another_size_is_refused(folder: Path) -> None:
    encoder = JinaClipEncoder.load(folder, card(folder, dimensions=12, matryoshka=()))
    for outcome in encoder.encode([TextItem("sea"), PictureItem(png(1))]):
        assert (
            isinstance(outcome, Failure) and "the card reference says 12" in outcome.error.message
        )


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (pickle.dumps(Bomb(), 2), "more than weights"),
        (b"", "not a complete PyTorch file"),
        (b"PK\x03\x04" + b"\0" * 50, "not a complete PyTorch file"),
    ],
)
def test_a_torch_file_with_code_or_cut_short_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes, said: str
) -> None:
    path = tmp_path / "pytorch_model.bin"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=said):
        read_tensors(path)
    assert "executed" not in capsys.readouterr().out


def test_a_torch_file_of_something_else_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "pytorch_model.bin"
    torch.save({"epoch": 3}, path)
    with pytest.raises(ModelError, match="dictionary of tensors"):
        read_tensors(path)


def test_an_unknown_task_names_the_known_ones(folder: Path) -> None:
    with pytest.raises(AnimevecError, match=r"retrieval\.query"):
        load_text_tower(folder).use_task("retrieval.passage")

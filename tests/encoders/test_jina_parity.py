"""JinaCLIP v2 against what the publisher's own code returned, stage by stage, in fp32."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from animevec.encoders.base import Embedding, PictureItem, Task, TextItem
from animevec.encoders.card import ModelCard
from animevec.encoders.checkpoint import read_json
from animevec.encoders.jina_clip import JinaClip, JinaClipConfig, clip_loss, load_clip
from animevec.encoders.jina_encoder import JinaClipEncoder
from animevec.encoders.jina_keys import to_published
from animevec.encoders.jina_vision import picture_turns
from animevec.encoders.picture import PictureTransform, decode
from animevec.encoders.tokenizer import TextTokenizer
from tests.encoders.conftest import find_reference

TOLERANCE = 2e-5
Expected = Mapping[str, NDArray[np.float32]]


@pytest.fixture(scope="module")
def folder(reference: Path) -> Path:
    return find_reference(reference, "jina-clip-v2")


@pytest.fixture(scope="module")
def expected(folder: Path) -> Expected:
    with np.load(folder / "reference.npz", allow_pickle=False) as file:
        return {name: file[name] for name in file.files}


@pytest.fixture(scope="module")
def sizes(folder: Path) -> list[int]:
    return list(read_json(folder / "config.json")["matryoshka_dimensions"])


@pytest.fixture()
def model(folder: Path) -> Iterator[JinaClip]:
    with torch.inference_mode():
        yield load_clip(folder)


@pytest.fixture(scope="module")
def encoder(folder: Path, sizes: list[int]) -> JinaClipEncoder:
    config = read_json(folder / "config.json")
    kwargs = config["text_config"]["hf_model_config_kwargs"]
    card = ModelCard(
        name="reference",
        architecture="jina-clip",
        repository="local",
        revision="local",
        licence="CC-BY-NC-4.0",
        commercial_use=False,
        modalities=("text", "picture"),
        dimensions=config["projection_dim"],
        matryoshka=tuple(sizes),
        max_tokens=8192,
        pooling="mean",
        prompts={"query": kwargs["task_instructions"]["retrieval.query"]},
        memory_mb=1,
    )
    return JinaClipEncoder.load(folder, card)


def close(found: Tensor | NDArray[np.float32], expected: NDArray[np.float32]) -> None:
    assert tuple(found.shape) == expected.shape
    difference = float(abs(np.asarray(found) - expected).max())
    assert difference <= TOLERANCE, f"differs by {difference:.1e}"


@contextmanager
def watch(module: nn.Module) -> Iterator[dict[str, Tensor]]:
    """What goes into and comes out of a module while it runs."""
    seen: dict[str, Tensor] = {}

    def note(_: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        seen.update(input=inputs[0], output=output)

    handle = module.register_forward_hook(note)
    try:
        yield seen
    finally:
        handle.remove()


def pictures(folder: Path, expected: Expected) -> list[bytes]:
    return [(folder / "images" / f"{name}.png").read_bytes() for name in expected["image_names"]]


def dense(encoder: JinaClipEncoder, items: list[TextItem] | list[PictureItem]) -> np.ndarray:
    outcomes = encoder.encode(items)
    return np.stack([one.dense for one in outcomes if isinstance(one, Embedding)])


def test_preprocessing_is_bit_equal(folder: Path, expected: Expected) -> None:
    transform = PictureTransform.from_published(read_json(folder / "preprocessor_config.json"))
    fitted = [transform.fit(decode(data)) for data in pictures(folder, expected)]
    found = transform.normalise(np.stack(fitted))
    assert np.array_equal(found, expected["pixel_values"])


def test_picture_turns(model: JinaClip, expected: Expected) -> None:
    token, *patches = picture_turns(model.config.vision, torch.device("cpu"))
    assert torch.equal(token, torch.ones_like(token))
    turns = torch.stack(patches).repeat_interleave(2, dim=-1)
    close(turns.real, expected["rope_freqs_cos"])
    close(turns.imag, expected["rope_freqs_sin"])


@pytest.mark.parametrize(
    ("path", "name"),
    [("patch_embed", "vision_patch_embed"), ("blocks.0", "vision_block0")],
)
def test_picture_stage(model: JinaClip, expected: Expected, path: str, name: str) -> None:
    with watch(model.vision_model.get_submodule(path)) as seen:
        model.vision_model(torch.from_numpy(expected["pixel_values"]))
    close(seen["output"], expected[name])


def test_picture_features(model: JinaClip, expected: Expected) -> None:
    pixels = torch.from_numpy(expected["pixel_values"])
    tower = model.vision_model
    turns, x = picture_turns(tower.config, pixels.device), tower.start(pixels)
    for block in tower.blocks:
        x = block(x, turns)
    close(x, expected["vision_all_features"])
    close(tower(pixels), expected["image_features_raw"])


@pytest.mark.parametrize("task", ["lora", "nolora"])
@pytest.mark.parametrize(
    ("path", "side", "name"),
    [
        ("emb_ln", "input", "text_emb_sum"),
        ("emb_ln", "output", "text_emb_ln"),
        ("layers.0", "output", "text_layer1"),
        ("layers.last", "output", "text_last_hidden"),
    ],
)
def test_text_stage(
    model: JinaClip, expected: Expected, path: str, side: str, name: str, task: str
) -> None:
    tower = model.text_model
    tower.use_task(tower.config.tasks[0] if task == "lora" else None)
    path = path.replace("last", str(tower.config.layers - 1))
    mask = torch.from_numpy(expected["attention_mask"])
    with watch(tower.get_submodule(path)) as seen:
        features = tower(torch.from_numpy(expected["input_ids"]), mask)
    read = mask.bool().numpy()
    close(seen[side].numpy()[read], expected[f"{name}_{task}"][read])
    close(features, expected[f"text_features_raw_{task}"])


@pytest.mark.parametrize("merged", [False, True])
def test_long_text_and_single_texts(model: JinaClip, expected: Expected, merged: bool) -> None:
    if merged:
        model.text_model.merge_task()
    long = model.text_model(torch.from_numpy(expected["long_input_ids"]))
    close(long, expected["long_text_features_raw_lora"])
    alone = [
        model.text_model(torch.from_numpy(ids[mask == 1])[None])
        for ids, mask in zip(expected["input_ids"], expected["attention_mask"], strict=True)
    ]
    close(torch.cat(alone), expected["text_features_raw_lora_single"])


def test_logits_loss_and_temperature(model: JinaClip, expected: Expected) -> None:
    pixels = torch.from_numpy(expected["pixel_values"])
    ids, mask = (
        torch.from_numpy(expected[name][: len(pixels)]) for name in ("input_ids", "attention_mask")
    )
    logits = model(ids, mask, pixels)
    close(logits, expected["logits_per_text"])
    close(clip_loss(logits), expected["clip_loss"])
    close(model.logit_scale.exp(), expected["logit_scale_exp"])


def test_token_ids_with_and_without_instruction(
    folder: Path, encoder: JinaClipEncoder, expected: Expected
) -> None:
    tokenizer = TextTokenizer.load(folder)
    texts = [str(text) for text in expected["texts"]]
    padded = zip(expected["input_ids"], expected["attention_mask"], strict=True)
    plain = [ids[mask == 1] for ids, mask in padded]
    assert [list(ids) for ids in plain] == tokenizer.encode(texts)
    instruction = encoder.card.prompts["query"]
    queries = expected["encode_text_query_input_ids"]
    pad = tokenizer.backend.token_to_id("<pad>")
    assert [list(ids[ids != pad]) for ids in queries] == tokenizer.encode(
        [instruction + text for text in texts]
    )


@pytest.mark.parametrize(
    ("task", "name"), [(Task.DOCUMENT, "encode_text"), (Task.QUERY, "encode_text_query")]
)
def test_encoded_texts_at_every_size(
    encoder: JinaClipEncoder, expected: Expected, sizes: list[int], task: Task, name: str
) -> None:
    for size in sizes:
        items = [TextItem(str(text), task=task, dimensions=size) for text in expected["texts"]]
        close(dense(encoder, items), expected[f"{name}_{size}"])


def test_encoded_pictures_at_every_size(
    encoder: JinaClipEncoder, folder: Path, expected: Expected, sizes: list[int]
) -> None:
    for size in sizes:
        items = [PictureItem(data, dimensions=size) for data in pictures(folder, expected)]
        close(dense(encoder, items), expected[f"encode_image_{size}"])


def test_unnormalised_cut_is_the_beginning_of_the_raw_features(
    model: JinaClip, expected: Expected
) -> None:
    raw = model.vision_model(torch.from_numpy(expected["pixel_values"]))
    cuts = [name for name in expected if name.endswith("_unnormalized")]
    assert cuts
    for name in cuts:
        size = int(name.split("_")[-2])
        close(raw[:, :size], expected[name])


def test_full_size_keys_and_shapes_are_the_published_ones(folder: Path) -> None:
    config = JinaClipConfig.from_published(read_json(folder / "config_full.json"))
    with torch.device("meta"):
        model = JinaClip(config)
    state = to_published(model.state_dict())
    assert {name: list(one.shape) for name, one in state.items()} == json.loads(
        (folder / "keys_full.json").read_text()
    )
    assert sum(one.numel() for one in state.values()) == 865_278_477

"""CLIP and SigLIP through transformers: tiny random checkpoints, made here, in the hub's layout."""

import json
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import (
    AutoImageProcessor,
    CLIPConfig,
    CLIPModel,
    PreTrainedTokenizerFast,
    SiglipConfig,
    SiglipModel,
)

from animevec.encoders.base import Embedding, Failure, PictureItem, TextItem
from animevec.encoders.card import ModelCard
from animevec.encoders.clip import ClipEncoder
from animevec.errors import ModelError, TooLarge

WORDS = ["<pad>", "<s>", "a", "ghost", "pilot", "sea", "school", "Ghost", "unknown", "</s>"]
SIZES = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2}
TEXT = {**SIZES, "num_attention_heads": 4, "vocab_size": len(WORDS), "max_position_embeddings": 12}
VISION = {**SIZES, "num_attention_heads": 4, "image_size": 32, "patch_size": 8}
CLIP = {
    "image_processor_type": "CLIPImageProcessor",
    "size": {"shortest_edge": 32},
    "crop_size": {"height": 32, "width": 32},
    "do_center_crop": True,
}
SIGLIP = {"image_processor_type": "SiglipImageProcessor", "size": {"height": 32, "width": 32}}


def tokenizer() -> PreTrainedTokenizerFast:
    backend = Tokenizer(
        models.WordLevel({word: i for i, word in enumerate(WORDS)}, unk_token="unknown")
    )
    backend.pre_tokenizer = pre_tokenizers.Whitespace()
    backend.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 1), ("</s>", 9)]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=backend, pad_token="<pad>", eos_token="</s>", unk_token="unknown"
    )


def write(folder: Path, family: str) -> Any:
    torch.manual_seed(0)
    model: Any
    if family == "clip":
        ends = {"eos_token_id": 9, "bos_token_id": 1, "pad_token_id": 0}
        config = CLIPConfig(text_config=TEXT | ends, vision_config=VISION, projection_dim=16)
        model = CLIPModel(config)
    else:
        model = SiglipModel(SiglipConfig(text_config=TEXT, vision_config=VISION))
    model.eval().save_pretrained(folder)
    tokenizer().save_pretrained(folder)
    processor = (CLIP if family == "clip" else SIGLIP) | {"resample": 3, "do_resize": True}
    (folder / "preprocessor_config.json").write_text(json.dumps(processor))
    return model


def card(family: str) -> ModelCard:
    return ModelCard(
        name=family,
        architecture="clip",
        repository="local",
        revision="local",
        licence="Apache-2.0",
        commercial_use=True,
        modalities=("text", "picture"),
        dimensions=16 if family == "clip" else 32,
        max_tokens=12,
        memory_mb=1,
    )


def png(seed: int) -> bytes:
    pixels = np.random.default_rng(seed).integers(0, 256, (40, 56, 3), dtype=np.uint8)
    out = BytesIO()
    Image.fromarray(pixels).save(out, "PNG")
    return out.getvalue()


@pytest.fixture(scope="module", params=["clip", "siglip"])
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp(request.param)
    model = write(folder, request.param)
    return request.param, folder, model, ClipEncoder.load(folder, card(request.param))


def vectors(encoder: ClipEncoder, items: list[Any]) -> np.ndarray:
    outcomes = encoder.encode(items)
    return np.stack([one.dense for one in outcomes if isinstance(one, Embedding)])


def test_texts_equal_the_model_called_directly(made: Any) -> None:
    family, _, model, encoder = made
    texts = ["a ghost", "pilot", "a sea school ghost"]
    padding = {"padding": "max_length", "max_length": 12} if family == "siglip" else {}
    inputs = tokenizer()(texts, return_tensors="pt", **({"padding": True} | padding))
    inputs = {"input_ids": inputs["input_ids"], "attention_mask": inputs["attention_mask"]}
    if family == "siglip":
        del inputs["attention_mask"]
    with torch.inference_mode():
        expected = model.get_text_features(**inputs).pooler_output
    expected = torch.nn.functional.normalize(expected, dim=-1).numpy()
    found = vectors(encoder, [TextItem(text) for text in texts])
    assert abs(found - expected).max() < 1e-5


def test_pictures_equal_the_model_called_directly(made: Any) -> None:
    _, folder, model, encoder = made
    data = [png(1), png(2)]
    processor = AutoImageProcessor.from_pretrained(folder, backend="pil")
    images = [Image.open(BytesIO(one)) for one in data]
    with torch.inference_mode():
        features = model.get_image_features(
            processor(images=images, return_tensors="pt")["pixel_values"]
        ).pooler_output
    expected = torch.nn.functional.normalize(features, dim=-1).numpy()
    assert abs(vectors(encoder, [PictureItem(one) for one in data]) - expected).max() < 1e-5


def test_only_siglip_lowers_case(made: Any) -> None:
    family, _, _, encoder = made
    upper, lower = vectors(encoder, [TextItem("Ghost"), TextItem("ghost")])
    assert np.allclose(upper, lower, atol=1e-6) == (family == "siglip")


def test_too_long_text_fails_alone(made: Any) -> None:
    *_, encoder = made
    outcomes = encoder.encode([TextItem("a " * 30), PictureItem(png(3)), TextItem("sea")])
    assert isinstance(outcomes[0], Failure) and isinstance(outcomes[0].error, TooLarge)
    assert all(isinstance(one, Embedding) for one in outcomes[1:])


def test_missing_tensors_are_one_clear_error(tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    write(tmp_path, "clip")
    path = tmp_path / "model.safetensors"
    state = load_file(path)
    del state["text_model.final_layer_norm.weight"]
    save_file(state, path, metadata={"format": "pt"})
    (outcome,) = ClipEncoder.load(tmp_path, card("clip")).encode([TextItem("sea")])
    assert isinstance(outcome, Failure) and isinstance(outcome.error, ModelError)
    assert "text_model.final_layer_norm.weight" in outcome.error.message

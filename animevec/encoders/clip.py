"""SigLIP 2, CLIP and other two-tower models through transformers' own classes, without its hub."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from tokenizers.normalizers import Lowercase
from tokenizers.normalizers import Sequence as Steps
from torch import Tensor, nn

from animevec.encoders.adapter import Adapter
from animevec.encoders.base import Embedding, Encoder, Item
from animevec.encoders.card import ModelCard
from animevec.encoders.checkpoint import read_json, read_tensors, refuse_infinite
from animevec.encoders.files import file_sha256
from animevec.encoders.lora import AdapterSet
from animevec.encoders.picture_encoder import PictureEncoder, PictureStages
from animevec.encoders.runtime import Runtime
from animevec.encoders.seam import Seam
from animevec.encoders.text import PreparedText, RawText, finish, prepare
from animevec.encoders.tokenizer import TextTokenizer
from animevec.encoders.two_towers import TwoTowers
from animevec.errors import AnimevecError, ModelError
from animevec.settings import LimitSettings

WEIGHTS = ("model.safetensors", "pytorch_model.bin")
PIXELS = 8 * 512 * 512


@dataclass(frozen=True, slots=True)
class HubTransform:
    """The publisher's own preprocessing, on transformers' Pillow route."""

    processor: Any

    def fit(self, image: Image.Image) -> NDArray[np.float32]:
        """Float32 [3, edge, edge]."""
        pixels: NDArray[np.float32] = self.processor(images=image, return_tensors="np")[
            "pixel_values"
        ][0]
        return pixels

    def normalise(self, pixels: NDArray[np.float32]) -> NDArray[np.float32]:
        """Nothing is left to do."""
        return pixels


class TextSide(nn.Module):
    """Padded ids to features; ``pad_to`` is the fixed length a SigLIP was trained at."""

    def __init__(self, model: Any, pad_id: int, pad_to: int | None) -> None:
        super().__init__()
        self.model, self.pad_id, self.pad_to = model, pad_id, pad_to

    def forward(self, texts: Sequence[Sequence[int]]) -> Tensor:
        """[texts, features]."""
        length = self.pad_to or max(map(len, texts))
        device = next(self.parameters()).device
        ids = torch.full((len(texts), length), self.pad_id, device=device)
        mask = torch.zeros_like(ids)
        for row, text in enumerate(texts):
            ids[row, : len(text)] = torch.tensor(text, device=device)
            mask[row, : len(text)] = 1
        seen = None if self.pad_to else mask
        features: Tensor = self.model.get_text_features(ids, attention_mask=seen).pooler_output
        return features


class PictureSide(nn.Module):
    """Pixels to features."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model

    def forward(self, pixels: Tensor) -> Tensor:
        """[pictures, features]."""
        features: Tensor = self.model.get_image_features(pixels).pooler_output
        return features


@dataclass(frozen=True, slots=True)
class ClipTextStages:
    """Pre, core and post of the text side."""

    card: ModelCard
    tokenizer: TextTokenizer
    model: TextSide
    adapters: AdapterSet
    runtime: Runtime

    def pre(self, items: Sequence[Item]) -> list[PreparedText[Adapter] | AnimevecError]:
        """Validate and tokenise."""
        return prepare(items, self.card, self.tokenizer, self.adapters)

    def size(self, prepared: PreparedText[Adapter]) -> int:
        """Tokens, padding included where the model always pads."""
        return self.model.pad_to or len(prepared.ids)

    @torch.inference_mode()
    def core(self, batch: Sequence[PreparedText[Adapter]]) -> list[RawText]:
        """Raw features, not yet normalised."""
        with self.adapters.route([one.adapter for one in batch], None):
            features = self.model([one.ids for one in batch])
        return [RawText(dense=row) for row in features.float().cpu().numpy()]

    def post(self, prepared: PreparedText[Adapter], raw: RawText) -> Embedding:
        """Cut, then normalise."""
        return finish(prepared, raw, self.tokenizer)


@dataclass(frozen=True, slots=True)
class ClipTextEncoder:
    """The text side behind the seam."""

    stages: ClipTextStages

    @property
    def card(self) -> ModelCard:
        """The frozen facts about the model."""
        return self.stages.card

    @property
    def tokenizer(self) -> TextTokenizer:
        """Counts and trims text as this model reads it."""
        return self.stages.tokenizer

    @property
    def adapters(self) -> AdapterSet:
        """LoRA adapters on this base: load, unload, merge."""
        return self.stages.adapters

    def encode(self, items: Sequence[Item]) -> list[Any]:
        """One outcome per item, in input order, independent of the other items."""
        return Seam(self.stages, self.stages.runtime.budget).encode(items)


class ClipEncoder(TwoTowers):
    """Texts and pictures in one space."""

    @classmethod
    def load(
        cls,
        folder: Path,
        card: ModelCard,
        runtime: Runtime | None = None,
        pixels: int = PIXELS,
        limits: LimitSettings | None = None,
    ) -> Self:
        """Prepare a folder in the hub's layout; both towers are read on first use."""
        runtime = runtime or Runtime()
        runtime.apply()
        model = cache(partial(_model, folder, card, runtime))
        limits = limits or LimitSettings()

        def text() -> Encoder:
            return _text(folder, card, model(), runtime)

        def picture() -> Encoder:
            return _picture(folder, card, model(), replace(runtime, budget=pixels), limits)

        return cls(card, text, picture)


def _model(folder: Path, card: ModelCard, runtime: Runtime) -> Any:
    from transformers import MODEL_MAPPING, AutoConfig

    read_json(folder / "config.json")
    try:
        config = AutoConfig.from_pretrained(folder, local_files_only=True)
        kind: Any = MODEL_MAPPING[type(config)]
    except (OSError, ValueError, KeyError) as error:
        raise ModelError(f"{folder} holds no model that transformers knows: {error}") from error
    path = _weights(folder)
    state = read_tensors(path)
    refuse_infinite(state, path)
    try:
        model, report = kind.from_pretrained(
            None,
            config=config,
            state_dict=state,
            dtype=runtime.torch_dtype,
            output_loading_info=True,
        )
    except RuntimeError as error:
        raise ModelError(f"{path} does not fit its config.json: {error}") from error
    if report["missing_keys"]:
        first = ", ".join(sorted(report["missing_keys"])[:3])
        raise ModelError(f"{path} lacks tensors: {first}; run `animevec models fetch {card.name}`")
    return model.requires_grad_(False).eval().to(runtime.device)


def _text(folder: Path, card: ModelCard, model: Any, runtime: Runtime) -> Encoder:
    from transformers import AutoTokenizer

    try:
        published: Any = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    except (OSError, ValueError, KeyError) as error:
        raise ModelError(f"{folder} has no readable tokenizer: {error}") from error
    tokenizer = TextTokenizer(published.backend_tokenizer)
    tokenizer.backend.no_truncation()
    tokenizer.backend.no_padding()
    fixed = None
    if model.config.model_type.startswith("siglip"):
        # Trained on lower case at a fixed length (arXiv:2502.14786, B).
        fixed = int(model.config.text_config.max_position_embeddings)
        steps = [Lowercase(), tokenizer.backend.normalizer]
        tokenizer.backend.normalizer = Steps([step for step in steps if step is not None])
    side = runtime.place(TextSide(model, int(published.pad_token_id), fixed))

    @torch.inference_mode()
    def probe() -> Tensor:
        features: Tensor = side([list(range(8))])
        return features

    adapters = AdapterSet(model, probe, _sha256(folder), fixed=runtime.compile)
    return ClipTextEncoder(ClipTextStages(card, tokenizer, side, adapters, runtime))


def _picture(
    folder: Path, card: ModelCard, model: Any, runtime: Runtime, limits: LimitSettings
) -> Encoder:
    import transformers

    read_json(folder / "preprocessor_config.json")
    processors: Any = transformers.AutoImageProcessor
    # Pillow: the torchvision route would bring in a package that breaks the CPU build of torch.
    processor = processors.from_pretrained(folder, local_files_only=True, backend="pil")
    vision = model.config.vision_config
    side = runtime.place(PictureSide(model))

    @torch.inference_mode()
    def probe() -> Tensor:
        edge = int(vision.image_size)
        ramp = torch.linspace(-1, 1, 3 * edge * edge).reshape(1, 3, edge, edge)
        features: Tensor = side(ramp.to(runtime.device, runtime.torch_dtype))
        return features

    return PictureEncoder(
        PictureStages(
            card=card,
            transform=HubTransform(processor),
            model=side,
            adapters=AdapterSet(model, probe, _sha256(folder), fixed=runtime.compile),
            runtime=runtime,
            limits=limits,
            edge=int(vision.image_size),
            tokens=(int(vision.image_size) // int(vision.patch_size)) ** 2,
        )
    )


def _weights(folder: Path) -> Path:
    found = [folder / name for name in WEIGHTS if (folder / name).is_file()]
    return found[0] if found else folder / WEIGHTS[0]


def _sha256(folder: Path) -> Any:
    return cache(partial(file_sha256, _weights(folder)))

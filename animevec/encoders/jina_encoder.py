"""JinaCLIP v2 behind the encoder seam: packed texts, fitted pictures, lazy towers."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from typing import Self

import torch
from torch import Tensor, nn

from animevec.encoders.base import Head
from animevec.encoders.card import ModelCard
from animevec.encoders.checkpoint import read_json
from animevec.encoders.files import file_sha256
from animevec.encoders.jina_clip import WEIGHTS, load_text_tower, load_vision_tower
from animevec.encoders.jina_text import TextTower
from animevec.encoders.lora import AdapterSet
from animevec.encoders.packed import Packed
from animevec.encoders.picture import PictureTransform
from animevec.encoders.picture_encoder import PictureEncoder, PictureStages
from animevec.encoders.runtime import Runtime
from animevec.encoders.text import RawText
from animevec.encoders.text_encoder import TextEncoder, TextStages
from animevec.encoders.tokenizer import TextTokenizer
from animevec.encoders.two_towers import TwoTowers
from animevec.errors import ModelError
from animevec.settings import LimitSettings

PIXELS = 8 * 512 * 512


class PackedText(nn.Module):
    """A text tower as a module over packed texts."""

    def __init__(self, tower: TextTower) -> None:
        super().__init__()
        self.tower = tower

    def forward(self, texts: Packed) -> Tensor:
        """Last hidden states [tokens, hidden]."""
        return self.tower.packed(texts)

    def read(
        self, hidden: Tensor, packed: Packed, wanted: Sequence[frozenset[Head]]
    ) -> list[RawText]:
        """The projected mean of each text's token vectors, special tokens included."""
        lengths = torch.tensor(packed.lengths, device=hidden.device)
        means = torch.segment_reduce(hidden.float(), "mean", lengths=lengths, axis=0)
        features = self.tower.projection(means.to(hidden.dtype))
        return [RawText(dense=row) for row in features.float().cpu().numpy()]


class JinaClipEncoder(TwoTowers):
    """Texts and pictures in one space; the published ``retrieval.query`` task is merged in.

    Texts are read to ``card.max_tokens``; beyond the 512 tokens the towers were aligned at,
    load it with a card that says so (at most 8,192).
    """

    @classmethod
    def load(
        cls,
        folder: Path,
        card: ModelCard,
        runtime: Runtime | None = None,
        pixels: int = PIXELS,
        limits: LimitSettings | None = None,
    ) -> Self:
        """Prepare the published layout in ``folder``; ``pixels`` go into one forward.

        Towers are read on first use; unusable files raise ``ModelError`` there.
        """
        runtime = runtime or Runtime()
        runtime.apply()
        sha256 = cache(partial(file_sha256, folder / WEIGHTS))
        pictures = replace(runtime, budget=pixels)
        limits = limits or LimitSettings()
        return cls(
            card,
            text=partial(load_text, folder, card, runtime, sha256),
            picture=partial(load_picture, folder, card, pictures, sha256, limits),
        )


def load_text(
    folder: Path, card: ModelCard, runtime: Runtime, sha256: Callable[[], str]
) -> TextEncoder:
    """The text side alone."""
    tower = load_text_tower(folder, runtime.torch_dtype)
    _check_width(card, tower.config.features, folder)
    tower.merge_task()
    packed = runtime.place(PackedText(tower.requires_grad_(False)))
    tokenizer = TextTokenizer.load(folder)

    @torch.inference_mode()
    def probe() -> Tensor:
        # Short of the smallest vocabulary: the first ids are special tokens.
        features: Tensor = tower(torch.arange(4, 12, device=runtime.device)[None])
        return features

    return TextEncoder(
        TextStages(
            card=card,
            tokenizer=tokenizer,
            model=packed,
            read=packed.read,
            adapters=AdapterSet(tower, probe, sha256, fixed=runtime.compile),
            runtime=runtime,
        )
    )


def load_picture(
    folder: Path,
    card: ModelCard,
    runtime: Runtime,
    sha256: Callable[[], str],
    limits: LimitSettings,
) -> PictureEncoder:
    """The picture side alone."""
    transform = PictureTransform.from_published(read_json(folder / "preprocessor_config.json"))
    tower = runtime.place(load_vision_tower(folder, runtime.torch_dtype).requires_grad_(False))
    config = tower.config
    _check_width(card, config.features, folder)
    if transform.size != config.image_size:
        raise ModelError(
            f"{folder} preprocesses to {transform.size} pixels; its model reads {config.image_size}"
        )

    @torch.inference_mode()
    def probe() -> Tensor:
        edge = config.image_size
        ramp = torch.linspace(-1, 1, 3 * edge * edge).reshape(1, 3, edge, edge)
        features: Tensor = tower(ramp.to(runtime.device, runtime.torch_dtype))
        return features

    return PictureEncoder(
        PictureStages(
            card=card,
            transform=transform,
            model=tower,
            adapters=AdapterSet(tower, probe, sha256, fixed=runtime.compile),
            runtime=runtime,
            limits=limits,
            edge=config.image_size,
            tokens=config.grid**2,
        )
    )


def _check_width(card: ModelCard, width: int, folder: Path) -> None:
    if width != card.dimensions:
        raise ModelError(
            f"{folder} gives {width} dimensions; the card {card.name} says {card.dimensions}"
        )

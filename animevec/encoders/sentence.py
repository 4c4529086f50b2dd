"""all-MiniLM-L6-v2, the compact default, and any text model in the sentence-transformers layout."""

from collections.abc import Sequence
from functools import cache, partial
from pathlib import Path
from typing import Literal, Self

import torch
from torch import Tensor, nn

from animevec.encoders.backbone import FAMILIES, Backbone, BackboneConfig
from animevec.encoders.base import Head
from animevec.encoders.card import ModelCard
from animevec.encoders.checkpoint import read_json
from animevec.encoders.files import file_sha256
from animevec.encoders.packed import Packed
from animevec.encoders.padded import Padded
from animevec.encoders.runtime import Runtime
from animevec.encoders.text import RawText
from animevec.encoders.text_encoder import TextEncoder, TextStages, adapter_set
from animevec.encoders.tokenizer import TextTokenizer
from animevec.errors import ModelError

WEIGHTS = "model.safetensors"


class SentenceEncoder(TextEncoder):
    """Text to one dense vector, pooled as the model was trained."""

    @classmethod
    def load(cls, folder: Path, card: ModelCard, runtime: Runtime | None = None) -> Self:
        """Read a folder whose files were verified; raises ``ModelError`` for unusable ones."""
        runtime = runtime or Runtime()
        runtime.apply()
        if pooling(folder) != card.pooling:
            raise ModelError(f"{folder} pools by {pooling(folder)}; its card says {card.pooling}")
        model = _model(folder, runtime)
        return cls(
            TextStages(
                card=card,
                tokenizer=TextTokenizer.load(folder),
                model=model,
                read=read_cls if card.pooling == "cls" else read_mean,
                adapters=adapter_set(model, runtime, cache(partial(file_sha256, folder / WEIGHTS))),
                runtime=runtime,
            )
        )


def read_cls(hidden: Tensor, packed: Packed, wanted: Sequence[frozenset[Head]]) -> list[RawText]:
    """The vector of each text's first token."""
    return [RawText(dense=row) for row in hidden[packed.first].float().cpu().numpy()]


def read_mean(hidden: Tensor, packed: Packed, wanted: Sequence[frozenset[Head]]) -> list[RawText]:
    """The mean of each text's token vectors in fp32, special tokens included."""
    lengths = torch.tensor(packed.lengths, device=hidden.device)
    means = torch.segment_reduce(hidden.float(), "mean", lengths=lengths, axis=0)
    return [RawText(dense=row) for row in means.cpu().numpy()]


def pooling(folder: Path) -> Literal["cls", "mean"]:
    """How ``1_Pooling/config.json`` says token vectors become one."""
    path = folder / "1_Pooling" / "config.json"
    config = read_json(path)
    modes = [k for k, v in config.items() if k.startswith("pooling_mode_") and v is True]
    match modes or [str(config.get("pooling_mode"))]:
        case ["pooling_mode_cls_token"] | ["cls"]:
            return "cls"
        case ["pooling_mode_mean_tokens"] | ["mean"]:
            return "mean"
    raise ModelError(f"{path} pools by {modes}; only the CLS token and the mean are supported")


def _model(folder: Path, runtime: Runtime) -> nn.Module:
    config = read_json(folder / "config.json")
    if config.get("model_type") not in FAMILIES:
        return Padded.load(folder, runtime)
    sizes = BackboneConfig.parse(config)
    return runtime.place(Backbone.load(folder / WEIGHTS, sizes, runtime.torch_dtype))

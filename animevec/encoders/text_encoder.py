"""What every text encoder does around its forward: adapters routed, heads cut and normalised."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from animevec.encoders.adapter import Adapter
from animevec.encoders.base import Embedding, Head, Item, Outcome, SparseVector, Vector
from animevec.encoders.card import ModelCard
from animevec.encoders.lora import AdapterSet
from animevec.encoders.packed import Packed
from animevec.encoders.pooling import cut, unit
from animevec.encoders.runtime import Runtime
from animevec.encoders.seam import Seam
from animevec.encoders.text import PreparedText, prepare
from animevec.encoders.tokenizer import TextTokenizer
from animevec.errors import AnimevecError, ModelError


@dataclass(frozen=True, slots=True)
class RawText:
    """What the forward gave one text: unnormalised vectors of the heads it asked for.

    ``dense`` [hidden], ``weights`` [tokens] one per token, ``colbert`` [tokens - 1, width].
    """

    dense: NDArray[np.float32] | None = None
    weights: NDArray[np.float32] | None = None
    colbert: NDArray[np.float32] | None = None


class Reader(Protocol):
    """Reads the wanted heads off the hidden states of a batch."""

    def __call__(
        self, hidden: Tensor, packed: Packed, wanted: Sequence[frozenset[Head]]
    ) -> list[RawText]:
        """One raw result per text; ``hidden`` is [tokens, hidden]."""
        ...


@dataclass(frozen=True, slots=True)
class TextStages:
    """Pre, core and post of a text encoder; ``unweighted`` are token ids without lexical weight."""

    card: ModelCard
    tokenizer: TextTokenizer
    model: nn.Module
    read: Reader
    adapters: AdapterSet
    runtime: Runtime
    unweighted: frozenset[int] = frozenset()

    def pre(self, items: Sequence[Item]) -> list[PreparedText[Adapter] | AnimevecError]:
        """Validate and tokenise."""
        return prepare(items, self.card, self.tokenizer, self.adapters)

    def size(self, prepared: PreparedText[Adapter]) -> int:
        """Tokens."""
        return len(prepared.ids)

    @torch.inference_mode()
    def core(self, batch: Sequence[PreparedText[Adapter]]) -> list[RawText]:
        """One forward for all heads of all texts."""
        packed = Packed.of([one.ids for one in batch], self.runtime.device)
        with self.adapters.route([one.adapter for one in batch], packed.owners()):
            hidden = self.model(packed)
        return self.read(hidden, packed, [one.item.heads for one in batch])

    def post(self, prepared: PreparedText[Adapter], raw: RawText) -> Embedding:
        """Cut, then normalise."""
        return finish(prepared, raw, self.unweighted)


def finish(
    prepared: PreparedText[Adapter], raw: RawText, unweighted: frozenset[int] = frozenset()
) -> Embedding:
    """The embedding of one text; raises ``ModelError`` for numbers that are not finite."""
    return Embedding(
        tokens=len(prepared.ids),
        dense=None if raw.dense is None else cut(raw.dense, prepared.item.dimensions),
        sparse=None if raw.weights is None else lexical(prepared.ids, raw.weights, unweighted),
        colbert=None if raw.colbert is None else unit(raw.colbert),
    )


def lexical(ids: Sequence[int], weights: Vector, unweighted: frozenset[int]) -> SparseVector:
    """The largest weight of each token id, positive ones only (arXiv 2402.03216, 3.1)."""
    if not np.isfinite(weights).all():
        raise ModelError("the model returned NaN or infinity for this item")
    kept = (weights > 0) & ~np.isin(ids, list(unweighted))
    indices, places = np.unique(np.asarray(ids, dtype=np.uint32)[kept], return_inverse=True)
    values = np.zeros(len(indices), dtype=np.float32)
    np.maximum.at(values, places, weights[kept])
    return SparseVector(indices, values)


class TextEncoder:
    """Text to the heads of its card; safe to call from several threads."""

    def __init__(self, stages: TextStages) -> None:
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

    @property
    def adapters(self) -> AdapterSet:
        """LoRA adapters on this base: load, unload, merge."""
        return self._stages.adapters

    @property
    def model(self) -> nn.Module:
        """The base model."""
        return self._stages.model

    def encode(self, items: Sequence[Item]) -> list[Outcome]:
        """One outcome per item, in input order, independent of the other items."""
        return self._seam.encode(items)


def adapter_set(model: nn.Module, runtime: Runtime, base_sha256: Callable[[], str]) -> AdapterSet:
    """An empty set of adapters for a model that takes packed texts."""

    @torch.inference_mode()
    def probe() -> Tensor:
        hidden: Tensor = model(Packed.of([list(range(2, 10))], runtime.device))
        return torch.nn.functional.normalize(hidden, dim=-1)

    return AdapterSet(model, probe, base_sha256, fixed=runtime.compile)

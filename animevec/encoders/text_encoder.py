"""What every text encoder does around its forward: adapters routed, heads cut and normalised."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor, nn

from animevec.encoders.adapter import Adapter
from animevec.encoders.base import Embedding, Head, Item, Outcome
from animevec.encoders.card import ModelCard
from animevec.encoders.lora import AdapterSet
from animevec.encoders.packed import Packed
from animevec.encoders.runtime import Runtime
from animevec.encoders.seam import Seam
from animevec.encoders.text import PreparedText, RawText, finish, prepare
from animevec.encoders.tokenizer import TextTokenizer
from animevec.errors import AnimevecError


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
        return finish(prepared, raw, self.tokenizer, self.unweighted)


class TextEncoder:
    """Text to the heads of its card; safe to call from several threads."""

    def __init__(self, stages: TextStages) -> None:
        self._stages = stages
        self._seam = Seam(stages, stages.runtime.tokens)

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
    def heads(self) -> Reader:
        """What reads the heads off the hidden states."""
        return self._stages.read

    @property
    def unweighted(self) -> frozenset[int]:
        """Token ids that carry no lexical weight."""
        return self._stages.unweighted

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

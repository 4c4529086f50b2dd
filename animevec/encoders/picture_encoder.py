"""What every picture encoder does around its forward: decode, fit, route adapters, normalise."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn

from animevec.encoders.adapter import Adapter
from animevec.encoders.base import Embedding, Item, Outcome, PictureItem
from animevec.encoders.card import ModelCard
from animevec.encoders.lora import AdapterSet
from animevec.encoders.picture import decode
from animevec.encoders.picture_views import Views
from animevec.encoders.pooling import cut
from animevec.encoders.runtime import Runtime
from animevec.encoders.seam import Seam
from animevec.encoders.text import check_dimensions
from animevec.errors import AnimevecError, InvalidRequest
from animevec.settings import LimitSettings

ENOUGH = 4  # pixels of a file for one of the model's, along an edge


class Transform(Protocol):
    """How a model wants its pixels."""

    def fit(self, image: Image.Image) -> NDArray[Any]:
        """One RGB image at the model's size."""
        ...

    def normalise(self, pixels: NDArray[Any]) -> NDArray[np.float32]:
        """Float32 [n, 3, edge, edge] of stacked fitted images."""
        ...


@dataclass(frozen=True, slots=True)
class PreparedPicture:
    """A valid item, its adapter and its fitted pixels."""

    item: PictureItem
    adapter: Adapter | None
    pixels: NDArray[Any] = field(repr=False)


@dataclass(frozen=True, slots=True)
class PictureStages:
    """Pre, core and post; ``edge`` is the input's edge in pixels, ``tokens`` its patches."""

    card: ModelCard
    transform: Transform
    model: nn.Module
    adapters: AdapterSet
    runtime: Runtime
    limits: LimitSettings
    edge: int
    tokens: int

    def pre(self, items: Sequence[Item]) -> list[PreparedPicture | AnimevecError]:
        """Decode each picture once and fit its views."""
        decoded: dict[bytes, Views] = {}
        return [self._prepare(item, decoded) for item in items]

    def _prepare(self, item: Item, decoded: dict[bytes, Views]) -> PreparedPicture | AnimevecError:
        try:
            if not isinstance(item, PictureItem):
                raise InvalidRequest(f"{self.card.name} takes pictures, not {type(item).__name__}")
            adapter = self.adapters.find(item.adapter)
            extra = () if adapter is None else adapter.matryoshka
            check_dimensions(item.dimensions, self.card, extra)
            if item.data not in decoded:
                image = decode(item.data, self.limits, ENOUGH * self.edge)
                decoded[item.data] = Views(image, self.edge)
        except AnimevecError as error:
            return error
        view = decoded[item.data].of(item.view)
        return PreparedPicture(item, adapter, self.transform.fit(view))

    def size(self, prepared: PreparedPicture) -> int:
        """Pixels."""
        return self.edge**2

    @torch.inference_mode()
    def core(self, batch: Sequence[PreparedPicture]) -> list[NDArray[np.float32]]:
        """Raw features, not yet normalised."""
        pixels = self.transform.normalise(np.stack([one.pixels for one in batch]))
        ready = torch.from_numpy(pixels).to(self.runtime.device, self.runtime.torch_dtype)
        with self.adapters.route([one.adapter for one in batch], None):
            features: Tensor = self.model(ready)
        return list(features.float().cpu().numpy())

    def post(self, prepared: PreparedPicture, raw: NDArray[np.float32]) -> Embedding:
        """Cut, then normalise."""
        return Embedding(tokens=self.tokens, dense=cut(raw, prepared.item.dimensions))


class PictureEncoder:
    """Pictures to one dense vector each; safe to call from several threads."""

    def __init__(self, stages: PictureStages) -> None:
        self._stages = stages
        self._seam = Seam(stages, stages.runtime.budget)

    @property
    def card(self) -> ModelCard:
        """The frozen facts about the model."""
        return self._stages.card

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

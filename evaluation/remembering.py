"""An encoder that encodes no item twice: several systems are asked the same queries."""

from collections.abc import Sequence

from animevec.encoders.base import Encoder, Item, Outcome
from animevec.encoders.card import ModelCard


class Remembering:
    """``encoder`` with every outcome kept, in memory, for the life of an evaluation."""

    def __init__(self, encoder: Encoder, name: str = "") -> None:
        self._encoder = encoder
        self._kept: dict[Item, Outcome] = {}

    @property
    def card(self) -> ModelCard:
        """Facts about the encoder behind."""
        return self._encoder.card

    def encode(self, items: Sequence[Item]) -> list[Outcome]:
        """One outcome per item."""
        new = [item for item in dict.fromkeys(items) if item not in self._kept]
        if new:
            self._kept.update(zip(new, self._encoder.encode(new), strict=True))
        return [self._kept[item] for item in items]

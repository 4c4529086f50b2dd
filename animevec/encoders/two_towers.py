"""Models with a text and a picture tower, each loaded when first needed, under one ``encode``."""

from collections.abc import Callable, Sequence
from threading import Lock
from typing import Literal

from animevec.encoders.base import Encoder, Failure, Item, Outcome, PictureItem
from animevec.encoders.card import ModelCard
from animevec.errors import InvalidRequest, ModelError

Modality = Literal["text", "picture"]


class TwoTowers:
    """Sends each item to its tower; loading is lazy and happens once."""

    def __init__(
        self, card: ModelCard, text: Callable[[], Encoder], picture: Callable[[], Encoder]
    ) -> None:
        self._card = card
        self._load: dict[Modality, Callable[[], Encoder]] = {"text": text, "picture": picture}
        self._towers: dict[Modality, Encoder] = {}
        self._lock = Lock()

    @property
    def card(self) -> ModelCard:
        """The frozen facts about the model."""
        return self._card

    @property
    def loaded(self) -> tuple[Modality, ...]:
        """The towers in memory."""
        return tuple(sorted(self._towers))

    def tower(self, modality: Modality) -> Encoder:
        """The encoder of one modality, loaded now if it was not; may raise ``ModelError``."""
        if modality not in self._card.modalities:
            raise InvalidRequest(f"{self._card.name} does not encode {modality}")
        with self._lock:
            if modality not in self._towers:
                self._towers[modality] = self._load[modality]()
            return self._towers[modality]

    def encode(self, items: Sequence[Item]) -> list[Outcome]:
        """One outcome per item, in input order, independent of the other items."""
        places: dict[Modality, list[int]] = {"text": [], "picture": []}
        for place, item in enumerate(items):
            places["picture" if isinstance(item, PictureItem) else "text"].append(place)
        outcomes: dict[int, Outcome] = {}
        for modality, chosen in places.items():
            found = self._encode(modality, [items[place] for place in chosen])
            outcomes.update(zip(chosen, found, strict=True))
        return [outcomes[place] for place in range(len(items))]

    def _encode(self, modality: Modality, items: Sequence[Item]) -> list[Outcome]:
        if not items:
            return []
        try:
            return self.tower(modality).encode(items)
        except (InvalidRequest, ModelError) as error:
            return [Failure(error) for _ in items]

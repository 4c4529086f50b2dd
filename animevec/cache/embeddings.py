"""An encoder that remembers: what it has encoded before does not reach the one inside."""

import hashlib
from collections.abc import Callable, Sequence

from animevec.cache.packing import packed, unpacked
from animevec.cache.store import Store
from animevec.encoders.base import Embedding, Encoder, Item, Outcome, TextItem
from animevec.encoders.card import ModelCard


class CachedEncoder:
    """Outcomes of an encoder by its version, the item's options and the hash of its content.

    Items name an adapter by the hash of its files, so that processes may share a store.
    Failures and vectors that are not finite are not kept.  Vectors may be read-only.
    ``counted`` is told of every item's hit (True) or miss (False).
    """

    def __init__(self, encoder: Encoder, store: Store, counted: Callable[[bool], None]) -> None:
        self._encoder, self._store, self._counted = encoder, store, counted

    @property
    def card(self) -> ModelCard:
        """The frozen facts about the model."""
        return self._encoder.card

    def encode(self, items: Sequence[Item]) -> list[Outcome]:
        """One outcome per item, in input order; equal items are encoded once."""
        keys = [item_key(self.card, item) for item in items]
        outcomes: dict[str, Outcome] = {}
        for key, data in self._store.get(keys).items():
            if (embedding := unpacked(data)) is not None:
                outcomes[key] = embedding
        for key in keys:
            self._counted(key in outcomes)
        missing = {k: item for k, item in zip(keys, items, strict=True) if k not in outcomes}
        if missing:
            made = self._encoder.encode(list(missing.values()))
            fresh = dict(zip(missing, made, strict=True))
            self._keep(fresh)
            outcomes |= fresh
        return [outcomes[key] for key in keys]

    def _keep(self, fresh: dict[str, Outcome]) -> None:
        found = {k: packed(one) for k, one in fresh.items() if isinstance(one, Embedding)}
        self._store.put({key: data for key, data in found.items() if data is not None})


def item_key(card: ModelCard, item: Item) -> str:
    """The key of an item's outcome: two that could differ in a bit have different keys."""
    common = (card.name, card.revision, item.adapter, item.dimensions)
    if isinstance(item, TextItem):
        options = ("text", *common, item.task, *sorted(item.heads))
        content = item.text.encode("utf-8", "surrogatepass")
    else:
        options, content = ("picture", *common, item.view), item.data
    return hashlib.sha256(repr(options).encode() + b"\n" + content).hexdigest()

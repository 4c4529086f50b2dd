"""The index room put together from settings: encoders, store, synchroniser, builder."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from animevec.catalog.store import Catalog
from animevec.encoders.base import Encoder
from animevec.encoders.cards import find_card
from animevec.encoders.lexical import LexicalEncoder
from animevec.encoders.load import load_encoder
from animevec.index.base import VectorStore
from animevec.index.build import Builder, Ledger
from animevec.index.embedding import Embedder
from animevec.index.inputs import Channel
from animevec.index.stores import open_store
from animevec.index.sync import Synchroniser
from animevec.index.vector_cache import VectorCache
from animevec.release import EncoderRef
from animevec.settings import Settings


@dataclass(frozen=True, slots=True)
class IndexRoom:
    """Everything that makes and keeps the indexes of one pair of encoders."""

    catalog: Catalog
    store: VectorStore
    embedder: Embedder
    synchroniser: Synchroniser
    builder: Builder
    ledger: Ledger


def ledger(settings: Settings) -> Ledger:
    """The record of this installation's builds."""
    return Ledger(settings.home / "builds")


def vector_cache(settings: Settings) -> VectorCache:
    """The vectors this installation has encoded before."""
    return VectorCache(settings.home / "vectors" / "vectors.db")


def encoder_refs(settings: Settings) -> tuple[EncoderRef, EncoderRef | None]:
    """The text and picture encoders the settings name (an empty name: no pictures)."""
    chosen = settings.encoders
    text = _ref(chosen.text, chosen.text_dimensions, settings.models_path)
    if not chosen.picture:
        return text, None
    return text, _ref(chosen.picture, chosen.picture_dimensions, settings.models_path)


def lexical_encoder(text: Encoder) -> LexicalEncoder | None:
    """BM25 for a text encoder without a sparse head; None for one that has learned its own."""
    return None if "sparse" in text.card.heads else LexicalEncoder()


def make_embedder(settings: Settings, text: Channel, picture: Channel | None) -> Embedder:
    """The embedder of loaded encoders."""
    return Embedder(
        text,
        picture,
        lexical_encoder(text.encoder),
        settings.pictures_path,
        vector_cache(settings),
    )


def make_room(
    settings: Settings, catalog: Catalog, store: VectorStore, embedder: Embedder
) -> IndexRoom:
    """The room over an open catalogue and store."""
    synchroniser = Synchroniser(catalog, store, embedder)
    records = ledger(settings)
    builder = Builder(store, synchroniser, embedder, records)
    return IndexRoom(catalog, store, embedder, synchroniser, builder, records)


@contextmanager
def open_room(settings: Settings) -> Iterator[IndexRoom]:
    """The room of the settings' own encoders; closes what it opened."""
    text, picture = encoder_refs(settings)
    pictures = None if picture is None else _channel(settings, picture)
    embedder = make_embedder(settings, _channel(settings, text), pictures)
    store = open_store(settings.index, settings.index_path)
    try:
        with Catalog.open(settings.catalog_url) as catalog:
            yield make_room(settings, catalog, store, embedder)
    finally:
        store.close()


def _ref(card: str, dimensions: int, models: Path) -> EncoderRef:
    known = find_card(card, models)
    return EncoderRef(card=known.name, revision=known.revision, dimensions=dimensions)


def _channel(settings: Settings, ref: EncoderRef) -> Channel:
    return Channel(load_encoder(ref.card, settings), ref)

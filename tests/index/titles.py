"""Titles and small deterministic encoders for tests that need a whole pipeline."""

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from animevec.catalog.ids import anime_id
from animevec.catalog.record import Anime, Kind, Picture, Title
from animevec.encoders.base import Embedding, Failure, Item, Outcome, PictureItem, TextItem
from animevec.encoders.card import ModelCard
from animevec.encoders.lexical import LexicalEncoder
from animevec.errors import UnsupportedMedia
from animevec.index.embedding import Embedder
from animevec.index.inputs import Channel
from animevec.index.vector_cache import VectorCache
from animevec.release import EncoderRef

TEXT_SIZE, PICTURE_SIZE = 32, 16


def make_title(number: int, synopsis: str = "", picture: str | None = None) -> Anime:
    """A title whose every field follows from its number."""
    keys = {"mal": str(number)}
    return Anime(
        id=anime_id(keys),
        keys=keys,
        titles=(Title(text=f"Title {number}", kind="main"),),
        synopsis=synopsis or f"The story of number {number}, told for the first time.",
        genres=("Action",) if number % 2 else ("Drama", "Comedy"),
        type=Kind.TV if number % 3 else Kind.MOVIE,
        year=1990 + number % 30,
        pictures=(Picture(sha256=picture),) if picture else (),
    )


def make_titles(numbers: Iterable[int]) -> list[Anime]:
    return [make_title(number) for number in numbers]


class HashEncoder:
    """An encoder whose vector is drawn from the hash of its input; counts what it was asked.

    Bytes that begin with ``poison`` are a picture nobody can read.
    """

    def __init__(self, size: int, name: str = "hash") -> None:
        self.size, self.name, self.encoded = size, name, 0

    @property
    def card(self) -> ModelCard:
        return ModelCard(
            name=self.name,
            architecture="hash",
            repository="tests",
            revision="1",
            licence="Apache-2.0",
            commercial_use=True,
            modalities=("text", "picture"),
            dimensions=self.size,
            memory_mb=0,
        )

    def encode(self, items: Sequence[Item]) -> list[Outcome]:
        self.encoded += len(items)
        return [self._encode(item) for item in items]

    def _encode(self, item: Item) -> Outcome:
        data = item.data if isinstance(item, PictureItem) else _text(item)
        if data.startswith(b"poison"):
            return Failure(UnsupportedMedia("these bytes are no picture"))
        seed = int.from_bytes(hashlib.sha256(data).digest()[:8], "big")
        vector = np.random.default_rng(seed).normal(size=self.size)
        return Embedding(tokens=1, dense=(vector / np.linalg.norm(vector)).astype(np.float32))


def _text(item: TextItem) -> bytes:
    return item.text.encode()


def make_embedder(
    folder: Path, text: HashEncoder | None = None, picture: HashEncoder | None = None
) -> Embedder:
    """An embedder with a cache and pictures under ``folder``."""
    text = text or HashEncoder(TEXT_SIZE)
    return Embedder(
        _channel(text),
        None if picture is None else _channel(picture),
        LexicalEncoder(),
        folder / "pictures",
        VectorCache(folder / "vectors.db"),
    )


def _channel(encoder: HashEncoder) -> Channel:
    ref = EncoderRef(card=encoder.name, revision="1", dimensions=encoder.size)
    return Channel(encoder, ref)

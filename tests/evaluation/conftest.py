"""The sample catalogue behind a real engine, its text encoder small enough to read."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache

import numpy as np
import pytest

from animevec.artwork import cover_bytes, draw_cover
from animevec.assembly import Assembly, local_release, rebuild
from animevec.catalog.record import Anime, Picture
from animevec.catalog.sample import load_sample
from animevec.catalog.store import Catalog
from animevec.encoders.base import Embedding, Item, Outcome, TextItem
from animevec.encoders.cards import find_card
from animevec.encoders.lexical import token_index, tokens
from animevec.lineup import open_lineup
from animevec.pictures import keep
from animevec.progress import Progress
from animevec.settings import Settings
from evaluation.remembering import Remembering


class HashedWords:
    """A text as the normalised sum of one random vector per word; ``noise`` makes it worse."""

    def __init__(self, card: str, noise: float = 0.0) -> None:
        self.card = find_card(card)
        self._noise = noise

    def encode(self, items: Sequence[Item]) -> list[Outcome]:
        return [self._one(item) for item in items]

    def _one(self, item: Item) -> Outcome:
        assert isinstance(item, TextItem)
        words = list(tokens(item.text)) or [""]
        total = sum(_vector(word, self.card.dimensions) for word in words)
        total = total + self._noise * len(words) * _vector("noise", self.card.dimensions)
        return Embedding(len(words), (total / np.linalg.norm(total)).astype(np.float32))


@cache
def _vector(word: str, size: int) -> np.ndarray:
    return np.random.default_rng(token_index(word)).standard_normal(size)


@contextmanager
def no_bar(words: str) -> Iterator[Progress]:
    """A progress bar that nobody sees."""
    yield lambda done, total: None


@pytest.fixture(scope="session")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return Settings(home=tmp_path_factory.mktemp("evaluated"), encoders={"picture": ""})


@pytest.fixture(scope="session")
def records(settings: Settings) -> list[Anime]:
    """The sample; its first dozen titles have drawn covers."""
    titles = load_sample()
    for at, title in enumerate(titles[:12]):
        digest = keep(cover_bytes(draw_cover(title)), settings.pictures_path)
        titles[at] = title.model_copy(update={"pictures": (Picture(sha256=digest),)})
    return titles


@pytest.fixture(scope="session")
def assembly(settings: Settings, records: list[Anime]) -> Iterator[Assembly]:
    with Catalog.open(settings.catalog_url) as catalog:
        catalog.put(records, "test")
    with open_lineup(settings, Remembering, HashedWords) as lineup:
        release = local_release(settings)
        rebuild(lineup.room(release))
        yield lineup.open(release)

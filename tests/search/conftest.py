"""The sample catalogue, indexed with encoders small enough to read, and an engine over it."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from animevec.artwork import cover_bytes, draw_cover
from animevec.catalog.record import Anime
from animevec.catalog.record import Picture as StoredPicture
from animevec.catalog.sample import load_sample
from animevec.catalog.store import Catalog
from animevec.encoders.base import (
    Embedding,
    Failure,
    Head,
    Item,
    Outcome,
    PictureItem,
    TextItem,
    View,
)
from animevec.encoders.card import ModelCard
from animevec.encoders.lexical import LexicalEncoder, token_index, tokens
from animevec.encoders.picture import decode
from animevec.encoders.picture_views import Views
from animevec.errors import AnimevecError
from animevec.index.base import Point
from animevec.index.document import (
    LEXICAL,
    PICTURE,
    TEXT,
    THUMBNAIL,
    embedding_text,
    index_schema,
    lexical_text,
    payload,
)
from animevec.index.edge import EmbeddedStore
from animevec.pictures import keep
from animevec.release import EncoderRef, Release
from animevec.search.engine import SearchEngine
from animevec.search.view import CatalogueView
from animevec.search.wording import WORD
from animevec.settings import Settings

SIZE = 96
EDGE = 12
DRAWN = 40
INDEX = "titles"


class BagOfWords:
    """A text as the normalised sum of one fixed random vector per word; tokens likewise."""

    card = ModelCard(
        name="bag",
        architecture="tests",
        repository="tests",
        revision="1",
        licence="Apache-2.0",
        commercial_use=True,
        modalities=("text",),
        heads=("dense", "colbert"),
        dimensions=SIZE,
        memory_mb=1,
    )

    def __init__(self) -> None:
        self.calls = 0

    def encode(self, items: Sequence[Item]) -> list[Outcome]:
        self.calls += 1
        return [self._one(item) for item in items]

    def _one(self, item: Item) -> Outcome:
        assert isinstance(item, TextItem)
        rows = np.stack([_word(token) for token in tokens(item.text)] or [_word("")])
        total = rows.sum(axis=0)
        dense = (total / np.linalg.norm(total)).astype(np.float32)
        if Head.COLBERT not in item.heads:
            return Embedding(len(rows), dense)
        words = [m.span() for m in WORD.finditer(item.text) for _ in tokens(m.group())]
        spans = np.array([*words, *[(0, 0)] * len(rows)], np.int32)[: len(rows)]
        return Embedding(len(rows), dense, colbert=rows, spans=spans)


class TinyEye:
    """A picture as 12 x 12 grey levels around their mean."""

    card = BagOfWords.card.model_copy(
        update={
            "name": "eye",
            "modalities": ("picture",),
            "heads": ("dense",),
            "dimensions": EDGE**2,
        }
    )

    def encode(self, items: Sequence[Item]) -> list[Outcome]:
        return [self._one(item) for item in items]

    def _one(self, item: Item) -> Outcome:
        assert isinstance(item, PictureItem)
        try:
            image = Views(decode(item.data)).of(item.view)
        except AnimevecError as error:
            return Failure(error)
        grey = np.asarray(image.convert("L").resize((EDGE, EDGE)), dtype=np.float32).ravel()
        grey -= grey.mean()
        return Embedding(1, (grey / max(1e-6, float(np.linalg.norm(grey)))).astype(np.float32))


def _word(token: str) -> np.ndarray:
    rng = np.random.default_rng(token_index(token))
    vector = rng.standard_normal(SIZE).astype(np.float32)
    return vector / np.linalg.norm(vector)


@pytest.fixture(scope="session")
def sample() -> list[Anime]:
    """The sample catalogue; one title is marked adult."""
    titles = load_sample()
    return [t.model_copy(update={"nsfw": True}) if t.title == "Tokyo Ghoul" else t for t in titles]


class World:
    """Catalogue, index and engine of one test home."""

    def __init__(self, home: Path, titles: Sequence[Anime]) -> None:
        self.settings = Settings(home=home)
        self.catalog = Catalog.open(self.settings.catalog_url)
        self.store = EmbeddedStore(self.settings.index_path, self.settings.index)
        self.text, self.eye, self.lexical = BagOfWords(), TinyEye(), LexicalEncoder()
        self.catalog.put(titles, actor="test")
        self.store.create(INDEX, index_schema(SIZE, EDGE**2))
        self.index(titles)
        reference = EncoderRef(card="bag", revision="1", dimensions=SIZE)
        eye = EncoderRef(card="eye", revision="1", dimensions=EDGE**2)
        self.release = Release(version="test", text=reference, picture=eye, index=INDEX)
        self.engine = self._engine(self.eye, self.settings)

    def engine_ahead(self) -> SearchEngine:
        """Another engine over the same index that has read ahead what likeness compares."""
        engine = self._engine(self.eye, self.settings)
        engine.prepare()
        return engine

    def engine_without_pictures(self, settings: Settings) -> SearchEngine:
        """Another engine over the same index."""
        return self._engine(None, settings)

    def _engine(self, eye: TinyEye | None, settings: Settings) -> SearchEngine:
        view = CatalogueView(self.catalog)
        return SearchEngine(view, self.store, self.text, eye, self.lexical, self.release, settings)

    def index(self, titles: Sequence[Anime]) -> None:
        """Put titles into the index."""
        points = [self._point(title) for title in titles]
        for start in range(0, len(points), 256):
            self.store.upsert(INDEX, points[start : start + 256])
        self.store.set_watermark(INDEX, self.catalog.revision())

    def _point(self, title: Anime) -> Point:
        words = TextItem(lexical_text(title), heads=frozenset({Head.SPARSE}))
        vectors = {
            TEXT: self.text.encode([TextItem(embedding_text(title))])[0].dense,
            LEXICAL: self.lexical.encode([words])[0].sparse,
        }
        if title.pictures:
            data = self.picture(title)
            found = self.eye.encode([PictureItem(data), PictureItem(data, view=View.FRAME)])
            vectors |= {PICTURE: found[0].dense, THUMBNAIL: found[1].dense}
        return Point(title.id, vectors, payload(title))

    def picture(self, title: Anime) -> bytes:
        """The stored cover of a title."""
        return (self.settings.pictures_path / str(title.pictures[0].sha256)).read_bytes()

    def named(self, title: str) -> Anime:
        """The title with that main name."""
        return next(one for one in self.catalog.iterate() if one.title == title)

    def close(self) -> None:
        """Give the index and the catalogue back."""
        self.store.close()
        self.catalog.close()


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory, sample: list[Anime]) -> Iterator[World]:
    """The whole sample; the first 40 titles have covers. Not to be changed by tests."""
    home = tmp_path_factory.mktemp("search")
    folder = Settings(home=home).pictures_path
    titles = [drawn(title, folder) for title in sample[:DRAWN]] + sample[DRAWN:]
    made = World(home, titles)
    yield made
    made.close()


@pytest.fixture
def small(tmp_path: Path, sample: list[Anime]) -> Iterator[World]:
    """Twelve titles that a test may change."""
    made = World(tmp_path, sample[:12])
    yield made
    made.close()


@pytest.fixture
def engine(world: World) -> SearchEngine:
    """The engine over the whole sample."""
    return world.engine


def drawn(title: Anime, folder: Path) -> Anime:
    """The title with a cover in the pictures folder."""
    digest = keep(cover_bytes(draw_cover(title)), folder)
    return title.model_copy(update={"pictures": (StoredPicture(sha256=digest),)})

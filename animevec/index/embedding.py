"""Titles to points: which input goes to which encoder, and what is already known."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import UUID

from animevec.catalog.record import Anime
from animevec.encoders.base import (
    Encoder,
    Failure,
    Head,
    Item,
    Outcome,
    SparseVector,
    TextItem,
    Vector,
)
from animevec.errors import AnimevecError, NotFound, TooLarge
from animevec.index.base import IndexSchema, Point
from animevec.index.document import LEXICAL, TEXT, Lexical, index_schema, lexical_text, payload
from animevec.index.inputs import Channel, Input, picture_inputs, text_input
from animevec.index.vector_cache import Encoded, Source, VectorCache

Vectors = dict[str, Vector | SparseVector]


@dataclass(frozen=True, slots=True)
class Skipped:
    """An input that became no vector; its title is indexed without it."""

    id: UUID
    channel: str
    reason: str


class Embedder:
    """Makes points with one release's encoders; thread-safe if its encoders are.

    ``lexical`` None means the text encoder's own sparse head, if it has one; ``pictures`` is the
    folder of files named by SHA-256.
    """

    def __init__(
        self,
        text: Channel,
        picture: Channel | None,
        lexical: Encoder | None,
        pictures: Path,
        cache: VectorCache,
    ) -> None:
        self._text, self._picture, self._lexical = text, picture, lexical
        self._pictures, self._cache = pictures, cache
        learned = lexical is None and Head.SPARSE in text.encoder.card.heads
        self._heads = frozenset({Head.DENSE, Head.SPARSE} if learned else {Head.DENSE})

    @property
    def schema(self) -> IndexSchema:
        """The schema of an index of these encoders."""
        picture = None if self._picture is None else self._picture.ref.dimensions
        learned: Lexical | None = "learned" if Head.SPARSE in self._heads else None
        lexical: Lexical | None = "bm25" if self._lexical is not None else learned
        schema = index_schema(self._text.ref.dimensions, picture, lexical)
        return replace(schema, encoders=self.version)

    @property
    def version(self) -> str:
        """Everything the vectors of an index depend on, in one string."""
        picture = "no pictures" if self._picture is None else self._picture.ref.version
        lexical = "own terms"
        if self._lexical is not None:
            lexical = f"{self._lexical.card.name}@{self._lexical.card.revision}"
        return f"{self._text.ref.version} | {picture} | {lexical}"

    def points(self, titles: Sequence[Anime]) -> tuple[list[Point], list[Skipped]]:
        """One point per title; an input that fails is absent and listed, its title stays.

        Raises:
            NotFound: the release was closed and its adapter unloaded.
        """
        vectors: dict[UUID, Vectors] = defaultdict(dict)
        skipped: list[Skipped] = []
        texts = [text_input(title, self._text, self._heads) for title in titles]
        self._add(self._text.encoder, texts, vectors, skipped)
        if self._picture is not None:
            views = [
                view
                for title in titles
                for view in picture_inputs(title, self._picture, self._pictures)
            ]
            self._add(self._picture.encoder, views, vectors, skipped)
        if self._lexical is not None:
            self._add_terms(titles, self._lexical, vectors)
        return [Point(title.id, vectors[title.id], payload(title)) for title in titles], skipped

    def forget(self, ids: Iterable[UUID]) -> None:
        """Remove what is kept of titles that were deleted."""
        self._cache.forget(ids)

    def _add(
        self,
        encoder: Encoder,
        inputs: Sequence[Input],
        vectors: dict[UUID, Vectors],
        skipped: list[Skipped],
    ) -> None:
        known = self._cache.get([one.source for one in inputs])
        fresh = self._encode(encoder, [one for one in inputs if one.source not in known], skipped)
        self._cache.put(fresh)
        for source, encoded in (known | fresh).items():
            vectors[source.anime][source.channel] = encoded.dense
            if source.channel == TEXT and encoded.sparse is not None:
                vectors[source.anime][LEXICAL] = encoded.sparse

    def _encode(
        self, encoder: Encoder, inputs: Sequence[Input], skipped: list[Skipped]
    ) -> dict[Source, Encoded]:
        items: dict[Source, Item] = {}
        for one in inputs:
            try:
                items[one.source] = one.read()
            except AnimevecError as error:
                skipped.append(Skipped(one.source.anime, one.source.channel, error.message))
        fresh: dict[Source, Encoded] = {}
        for source, outcome in zip(items, _outcomes(encoder, list(items.values())), strict=True):
            encoded = _encoded(outcome)
            if isinstance(encoded, Encoded):
                fresh[source] = encoded
            else:
                skipped.append(Skipped(source.anime, source.channel, encoded))
        return fresh

    def _add_terms(
        self, titles: Sequence[Anime], lexical: Encoder, vectors: dict[UUID, Vectors]
    ) -> None:
        heads = frozenset({Head.SPARSE})
        items = [TextItem(lexical_text(title), heads=heads) for title in titles]
        for title, outcome in zip(titles, lexical.encode(items), strict=True):
            if not isinstance(outcome, Failure) and outcome.sparse is not None:
                vectors[title.id][LEXICAL] = outcome.sparse


def _outcomes(encoder: Encoder, items: Sequence[Item]) -> list[Outcome]:
    """One outcome per item; a text longer than the encoder reads loses its end until it fits."""
    outcomes = list(encoder.encode(items))
    for place, item in enumerate(items):
        outcome = outcomes[place]
        while isinstance(outcome, Failure) and (shorter := _shorter(item, outcome.error)):
            item = shorter
            [outcome] = encoder.encode([item])
        outcomes[place] = outcome
    return outcomes


def _shorter(item: Item, error: AnimevecError) -> Item | None:
    """The text cut in proportion to the tokens over the limit; None if that is not the error."""
    tokens, limit = error.details.get("tokens"), error.details.get("limit")
    if not (isinstance(error, TooLarge) and isinstance(item, TextItem) and tokens and limit):
        return None
    text = item.text[: len(item.text) * limit // tokens].rstrip()
    return replace(item, text=text) if text else None


def _encoded(outcome: Outcome) -> Encoded | str:
    """What to keep of an outcome, or why there is nothing to keep."""
    if isinstance(outcome, Failure):
        if isinstance(outcome.error, NotFound):  # the adapter: no fault of the title's
            raise outcome.error
        return outcome.error.message
    if outcome.dense is None:
        return "the encoder returned no dense vector"
    return Encoded(outcome.dense, outcome.sparse)

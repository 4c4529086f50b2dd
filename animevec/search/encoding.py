"""Queries to vectors: every item a search needs, in one call per encoder."""

from collections.abc import Sequence
from dataclasses import dataclass

from animevec.encoders.base import (
    Embedding,
    Encoder,
    Failure,
    Head,
    PictureItem,
    SparseVector,
    Task,
    TextItem,
    Vector,
    View,
)
from animevec.errors import InvalidRequest, TooLarge
from animevec.release import Release
from animevec.settings import LimitSettings


@dataclass(frozen=True, slots=True)
class QueryVectors:
    """A text query as vectors; a head the release has not is None."""

    dense: Vector | None = None
    sparse: SparseVector | None = None
    colbert: Vector | None = None


@dataclass(frozen=True, slots=True)
class QueryEncoders:
    """The encoders of a release; ``lexical`` None means the text encoder's own sparse head."""

    text: Encoder
    picture: Encoder | None
    lexical: Encoder | None
    release: Release
    limits: LimitSettings

    def query(self, text: str, lexical: str, colbert: bool = False) -> QueryVectors:
        """Vectors of ``text``, and of ``lexical`` where a separate encoder reads the words.

        Raises ``TooLarge`` for a text over ``limits.text_chars``, and the encoder's own error.
        """
        if not text:
            return QueryVectors()
        self._check(text)
        heads = {Head.DENSE}
        if self.lexical is None and Head.SPARSE in self.text.card.heads:
            heads.add(Head.SPARSE)
        if colbert and Head.COLBERT in self.text.card.heads:
            heads.add(Head.COLBERT)
        found = self.texts([text], frozenset(heads), Task.QUERY)[0]
        sparse = found.sparse
        if self.lexical is not None:
            item = TextItem(lexical, Task.QUERY, frozenset({Head.SPARSE}))
            sparse = _value(self.lexical.encode([item])[0]).sparse
        return QueryVectors(found.dense, sparse, found.colbert)

    def texts(self, texts: Sequence[str], heads: frozenset[Head], task: Task) -> list[Embedding]:
        """Texts by the text encoder; the first failure is raised."""
        ref = self.release.text
        adapter = ref.adapter_sha256
        items = [TextItem(text, task, heads, ref.dimensions, adapter) for text in texts]
        return [_value(outcome) for outcome in self.text.encode(items)]

    def pictures(self, pictures: Sequence[tuple[bytes, View]]) -> list[Vector]:
        """Views of pictures by the picture encoder; the first failure is raised."""
        if self.picture is None:
            raise InvalidRequest(f"release {self.release.version} has no picture encoder")
        ref = self.release.picture
        adapter = ref.adapter_sha256
        items = [PictureItem(data, ref.dimensions, adapter, view) for data, view in pictures]
        outcomes = [_value(outcome) for outcome in self.picture.encode(items)]
        return [outcome.dense for outcome in outcomes if outcome.dense is not None]

    def _check(self, text: str) -> None:
        if len(text) > self.limits.text_chars:
            raise TooLarge(
                f"the query has {len(text):,} characters; the limit is "
                f"{self.limits.text_chars:,} (configs: limits.text_chars)",
                characters=len(text),
                limit=self.limits.text_chars,
            )


def _value(outcome: Embedding | Failure) -> Embedding:
    if isinstance(outcome, Failure):
        raise outcome.error
    return outcome

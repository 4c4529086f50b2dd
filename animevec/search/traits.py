"""What a title is made of besides its dense vectors: its words and labels as comparable rows.

Words are the index's lexical weights times how telling each word is, labels the genres, themes,
demographics, tags and (half as much) studios by how few titles bear them. Square roots of the
words' weights are compared, so that no single name decides (the Hellinger affinity of two texts).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log

import numpy as np

from animevec.encoders.base import SparseVector, Vector
from animevec.encoders.lexical import token_index
from animevec.index.base import Hit
from animevec.index.document import LEXICAL
from animevec.search.rarity import Rarity
from animevec.search.table import Vectors
from animevec.search.vocabulary import LABELS as LABEL_FIELDS
from animevec.search.vocabulary import MAKERS, Vocabulary

LABELS = "labels"
MAKER_SHARE = 0.5


@dataclass(frozen=True, slots=True)
class Traits:
    """Turns hits into vectors; ``learned`` lexical weights already know how telling a word is."""

    rarity: Rarity
    vocabulary: Vocabulary
    titles: int
    learned: bool

    def of(self, hit: Hit) -> Vectors:
        """The hit's vectors, with its words weighed and its labels added."""
        vectors = dict(hit.vectors)
        words = vectors.get(LEXICAL)
        if isinstance(words, SparseVector):
            vectors[LEXICAL] = self._words(words)
        if labels := self._labels(hit.payload):
            vectors[LABELS] = labels
        return vectors

    def question(self, words: Sequence[SparseVector]) -> SparseVector:
        """What finds titles of such words in the index, which knows their rarity by itself."""
        summed = words[0] if len(words) == 1 else _summed(words)
        if self.learned:
            return summed
        terms = summed.indices
        return SparseVector(terms, summed.values / self.rarity.idf(terms))

    def _words(self, words: SparseVector) -> SparseVector:
        weight = words.values if self.learned else words.values * self.rarity.idf(words.indices)
        return _unit(words.indices, np.sqrt(weight))

    def _labels(self, payload: Mapping[str, object]) -> SparseVector | None:
        """Labels as terms; None for a title without any."""
        weights: dict[int, float] = {}
        for field in (*LABEL_FIELDS, *MAKERS):
            share = MAKER_SHARE if field in MAKERS else 1.0
            values = payload.get(field)
            for value in values if isinstance(values, list) else ():
                bearers = self.vocabulary.count(field, value)
                rare = log((1 + self.titles) / (1 + min(bearers, self.titles)))
                if rare > 0:
                    weights[token_index(f"{field}:{value}")] = share * rare
        if not weights:
            return None
        terms = sorted(weights)
        values = np.array([weights[term] for term in terms], np.float32)
        return _unit(np.array(terms, np.uint32), values)


def _summed(vectors: Sequence[SparseVector]) -> SparseVector:
    terms = np.unique(np.concatenate([one.indices for one in vectors]))
    values = np.zeros(len(terms), np.float32)
    for one in vectors:
        values[np.searchsorted(terms, one.indices)] += one.values
    return SparseVector(terms, values)


def _unit(terms: np.ndarray, values: Vector) -> SparseVector:
    return SparseVector(terms, (values / np.linalg.norm(values)).astype(np.float32))

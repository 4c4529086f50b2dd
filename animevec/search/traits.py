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
from animevec.search.vocabulary import LABELS as LABEL_FIELDS
from animevec.search.vocabulary import MAKERS, Vocabulary

LABELS = "labels"
MAKER_SHARE = 0.5

AnyVector = Vector | SparseVector
Matrix = Vector


@dataclass(frozen=True, slots=True)
class Traits:
    """Turns hits into vectors; ``learned`` lexical weights already know how telling a word is."""

    rarity: Rarity
    vocabulary: Vocabulary
    titles: int
    learned: bool

    def of(self, hit: Hit) -> Mapping[str, AnyVector]:
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
        terms = np.unique(np.concatenate([one.indices for one in words]))
        values = np.zeros(len(terms), np.float32)
        for one in words:
            values[np.searchsorted(terms, one.indices)] += one.values
        return SparseVector(terms, values if self.learned else values / self.rarity.idf(terms))

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


def aligned(*groups: Sequence[AnyVector]) -> list[Matrix]:
    """Vectors of one name as matrices of one width, a group each, rows as long as they were.

    Of sparse vectors only the terms of the groups before the last become columns; what the last
    has besides is one more column, so that every product and every length stays what it is.
    """
    if not any(isinstance(one, SparseVector) for group in groups for one in group):
        return [_stacked(group) for group in groups]
    asked = [one.indices for group in groups[:-1] for one in group if isinstance(one, SparseVector)]
    terms = np.unique(np.concatenate(asked))
    return [_projected(group, terms) for group in groups]


def _stacked(group: Sequence[AnyVector]) -> Matrix:
    dense = [one for one in group if not isinstance(one, SparseVector)]
    return np.concatenate(dense).reshape(len(dense), -1) if dense else _NONE


_NONE = np.empty((0, 0), np.float32)


def _projected(group: Sequence[AnyVector], terms: np.ndarray) -> Matrix:
    sparse = [one for one in group if isinstance(one, SparseVector)]
    rows = np.zeros((len(sparse), len(terms) + 1), np.float32)
    if not sparse:
        return rows
    owners = np.repeat(np.arange(len(sparse)), [len(one.indices) for one in sparse])
    found = np.concatenate([one.indices for one in sparse])
    values = np.concatenate([one.values for one in sparse])
    at, places = _located(found, terms)
    rows[owners[at], places] = values[at]
    others = np.square(values)
    others[at] = 0
    rows[:, -1] = np.sqrt(np.bincount(owners, others, minlength=len(sparse)))
    return rows


def _located(found: np.ndarray, terms: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Positions in ``found`` of what is among the ascending ``terms``, and where in those.

    Most of many titles' words are not: their last 16 bits tell, before any is searched for.
    """
    endings = np.zeros(1 << 16, bool)
    endings[terms & 0xFFFF] = True
    maybe = np.flatnonzero(endings[found & 0xFFFF])
    places = np.searchsorted(terms, found[maybe])
    places[places == len(terms)] = 0
    known = terms[places] == found[maybe]
    return maybe[known], places[known]


def _unit(terms: np.ndarray, values: Vector) -> SparseVector:
    return SparseVector(terms, (values / np.linalg.norm(values)).astype(np.float32))

"""How telling a word is: in how many titles it stands, counted over a sample of the catalogue.

BM25's inverse document frequency alone gives the glue of a sentence too much say, because a
sentence has much of it; the lexical channel therefore weighs the words of long queries once
more, and likeness weighs the words that two titles share.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from types import MappingProxyType
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from animevec.catalog.record import Anime
from animevec.encoders.base import SparseVector, Vector
from animevec.encoders.lexical import term_indices
from animevec.index.document import lexical_text

SAMPLE = 4096
POWER = 0.5
ALL_MEANT, SENTENCE = 3, 8

Terms = NDArray[np.uint32]


class Rarity:
    """Document frequencies of words; immutable, made anew by a change.

    The sample are the titles with the smallest ids, which are hashes: the same ones in every
    process that serves one catalogue.
    """

    def __init__(self, sample: Mapping[UUID, Terms] = MappingProxyType({})) -> None:
        self._sample = sample
        self._known, self._counts = _counted(list(sample.values()))

    def changed(self, records: Iterable[Anime], removed: Collection[UUID]) -> "Rarity":
        """The frequencies after some records came or changed and others went."""
        known = {id_: terms for id_, terms in self._sample.items() if id_ not in removed}
        come = {record.id: record for record in records}
        chosen = sorted({*known, *come})[:SAMPLE]
        if known.keys() == self._sample.keys() and not come.keys() & set(chosen):
            return self
        return Rarity(
            {
                id_: term_indices(lexical_text(come[id_])) if id_ in come else known[id_]
                for id_ in chosen
            }
        )

    def idf(self, terms: Terms) -> Vector:
        """Inverse document frequency of each term, ln(1 + (N - n + 0.5) / (n + 0.5)); above 0."""
        found = np.zeros(len(terms))
        if len(self._known):
            places = np.searchsorted(self._known, terms)
            places[places == len(self._known)] = 0
            found = np.where(self._known[places] == terms, self._counts[places], 0)
        titles = len(self._sample)
        return np.log1p((titles - found + 0.5) / (found + 0.5)).astype(np.float32)

    def weighed(self, query: SparseVector) -> SparseVector:
        """A query's terms by how telling they are: a word that no title has counts 1.

        Of up to three words all are meant alike; from eight on they count by the square root of
        their inverse document frequency.
        """
        share = (len(query.indices) - ALL_MEANT) / (SENTENCE - ALL_MEANT)
        power = POWER * min(1.0, max(0.0, share))
        if power == 0:
            return query
        rarest = np.log1p((len(self._sample) + 0.5) / 0.5)
        factor = (self.idf(query.indices) / rarest) ** power
        return SparseVector(query.indices, (query.values * factor).astype(np.float32))


def _counted(sample: Sequence[Terms]) -> tuple[Terms, NDArray[np.int64]]:
    """Terms, ascending, and in how many titles each stands."""
    if not sample:
        return np.empty(0, np.uint32), np.empty(0, np.int64)
    return np.unique(np.concatenate(sample), return_counts=True)

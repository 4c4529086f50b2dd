"""BM25 as an encoder with a sparse head: the lexical channel of encoders that learn none.

The document side carries the saturated term frequency, the query side ones; the index multiplies
by the inverse document frequency (Robertson and Zaragoza 2009, "The Probabilistic Relevance
Framework: BM25 and Beyond", section 3.2), so the weights of a title never depend on the others.
"""

import hashlib
import re
import threading
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from animevec.encoders.base import (
    Embedding,
    Failure,
    Item,
    Outcome,
    SparseVector,
    Task,
    TextItem,
)
from animevec.encoders.card import ModelCard
from animevec.errors import InvalidRequest

# Scripts written without spaces are cut into overlapping pairs of characters.
_UNSPACED = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003134f"
_TOKEN = re.compile(rf"[{_UNSPACED}]+|[^\W_{_UNSPACED}]+")
# Accents of alphabets only: kana voicing marks lie elsewhere and tell words apart.
_ACCENT = re.compile("[\u0300-\u036f]")
_APOSTROPHE = re.compile(r"[’'](?=\w)")

CARD = ModelCard(
    name="bm25",
    architecture="bm25",
    repository="animevec",
    revision="1",
    licence="Apache-2.0",
    commercial_use=True,
    modalities=("text",),
    heads=("sparse",),
    dimensions=2**32,
    memory_mb=10,
    notes="indices are 32-bit BLAKE2b hashes of tokens; needs an index that multiplies by IDF",
)


class LexicalEncoder:
    """Terms of a text with BM25 weights.

    ``k1`` saturates repeated terms, ``b`` discounts long texts against ``average_length`` tokens;
    the average is a constant of the encoder, so that a title's weights stay valid while the
    catalogue grows.
    """

    def __init__(self, k1: float = 1.2, b: float = 0.75, average_length: float = 128.0) -> None:
        self._k1, self._b, self._average_length = k1, b, average_length

    @property
    def card(self) -> ModelCard:
        """Facts about this encoder."""
        return CARD

    def encode(self, items: Sequence[Item]) -> list[Outcome]:
        """One outcome per item; a text without a single word has no sparse vector."""
        return [self._encode(item) for item in items]

    def _encode(self, item: Item) -> Outcome:
        if not isinstance(item, TextItem):
            return Failure(InvalidRequest("the lexical encoder reads text, not pictures"))
        terms = list(tokens(item.text))
        if not terms:
            return Embedding(tokens=0)
        counts = Counter(token_index(term) for term in terms)
        indices = np.array(sorted(counts), dtype=np.uint32)
        frequency = np.array([counts[index] for index in sorted(counts)], dtype=np.float32)
        if item.task is Task.QUERY:
            values = np.ones_like(frequency)
        else:
            length = 1 - self._b + self._b * len(terms) / self._average_length
            values = frequency * (self._k1 + 1) / (frequency + self._k1 * length)
        return Embedding(tokens=len(terms), sparse=SparseVector(indices, values.astype(np.float32)))


def tokens(text: str) -> Iterator[str]:
    """Terms of a text: NFKC without accents, case-folded, stemmed; pairs of unspaced characters."""
    bare = _ACCENT.sub("", unicodedata.normalize("NFKD", text).casefold())
    folded = unicodedata.normalize("NFKC", bare)
    for match in _TOKEN.finditer(_APOSTROPHE.sub("", folded)):
        word = match.group()
        if not re.match(f"[{_UNSPACED}]", word):
            yield stem(word)
        elif len(word) == 1:
            yield word
        else:
            yield from (word[at : at + 2] for at in range(len(word) - 1))


def term_indices(text: str) -> NDArray[np.uint32]:
    """The dimensions of a text's terms, each once, ascending."""
    return np.array(sorted({token_index(token) for token in tokens(text)}), dtype=np.uint32)


@lru_cache(maxsize=1 << 16)
def token_index(token: str) -> int:
    """The dimension of a token: stable across processes and versions of Python."""
    return int.from_bytes(hashlib.blake2b(token.encode(), digest_size=4).digest(), "big")


_stemming = threading.Lock()


@lru_cache(maxsize=1 << 16)
def stem(word: str) -> str:
    """The English Snowball stem of an ASCII word; other words stay."""
    if not word.isascii():
        return word
    with _stemming:  # a stemmer keeps its word in itself
        return str(_stemmer().stemWord(word))


@lru_cache(maxsize=1)
def _stemmer():  # type: ignore[no-untyped-def]
    import snowballstemmer

    return snowballstemmer.stemmer("english")

"""Character n-gram postings: the names that share rare character sequences with a text.

Trigrams of padded strings; between two Han or kana characters also bigrams, because names in
those scripts are short.  Postings are three flat arrays, so 400,000 names take about 60 bytes
each beside the strings.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Ids = NDArray[np.int32]

_PAD = 1
_WIDE = 0x2E80
_MASK = np.uint64(0x7FFFFFFF)
_MAX_POSTINGS = 60_000
LEAST = 0.2  # of the largest weight that a text shares; less is hardly ever among the best
# A text of so many letters that shares less than this of its own weight with a name is no spelling
# of it: with three slips a name of that length nearly always keeps more.
LONG, OWN = 24, 0.35


class GramIndex:
    """An immutable inverted index over texts; a text is known by its position."""

    def __init__(self, texts: Sequence[str]) -> None:
        grams, owners = _grams(texts)
        pairs = np.unique((grams.astype(np.uint64) << np.uint64(32)) | owners.astype(np.uint64))
        self._owners: Ids = (pairs & np.uint64(0xFFFFFFFF)).astype(np.int32)
        self._keys, starts = np.unique(
            (pairs >> np.uint64(32)).astype(np.uint32), return_index=True
        )
        self._starts = np.append(starts, len(pairs)).astype(np.int64)
        self._size = len(texts)
        lengths = np.diff(self._starts)
        self._idf = np.log1p(self._size / np.maximum(lengths, 1)).astype(np.float32)
        mass = np.bincount(
            self._owners, weights=np.repeat(self._idf, lengths), minlength=self._size
        )
        self._norms = np.sqrt(np.maximum(mass, 1e-6)).astype(np.float32)

    @property
    def nbytes(self) -> int:
        """Bytes held by the arrays."""
        arrays = (self._owners, self._keys, self._starts, self._idf, self._norms)
        return sum(array.nbytes for array in arrays)

    def nearest(self, text: str, limit: int) -> Ids:
        """Positions of up to ``limit`` texts by shared n-gram weight over length, ascending.

        None for a long text that shares little with each of them.
        """
        slots, lengths = self._slots(text)
        if not len(slots):
            return np.empty(0, np.int32)
        starts = self._starts[slots].tolist()
        ends = (self._starts[slots] + lengths).tolist()
        owners = np.concatenate([self._owners[a:b] for a, b in zip(starts, ends, strict=True)])
        weights = np.repeat(self._idf[slots], lengths)
        mass = np.bincount(owners, weights=weights, minlength=self._size)
        most = mass.max()
        own = OWN * self._idf[slots].sum() if len(text) >= LONG else 0.0
        if most < own:
            return np.empty(0, np.int32)
        # Of booleans: three times as fast as of floats.
        found = np.flatnonzero(mass > max(LEAST * most, own))
        if len(found) > limit:
            scores = mass[found] / self._norms[found]
            found = np.sort(found[np.argpartition(-scores, limit)[:limit]])
        return found.astype(np.int32)

    def _slots(self, text: str) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Where the text's n-grams are, and the lengths of their postings: all of them, or the
        rarest where there are more postings than the budget allows.
        """
        grams = np.unique(_grams([text])[0])
        slots: NDArray[np.int64] = self._keys.searchsorted(grams)
        held = slots < len(self._keys)
        slots, grams = slots[held], grams[held]
        slots = slots[self._keys[slots] == grams]
        lengths = self._starts[slots + 1] - self._starts[slots]
        if lengths.sum() <= _MAX_POSTINGS:
            return slots, lengths
        order = np.argsort(lengths, kind="stable")
        kept = order[: max(4, int(np.searchsorted(np.cumsum(lengths[order]), _MAX_POSTINGS)))]
        return slots[kept], lengths[kept]


def _grams(texts: Sequence[str]) -> tuple[NDArray[np.uint32], Ids]:
    """Hashes of all n-grams of the texts and the position of the text each is from."""
    padded = chr(_PAD).join(["", *texts, ""])
    codes = np.frombuffer(padded.encode("utf-32-le"), np.uint32).astype(np.uint64)
    owner = np.cumsum(codes == _PAD).astype(np.int32) - 1
    if len(codes) < 3:
        return np.empty(0, np.uint32), np.empty(0, np.int32)
    first, second, third = codes[:-2], codes[1:-1], codes[2:]
    inside = second != _PAD
    three = (first * np.uint64(0x9E3779B1) + second) * np.uint64(0x85EBCA6B) + third
    wide = (second > _WIDE) & (third > _WIDE)
    two = second * np.uint64(0xC2B2AE35) + third + np.uint64(7)
    hashes = np.concatenate([three[inside], two[wide]])
    hashes ^= hashes >> np.uint64(29)
    owners = np.concatenate([owner[1:-1][inside], owner[1:-1][wide]])
    return (hashes & _MASK).astype(np.uint32), owners

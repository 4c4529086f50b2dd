"""Sparse vectors turned around: for each term the rows that have it."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.integer[Any]]
Floats = NDArray[np.floating[Any]]


@dataclass(frozen=True, slots=True)
class Postings:
    """``rows[starts[term]:starts[term + 1]]`` have a term, with the ``weights`` of these places.

    Terms are numbered from 0, and so are rows, of which there are ``size``.  Both are kept in the
    widths that numpy computes with: twice the memory, and half the time.
    """

    starts: NDArray[np.int64]
    rows: NDArray[np.int64]
    weights: NDArray[np.float64]
    size: int

    @classmethod
    def of(cls, terms: Numbers, rows: Numbers, weights: Floats, size: int) -> "Postings":
        """From terms and weights of rows, one after the other; no term's number is left out."""
        order = np.argsort(terms, kind="stable")
        starts = np.concatenate([[0], np.cumsum(np.bincount(terms))])
        return cls(starts, rows[order].astype(np.int64), weights[order].astype(np.float64), size)

    def products(
        self, terms: Numbers, weights: NDArray[np.float64], budget: int
    ) -> NDArray[np.float64]:
        """Products [size] of all rows with one vector, of whose terms the rarest count: as many
        as have ``budget`` postings together, and one at least.
        """
        known = terms < len(self.starts) - 1
        terms, weights = terms[known], weights[known]
        if not len(terms):
            return np.zeros(self.size)
        starts = self.starts.take(terms)
        lengths = self.starts.take(terms + 1) - starts
        rarest = lengths.argsort(kind="stable")
        ends = lengths.take(rarest).cumsum()
        some = rarest[: max(1, int(ends.searchsorted(budget, side="right")))]
        lengths, ends = lengths.take(some), ends[: len(some)]
        places = spans(starts.take(some), lengths, ends)
        shares = self.weights.take(places)
        shares *= weights.take(some).repeat(lengths)
        return np.asarray(np.bincount(self.rows.take(places), shares, self.size), np.float64)


def spans(starts: Numbers, lengths: Numbers, ends: Numbers) -> Numbers:
    """``range(start, start + length)`` of all spans, one after the other; ``ends`` are the sums of
    the lengths so far, of which there is one at least.
    """
    places = np.arange(ends[-1], dtype=starts.dtype)
    places += (starts + lengths - ends).repeat(lengths)
    return places

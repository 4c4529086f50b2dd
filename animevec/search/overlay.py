"""Where a picture lies inside another: crops are laid over small grey copies of whole pictures.

Zero-mean normalised cross-correlation over all places and a ladder of sizes (Lewis 1995, "Fast
Normalized Cross-Correlation"), coarsely for every candidate, then finely for the best few.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import fft

COARSE, FINE = 24, 64
SIDES = (1.0, 0.94, 0.88, 0.83, 0.78, 0.735, 0.69, 0.65, 0.61, 0.57, 0.54, 0.5)
NEAR = (0.94, 0.97, 1.0, 1.03, 1.06)
REFINED = 3
PROMISING = 0.65  # no part of a picture lay worse on its coarse copy
LEAST_TEXTURE = 12.0  # grey levels; an evener picture lies well on anything

Grey = NDArray[np.float32]
Sums = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Copy:
    """A picture in grey with its longer edge at 24 and at 64 pixels, uint8."""

    coarse: NDArray[np.uint8]
    fine: NDArray[np.uint8]

    @classmethod
    def of(cls, image: Image.Image) -> "Copy":
        """The copy of a picture."""
        grey = image.convert("L")
        return cls(_sized(grey, COARSE), _sized(grey, FINE))


class Overlay:
    """Whole pictures that others, as they are and mirrored, are laid over."""

    def __init__(self, copies: Sequence[Copy]) -> None:
        self._copies = copies

    def fits(self, sent: Image.Image) -> list[float]:
        """How well a picture lies on each copy, -1 to 1; only the best few exactly.

        The picture may be a part of at least half of each side, anywhere.
        """
        grey = sent.convert("L")
        if not self._copies or np.asarray(grey).std() < LEAST_TEXTURE:
            return [0.0] * len(self._copies)
        rough, sides = self._coarse.fits(grey, SIDES)
        fits = np.minimum(rough, 0.0)
        for at in np.argsort(-rough)[:REFINED]:
            if rough[at] >= PROMISING:
                ladder = [min(1.0, sides[at] * near) for near in NEAR]
                fits[at] = _Ground.of([self._copies[at].fine], FINE).fits(grey, ladder)[0][0]
        return [float(fit) for fit in fits]

    @cached_property
    def _coarse(self) -> "_Ground":
        return _Ground.of([copy.coarse for copy in self._copies], COARSE)


@dataclass(frozen=True, slots=True)
class _Ground:
    """Copies of one size to lay pictures over, each in a square of ``edge`` pixels."""

    edge: int
    spectra: NDArray[np.complex64]
    sums: Sums
    squares: Sums
    heights: NDArray[np.int64]
    widths: NDArray[np.int64]

    @classmethod
    def of(cls, copies: Sequence[NDArray[np.uint8]], edge: int) -> "_Ground":
        """What is the same for all pictures laid over these copies."""
        stack = np.zeros((len(copies), edge, edge), np.float32)
        for row, copy in zip(stack, copies, strict=True):
            row[: copy.shape[0], : copy.shape[1]] = copy
        heights, widths = np.array([copy.shape for copy in copies]).T[:, :, None, None]
        sums, squares = _integral(stack), _integral(stack**2)
        return cls(edge, fft.rfft2(stack), sums, squares, heights, widths)

    def fits(self, grey: Image.Image, sides: Sequence[float]) -> tuple[Grey, Grey]:
        """For each copy the best correlation, and the side of the query (1 is ``edge``) it has it
        at.

        All sizes of the query are asked; those that are larger than a copy do not count there.
        """
        best = np.full(len(self.spectra), -1.0, np.float32)
        at = np.ones(len(self.spectra), np.float32)
        for side in sides:
            scores = self._correlation(_sized(grey, round(side * self.edge)).astype(np.float32))
            at[scores > best] = side
            best = np.maximum(best, scores)
        return best, at

    def _correlation(self, query: Grey) -> Grey:
        """The best normalised correlation of a query over all places where it is inside a copy."""
        height, width = query.shape
        down, across = self.edge - height + 1, self.edge - width + 1
        centred = query - query.mean()
        spectrum = np.conj(fft.rfft2(centred, (self.edge, self.edge)))
        products = fft.irfft2(self.spectra * spectrum, (self.edge, self.edge))[:, :down, :across]
        total, square = (_windows(one, height, width) for one in (self.sums, self.squares))
        spread = np.sqrt(np.maximum(square - total**2 / query.size, 1.0))
        scores = products / (spread * max(1.0, float(np.linalg.norm(centred))))
        rows, columns = np.arange(down)[:, None] + height, np.arange(across) + width
        inside = (rows <= self.heights) & (columns <= self.widths)
        return np.asarray(np.where(inside, scores, -1.0).max(axis=(1, 2)), np.float32)


def _integral(stack: Grey) -> Sums:
    """Sums over all rectangles from the corner, [n, h + 1, w + 1]."""
    count, height, width = stack.shape
    sums = np.zeros((count, height + 1, width + 1))
    inner = sums[:, 1:, 1:]
    np.cumsum(stack, axis=1, dtype=np.float64, out=inner)
    np.cumsum(inner, axis=2, out=inner)
    return sums


def _windows(sums: Sums, height: int, width: int) -> Sums:
    """The sums over all windows of one size."""
    return (
        sums[:, height:, width:]
        - sums[:, :-height, width:]
        - sums[:, height:, :-width]
        + sums[:, :-height, :-width]
    )


def _sized(grey: Image.Image, edge: int) -> NDArray[np.uint8]:
    """The picture with its longer edge at ``edge`` pixels."""
    scale = edge / max(grey.size)
    size = (max(1, round(grey.width * scale)), max(1, round(grey.height * scale)))
    return np.asarray(grey.resize(size, Image.Resampling.BOX), np.uint8)

"""Where a picture lies inside another: crops are laid over small grey copies of whole pictures.

Zero-mean normalised cross-correlation over all places and a ladder of sizes (Lewis 1995, "Fast
Normalized Cross-Correlation"), coarsely for every candidate, then finely for the best few.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

COARSE, FINE = 24, 64
SIDES = (1.0, 0.94, 0.88, 0.83, 0.78, 0.735, 0.69, 0.65, 0.61, 0.57, 0.54, 0.5)
NEAR = (0.94, 0.97, 1.0, 1.03, 1.06)
REFINED = 3
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


def best_fits(sent: Image.Image, copies: Sequence[Copy]) -> list[float]:
    """How well a picture lies on each of some others, -1 to 1; only the best few exactly.

    The sent picture may be a part of at least half of each side, anywhere.
    """
    grey = sent.convert("L")
    if not copies or np.asarray(grey).std() < LEAST_TEXTURE:
        return [0.0] * len(copies)
    rough, sides = _fits(grey, [copy.coarse for copy in copies], COARSE, SIDES)
    fits = np.minimum(rough, 0.0)
    for at in np.argsort(-rough)[:REFINED]:
        ladder = [min(1.0, sides[at] * near) for near in NEAR]
        fits[at] = _fits(grey, [copies[at].fine], FINE, ladder)[0][0]
    return [float(fit) for fit in fits]


def _fits(
    grey: Image.Image, copies: Sequence[NDArray[np.uint8]], edge: int, sides: Sequence[float]
) -> tuple[Grey, Grey]:
    """For each copy the best correlation, and the side of the query (1 is ``edge``) it has it at.

    All sizes of the query are asked; those that are larger than a copy do not count there.
    """
    stack = np.zeros((len(copies), edge, edge), np.float32)
    for row, copy in zip(stack, copies, strict=True):
        row[: copy.shape[0], : copy.shape[1]] = copy
    heights = np.array([copy.shape[0] for copy in copies])
    widths = np.array([copy.shape[1] for copy in copies])
    spectra = np.fft.rfft2(stack)
    sums, squares = _integral(stack), _integral(stack**2)
    best = np.full(len(copies), -1.0, np.float32)
    at = np.ones(len(copies), np.float32)
    for side in sides:
        query = _sized(grey, round(side * edge)).astype(np.float32)
        scores = _correlation(query, spectra, sums, squares, heights, widths)
        at[scores > best] = side
        best = np.maximum(best, scores)
    return best, at


def _correlation(
    query: Grey,
    spectra: NDArray[np.complex128],
    sums: Sums,
    squares: Sums,
    heights: NDArray[np.int64],
    widths: NDArray[np.int64],
) -> Grey:
    """The best normalised correlation of a query over all places where it is inside a copy."""
    edge = spectra.shape[1]
    height, width = query.shape
    centred = query - query.mean()
    spectrum = np.conj(np.fft.rfft2(centred, (edge, edge)))
    down, across = edge - height + 1, edge - width + 1
    products = np.fft.irfft2(spectra * spectrum, (edge, edge))[:, :down, :across]
    total, square = (_windows(one, height, width) for one in (sums, squares))
    spread = np.sqrt(np.maximum(square - total**2 / query.size, 1.0))
    scores = products / (spread * max(1.0, float(np.linalg.norm(centred))))
    inside = (np.arange(down)[None, :, None] + height <= heights[:, None, None]) & (
        np.arange(across)[None, None, :] + width <= widths[:, None, None]
    )
    return np.asarray(np.where(inside, scores, -1.0).max(axis=(1, 2)), np.float32)


def _integral(stack: Grey) -> Sums:
    """Sums over all rectangles from the corner, [n, h + 1, w + 1]."""
    padded = np.pad(stack.astype(np.float64), ((0, 0), (1, 0), (1, 0)))
    return np.asarray(padded.cumsum(1).cumsum(2))


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

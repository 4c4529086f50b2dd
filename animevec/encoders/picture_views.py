"""Views of a picture beside the picture itself: what an index keeps more of, what a query asks.

An encoder reads the centre square. A cover also has a **thumbnail** vector: the same encoder on
the whole frame squeezed into a square, so that what the centre square cuts off is found too. A
query is asked in several views because people send pictures framed, mirrored and cropped; the
best view of a query counts. Hashes decide "the same picture", which no vector distance does.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps
from scipy import fft

from animevec.encoders.base import View

THUMBNAIL_EDGE = 256
_FLAT = 10.0  # grey levels a bar may vary by, after recompression
_BLOCK = 8  # rows looked at together
_HASHED = 32  # pHash looks at the picture in this size
_LOW = 8  # frequencies of it, each way, that make the hash
_FAINT = 0.15  # their median by the grey levels' spread: covers from 1.1, gradients to 0.02
_LEAST = 0.3  # bars that leave less than this share of an edge are part of the picture


class Views:
    """The views of one picture, each worked out when it is asked for.

    ``edge`` is that of a frame squeezed to a square: an encoder that reads less than 256 pixels
    gets them at once, which it hardly tells from being squeezed twice.
    """

    def __init__(self, image: Image.Image, edge: int = THUMBNAIL_EDGE) -> None:
        self.whole = image if image.mode == "RGB" else image.convert("RGB")
        self._edge = min(edge, THUMBNAIL_EDGE)

    @cached_property
    def inner(self) -> Image.Image:
        """The picture without even bars; ``whole`` itself where there are none."""
        return without_bars(self.whole)

    def of(self, view: View) -> Image.Image:
        """One view, RGB."""
        match view:
            case View.WHOLE:
                return self.whole
            case View.FRAME:
                return self._squeezed(self.whole)
            case View.INNER:
                return self.inner
            case View.INNER_FRAME:
                return self._squeezed(self.inner)
            case View.MIRRORED:
                return ImageOps.mirror(self.inner)

    def asked(self) -> list[View]:
        """What to ask the index with: the picture first, then its variants.

        Without bars (where there are some) and its whole frame squeezed to a square; where the
        picture is not found as it is, ``View.MIRRORED`` too.  Each goes through the encoder once;
        per channel the best one counts.  Zooms into the query were measured too and made every
        alteration worse, so there are none.
        """
        bars = [] if self.inner is self.whole else [View.INNER]
        return [View.WHOLE, *bars, View.INNER_FRAME]

    def _squeezed(self, image: Image.Image) -> Image.Image:
        return image.resize((self._edge, self._edge), Image.Resampling.BICUBIC)


def without_bars(image: Image.Image) -> Image.Image:
    """An RGB picture without even bars along its edges; itself where there are none."""
    if not any(map(_even, _edges(image))):  # most pictures, and sooner known
        return image
    pixels = np.asarray(image)
    top, bottom = _content(pixels)
    left, right = _content(pixels[top:bottom].transpose(1, 0, 2))
    if (left, top, right, bottom) == (0, 0, *image.size):
        return image
    return image.crop((left, top, right, bottom))


@dataclass(frozen=True, slots=True)
class PictureHash:
    """Perceptual hashes (pHash, 64 bits) of a picture without bars, as it is and mirrored.

    They are not ``telling`` where there is next to nothing to hash, as in a smooth gradient: then
    most bits are rounding, and no picture is like it.
    """

    plain: NDArray[np.bool_]
    mirrored: NDArray[np.bool_]
    telling: bool

    def distance(self, other: "PictureHash") -> int:
        """Bits that differ from another picture, 0..64, whichever way round it hangs."""
        return min(self.upright(other), self._differing(other, other.mirrored))

    def upright(self, other: "PictureHash") -> int:
        """Bits that differ from another picture as it is."""
        return self._differing(other, other.plain)

    def _differing(self, other: "PictureHash", bits: NDArray[np.bool_]) -> int:
        if not (self.telling and other.telling):
            return len(bits)
        return int(np.count_nonzero(self.plain != bits))


def near_duplicate_hash(inner: Image.Image) -> PictureHash:
    """The hash of a picture without bars that tells "the same picture" from "a similar look".

    It reads the picture in grey, as which it may come.  Copies that were resized, recompressed,
    mirrored or framed differ in few bits; see
    ``docs/compact-picture-model.md`` for measured distances of copies and of strangers.
    """
    from imagehash import phash

    grey = inner.convert("L").resize((_HASHED, _HASHED), Image.Resampling.LANCZOS)
    mirrored = phash(ImageOps.mirror(grey)).hash.ravel()
    return PictureHash(phash(grey).hash.ravel(), mirrored, _is_telling(np.asarray(grey, float)))


def _is_telling(grey: NDArray[np.float64]) -> bool:
    low = fft.dctn(grey, norm="ortho")[:_LOW, :_LOW]
    return bool(np.median(np.abs(low)) > _FAINT * grey.std())


def _edges(image: Image.Image) -> list[Image.Image]:
    """The outermost rows and columns."""
    width, height = image.size
    rows = [(0, at, width, at + 1) for at in (0, height - 1)]
    columns = [(at, 0, at + 1, height) for at in (0, width - 1)]
    return [image.crop(box) for box in (*rows, *columns)]


def _even(line: Image.Image) -> bool:
    return bool(np.asarray(line, np.float32).reshape(-1, 3).std(axis=0).max() < _FLAT)


def _content(pixels: NDArray[np.uint8]) -> tuple[int, int]:
    """First and one past the last row that is not part of an even bar."""
    rows = len(pixels)
    first, last = _bar(pixels), rows - _bar(pixels[::-1])
    return (first, last) if last - first >= _LEAST * rows else (0, rows)


def _bar(pixels: NDArray[np.uint8]) -> int:
    """How many rows from the start are even and of the first row's colour."""
    edge = pixels[0].mean(axis=0)
    for start in range(0, len(pixels), _BLOCK):
        block = pixels[start : start + _BLOCK].astype(np.float32)
        spread = block.std(axis=1).max(axis=-1)
        same = (spread < _FLAT) & (np.abs(block.mean(axis=1) - edge).max(axis=-1) < _FLAT)
        if not same.all():
            return start + int(np.argmin(same))
    return len(pixels)

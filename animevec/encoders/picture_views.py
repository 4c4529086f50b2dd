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

from animevec.encoders.base import View

THUMBNAIL_EDGE = 256
_FLAT = 10.0  # grey levels a bar may vary by, after recompression
_BLOCK = 8
_HASHED = 32  # pHash looks at the picture in this size
_LEAST = 0.3  # bars that leave less than this share of an edge are part of the picture


class Views:
    """The views of one picture, each worked out when it is asked for."""

    def __init__(self, image: Image.Image) -> None:
        self.whole = image if image.mode == "RGB" else image.convert("RGB")

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
                return _squeezed(self.whole)
            case View.INNER:
                return self.inner
            case View.INNER_FRAME:
                return _squeezed(self.inner)
            case View.MIRRORED:
                return ImageOps.mirror(self.inner)

    def asked(self) -> list[View]:
        """What to ask the index with: the picture first, then its variants.

        Without bars (where there are some), its whole frame squeezed to a square, and mirrored.
        Each goes through the encoder once; per channel the best one counts. Zooms into the query
        were measured too and made every alteration worse, so there are none.
        """
        bars = [] if self.inner is self.whole else [View.INNER]
        return [View.WHOLE, *bars, View.INNER_FRAME, View.MIRRORED]


def _squeezed(image: Image.Image) -> Image.Image:
    """The whole frame in 256 x 256 pixels."""
    return image.resize((THUMBNAIL_EDGE, THUMBNAIL_EDGE), Image.Resampling.BICUBIC)


def without_bars(image: Image.Image) -> Image.Image:
    """An RGB picture without even bars along its edges; itself where there are none."""
    pixels = np.asarray(image)
    top, bottom = _content(pixels)
    left, right = _content(pixels[top:bottom].transpose(1, 0, 2))
    if (left, top, right, bottom) == (0, 0, *image.size):
        return image
    return image.crop((left, top, right, bottom))


@dataclass(frozen=True, slots=True)
class PictureHash:
    """Perceptual hashes (pHash, 64 bits) of a picture without bars, as it is and mirrored."""

    plain: NDArray[np.bool_]
    mirrored: NDArray[np.bool_]

    def distance(self, other: "PictureHash") -> int:
        """Bits that differ from another picture, 0..64, whichever way round it hangs."""
        ways = (other.plain, other.mirrored)
        return min(int(np.count_nonzero(self.plain != way)) for way in ways)


def near_duplicate_hash(inner: Image.Image) -> PictureHash:
    """The hash of a picture without bars that tells "the same picture" from "a similar look".

    Copies that were resized, recompressed, mirrored or framed differ in few bits; see
    ``docs/compact-picture-model.md`` for measured distances of copies and of strangers.
    """
    from imagehash import phash

    grey = inner.convert("L").resize((_HASHED, _HASHED), Image.Resampling.LANCZOS)
    return PictureHash(phash(grey).hash.ravel(), phash(ImageOps.mirror(grey)).hash.ravel())


def _content(pixels: NDArray[np.uint8]) -> tuple[int, int]:
    """First and one past the last row that is not part of an even bar."""
    rows = len(pixels)
    first, last = _bar(pixels), rows - _bar(pixels[::-1])
    return (first, last) if last - first >= _LEAST * rows else (0, rows)


def _bar(pixels: NDArray[np.uint8]) -> int:
    """How many rows from the start are even and of the first row's colour.

    Few rows are looked at: most pictures have no bars.
    """
    edge = pixels[0].mean(axis=0)
    for start in range(0, len(pixels), _BLOCK):
        block = pixels[start : start + _BLOCK].astype(np.float32)
        spread = block.std(axis=1).max(axis=-1)
        same = (spread < _FLAT) & (np.abs(block.mean(axis=1) - edge).max(axis=-1) < _FLAT)
        if not same.all():
            return start + int(np.argmin(same))
    return len(pixels)

"""Views of a picture beside the picture itself: what an index keeps more of, what a query asks.

An encoder reads the centre square. A cover also has a **thumbnail** vector: the same encoder on
the whole frame squeezed into a square, so that what the centre square cuts off is found too. A
query is asked in several views because people send pictures framed, mirrored and cropped; the
best view of a query counts. Hashes decide "the same picture", which no vector distance does.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

THUMBNAIL_EDGE = 256
_FLAT = 10.0  # grey levels a bar may vary by, after recompression
_LEAST = 0.3  # bars that leave less than this share of an edge are part of the picture


def thumbnail_view(image: Image.Image) -> Image.Image:
    """The whole frame squeezed to 256 x 256 RGB pixels."""
    edge = (THUMBNAIL_EDGE, THUMBNAIL_EDGE)
    return image.convert("RGB").resize(edge, Image.Resampling.BICUBIC)


def without_bars(image: Image.Image) -> Image.Image:
    """The picture without even bars along its edges; unchanged where there are none."""
    pixels = np.asarray(image.convert("RGB"), dtype=np.float32)
    top, bottom = _content(pixels)
    left, right = _content(pixels[top:bottom].transpose(1, 0, 2))
    if (left, top, right, bottom) == (0, 0, *image.size):
        return image
    return image.crop((left, top, right, bottom))


def query_views(image: Image.Image) -> list[Image.Image]:
    """What to ask the index with: the picture first, then its variants, each as RGB.

    Without bars (where there are some), its whole frame squeezed to a square, and mirrored.
    Each goes through the encoder once; per channel the best one counts. Zooms into the query
    were measured too and made every alteration worse, so there are none.
    """
    whole = image.convert("RGB")
    inner = without_bars(whole)
    frames = [whole] if inner is whole else [whole, inner]
    return [*frames, thumbnail_view(inner), ImageOps.mirror(inner)]


@dataclass(frozen=True, slots=True)
class PictureHash:
    """Perceptual hashes (pHash, 64 bits) of a picture without bars, as it is and mirrored."""

    plain: NDArray[np.bool_]
    mirrored: NDArray[np.bool_]

    def distance(self, other: "PictureHash") -> int:
        """Bits that differ from another picture, 0..64, whichever way round it hangs."""
        ways = (other.plain, other.mirrored)
        return min(int(np.count_nonzero(self.plain != way)) for way in ways)


def near_duplicate_hash(image: Image.Image) -> PictureHash:
    """The hash that tells "the same picture" from "a similar look".

    Copies that were resized, recompressed, mirrored or framed differ in few bits; see
    ``docs/compact-picture-model.md`` for measured distances of copies and of strangers.
    """
    from imagehash import phash

    inner = without_bars(image.convert("RGB"))
    return PictureHash(phash(inner).hash.ravel(), phash(ImageOps.mirror(inner)).hash.ravel())


def _content(pixels: NDArray[np.float32]) -> tuple[int, int]:
    """First and one past the last row that is not part of an even bar."""
    rows = len(pixels)
    spread = pixels.std(axis=1).max(axis=-1)
    colour = pixels.mean(axis=1)
    first = _bar(spread, colour)
    last = rows - _bar(spread[::-1], colour[::-1])
    return (first, last) if last - first >= _LEAST * rows else (0, rows)


def _bar(spread: NDArray[np.floating], colour: NDArray[np.floating]) -> int:
    """How many rows from the start are even and of the first row's colour."""
    same = (spread < _FLAT) & (np.abs(colour - colour[0]).max(axis=-1) < _FLAT)
    return len(same) if same.all() else int(np.argmin(same))

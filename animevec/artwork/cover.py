"""Covers of catalogue records."""

from io import BytesIO

from PIL import Image

from animevec.artwork.brief import brief_of
from animevec.artwork.composition import draw
from animevec.catalog.record import Anime

COVER_SIZE = (300, 420)


def draw_cover(anime: Anime, size: tuple[int, int] = COVER_SIZE) -> Image.Image:
    """The cover of a title, RGB; the same record always gives the same pixels."""
    return draw(brief_of(anime), size)


def cover_bytes(picture: Image.Image) -> bytes:
    """The picture as a WebP file, about 20 kB, byte for byte reproducible with one Pillow."""
    file = BytesIO()
    picture.save(file, "WEBP", quality=82, method=2)
    return file.getvalue()

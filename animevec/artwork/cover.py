"""Covers of catalogue records, drawn and written by content hash."""

from collections.abc import Callable, Iterable
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from uuid import UUID

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


def write_covers(
    records: Iterable[Anime],
    folder: Path,
    size: tuple[int, int] = COVER_SIZE,
    progress: Callable[[int], None] | None = None,
) -> dict[UUID, str]:
    """Draw a cover for every record into ``folder``; returns record id to SHA-256.

    A file is named its SHA-256 alone; one that is already there is left alone. ``progress`` is
    told after each cover how many are done.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written: dict[UUID, str] = {}
    for anime in records:
        data = cover_bytes(draw_cover(anime, size))
        digest = sha256(data).hexdigest()
        path = folder / digest
        if not path.exists():
            part = path.with_suffix(".part")
            part.write_bytes(data)
            part.replace(path)
        written[anime.id] = digest
        if progress:
            progress(len(written))
    return written

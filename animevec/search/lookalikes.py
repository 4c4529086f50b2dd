"""The same picture, as against a similar look: perceptual hashes of the pictures kept here."""

import threading
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from uuid import UUID

from cachetools import LRUCache
from PIL import Image

from animevec.encoders.picture import decode
from animevec.encoders.picture_views import PictureHash, near_duplicate_hash, query_views
from animevec.errors import AnimevecError
from animevec.index.document import cover
from animevec.search.view import CatalogueView
from animevec.settings import LimitSettings

SAME_BITS = 10
HASH_BITS = 64
CACHED_HASHES = 50_000
VIEW_EDGE = 768
LOOKED_AT = 30


class Lookalikes:
    """Which of some titles have the very picture that was sent.

    Hashes of stored pictures are computed when first needed and kept by the pictures' SHA-256.
    """

    def __init__(self, view: CatalogueView, pictures: Path, limits: LimitSettings) -> None:
        self._view, self._pictures, self._limits = view, pictures, limits
        self._hashes: LRUCache[str, PictureHash | None] = LRUCache(CACHED_HASHES)
        self._guard = threading.Lock()

    def same(self, sent: PictureHash, ids: Sequence[UUID]) -> list[tuple[UUID, float]]:
        """Titles of ``ids`` whose picture is the one sent, with the share of equal bits."""
        records = self._view.records(ids[:LOOKED_AT])
        found: list[tuple[UUID, float]] = []
        for id_, record in records.items():
            picture = cover(record)
            known = self._hash(picture.sha256) if picture and picture.sha256 else None
            if known is not None and (distance := sent.distance(known)) <= SAME_BITS:
                found.append((id_, 1 - distance / HASH_BITS))
        return sorted(found, key=lambda item: (-item[1], item[0]))

    def _hash(self, sha256: str) -> PictureHash | None:
        """The hash of a stored picture; None for one that cannot be read."""
        with self._guard:
            if sha256 in self._hashes:
                return self._hashes[sha256]
        try:
            data = (self._pictures / sha256).read_bytes()
            known: PictureHash | None = near_duplicate_hash(decode(data, self._limits))
        except (OSError, AnimevecError):
            known = None
        with self._guard:
            self._hashes[sha256] = known
        return known


def sent_views(data: bytes, limits: LimitSettings, views: bool) -> tuple[list[bytes], PictureHash]:
    """The picture as files to encode, itself first, and its hash; raises what ``decode`` raises."""
    image = decode(data, limits)
    extra = query_views(image)[1:] if views else []
    return [data, *map(_file, extra)], near_duplicate_hash(image)


def _file(view: Image.Image) -> bytes:
    """A view as JPEG, no larger than encoders look at."""
    view.thumbnail((VIEW_EDGE, VIEW_EDGE))
    out = BytesIO()
    view.save(out, "JPEG", quality=92)
    return out.getvalue()

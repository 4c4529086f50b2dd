"""The same picture, as against a similar look: perceptual hashes of the pictures kept here, and
small grey copies of them that crops are laid over.
"""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from uuid import UUID

from cachetools import LRUCache
from PIL import Image, ImageOps

from animevec.encoders.base import View
from animevec.encoders.picture import decode
from animevec.encoders.picture_views import PictureHash, Views, near_duplicate_hash
from animevec.errors import AnimevecError
from animevec.search.overlay import Copy, Overlay
from animevec.search.view import CatalogueView
from animevec.settings import LimitSettings

SAME_BITS = 10
HASH_BITS = 64
SAME_FIT = 0.82
CACHED_PRINTS = 20_000
VIEW_EDGE = 768
SENT_EDGE = 256
LOOKED_AT = 50

File = tuple[bytes, View]


@dataclass(frozen=True, slots=True)
class Sent:
    """A picture that was sent: its file in the views to encode at once and, where it is not found
    as it is, ``later``; its hash, and itself in grey, small and without bars.
    """

    views: Sequence[File] = field(repr=False)
    later: Sequence[File] = field(repr=False)
    hash: PictureHash
    grey: Image.Image = field(repr=False)

    @classmethod
    def of(cls, data: bytes, limits: LimitSettings, views: bool) -> "Sent":
        """A picture's file read; raises what ``decode`` raises.  Without ``views`` it is asked as
        it is, no more.
        """
        image = decode(data, limits, VIEW_EDGE)
        looks = Views(image)
        grey = looks.inner.convert("L")
        sign = near_duplicate_hash(grey)
        if (times := max(grey.size) // SENT_EDGE) > 1:
            grey = grey.reduce(times)
        asked, later = [(data, View.WHOLE)], []
        if views:
            smaller = _smaller(image, data)
            asked += [(smaller, view) for view in looks.asked()[1:]]
            later += [(smaller, View.MIRRORED)]
        return cls(asked, later, sign, grey)


@dataclass(frozen=True, slots=True)
class Print:
    """What tells a stored picture again; about 3 kB."""

    hash: PictureHash
    copy: Copy


class Lookalikes:
    """What tells the pictures of titles again.

    Prints of stored pictures are computed when first needed and kept by the pictures' SHA-256.
    """

    def __init__(self, view: CatalogueView, pictures: Path, limits: LimitSettings) -> None:
        self._view, self._pictures, self._limits = view, pictures, limits
        self._prints: LRUCache[str, Print | None] = LRUCache(CACHED_PRINTS)
        self._guard = threading.Lock()

    def known(self, ids: Sequence[UUID]) -> dict[UUID, Print]:
        """The prints of those of ``ids`` that have a picture."""
        found: dict[UUID, Print] = {}
        for id_, card in self._view.cards(ids).items():
            stored = card.picture.sha256 if card.picture else None
            kept = self._print(stored) if stored else None
            if kept is not None:
                found[id_] = kept
        return found

    def _print(self, sha256: str) -> Print | None:
        """The print of a stored picture; None for one that cannot be read."""
        with self._guard:
            if sha256 in self._prints:
                return self._prints[sha256]
        try:
            image = decode((self._pictures / sha256).read_bytes(), self._limits, VIEW_EDGE)
            known: Print | None = Print(near_duplicate_hash(Views(image).inner), Copy.of(image))
        except (OSError, AnimevecError):
            known = None
        with self._guard:
            self._prints[sha256] = known
        return known


def found_as_it_is(sent: Sent, known: Mapping[UUID, Print]) -> bool:
    """Whether some title's picture is the one sent, whole and not mirrored."""
    return any(sent.hash.upright(one.hash) <= SAME_BITS for one in known.values())


def same(sent: Sent, known: Mapping[UUID, Print]) -> list[tuple[UUID, float]]:
    """Titles whose picture is the one sent: the share of equal bits of the whole picture's hash,
    or the correlation of a part with its place in the picture.  None for one without structure.
    """
    if not sent.hash.telling:
        return []
    found = _whole(sent, known) or _part(sent.grey, known)
    return sorted(found, key=lambda item: (-item[1], item[0]))


def _whole(sent: Sent, known: Mapping[UUID, Print]) -> list[tuple[UUID, float]]:
    distances = {id_: sent.hash.distance(one.hash) for id_, one in known.items()}
    return [(id_, 1 - bits / HASH_BITS) for id_, bits in distances.items() if bits <= SAME_BITS]


def _part(grey: Image.Image, known: Mapping[UUID, Print]) -> list[tuple[UUID, float]]:
    overlay = Overlay([one.copy for one in known.values()])
    for way in (grey, ImageOps.mirror(grey)):
        fits = zip(known, overlay.fits(way), strict=True)
        if found := [(id_, fit) for id_, fit in fits if fit >= SAME_FIT]:
            return found
    return []


def _smaller(image: Image.Image, data: bytes) -> bytes:
    """A file of a picture no larger than encoders look at: its own, if it is not."""
    if max(image.size) <= VIEW_EDGE:
        return data
    small = image.copy()
    small.thumbnail((VIEW_EDGE, VIEW_EDGE))
    out = BytesIO()
    small.save(out, "JPEG", quality=92)
    return out.getvalue()

"""Picture files that no title names any more."""

import re
from collections.abc import Iterable
from pathlib import Path

from animevec.catalog.record import Anime
from animevec.catalog.store import Catalog

_NAMED = re.compile(r'"sha256":"([0-9a-f]{64})"')


def files(records: Iterable[Anime]) -> set[str]:
    """The SHA-256 of every picture file that the records name."""
    pictures = [
        picture
        for record in records
        for picture in (*record.pictures, *(one.picture for one in record.characters))
    ]
    return {picture.sha256 for picture in pictures if picture is not None and picture.sha256}


def discard(catalog: Catalog, digests: Iterable[str], folder: Path) -> None:
    """Delete from ``folder`` those of the picture files ``digests`` that no title names.

    Nobody writes titles meanwhile, so that none comes to name a file while it goes.
    """
    wanted = set(digests)
    if wanted:
        with catalog.writing() as transaction:
            for text in transaction.containing('"sha256":'):
                wanted.difference_update(_NAMED.findall(text))
            for digest in wanted:
                (folder / digest).unlink(missing_ok=True)

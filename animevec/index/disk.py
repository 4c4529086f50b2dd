"""Room on the disk.

The engine writes through mapped files: a page that finds no room on the disk kills the process
with SIGBUS, searches and all.  So room is looked for before anything is written.
"""

import errno
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from animevec.errors import Unavailable

# What must stay free, bytes: an index begins with 75 MB of log and pages, and grows by few MB.
RESERVE = 128_000_000


def admit(folder: Path, needed: float = 0.0) -> None:
    """Refuse what would leave too little room on the disk of ``folder``; ``needed`` in bytes.

    Raises:
        Unavailable: less than ``needed`` and the reserve are free.
    """
    free = shutil.disk_usage(folder).free
    if free < needed + RESERVE:
        raise _full(folder, free, needed + RESERVE)


@contextmanager
def room(folder: Path, needed: float) -> Iterator[None]:
    """Admit what is done inside; a disk that is full all the same is told in the same words.

    Raises:
        Unavailable: as ``admit``.
    """
    admit(folder, needed)
    try:
        yield
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        raise _full(folder, shutil.disk_usage(folder).free, needed + RESERVE) from error


def _full(folder: Path, free: float, needed: float) -> Unavailable:
    free_mb, needed_mb = int(free / 1e6), int(needed / 1e6) + 1
    return Unavailable(
        f"the disk of {folder} has {free_mb:,} MB free, {needed_mb:,} MB are needed; make room, "
        "for instance: animevec index drop NAME",
        folder=str(folder),
        free_mb=free_mb,
        needed_mb=needed_mb,
    )

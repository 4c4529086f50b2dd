"""A snapshot of an embedded index: one gzip-compressed tar of its folder."""

import gzip
import shutil
import tarfile
import zlib
from pathlib import Path

from animevec.errors import InvalidRequest, NotFound
from animevec.index import disk
from animevec.index.sparse_copy import disk_bytes, write_sparse
from animevec.replacement import replaced

SUFFIX = ".tar.gz"
# Preallocated pages compress to nothing at any level; vectors hardly at any.
LEVEL = 1
DAMAGED = (tarfile.TarError, gzip.BadGzipFile, zlib.error, EOFError, FileNotFoundError)


def pack(index: Path, folder: Path, watermark: int) -> Path:
    """Write ``<index>-<watermark>.tar.gz`` into ``folder``; it appears when it is complete.

    Raises:
        Unavailable: the folder's disk has too little room.
    """
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{index.name}-{watermark}{SUFFIX}"
    with (
        disk.room(folder, disk_bytes(index)),
        replaced(target) as file,
        tarfile.open(target, "w:gz", fileobj=file, compresslevel=LEVEL) as tar,
    ):
        tar.add(index, arcname="index")
    return target


def unpack(snapshot: Path, index: Path) -> None:
    """Make the folder of an index from a snapshot, whole or not at all.

    Raises:
        NotFound: there is no such file.
        InvalidRequest: it is no snapshot of the embedded engine.
        Unavailable: the disk has too little room.
    """
    if not snapshot.is_file():
        raise NotFound(f"there is no snapshot {snapshot}", path=str(snapshot))
    beside = index.with_name(f".restoring-{index.name}")
    shutil.rmtree(beside, ignore_errors=True)
    try:
        with (
            disk.room(index.parent, snapshot.stat().st_size),
            tarfile.open(snapshot, "r:gz") as tar,
        ):
            for member in tar:
                _extract(tar, member, beside)
        (beside / "index" / "schema.json").stat()
        (beside / "index").rename(index)
    except DAMAGED as error:
        raise InvalidRequest(
            f"{snapshot} is no snapshot of the embedded engine: {error}", path=str(snapshot)
        ) from error
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def _extract(tar: tarfile.TarFile, member: tarfile.TarInfo, folder: Path) -> None:
    """One member; links, devices and paths that lead out are refused.

    ``tarfile.data_filter`` does as much, but Python 3.11.0 to 3.11.3 have it not.
    """
    target = (folder / member.name).resolve()
    if not (member.isfile() or member.isdir()) or not target.is_relative_to(folder.resolve()):
        raise tarfile.TarError(f"{member.name} is a link, a device or leads out of it")
    content = tar.extractfile(member) if member.isfile() else None
    if content is None:
        target.mkdir(parents=True, exist_ok=True)
    else:
        target.parent.mkdir(parents=True, exist_ok=True)
        write_sparse(content, target)

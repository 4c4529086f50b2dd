"""Copies that keep holes: an index preallocates pages, so its apparent size is 4-5 times real."""

import errno
import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO

BLOCK = 1 << 16
NOTHING = bytes(BLOCK)


def copy_tree(source: Path, target: Path) -> None:
    """Copy a folder of regular files; blocks of zeros stay unwritten and take no disk."""
    for folder, _, files in os.walk(source):
        beside = target / Path(folder).relative_to(source)
        beside.mkdir(parents=True, exist_ok=True)
        for name in files:
            _copy(Path(folder) / name, beside / name)


def write_sparse(reader: IO[bytes], target: Path) -> None:
    """Write what ``reader`` holds to a new file, leaving out blocks of zeros."""
    with target.open("wb") as writer:
        while block := reader.read(BLOCK):
            _write(writer, block)
        writer.truncate()


def disk_bytes(folder: Path) -> int:
    """Bytes the files of a folder take on disk, holes not counted."""
    return sum(entry.stat().st_blocks * 512 for entry in folder.rglob("*") if entry.is_file())


def _copy(source: Path, target: Path) -> None:
    """Copy a file without reading its holes."""
    with source.open("rb", buffering=0) as reader, target.open("wb") as writer:
        for start, end in _written(reader.fileno()):
            reader.seek(start)
            writer.seek(start)
            while (left := end - reader.tell()) > 0 and (block := reader.read(min(BLOCK, left))):
                _write(writer, block)
        writer.truncate(os.fstat(reader.fileno()).st_size)


def _write(writer: IO[bytes], block: bytes) -> None:
    if block == NOTHING[: len(block)]:
        writer.seek(len(block), os.SEEK_CUR)
    else:
        writer.write(block)


def _written(file: int) -> Iterator[tuple[int, int]]:
    """Beginning and end of each stretch of a file that is no hole; the whole file where its
    system knows of no holes.
    """
    end = 0
    while True:
        try:
            start = os.lseek(file, end, os.SEEK_DATA)
        except OSError as error:
            if error.errno != errno.ENXIO:
                raise
            return
        end = os.lseek(file, start, os.SEEK_HOLE)
        yield start, end

"""Copies of files with holes: the same bytes, and no more of them on the disk."""

from pathlib import Path

import pytest

from animevec.index.sparse_copy import BLOCK, copy_tree, disk_bytes

Piece = tuple[int, bytes]
MB = 1 << 20


@pytest.mark.parametrize(
    ("size", "pieces"),
    [
        (0, []),
        (5, [(0, b"hello")]),
        (8 * MB, []),
        (8 * MB, [(0, b"first"), (8 * MB - 4, b"last")]),
        (8 * MB + 7, [(3 * MB + 11, b"x" * (2 * BLOCK + 5)), (6 * MB, b"y")]),
        (2 * MB, [(0, bytes(MB)), (MB, b"after written zeros")]),
    ],
    ids=["empty", "short", "one hole", "ends", "odd lengths", "written zeros"],
)
def test_a_copy_has_the_same_bytes_and_the_holes(
    tmp_path: Path, size: int, pieces: list[Piece]
) -> None:
    source = tmp_path / "source" / "below" / "file"
    source.parent.mkdir(parents=True)
    with source.open("wb") as file:
        for start, data in pieces:
            file.seek(start)
            file.write(data)
        file.truncate(size)
    copy_tree(tmp_path / "source", tmp_path / "copy")
    assert (tmp_path / "copy" / "below" / "file").read_bytes() == source.read_bytes()
    data = sum(len(data.strip(b"\0")) + 2 * BLOCK for _, data in pieces)
    assert disk_bytes(tmp_path / "copy") <= data

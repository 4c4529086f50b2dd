"""A file is replaced whole or not at all, and nothing is left beside it."""

import os
from pathlib import Path

import pytest

from animevec.replacement import replaced


def test_readers_see_the_old_content_until_the_new_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    path.write_bytes(b"old")
    with replaced(path) as file:
        file.write(b"new")
        assert path.read_bytes() == b"old"
    assert path.read_bytes() == b"new"
    assert os.listdir(tmp_path) == ["state.json"]


@pytest.mark.parametrize("before", [(), ("state.json",)])
def test_an_error_leaves_what_was_there(tmp_path: Path, before: tuple[str, ...]) -> None:
    for name in before:
        (tmp_path / name).write_bytes(b"old")
    with pytest.raises(ZeroDivisionError), replaced(tmp_path / "state.json") as file:
        file.write(b"half of the n")
        raise ZeroDivisionError
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == dict.fromkeys(
        before, b"old"
    )


def test_two_that_write_at_once_do_not_mix(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    with replaced(path) as first:
        first.write(b"first, ")
        with replaced(path) as second:
            second.write(b"second")
        assert path.read_bytes() == b"second"
        first.write(b"to the end")
    assert path.read_bytes() == b"first, to the end"
    assert os.listdir(tmp_path) == ["state.json"]


def test_content_and_folder_are_on_disk_when_it_returns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "state.json"
    synced: list[tuple[int, bool]] = []
    monkeypatch.setattr(os, "fsync", lambda fd: synced.append((os.fstat(fd).st_ino, path.exists())))
    with replaced(path) as file:
        file.write(b"new")
    assert synced == [(path.stat().st_ino, False), (tmp_path.stat().st_ino, True)]

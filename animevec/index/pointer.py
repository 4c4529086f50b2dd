"""Small JSON files that are replaced whole, and the aliases kept in one."""

import json
import os
from pathlib import Path
from typing import Any


def read_json(path: Path) -> Any:
    """The content of a JSON file; None where there is none."""
    try:
        return json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return None


def replace_json(path: Path, content: Any) -> None:
    """Write a JSON file so that a reader, or a crash, sees the old content or the new."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    with beside.open("w", encoding="utf-8") as file:
        json.dump(content, file, ensure_ascii=False, indent=1)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


class Aliases:
    """Alias to index name, in one file that every process reads and any may replace."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: tuple[int, int] | None = None
        self._names: dict[str, str] = {}

    def all(self) -> dict[str, str]:
        """The aliases in force; the file is read again only when it was replaced."""
        try:
            status = self._path.stat()
        except FileNotFoundError:
            return {}
        seen = (status.st_ino, status.st_mtime_ns)
        if seen != self._seen:
            self._names = read_json(self._path) or {}
            self._seen = seen
        return dict(self._names)

    def point(self, alias: str, name: str) -> None:
        """Let ``alias`` mean ``name`` from now on."""
        replace_json(self._path, {**self.all(), alias: name})

    def forget(self, name: str) -> None:
        """Remove every alias of an index."""
        kept = {alias: target for alias, target in self.all().items() if target != name}
        if kept != self.all():
            replace_json(self._path, kept)

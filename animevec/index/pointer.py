"""Small JSON files that are replaced whole, and the aliases kept in one."""

import json
from collections.abc import Mapping
from pathlib import Path
from time import monotonic
from typing import Any

from animevec.replacement import replaced

LOOK_S = 0.02


def read_json(path: Path) -> Any:
    """The content of a JSON file; None where there is none."""
    try:
        return json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return None


def replace_json(path: Path, content: Any) -> None:
    """Write a JSON file so that a reader, or a crash, sees the old content or the new."""
    with replaced(path) as file:
        file.write(json.dumps(content, ensure_ascii=False, indent=1).encode())


class Aliases:
    """Alias to index name, in one file that every process reads and any may replace.

    What another process wrote is seen ``LOOK_S`` later at most: to look for it in every call would
    cost a search more in hand-overs of the interpreter than ranking its hits.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: tuple[int, int] | None = None
        self._names: Mapping[str, str] = {}
        self._looked = -LOOK_S

    def all(self) -> Mapping[str, str]:
        """The aliases in force."""
        now = monotonic()
        if now - self._looked >= LOOK_S:
            self._looked = now
            self._look()
        return self._names

    def point(self, alias: str, name: str) -> None:
        """Let ``alias`` mean ``name`` from now on."""
        self._look()
        self._write({**self._names, alias: name})

    def forget(self, name: str) -> None:
        """Remove every alias of an index."""
        self._look()
        kept = {alias: target for alias, target in self._names.items() if target != name}
        if kept != self._names:
            self._write(kept)

    def _write(self, names: Mapping[str, str]) -> None:
        replace_json(self._path, names)
        self._look()

    def _look(self) -> None:
        """Read the file again if it was replaced."""
        try:
            status = self._path.stat()
        except FileNotFoundError:
            self._names, self._seen = {}, None
            return
        seen = (status.st_ino, status.st_mtime_ns)
        if seen != self._seen:
            self._names, self._seen = read_json(self._path) or {}, seen

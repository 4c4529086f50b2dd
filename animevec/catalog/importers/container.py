"""Rows out of a file, whatever holds them: lines of JSON, one JSON document, Parquet.

The kind and the compression (gzip, Zstandard) are read off the content, never off the name.
Everything streams: a file need not fit in memory.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Literal, cast

import ijson
import pyarrow
import pyarrow.parquet

from animevec.errors import InvalidRequest

GZIP, ZSTD, PARQUET = b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"PAR1"
BATCH = 500
BROKEN = (OSError, EOFError, pyarrow.ArrowException, ijson.common.JSONError)


@dataclass(frozen=True, slots=True)
class Raw:
    """A row as the file has it, or why it could not be read."""

    line: int
    value: Mapping[str, Any] | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Container:
    """A file and how it holds its rows."""

    path: Path
    kind: Literal["lines", "document", "parquet"]

    @classmethod
    def open(cls, path: Path) -> "Container":
        """Look into ``path``.

        Raises:
            InvalidRequest: no such file, or nothing that could hold rows.
        """
        if not path.is_file():
            raise InvalidRequest(f"there is no file {path}")
        with path.open("rb") as file:
            if file.read(4) == PARQUET:
                return cls(path, "parquet")
        try:
            return cls(path, "document" if _is_document(path) else "lines")
        except (OSError, EOFError) as error:
            raise _unreadable(path, 0, error) from error

    def rows(self, after: int = 0) -> Iterator[Raw]:
        """Rows past number ``after``.

        Raises:
            InvalidRequest: the file breaks off or is damaged; the rows before were yielded.
        """
        line = after
        try:
            for raw in self._rows(after):
                line = raw.line
                yield raw
        except BROKEN as error:
            raise _unreadable(self.path, line, error) from error

    def total(self) -> int | None:
        """How many rows there are, where that is known without reading them all."""
        if self.kind != "parquet":
            return None
        try:
            return int(pyarrow.parquet.read_metadata(self.path).num_rows)
        except BROKEN as error:
            raise _unreadable(self.path, 0, error) from error

    def _rows(self, after: int) -> Iterator[Raw]:
        match self.kind:
            case "lines":
                return _lines(self.path, after)
            case "document":
                return _document(self.path, after)
            case "parquet":
                return _parquet(self.path, after)


def _open(path: Path) -> BinaryIO:
    with path.open("rb") as file:
        magic = file.read(4)
    if magic.startswith(GZIP):
        return cast(BinaryIO, pyarrow.input_stream(str(path), compression="gzip"))
    if magic == ZSTD:
        return cast(BinaryIO, pyarrow.input_stream(str(path), compression="zstd"))
    return path.open("rb")


def _is_document(path: Path) -> bool:
    """Whether the first JSON value is an object with an array of rows called ``data``."""
    with _open(path) as file:
        try:
            for prefix, event, _ in ijson.parse(file, multiple_values=True):
                if (prefix, event) in {("data", "start_array"), ("", "end_map")}:
                    return bool(prefix == "data")
        except ijson.common.JSONError:
            return False
    return False


def _lines(path: Path, after: int) -> Iterator[Raw]:
    with _open(path) as file:
        for line, content in enumerate(_split(file), start=1):
            if line > after and content.strip():
                yield _parsed(line, content)


def _split(file: BinaryIO) -> Iterator[bytes]:
    """Lines of a stream; Arrow's compressed ones cannot be iterated."""
    rest = b""
    while block := file.read(1 << 20):
        *whole, rest = (rest + block).split(b"\n")
        yield from whole
    if rest:
        yield rest


def _parsed(line: int, content: bytes) -> Raw:
    try:
        value = json.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:  # an integer of 5,000 digits is a ValueError
        return Raw(line, error=f"not JSON: {error}")
    return _object(line, value)


def _object(line: int, value: object) -> Raw:
    if not isinstance(value, dict):
        return Raw(line, error=f"a row must be a JSON object, not {type(value).__name__}")
    return Raw(line, value=value)


def _document(path: Path, after: int) -> Iterator[Raw]:
    with _open(path) as file:
        for line, value in enumerate(ijson.items(file, "data.item", use_float=True), start=1):
            if line > after:
                yield _object(line, value)


def _parquet(path: Path, after: int) -> Iterator[Raw]:
    with pyarrow.parquet.ParquetFile(path) as file:
        line = 0
        for batch in file.iter_batches(batch_size=BATCH):
            if line + batch.num_rows > after:
                for offset, value in enumerate(batch.to_pylist(), start=1):
                    if line + offset > after:
                        yield Raw(line + offset, value=value)
            line += batch.num_rows


def _unreadable(path: Path, line: int, error: Exception) -> InvalidRequest:
    return InvalidRequest(
        f"{path.name} cannot be read past row {line}: {error}; what came before is kept, and the "
        "same command goes on from there once the file is whole",
        line=line,
    )

"""Rows out of a file, whatever holds them: lines of JSON, one JSON document, Parquet.

The kind and the compression (gzip, Zstandard) are read off the content, never off the name.
Everything streams: a file need not fit in memory.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from io import BufferedReader, BytesIO
from pathlib import Path
from typing import Any, Literal

import ijson
import pyarrow
import pyarrow.parquet

from animevec.errors import InvalidRequest
from animevec.validation import shown

GZIP, ZSTD, PARQUET = b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"PAR1"
MARK = b"\xef\xbb\xbf"  # the byte order mark of UTF-8
ARRAY = re.compile(rb"\s*\[\s*[{\]]")
BATCH = 500
BUFFER = 1 << 20  # bytes read at once
LONGEST = 64 << 20  # bytes of a line and its end
BROKEN = (OSError, EOFError, pyarrow.ArrowException, ijson.common.JSONError)

Kind = Literal["lines", "document", "array", "parquet"]
Unit = Literal["line", "row"]


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
    kind: Kind

    @classmethod
    def open(cls, path: Path) -> "Container":
        """Look into ``path``.

        Raises:
            InvalidRequest: no such file, a folder, or nothing that could hold rows.
        """
        if path.is_dir():
            raise InvalidRequest(f"{path} is a folder; name a file in it")
        if not path.is_file():
            raise InvalidRequest(f"there is no file {path}")
        with path.open("rb") as file:
            if file.read(4) == PARQUET:
                return cls(path, "parquet")
        try:
            return cls(path, _kind(path))
        except (OSError, EOFError) as error:
            raise _unreadable(path, 0, error) from error

    @property
    def unit(self) -> Unit:
        """What its rows are counted in."""
        return "line" if self.kind == "lines" else "row"

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
                return _items(self.path, "data.item", after)
            case "array":
                return _items(self.path, "item", after)
            case "parquet":
                return _parquet(self.path, after)


def _open(path: Path) -> BufferedReader:
    with path.open("rb") as file:
        magic = file.read(4)
    if magic.startswith(GZIP):
        return BufferedReader(pyarrow.input_stream(str(path), compression="gzip"), BUFFER)
    if magic == ZSTD:
        return BufferedReader(pyarrow.input_stream(str(path), compression="zstd"), BUFFER)
    return path.open("rb")


def _kind(path: Path) -> Kind:
    """What the first megabyte looks like; a row may be much longer than that."""
    with _open(path) as file:
        head = file.read(BUFFER).removeprefix(MARK)
    if ARRAY.match(head):
        return "array"
    return "document" if _holds_rows(head) else "lines"


def _holds_rows(head: bytes) -> bool:
    """Whether the first JSON value is an object with an array of rows called ``data``."""
    # without floats, ijson crashes on an integer of 5,000 digits
    events = ijson.parse(BytesIO(head), multiple_values=True, use_float=True)
    try:
        for prefix, event, _ in events:
            if (prefix, event) in {("data", "start_array"), ("", "end_map")}:
                return bool(prefix == "data")
    except ijson.common.JSONError:
        return False
    return False


def _lines(path: Path, after: int) -> Iterator[Raw]:
    with _open(path) as file:
        for line, content in enumerate(_split(file), start=1):
            if line > after and not (content.isspace() and len(content) <= LONGEST):
                yield _parsed(line, content)


def _split(file: BufferedReader) -> Iterator[bytes]:
    """Lines of a stream; of one that is too long, its beginning up to a byte past the limit."""
    while content := file.readline(LONGEST + 1):
        if len(content) > LONGEST:
            _skip_line(file, content)
        yield content


def _skip_line(file: BufferedReader, read: bytes) -> None:
    while read and not read.endswith(b"\n"):
        read = file.readline(BUFFER)


def _parsed(line: int, content: bytes) -> Raw:
    if len(content) > LONGEST:
        return Raw(line, error=f"a line may have {LONGEST >> 20} MB at most, and this has more")
    try:
        value = json.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:  # an integer of 5,000 digits is a ValueError
        return Raw(line, error=f"not JSON: {error}")
    return _object(line, value)


def _object(line: int, value: object) -> Raw:
    if not isinstance(value, dict):
        return Raw(line, error=f"a row must be a JSON object, not {shown(value)}")
    return Raw(line, value=value)


def _items(path: Path, prefix: str, after: int) -> Iterator[Raw]:
    with _open(path) as file:
        if file.peek(len(MARK)).startswith(MARK):
            file.read(len(MARK))
        items = ijson.items(file, prefix, use_float=True, buf_size=BUFFER)
        for line, value in enumerate(items, start=1):
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
        f"{path.name} cannot be read past row {line}: {error}; what came before is kept, and "
        "stays as it is when the whole file is imported",
        line=line,
    )

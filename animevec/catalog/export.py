"""Files of the whole catalogue, which importing gives back as they were."""

import gzip
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import BinaryIO, Literal

from animevec.catalog.record import Anime
from animevec.catalog.store import Catalog
from animevec.errors import InvalidRequest
from animevec.progress import Progress, silent
from animevec.replacement import replaced

BATCH = 1_000
Format = Literal["jsonl", "jsonl.gz", "parquet"]


def format_of(path: Path) -> Format:
    """What to write, from the file's name.

    Raises:
        InvalidRequest: a name that ends in none of the formats.
    """
    for known in ("jsonl.gz", "jsonl", "parquet"):
        if path.name.endswith(f".{known}"):
            return known
    raise InvalidRequest(f"{path.name} names no format; end it in .jsonl, .jsonl.gz or .parquet")


def export_file(catalog: Catalog, path: Path, progress: Progress = silent) -> int:
    """Write every title to ``path``, by id; returns how many.

    The file appears whole or not at all, and equal catalogues give equal files.

    Raises:
        InvalidRequest: a name that ends in no known format, or a place that cannot be written.
    """
    format = format_of(path)
    total = catalog.count()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with replaced(path) as file:
            texts = _counted(catalog.texts(BATCH), total, progress)
            if format == "parquet":
                return _write_parquet(file, texts)
            return _write_lines(file, format, texts)
    except OSError as error:
        raise InvalidRequest(f"{path} cannot be written: {error.strerror or error}") from error


def _counted(texts: Iterator[str], total: int, progress: Progress) -> Iterator[str]:
    for done, text in enumerate(texts, start=1):
        yield text
        if done % BATCH == 0 or done >= total:
            progress(done, total)


def _write_lines(file: BinaryIO, format: Format, texts: Iterator[str]) -> int:
    # no name and no time in the gzip header, so that equal content is equal bytes
    packed = gzip.GzipFile("", "wb", 6, file, mtime=0) if format == "jsonl.gz" else None
    count = 0
    with packed or nullcontext(file) as out:
        for count, text in enumerate(texts, start=1):  # noqa: B007
            out.write(f"{text}\n".encode())
    return count


def _write_parquet(file: BinaryIO, texts: Iterator[str]) -> int:
    """Columns to look at, and ``record``, from which importing reads."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = pa.schema(
        [(name, pa.string()) for name in ("id", "title", "type", "status", "season")]
        + [("year", pa.int32()), ("score", pa.float64())]
        + [("genres", pa.list_(pa.string())), ("record", pa.string())]
    )
    count = 0
    with pq.ParquetWriter(file, schema, compression="zstd") as writer:
        while rows := [_columns(text) for _, text in zip(range(BATCH), texts, strict=False)]:
            writer.write_table(pa.Table.from_pylist(rows, schema=schema))
            count += len(rows)
    return count


def _columns(text: str) -> dict[str, object]:
    record = Anime.model_validate_json(text)
    plain = record.model_dump(mode="json", include={"id", "type", "status", "season", "year"})
    more = {"title": record.title, "score": record.score, "genres": record.genres, "record": text}
    return plain | more

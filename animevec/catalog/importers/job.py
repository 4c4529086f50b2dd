"""The import of one file: streaming, batched, resumable, idempotent."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from pydantic import ValidationError

from animevec.catalog.importers.container import Container, Raw, Unit
from animevec.catalog.importers.journal import COUNTS, Journal, RowError
from animevec.catalog.importers.layout import Importer, Row
from animevec.catalog.importers.mal import MyAnimeList
from animevec.catalog.importers.offline import OfflineDatabase
from animevec.catalog.importers.own import Own, names_id
from animevec.catalog.importers.pictures import Pictures
from animevec.catalog.importers.placement import place
from animevec.catalog.record import Anime
from animevec.catalog.store import Catalog
from animevec.catalog.transaction import storable
from animevec.errors import InvalidRequest
from animevec.progress import Progress, silent
from animevec.validation import told

FORMATS: Mapping[str, Importer] = {
    layout.name: layout for layout in (Own(), MyAnimeList(), OfflineDatabase())
}
BATCH = 500
LOOK_AHEAD = 20  # rows read to recognise a layout


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import did, all its attempts together.

    ``unit`` is what rows are counted by, here and in errors: lines in a file of lines, rows in
    any other.  ``rows`` is the number of the last one read.  ``left_out`` counts the rows of
    titles that had been deleted.  ``resumed_at`` is the number of the row that an
    earlier attempt had reached; ``already`` says that one had finished and this one did nothing.
    """

    format: str
    rows: int
    created: int
    updated: int
    unchanged: int
    left_out: int
    errors: tuple[RowError, ...]
    revision: int
    unit: Unit
    resumed_at: int = 0
    already: bool = False


def import_file(
    catalog: Catalog,
    path: Path,
    format: str | None = None,
    progress: Progress = silent,
    actor: str = "import",
    pictures: Pictures | None = None,
    again: bool = False,
    revive: bool = False,
) -> ImportReport:
    """Import ``path``; rows that cannot be read are reported and the others imported.

    The same content goes on where an earlier attempt stopped, and does nothing where that one
    finished; with ``again`` it is imported from its beginning.  A title that was deleted is left
    out unless ``revive``, or unless the file has this project's own layout.

    Raises:
        InvalidRequest: no such file, no known format, no title in it, or a damaged file;
            what came before the damage is kept.
    """
    container = Container.open(path)
    importer = _importer(container, format)
    digest = _digest(path, importer, pictures, revive)
    with catalog.writing() as transaction:
        state = Journal(transaction.connection, digest).start(importer.name, again)
    if state["finished"] is None:
        total = container.total()
        progress(state["rows"], total)
        for batch in _batches(_rows(container, importer, pictures, state["rows"])):
            _write(catalog, digest, batch, importer.owns, actor, revive)
            progress(batch[-1].line, total)
        _finish(catalog, digest, path)
    return _report(catalog, digest, container.unit, state["rows"], state["finished"] is not None)


def _importer(container: Container, name: str | None) -> Importer:
    if name is not None:
        if name not in FORMATS:
            raise InvalidRequest(f"no format {name!r}; there are {', '.join(FORMATS)}")
        return FORMATS[name]
    for raw in islice(container.rows(), LOOK_AHEAD):
        for importer in FORMATS.values():
            if raw.value is not None and importer.recognises(raw.value):
                return importer
    raise InvalidRequest(
        f"{container.path.name} has none of the known layouts in its first {LOOK_AHEAD} rows; "
        f"name one with --format: {', '.join(FORMATS)}"
    )


def _digest(path: Path, importer: Importer, pictures: Pictures | None, revive: bool) -> str:
    with path.open("rb") as file:
        content = hashlib.file_digest(file, "sha256").hexdigest()
    parts = [content, importer.name, pictures.digest() if pictures else ""]
    parts += ["revive"] if revive else []
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _rows(
    container: Container, importer: Importer, pictures: Pictures | None, after: int
) -> Iterator[Row]:
    for raw in container.rows(after):
        row = _row(importer, raw)
        yield _illustrated(row, row.record, pictures) if pictures and row.record else row


def _row(importer: Importer, raw: Raw) -> Row:
    if raw.value is None:
        return Row(raw.line, error=raw.error)
    try:
        named = importer.owns and names_id(raw.value)
        return Row(raw.line, importer.record(raw.value), names_id=named)
    except ValidationError as error:
        return Row(raw.line, error=_reasons(error))
    except InvalidRequest as error:
        return Row(raw.line, error=error.message)
    except (TypeError, RecursionError) as error:  # what JSON cannot hold, such as Parquet's dates
        return Row(raw.line, error=f"not a row of {importer.name}: {error}")


def _illustrated(row: Row, record: Anime, pictures: Pictures) -> Row:
    try:
        return replace(row, record=pictures.attach(record))
    except InvalidRequest as error:
        return replace(row, error=error.message)


def _reasons(error: ValidationError) -> str:
    found = error.errors(include_url=False)
    texts = [f"{'.'.join(map(str, e['loc'])) or 'row'}: {told(e)}" for e in found[:3]]
    return "; ".join(texts) + (f"; and {len(found) - 3} more" if len(found) > 3 else "")


def _batches(rows: Iterable[Row]) -> Iterator[list[Row]]:
    """Batches of rows; those before a damage come out before it is raised."""
    batch: list[Row] = []
    try:
        for row in rows:
            batch.append(row)
            if len(batch) == BATCH:
                yield batch
                batch = []
    except InvalidRequest:
        if batch:
            yield batch
        raise
    if batch:
        yield batch


def _write(
    catalog: Catalog, digest: str, batch: list[Row], owns: bool, actor: str, revive: bool
) -> None:
    """One batch and its journal entry, together; rows another process did meanwhile are left."""
    with catalog.writing() as transaction:
        journal = Journal(transaction.connection, digest)
        done = journal.state()["rows"]
        rows = [row for row in batch if row.line > done]
        if not rows:
            return
        placed = place(transaction, rows, owns, revive)
        report = transaction.put(placed.records, actor)
        journal.advance(rows[-1].line, report, placed.left_out, _errors(rows, placed.refused))


def _errors(rows: Iterable[Row], refused: Mapping[int, str]) -> list[RowError]:
    """What was refused of each row, as it was read and as it was placed."""
    reasons = {row.line: [row.error, refused.get(row.line)] for row in rows}
    texts = {line: "; ".join(filter(None, both)) for line, both in reasons.items()}
    return [RowError(line, storable(text)) for line, text in texts.items() if text]


def _finish(catalog: Catalog, digest: str, path: Path) -> None:
    with catalog.writing() as transaction:
        journal = Journal(transaction.connection, digest)
        if journal.is_empty():
            raise InvalidRequest(
                f"{path.name} holds no title; of {journal.state()['rows']} rows none describes one"
            )
        journal.finish()


def _report(
    catalog: Catalog, digest: str, unit: Unit, resumed_at: int, already: bool
) -> ImportReport:
    with catalog.reading() as transaction:
        journal = Journal(transaction.connection, digest)
        state = journal.state()
        return ImportReport(
            format=state["format"],
            **{name: state[name] for name in COUNTS},
            errors=journal.errors(),
            revision=transaction.revision(),
            unit=unit,
            resumed_at=0 if already else resumed_at,
            already=already,
        )

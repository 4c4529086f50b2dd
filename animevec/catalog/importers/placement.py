"""Where the rows of a batch go: onto the title that they are about, to a new one, or nowhere."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID

from animevec.catalog.importers.identity import Identities, identity
from animevec.catalog.importers.layout import Row
from animevec.catalog.importers.merge import onto
from animevec.catalog.record import Anime
from animevec.catalog.transaction import Transaction


@dataclass(frozen=True, slots=True)
class Placement:
    """What to store, how many rows are about deleted titles, and why a line was refused."""

    records: Sequence[Anime]
    left_out: int
    refused: dict[int, str]


def place(
    transaction: Transaction, rows: Sequence[Row], owns: bool, revive: bool = False
) -> Placement:
    """What to store for the records of ``rows``.

    Those of a layout that ``owns`` replace the title they name, deleted or not.  The others are
    merged into the title they describe, and left out where that was deleted, unless ``revive``.
    """
    known = Identities.read(transaction, _records(rows))
    if owns:
        return _replacing(known, rows)
    return _merging(known, transaction.records(known.living), rows, revive)


def _replacing(known: Identities, rows: Iterable[Row]) -> Placement:
    placed: dict[UUID, Anime] = {}
    refused: dict[int, str] = {}
    for row in rows:
        if row.record is None:
            continue
        record = row.record if row.names_id else _identified(known, row.record)
        if rival := known.rival(record):
            key = next(identity(record.keys))
            refused[row.line] = f"title {rival} has the key {key} already; a title has one id"
            continue
        placed[record.id] = record
        known.add(record)
    return Placement(list(placed.values()), 0, refused)


def _identified(known: Identities, record: Anime) -> Anime:
    return _under(known.alive(record) or known.deleted(record) or record.id, record)


def _merging(
    known: Identities, titles: dict[UUID, Anime], rows: Iterable[Row], revive: bool
) -> Placement:
    placed: dict[UUID, Anime] = {}
    left_out = 0
    for record in _records(rows):
        id = known.alive(record)
        gone = None if id else known.deleted(record)
        if gone and not revive:
            left_out += 1
            continue
        merged = onto(titles[id], record) if id else _under(gone or record.id, record)
        titles[merged.id] = placed[merged.id] = merged
        known.add(merged)
    return Placement(list(placed.values()), left_out, {})


def _records(rows: Iterable[Row]) -> Iterator[Anime]:
    return (row.record for row in rows if row.record is not None)


def _under(id: UUID, record: Anime) -> Anime:
    return record if id == record.id else record.model_copy(update={"id": id})

"""How far each import has come, kept in the transaction that writes its rows."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, delete, insert, select, update

from animevec.catalog.schema import import_error, imports
from animevec.catalog.transaction import PutReport

RESULTS = ("created", "updated", "unchanged", "left_out")
COUNTS = ("rows", *RESULTS)
ZERO: dict[str, Any] = {**dict.fromkeys(COUNTS, 0), "finished": None}


@dataclass(frozen=True, slots=True)
class RowError:
    """A row that was refused, wholly or in part, and why."""

    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class Journal:
    """The import of one content in one transaction."""

    connection: Connection
    digest: str

    def start(self, format: str, again: bool) -> RowMapping:
        """The state to go on from; ``again`` forgets what was done."""
        now = datetime.now(UTC)
        if self._find() is None:
            new = ZERO | {"digest": self.digest, "format": format, "started": now}
            self.connection.execute(insert(imports).values(new))
        elif again:
            self.connection.execute(
                delete(import_error).where(import_error.c.digest == self.digest)
            )
            self._set(**ZERO, started=now)
        return self.state()

    def state(self) -> RowMapping:
        """Rows read, counts, times."""
        found = self._find()
        assert found is not None, "an import is started before it is asked about"
        return found

    def advance(self, rows: int, put: PutReport, left_out: int, errors: list[RowError]) -> None:
        """Rows up to number ``rows`` are done; ``left_out`` of them are of deleted titles."""
        self._set(
            rows=rows,
            created=imports.c.created + put.created,
            updated=imports.c.updated + put.updated,
            unchanged=imports.c.unchanged + put.unchanged,
            left_out=imports.c.left_out + left_out,
        )
        if errors:
            self.connection.execute(
                insert(import_error),
                [{"digest": self.digest, "line": e.line, "reason": e.reason} for e in errors],
            )

    def is_empty(self) -> bool:
        """Whether no row described a title and none was refused."""
        state = self.state()
        return not (any(state[name] for name in RESULTS) or self.errors())

    def finish(self) -> None:
        """Every row is done."""
        self._set(finished=datetime.now(UTC))

    def errors(self) -> tuple[RowError, ...]:
        """Rows refused so far, by line."""
        query = (
            select(import_error.c.line, import_error.c.reason)
            .where(import_error.c.digest == self.digest)
            .order_by(import_error.c.line)
        )
        return tuple(RowError(*row) for row in self.connection.execute(query))

    def _find(self) -> RowMapping | None:
        query = select(imports).where(imports.c.digest == self.digest)
        return self.connection.execute(query).mappings().one_or_none()

    def _set(self, **values: Any) -> None:
        self.connection.execute(
            update(imports).where(imports.c.digest == self.digest).values(values)
        )

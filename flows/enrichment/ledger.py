"""What was asked, of whom, when, and how it ended: the memory between runs.

It lives with the catalogue where that is a server, else in ``enrichment.db`` under home.  A run's
plan is written before its first request, so that a run that was killed goes on with the same
batches, and the HTTP cache answers what was answered already.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Self
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Float,
    Integer,
    MetaData,
    Row,
    String,
    Table,
    Text,
    Uuid,
    delete,
    insert,
    select,
    update,
)

from animevec.catalog.engine import connect, writing
from animevec.catalog.ids import PROVIDERS
from animevec.catalog.transaction import storable
from flows.enrichment.schedule import Answer, Reason, utc
from flows.enrichment.types import OutcomeKind, SourceOutcome

METADATA = MetaData()
RUN = Table(
    "enrichment_run",
    METADATA,
    Column("run", String(40), primary_key=True),
    Column("digest", String(64), nullable=False, index=True),
    Column("request", Text, nullable=False),
    Column("started", DateTime(timezone=True), nullable=False),
    Column("finished", DateTime(timezone=True)),
    Column("revision", BigInteger),
)
PLAN = Table(
    "enrichment_plan",
    METADATA,
    Column("run", String(40), primary_key=True),
    Column("place", Integer, primary_key=True, autoincrement=False),
    Column("id", Uuid),
    Column("keys", Text, nullable=False),
    Column("reason", String(12), nullable=False),
    Column("sources", Text, nullable=False),
    Column("state", String(12), nullable=False),
    Column("problem", Text),
)
OUTCOME = Table(
    "enrichment_outcome",
    METADATA,
    Column("run", String(40), primary_key=True),
    Column("place", Integer, primary_key=True, autoincrement=False),
    Column("source", String(40), primary_key=True),
    Column("kind", String(12), nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("requests", Integer, nullable=False),
    Column("cached", Integer, nullable=False),
    Column("detail", Text),
)
ANSWER = Table(
    "enrichment_answer",
    METADATA,
    Column("id", Uuid, primary_key=True),
    Column("source", String(40), primary_key=True),
    Column("kind", String(12), nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("found_at", DateTime(timezone=True)),
    Column("updated_at", DateTime(timezone=True)),
    Column("gone_at", DateTime(timezone=True)),
    Column("retry_after_s", Float),
)


@dataclass(frozen=True, slots=True)
class Planned:
    """One title of a run: its place, the ids it was known under then, and whom to ask."""

    place: int
    id: UUID | None
    keys: Mapping[str, str]
    reason: Reason
    sources: frozenset[str]
    done: bool = False


@dataclass(frozen=True, slots=True)
class Settled:
    """How one title ended; ``id`` and ``answers`` are empty where it could not be told."""

    place: int
    id: UUID | None
    outcomes: Sequence[SourceOutcome]
    answers: Mapping[str, Answer]
    state: str
    problem: str | None = None


class Ledger:
    """Runs, plans, outcomes and the last answer of every source about every title."""

    def __init__(self, url: str) -> None:
        self.engine = connect(url)
        METADATA.create_all(self.engine)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give every connection back."""
        self.engine.dispose()

    def unfinished(self, digest: str) -> str | None:
        """The run with the same request that was cut off, if any."""
        query = select(RUN.c.run).where(RUN.c.digest == digest, RUN.c.finished.is_(None))
        with self.engine.connect() as connection:
            return connection.execute(query.order_by(RUN.c.started.desc())).scalars().first()

    def begin(self, run: str, digest: str, request: str, plan: Sequence[Planned]) -> None:
        """Write down a run and its plan, together."""
        row = {"run": run, "digest": digest, "request": request, "started": datetime.now(UTC)}
        with writing(self.engine) as connection:
            connection.execute(insert(RUN).values(row))
            if plan:
                connection.execute(insert(PLAN), [_row(run, planned) for planned in plan])

    def plan(self, run: str) -> list[Planned]:
        """The titles of a run, in order."""
        query = select(PLAN).where(PLAN.c.run == run).order_by(PLAN.c.place)
        with self.engine.connect() as connection:
            return [_planned(row) for row in connection.execute(query)]

    def settle(self, run: str, settled: Sequence[Settled]) -> None:
        """Titles are done: their outcomes, and what every source said, together."""
        with writing(self.engine) as connection:
            for one in settled:
                place = (PLAN.c.run == run) & (PLAN.c.place == one.place)
                problem = None if one.problem is None else storable(one.problem)
                values = {"state": one.state, "problem": problem, "id": one.id}
                connection.execute(update(PLAN).where(place).values(values))
                past = (OUTCOME.c.run == run) & (OUTCOME.c.place == one.place)
                connection.execute(delete(OUTCOME).where(past))
                if one.id is not None:
                    named = ANSWER.c.source.in_(list(one.answers))
                    connection.execute(delete(ANSWER).where(ANSWER.c.id == one.id, named))
            for table, rows in (
                (OUTCOME, [_outcome(run, s.place, o) for s in settled for o in s.outcomes]),
                (ANSWER, [row for one in settled for row in _answers(one)]),
            ):
                if rows:
                    connection.execute(insert(table), rows)

    def finish(self, run: str, revision: int) -> None:
        """The run is done."""
        values = {"finished": datetime.now(UTC), "revision": revision}
        with writing(self.engine) as connection:
            connection.execute(update(RUN).where(RUN.c.run == run).values(values))

    def answers(self, ids: Iterable[UUID] | None = None) -> dict[UUID, dict[str, Answer]]:
        """The last answer of every source, of some titles or of all."""
        query = select(ANSWER)
        if ids is not None:
            query = query.where(ANSWER.c.id.in_(list(ids)))
        found: dict[UUID, dict[str, Answer]] = {}
        with self.engine.connect() as connection:
            for row in connection.execute(query):
                found.setdefault(row.id, {})[row.source] = _answer(row)
        return found

    def outcomes(self, run: str) -> list[Row[Any]]:
        """Every outcome of a run: place, source, kind, at, requests, cached, detail."""
        query = select(OUTCOME).where(OUTCOME.c.run == run)
        with self.engine.connect() as connection:
            return list(connection.execute(query.order_by(OUTCOME.c.place, OUTCOME.c.source)))

    def problems(self, run: str) -> list[tuple[str, str, str]]:
        """Key, state and words of the titles of a run that did not end well."""
        query = select(PLAN).where(PLAN.c.run == run, PLAN.c.problem.is_not(None))
        with self.engine.connect() as connection:
            rows = connection.execute(query.order_by(PLAN.c.place)).all()
        return [(leading(json.loads(row.keys)), row.state, row.problem) for row in rows]

    def states(self, run: str) -> dict[str, int]:
        """How many titles of a run are in each state."""
        counts: dict[str, int] = {}
        with self.engine.connect() as connection:
            for state in connection.execute(
                select(PLAN.c.state).where(PLAN.c.run == run)
            ).scalars():
                counts[state] = counts.get(state, 0) + 1
        return counts


WAITING = "waiting"


def _row(run: str, planned: Planned) -> dict[str, Any]:
    return {
        "run": run,
        "place": planned.place,
        "id": planned.id,
        "keys": json.dumps(dict(planned.keys)),
        "reason": planned.reason.value,
        "sources": json.dumps(sorted(planned.sources)),
        "state": WAITING,
    }


def _planned(row: Row[Any]) -> Planned:
    return Planned(
        place=row.place,
        id=row.id,
        keys=json.loads(row.keys),
        reason=Reason(row.reason),
        sources=frozenset(json.loads(row.sources)),
        done=row.state != WAITING,
    )


def leading(keys: Mapping[str, str]) -> str:
    """The key a title is shown under: of the first provider in the order of ids."""
    known = [provider for provider in PROVIDERS if provider in keys] or list(keys)
    return f"{known[0]}:{keys[known[0]]}"


def _outcome(run: str, place: int, outcome: SourceOutcome) -> dict[str, Any]:
    return {
        "run": run,
        "place": place,
        "source": outcome.source,
        "kind": outcome.kind.value,
        "at": outcome.at,
        "requests": outcome.requests,
        "cached": outcome.cached,
        "detail": None if outcome.detail is None else storable(outcome.detail),
    }


def _answers(settled: Settled) -> Iterator[dict[str, Any]]:
    if settled.id is None:
        return
    for source, answer in settled.answers.items():
        yield {
            "id": settled.id,
            "source": source,
            "kind": answer.kind.value,
            "at": answer.at,
            "found_at": answer.found_at,
            "updated_at": answer.updated_at,
            "gone_at": answer.gone_at,
            "retry_after_s": answer.retry_after_s,
        }


def _answer(row: Row[Any]) -> Answer:
    return Answer(
        kind=OutcomeKind(row.kind),
        at=utc(row.at),
        found_at=utc(row.found_at) if row.found_at else None,
        updated_at=utc(row.updated_at) if row.updated_at else None,
        gone_at=utc(row.gone_at) if row.gone_at else None,
        retry_after_s=row.retry_after_s,
    )

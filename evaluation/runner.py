"""Systems asked every query of a set, and their scores per query."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from animevec.catalog.record import Anime
from animevec.progress import Progress, silent
from evaluation.metrics import METRICS
from evaluation.qrels import Judged, QuerySet
from evaluation.sets.rows import drawn
from evaluation.systems import Belief, System

SMALLEST_POOL = 0.05
BANDS = ((100_000, "head"), (10_000, "middle"), (0, "tail"))
ERAS = ((2020, "2020s"), (2010, "2010s"), (2000, "2000s"), (0, "before 2000"))


@dataclass(frozen=True, slots=True)
class Run:
    """One system on one set: scores by metric, in the order of the set's queries."""

    system: str
    scores: Mapping[str, tuple[float, ...]]
    beliefs: tuple[tuple[Belief, ...], ...]
    ms: tuple[float, ...]


def run(system: System, queries: QuerySet, progress: Progress = silent) -> Run:
    """Ask every query once, in order."""
    scores: dict[str, list[float]] = {name: [] for name in METRICS}
    beliefs, ms = [], []
    for done, judged in enumerate(queries.queries, start=1):
        ranking = system.rank(judged, queries.pool)
        relevant = inside(judged, queries.pool)
        for name, metric in METRICS.items():
            scores[name].append(metric(ranking.ids, relevant))
        beliefs.append(ranking.beliefs)
        ms.append(ranking.ms)
        progress(done, len(queries.queries))
    frozen = {name: tuple(values) for name, values in scores.items()}
    return Run(system.name, frozen, tuple(beliefs), tuple(ms))


def inside(judged: Judged, pool: frozenset[UUID] | None) -> dict[UUID, float]:
    """The judgements that can be met: in the pool, and not excluded."""
    return {
        i: grade
        for i, grade in judged.relevant.items()
        if i not in judged.exclude and (pool is None or i in pool)
    }


def limited(queries: QuerySet, most: int) -> QuerySet:
    """At most ``most`` queries, drawn by their ids; another hash unless all are kept."""
    if len(queries.queries) <= most:
        return queries
    chosen = set(drawn([(q.qid, q.qid) for q in queries.queries], most))
    kept = tuple(q for q in queries.queries if q.qid in chosen)
    return replace(queries, queries=kept)


def answerable(queries: QuerySet, known: Mapping[UUID, object]) -> QuerySet | None:
    """The set, or None where the catalogue has less than half of what it asks for, or where the
    judged pool is so small a part of the catalogue that a ranking hardly meets it.
    """
    if queries.pool is not None and len(queries.pool) < SMALLEST_POOL * len(known):
        return None
    wanted = {i for judged in queries.queries for i in judged.relevant}
    if wanted and len(wanted & known.keys()) < len(wanted) / 2:
        return None
    return queries if queries.queries else None


def slices_of(judged: Judged, records: Mapping[UUID, Anime]) -> dict[str, str]:
    """A query's own slices, and the popularity and era of the best-graded title."""
    best = max(judged.relevant.values(), default=0.0)
    target = min((i for i, grade in judged.relevant.items() if grade == best), default=None)
    record = records.get(target) if target else None
    found = dict(judged.slices)
    if record is not None:
        found["popularity"] = _band(BANDS, record.members or 0)
        if record.year:
            found["era"] = _band(ERAS, record.year)
    return found


def sliced(queries: QuerySet, records: Mapping[UUID, Anime]) -> dict[str, list[int]]:
    """Positions of queries by ``slicing=slice``."""
    found: dict[str, list[int]] = {}
    for at, judged in enumerate(queries.queries):
        for slicing, label in slices_of(judged, records).items():
            found.setdefault(f"{slicing}={label}", []).append(at)
    return dict(sorted(found.items()))


def _band(bands: Sequence[tuple[int, str]], value: int) -> str:
    return next(name for least, name in bands if value >= least)

"""The fit of the engine's confidence: on one half of the judged queries, tested on the other."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from animevec.assembly import Assembly
from animevec.search.confidence import Calibration, Kind, packaged
from animevec.search.response import ChannelHit
from evaluation.calibration import expected_calibration_error
from evaluation.campaign import Bar, query_sets, records_of
from evaluation.qrels import QuerySet
from evaluation.runner import Run, inside, run
from evaluation.sets.rows import halves
from evaluation.systems import systems


@dataclass(frozen=True, slots=True)
class Judgement:
    """One hit: what its channels said, its score, and whether it was relevant; ``first`` half or
    not.
    """

    first: bool
    channels: tuple[ChannelHit, ...]
    score: float
    relevant: bool


@dataclass(frozen=True, slots=True)
class Half:
    """How a kind of search was fitted: errors on the hits held out, with the old parameters and
    with the new.
    """

    kind: Kind
    sets: tuple[str, ...]
    fitted_to: int
    held_out: int
    before: float
    after: float


@dataclass(frozen=True, slots=True)
class Fit:
    """New parameters, and how good they are."""

    calibration: Calibration
    halves: tuple[Half, ...]


def fit(assembly: Assembly, shared: Path | None, most: int, bar: Bar) -> Fit:
    """Fit every kind of search that has judged sets here."""
    records = records_of(assembly)
    sets = query_sets(assembly, records, shared, most)
    found: dict[Kind, list[Judgement]] = {}
    names: dict[Kind, list[str]] = {}
    for queries in sets:
        kind: Kind = queries.task
        with bar(queries.name) as progress:
            done = run(systems(assembly.engine, queries.task)[0], queries, progress)
        found.setdefault(kind, []).extend(judgements(queries, done))
        names.setdefault(kind, []).append(queries.name)
    return fitted(packaged(), found, names)


def judgements(queries: QuerySet, done: Run) -> list[Judgement]:
    """The first hits of every query; the halves go by the query's id."""
    sides = halves([f"{queries.name} {judged.qid}" for judged in queries.queries])
    return [
        Judgement(side, belief.channels, belief.score, belief.id in inside(judged, queries.pool))
        for judged, side, beliefs in zip(queries.queries, sides, done.beliefs, strict=True)
        for belief in beliefs
    ]


def fitted(
    before: Calibration,
    found: Mapping[Kind, Sequence[Judgement]],
    names: Mapping[Kind, Sequence[str]],
) -> Fit:
    """Parameters fitted to the first halves, errors on the second."""
    after, reports = before, []
    for kind, hits in found.items():
        first = [hit for hit in hits if hit.first]
        second = [hit for hit in hits if not hit.first]
        if len({hit.relevant for hit in first}) < 2:
            continue
        after = after.fitted(
            kind, [(h.channels, h.score) for h in first], [h.relevant for h in first]
        )
        reports.append(
            Half(
                kind,
                tuple(names[kind]),
                len(first),
                len(second),
                error(before, kind, second),
                error(after, kind, second),
            )
        )
    return Fit(after, tuple(reports))


def error(calibration: Calibration, kind: Kind, hits: Sequence[Judgement]) -> float:
    """Expected calibration error on hits."""
    stated = [calibration.apply(kind, hit.channels, hit.score) for hit in hits]
    known = [(p, hit.relevant) for p, hit in zip(stated, hits, strict=True) if p is not None]
    return expected_calibration_error([p for p, _ in known], [r for _, r in known])

"""A candidate release beside the champion on the same frozen sets: what gates judge."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

import numpy as np

from animevec.assembly import Assembly
from animevec.catalog.record import Anime
from animevec.encoders.card import ModelCard
from animevec.errors import InvalidRequest
from animevec.search.request import TextSearch
from evaluation.campaign import Bar
from evaluation.evidence import Evidence, SetEvidence
from evaluation.metrics import METRICS
from evaluation.qrels import QuerySet
from evaluation.runner import Run, run, sliced
from evaluation.significance import compare
from evaluation.systems import systems

TIMED = 100
ROUNDS = 6
TASKS = ("text", "similar")


@dataclass(frozen=True, slots=True)
class Trial:
    """The evidence, and the runs it was made of, by set."""

    evidence: Evidence
    sets: tuple[QuerySet, ...]
    candidate: Mapping[str, Run]
    champion: Mapping[str, Run]


def run_trial(
    candidate: Assembly,
    champion: Assembly | None,
    sets: Sequence[QuerySet],
    records: Mapping[UUID, Anime],
    bar: Bar,
) -> Trial:
    """Both releases asked every query of words or likeness.

    Without a champion the candidate is compared with itself, so that only policies about the
    candidate alone can fail it.  Memory is this process's.

    Raises:
        InvalidRequest: there is no set of words or likeness to compare on.
    """
    used = tuple(one for one in sets if one.task in TASKS and any(q.relevant for q in one.queries))
    if not used:
        raise InvalidRequest("no query set can be answered by this catalogue; nothing to compare")
    ours = {one.name: _run(candidate, one, bar) for one in used}
    theirs = ours if champion is None else {one.name: _run(champion, one, bar) for one in used}
    cards = _cards(candidate)
    latencies = latency_p95([one for one in (candidate, champion) if one is not None], used)
    evidence = Evidence(
        candidate=candidate.release.version,
        champion=None if champion is None else champion.release.version,
        sets={
            one.name: set_evidence(one, ours[one.name], theirs[one.name], records) for one in used
        },
        latency_p95_ms=latencies[0],
        champion_latency_p95_ms=latencies[-1],
        memory_mb=_memory_mb(),
        indexed=candidate.store.count(candidate.live),
        expected=candidate.catalog.count(),
        commercial_use=all(card.commercial_use for card in cards),
        licences={card.name: card.licence for card in cards},
    )
    return Trial(evidence, used, ours, theirs)


def set_evidence(
    queries: QuerySet, ours: Run, theirs: Run, records: Mapping[UUID, Anime]
) -> SetEvidence:
    """Comparisons on every metric, and on the primary one by slice."""
    primary = queries.primary

    def at(scores: tuple[float, ...], places: Sequence[int]) -> list[float]:
        return [scores[place] for place in places]

    return SetEvidence(
        sha256=queries.sha256,
        primary=primary,
        overall={metric: compare(ours.scores[metric], theirs.scores[metric]) for metric in METRICS},
        slices={
            label: compare(at(ours.scores[primary], places), at(theirs.scores[primary], places))
            for label, places in sliced(queries, records).items()
        },
        general=queries.general,
    )


def latency_p95(assemblies: Sequence[Assembly], sets: Sequence[QuerySet]) -> list[float]:
    """95th percentile of text searches for ten hits, milliseconds, one after another, warm.

    Every query is put to each assembly in turn, and counts with the quickest of six rounds, so
    that what else the machine does falls on all of them alike.  NaN where no set has words.
    """
    words = [q.query for one in sets if one.task == "text" for q in one.queries]
    step = max(1, len(words) // TIMED)
    asked = words[::step][:TIMED]
    if not asked:
        return [float("nan") for _ in assemblies]
    rounds = [[[_took(one, q) for one in assemblies] for q in asked] for _ in range(ROUNDS)]
    quickest = np.min(rounds, axis=0)
    return [float(p95) for p95 in np.percentile(quickest, 95, axis=0)]


def _took(assembly: Assembly, query: str) -> float:
    began = time.perf_counter()
    assembly.engine.text(TextSearch(query=query))
    return (time.perf_counter() - began) * 1000


def _run(assembly: Assembly, queries: QuerySet, bar: Bar) -> Run:
    system = systems(assembly.engine, queries.task)[0]
    with bar(f"{assembly.release.version}: {queries.name}") as progress:
        return run(system, queries, progress)


def _cards(assembly: Assembly) -> list[ModelCard]:
    encoders = assembly.encoders
    used = [encoders.text, encoders.picture, encoders.lexical]
    return [encoder.card for encoder in used if encoder is not None]


def _memory_mb() -> float:
    from psutil import Process

    return float(Process().memory_info().rss) / 1e6

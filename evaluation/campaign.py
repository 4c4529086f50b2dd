"""A whole evaluation: which sets an installation can answer, every system on each, all figures."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from animevec.assembly import Assembly
from animevec.catalog.record import Anime
from animevec.errors import NotFound
from animevec.progress import Progress
from evaluation.agreement import Agreement, agreement
from evaluation.baselines import Bm25
from evaluation.qrels import QuerySet
from evaluation.results import SetResult, corrected, summarise
from evaluation.runner import Run, answerable, limited, run
from evaluation.sets.covers import altered_covers, glimpses
from evaluation.sets.own import own_sets
from evaluation.sets.shared import shared_sets, similarity_pairs
from evaluation.sets.variants import title_variants
from evaluation.systems import FULL, System, systems

Bar = Callable[[str], AbstractContextManager[Progress]]
ALL, EACH = 500, 100


@dataclass(frozen=True, slots=True)
class Campaign:
    """What was measured, and on what."""

    made: datetime
    titles: int
    release: str
    encoders: str
    results: Sequence[SetResult]
    agreement: Agreement | None = None


def records_of(assembly: Assembly) -> dict[UUID, Anime]:
    """The catalogue's records by id."""
    return {record.id: record for record in assembly.catalog.iterate()}


def query_sets(
    assembly: Assembly, records: dict[UUID, Anime], shared: Path | None, most: int = ALL
) -> list[QuerySet]:
    """Every set that the catalogue can answer, of at most ``most`` queries each.

    Covers are asked for up to 100 times at each alteration, variants of titles as often of
    each kind.
    """
    titles, pictures = list(records.values()), assembly.settings.pictures_path
    each = min(EACH, most)
    given = [*own_sets(), *(shared_sets(shared) if shared else [])]
    found = [title_variants(titles, each), *(limited(one, most) for one in given)]
    if assembly.encoders.picture is not None:
        found += [altered_covers(titles, pictures, each), glimpses(titles, pictures, most)]
    return [one for one in found if answerable(one, records)]


def chosen(sets: Sequence[QuerySet], names: Sequence[str]) -> list[QuerySet]:
    """The sets named (all without names); a prefix names several.

    Raises:
        NotFound: a name fits none.
    """
    for name in names:
        if not any(one.name.startswith(name) for one in sets):
            known = ", ".join(one.name for one in sets)
            raise NotFound(f"no query set '{name}' for this catalogue; there are {known}")
    return [one for one in sets if not names or one.name.startswith(tuple(names))]


def measure(
    assembly: Assembly,
    records: dict[UUID, Anime],
    sets: Sequence[QuerySet],
    only: Sequence[str],
    bar: Bar,
) -> list[SetResult]:
    """Every system on every set; ``only`` names systems beside the default one, empty: all."""
    needs_bm25 = not only or Bm25.name in only
    words = any(one.task in ("text", "similar") for one in sets)
    peers = [Bm25(list(records.values()))] if needs_bm25 and words else []
    results = []
    for queries in sets:
        asked = [
            system
            for system in (*systems(assembly.engine, queries.task), *_peers(queries, peers))
            if not only or system.name in (FULL, *only)
        ]
        results.append(summarise(queries, _runs(asked, queries, bar), records))
    return corrected(results)


def campaign(
    assembly: Assembly,
    shared: Path | None,
    names: Sequence[str],
    only: Sequence[str],
    most: int,
    bar: Bar,
) -> Campaign:
    """Measure an installation."""
    records = records_of(assembly)
    sets = chosen(query_sets(assembly, records, shared, most), names)
    results = measure(assembly, records, sets, only, bar)
    pairs = similarity_pairs(shared) if shared and not names else []
    ref = assembly.release
    picture = "" if assembly.encoders.picture is None else f", {ref.picture.card}"
    return Campaign(
        datetime.now(UTC),
        len(records),
        ref.version,
        f"{ref.text.card}{picture}",
        results,
        agreement(assembly.engine, pairs) if pairs else None,
    )


def _peers(queries: QuerySet, peers: Sequence[System]) -> Sequence[System]:
    return peers if queries.task in ("text", "similar") else ()


def _runs(asked: Sequence[System], queries: QuerySet, bar: Bar) -> list[Run]:
    runs = []
    for system in asked:
        with bar(f"{queries.name}: {system.name}") as progress:
            runs.append(run(system, queries, progress))
    return runs

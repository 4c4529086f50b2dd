"""Whether a release may serve: its index is whole, at the catalogue's revision, and answers."""

from dataclasses import dataclass
from itertools import islice

from animevec.catalog.store import Catalog
from animevec.index.base import Query, VectorStore
from animevec.index.document import TEXT

PROBES = 20


@dataclass(frozen=True, slots=True)
class Readiness:
    """What was found when a release was opened beside the running one.

    ``points`` are titles in its index, ``titles`` in the catalogue; ``watermark`` the revision
    the index has reached; ``probes`` of ``probed`` titles were found by their own vectors.
    """

    points: int
    titles: int
    watermark: int
    revision: int
    probes: int
    probed: int

    @property
    def problem(self) -> str | None:
        """Why this may not serve, None when it may."""
        if self.points != self.titles:
            return f"the index holds {self.points} titles, the catalogue {self.titles}"
        if self.watermark < self.revision:
            return f"the index is at revision {self.watermark}, the catalogue at {self.revision}"
        if self.probes < self.probed:
            return f"only {self.probes} of {self.probed} probe titles find themselves"
        return None


def inspect(catalog: Catalog, store: VectorStore, index: str) -> Readiness:
    """Count, compare revisions and let the first titles look for themselves."""
    probes = _probes(store, index)
    return Readiness(
        points=store.count(index),
        titles=catalog.count(),
        watermark=store.watermark(index),
        revision=catalog.revision(),
        probes=sum(probes),
        probed=len(probes),
    )


def _probes(store: VectorStore, index: str) -> list[bool]:
    """One entry per title: does its own text vector find it, or an equal title, at the top?"""
    points = [hit for hit in islice(store.scroll(index, with_vectors=(TEXT,)), PROBES)]
    own = [(hit.id, hit.vectors[TEXT]) for hit in points if TEXT in hit.vectors]
    queries = [Query(vector, TEXT, limit=PROBES) for _, vector in own]
    answers = store.query_batch(index, queries) if queries else []
    found: list[bool] = []
    for (id_, _), hits in zip(own, answers, strict=True):
        best = [hit.id for hit in hits if hit.score >= hits[0].score - 1e-4]
        found.append(id_ in best or len(best) == PROBES)
    return found

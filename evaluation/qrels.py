"""Frozen query sets: queries with graded judgements, identified by a hash of their content."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal
from uuid import UUID

Task = Literal["text", "similar", "picture", "multimodal"]


@dataclass(frozen=True, slots=True)
class Judged:
    """One query and what is relevant to it.

    ``relevant`` maps an id to a grade above 0.  ``exclude`` holds ids dropped from a ranking
    before it is scored (the seed's own franchise, say).  ``slices`` maps a slicing to this
    query's slice of it: ``{"language": "ja", "kind": "title"}``.  ``query`` is words, or a
    title's key (``mal:1``) where likeness is asked; ``picture`` the file sent with or without it.
    """

    qid: str
    query: str
    relevant: Mapping[UUID, float]
    slices: Mapping[str, str] = field(default_factory=dict)
    exclude: frozenset[UUID] = frozenset()
    picture: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class QuerySet:
    """Queries of one task, scored inside ``pool`` where only part of the catalogue is judged.

    ``primary`` is the metric that decides, ``general`` marks what fine-tuning must not forget.
    """

    name: str
    task: Task
    queries: tuple[Judged, ...]
    pool: frozenset[UUID] | None = None
    licence: str = ""
    primary: str = "ndcg@10"
    general: bool = False

    @property
    def sha256(self) -> str:
        """Hash over queries, judgements and pool; equal hashes mean comparable figures."""
        lines = [self.name, self.task, *map(str, sorted(self.pool or ()))]
        lines += sorted(map(_canonical, self.queries))
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _canonical(judged: Judged) -> str:
    relevant = {str(i): float(grade) for i, grade in judged.relevant.items()}
    content: list[object] = [judged.qid, judged.query, relevant, dict(judged.slices)]
    if judged.picture is not None:
        content.append(hashlib.sha256(judged.picture).hexdigest())
    return json.dumps([*content, sorted(map(str, judged.exclude))], sort_keys=True)

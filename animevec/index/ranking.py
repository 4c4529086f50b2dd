"""Order of hits: by score, ties by id, so that the same question has the same answer."""

from collections.abc import Mapping, Sequence
from operator import attrgetter, ne

from animevec.index.base import Distance, Hit, IndexSchema, Query

# Neither engine orders ties (qdrant#6814), so a few more hits than asked are fetched; where the
# tie reaches even further the fetch is widened, up to this many.
TIES, DEEPEST = 8, 10_000
_SCORE = attrgetter("score")


def ranked(hits: Sequence[Hit], schema: IndexSchema, query: Query) -> list[Hit]:
    """The best ``query.limit`` hits; a euclidean score is a distance, so smaller is better."""
    spec = schema.dense.get(query.using)
    nearest = spec is not None and spec.distance is Distance.EUCLID
    if len({hit.score for hit in hits}) == len(hits):
        return sorted(hits, key=_SCORE, reverse=not nearest)[: query.limit]
    sign = 1 if nearest else -1
    return sorted(hits, key=lambda hit: (sign * hit.score, hit.id))[: query.limit]


def untied(scores: Sequence[float]) -> bool:
    """Whether scores in the order of an engine differ, each from the next."""
    return all(map(ne, scores, scores[1:]))


def complete(scores: Sequence[float], limit: int, depth: int) -> bool:
    """Whether no hit outside a fetch of ``depth`` can tie with the last one wanted."""
    exhausted = len(scores) < depth or depth >= DEEPEST
    return exhausted or scores[limit - 1] != scores[-1]


def wider(depth: int) -> int:
    """The next depth to try."""
    return min(depth * 4, DEEPEST)


def ranked_facet(counts: Mapping[str | int | bool, int], limit: int) -> dict[str, int]:
    """The ``limit`` most frequent values, ties by value; booleans are ``true`` and ``false``."""
    named = {
        str(value).lower() if isinstance(value, bool) else str(value): count
        for value, count in counts.items()
    }
    return dict(sorted(named.items(), key=lambda item: (-item[1], item[0]))[:limit])

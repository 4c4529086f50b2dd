"""Related works, one entry for each whatever number of sources and addresses name it."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from rapidfuzz import fuzz

from animevec.catalog.record import Relation
from flows.enrichment.names import folded
from flows.enrichment.stages.hearing import Heard, candidates
from flows.enrichment.types import Candidate

ALIKE = 93.0
UNIQUE_KINDS = frozenset({"sequel", "prequel", "parent", "full_story"})


def propose(said: Sequence[Heard]) -> Mapping[str, tuple[Candidate, ...]]:
    """Each source's list of related works."""
    return {"relations": candidates(said, lambda record: record.relations)}


def join(lists: Sequence[Sequence[Relation]]) -> tuple[Relation, ...]:
    """One list; the first source's kind and key stay, a vague kind gives way to a telling one.

    Sources name works by their own ids and in their own language, so works are told apart by
    medium and title.  A later source's work without a match is new only if that source lists more
    of its kind and medium than are known; works of no kind (``other``) are taken from the first
    source alone, because sites list there whatever shares a franchise.  A work of a kind that was
    left out stays out when a third source names it.
    """
    joined: list[Relation] = []
    left: list[Relation] = []
    for number, relations in enumerate(lists):
        earlier = tuple(joined)
        listed = Counter((relation.kind, relation.medium) for relation in relations)
        known = Counter((relation.kind, relation.medium) for relation in joined)
        for relation in relations:
            place = _place(joined, relation, earlier, relations)
            kind = (relation.kind, relation.medium)
            if place is not None:
                joined[place] = _united(joined[place], relation)
            elif any(_alike(other, relation) for other in left):
                continue
            elif number == 0 or (relation.kind != "other" and listed[kind] > known[kind]):
                joined.append(relation)
            elif relation.kind != "other":
                left.append(relation)
    return tuple(joined)


def _place(
    joined: Sequence[Relation],
    relation: Relation,
    earlier: Sequence[Relation],
    siblings: Sequence[Relation],
) -> int | None:
    """Where the same work stands already: by key, by title, or as the only one of its kind."""
    for place, known in enumerate(joined):
        if known.key == relation.key or _alike(known, relation):
            return place
    alone = list(_only(earlier, relation)), list(_only(siblings, relation))
    if relation.kind in UNIQUE_KINDS and len(alone[0]) == len(alone[1]) == 1:
        return joined.index(alone[0][0]) if alone[0][0] in joined else None
    return None


def _only(relations: Sequence[Relation], like: Relation) -> Iterator[Relation]:
    return (r for r in relations if (r.kind, r.medium) == (like.kind, like.medium))


def _name(relation: Relation) -> str:
    return folded(relation.title or relation.key.partition(":")[2])


def _alike(one: Relation, other: Relation) -> bool:
    written = {"manga", "novel"}
    media = one.medium == other.medium or {one.medium, other.medium} <= written
    same_site = one.key.partition(":")[0] == other.key.partition(":")[0]
    if not media or same_site:
        return False
    return fuzz.ratio(_name(one), _name(other)) >= ALIKE


def _united(known: Relation, other: Relation) -> Relation:
    return known.model_copy(
        update={
            "kind": other.kind if known.kind == "other" else known.kind,
            "title": known.title or other.title,
        }
    )

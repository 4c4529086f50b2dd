"""The last word on order: adult titles, spoilers, franchises, thresholds, pages."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from uuid import UUID

from animevec.search.franchises import Facts
from animevec.search.fusion import Ranked

NSFW_FACTOR = 0.5


def demoted(
    ranked: Sequence[Ranked], facts: Mapping[UUID, Facts], distances: bool = False
) -> list[Ranked]:
    """Adult titles at half their score, or twice where it is below 0; where scores are distances,
    at twice and half, and smaller comes first.
    """
    better = -1.0 if distances else 1.0
    scored = [
        one._replace(score=_worse(one.score, better))
        if one.id in facts and facts[one.id].nsfw
        else one
        for one in ranked
    ]
    return sorted(scored, key=lambda one: (-better * one.score, one.id))


def _worse(score: float, better: float) -> float:
    return score * NSFW_FACTOR if better * score > 0 else score / NSFW_FACTOR


def capped(ranked: list[Ranked], most: float) -> list[Ranked]:
    """Titles in their order, with scores of at most ``most``."""
    if not ranked or ranked[0].score <= most:
        return ranked
    return [one._replace(score=min(one.score, most)) for one in ranked]


def above(ranked: list[Ranked], threshold: float | None) -> list[Ranked]:
    """The titles whose score is not below the threshold."""
    if threshold is None:
        return ranked
    return [one for one in ranked if one.score >= threshold]


def without_spoilers(
    ranked: Sequence[Ranked], facts: Mapping[UUID, Facts], franchise: Mapping[UUID, UUID]
) -> list[Ranked]:
    """The places a franchise has are filled in the order its titles came out."""
    places: dict[UUID, list[int]] = defaultdict(list)
    for place, one in enumerate(ranked):
        places[franchise.get(one.id, one.id)].append(place)
    ordered = list(ranked)
    for taken in places.values():
        members = sorted((ranked[place] for place in taken), key=lambda one: _date(one, facts))
        for place, member in zip(taken, members, strict=True):
            ordered[place] = member._replace(score=ranked[place].score)
    return ordered


def _date(one: Ranked, facts: Mapping[UUID, Facts]) -> tuple[str, UUID]:
    return (facts[one.id].started if one.id in facts else "9999", one.id)


def folded(
    ranked: Sequence[Ranked], franchise: Mapping[UUID, UUID]
) -> tuple[list[Ranked], dict[UUID, list[UUID]]]:
    """The best title of each franchise, and the others under it."""
    first: dict[UUID, Ranked] = {}
    under: dict[UUID, list[UUID]] = defaultdict(list)
    for one in ranked:
        head = first.setdefault(franchise.get(one.id, one.id), one)
        if head is not one:
            under[head.id].append(one.id)
    return list(first.values()), under

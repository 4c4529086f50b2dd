"""Leak-free splits: whole franchises are held out, and no text is on both sides."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from animevec.catalog.record import Anime
from animevec.search.franchises import Facts, franchises
from training.recipe import SplitRule

# Shorter ones are phrases ("Music video by ...") that unrelated titles share.
MIN_SYNOPSIS = 80


@dataclass(frozen=True, slots=True)
class Split:
    """Every title's franchise, and the franchises that are held out."""

    franchise: Mapping[UUID, UUID]
    held: frozenset[UUID]

    def is_held(self, title: UUID) -> bool:
        """Whether a title is on the held-out side."""
        return self.franchise[title] in self.held


def split(records: Sequence[Anime], rule: SplitRule) -> Split:
    """Franchises are unions of related titles and of titles with the same synopsis.

    A franchise's side depends on the salt and its own id alone: new titles move no old one.
    """
    franchise = _joined(records)
    held = {one for one in set(franchise.values()) if is_drawn(str(one), rule)}
    return Split(franchise, frozenset(held))


def is_drawn(name: str, rule: SplitRule) -> bool:
    """Whether the salted hash of a name falls to the held-out side."""
    digest = hashlib.sha256(f"{rule.salt}:{name}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64 < rule.held_out


def _joined(records: Sequence[Anime]) -> dict[UUID, UUID]:
    related = franchises([Facts.of(record) for record in records])
    parent = {one: one for one in related.values()}

    def root(one: UUID) -> UUID:
        while parent[one] != one:
            parent[one] = one = parent[parent[one]]
        return one

    owner: dict[str, UUID] = {}
    for record in records:
        text, ours = folded(record.synopsis or ""), related[record.id]
        if len(text) >= MIN_SYNOPSIS:
            one, two = root(ours), root(owner.setdefault(text, ours))
            parent[max(one, two)] = min(one, two)
    return {title: root(one) for title, one in related.items()}


def folded(text: str) -> str:
    """A text without case and spacing, for telling whether two are the same."""
    return " ".join(text.casefold().split())


def sides(records: Iterable[Anime], parts: Split) -> tuple[list[Anime], list[Anime]]:
    """The titles to train on and the held-out ones."""
    train: list[Anime] = []
    held: list[Anime] = []
    for record in records:
        (held if parts.is_held(record.id) else train).append(record)
    return train, held

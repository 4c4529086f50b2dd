"""One record out of what sources said, with the origin of every value and what it won against."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter, ValidationError

from animevec.catalog.record import Anime, Provenance
from flows.enrichment import titles
from flows.enrichment.agreement import COMPARED, confidence, groups, voices
from flows.enrichment.policy import Policy
from flows.enrichment.stages import characters, episodes, relationships, staff
from flows.enrichment.types import Candidate, Conflict

JOINS: dict[str, Callable[[Sequence[Any]], Any]] = {
    "characters": characters.join,
    "episode_list": episodes.join,
    "relations": relationships.join,
    "staff": staff.join,
}
MULTIPLE = frozenset({"union", "matched", "per_source"})
JOINED = "+"
OPERATOR, MODEL = "operator", "llm"
# What these say is put on top of each merge; it is no source's word.
ON_TOP = frozenset({OPERATOR, MODEL})


@dataclass(frozen=True, slots=True)
class Decision:
    """A field's value, where it came from, and the conflict it settled or left."""

    value: Any
    origin: Provenance
    conflict: Conflict | None = None


def decide(field: str, candidates: Iterable[Candidate], policy: Policy) -> Decision | None:
    """What the policy makes of the candidates; None where there are none."""
    ordered = sorted(candidates, key=lambda c: policy.rank(field, c.source))
    if not ordered:
        return None
    rule = policy.fields[field].rule
    if rule in MULTIPLE:
        return _together(field, ordered, policy)
    if rule == "any":
        return _single(field, ordered, next((c for c in ordered if c.value), ordered[0]))
    if rule == "longest":
        return _single(field, ordered, max(_written_in(ordered, policy), key=_length))
    if rule == "agreed":
        return _single(field, ordered, _most(field, ordered))
    return _single(field, ordered, ordered[0])


def _length(candidate: Candidate) -> int:
    return len(candidate.value)


def _written_in(candidates: Sequence[Candidate], policy: Policy) -> Sequence[Candidate]:
    """Texts in the policy's language as far as letters tell; all where none is."""
    if policy.language != "en":
        return candidates
    return [c for c in candidates if _ascii_share(c.value) > 0.9] or candidates


def _ascii_share(text: str) -> float:
    return sum(letter.isascii() for letter in text) / len(text)


def _most(field: str, candidates: Sequence[Candidate]) -> Candidate:
    """The first of those that most providers agree on; the order decides a tie."""
    return max(groups(field, candidates), key=_weight)[0]


def _weight(group: Sequence[Candidate]) -> tuple[bool, int]:
    """Something said of the aired title outweighs any number of announcements."""
    return any(not candidate.provisional for candidate in group), voices(group)


def _single(field: str, candidates: Sequence[Candidate], chosen: Candidate) -> Decision:
    parts = groups(field, candidates)
    own = next(group for group in parts if chosen in group)
    compared = field in COMPARED
    asked = voices(candidates) if compared else 1
    sure = confidence(voices(own) if compared else 1, asked)
    losers = {c.source: c.value for group in parts if group is not own for c in group}
    origin = Provenance(
        source=chosen.source,
        fetched_at=chosen.at,
        licence=chosen.licence,
        confidence=sure,
        # Those that agree too: in an outage each must be able to stand by its word.
        alternatives={c.source: c.value for c in candidates if c is not chosen},
    )
    conflict = None
    if compared and losers:
        rivals = max(_weight(group) for group in parts if group is not own)
        conflict = Conflict(
            field=field,
            chosen=chosen.source,
            value=chosen.value,
            others=losers,
            confidence=sure,
            settled=_weight(own) > rivals,
        )
    return Decision(chosen.value, origin, conflict)


def _together(field: str, candidates: Sequence[Candidate], policy: Policy) -> Decision:
    values = [candidate.value for candidate in candidates]
    if field == "titles":
        value: Any = titles.unite(candidates, policy.spelling)
    elif field in JOINS:
        value = JOINS[field](values)
    elif isinstance(values[0], dict):
        value = {name: v for one in reversed(values) for name, v in one.items()}
    else:
        value = _once(item for items in values for item in items)
    count = voices(candidates)
    return Decision(
        value,
        Provenance(
            source=JOINED.join(dict.fromkeys(c.source for c in candidates)),
            fetched_at=_oldest(candidates),
            licence=_licences(candidates),
            confidence=confidence(count, count),
        ),
    )


def _licences(candidates: Sequence[Candidate]) -> str | None:
    stated = [part for c in candidates if c.licence for part in c.licence.split("; ")]
    return "; ".join(dict.fromkeys(stated)) or None


def _oldest(candidates: Sequence[Candidate]) -> datetime | None:
    times = [candidate.at for candidate in candidates if candidate.at]
    return min(times) if times else None


def _once(items: Iterable[Any]) -> tuple[Any, ...]:
    """Items without those equal but for case, in order."""
    found: dict[Any, Any] = {}
    for item in items:
        found.setdefault(item.casefold() if isinstance(item, str) else item, item)
    return tuple(found.values())


def remembered(
    field: str, existing: Anime, silent: Callable[[str], bool], policy: Policy
) -> list[Candidate]:
    """What ``silent`` sources said before, so that an outage changes nothing.

    Those that answered speak for themselves.
    """
    origin = existing.origin(field)
    value = getattr(existing, field)
    unsaid = field not in existing.provenance and value == Anime.model_fields[field].default
    if origin is None or existing.tentative(field) or unsaid:
        return []
    sources = origin.source.split(JOINED)
    if policy.fields[field].rule not in MULTIPLE:
        sources = sources[:1]
    kept = [
        Candidate(source, value, origin.fetched_at, origin.licence)
        for source in sources
        if source not in ON_TOP and silent(source)
    ]
    lost = (
        (source, _typed(field, stated))
        for source, stated in origin.alternatives.items()
        if source not in ON_TOP and silent(source)
    )
    kept += [
        Candidate(source, stated, origin.fetched_at)
        for source, stated in lost
        if stated is not None
    ]
    return kept


def _typed(field: str, value: Any) -> Any:
    """A value kept as JSON as the field's own type; None where it is that no longer."""
    annotation: Any = Anime.model_fields[field].annotation
    try:
        return TypeAdapter(annotation).validate_python(value)
    except ValidationError:
        return None

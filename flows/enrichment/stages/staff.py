"""People and what they did, each once."""

from collections.abc import Mapping, Sequence

from animevec.catalog.record import Person
from flows.enrichment import words
from flows.enrichment.names import name_key
from flows.enrichment.stages.hearing import Heard, candidates
from flows.enrichment.types import Candidate

ROLES = {
    "direction": "director",
    "chief_direction": "chief_director",
    "sound_direction": "sound_director",
    "animation_direction": "animation_director",
    "chief_animation_direction": "chief_animation_director",
    "original_work": "original_creator",
    "original_story": "original_creator",
    "original_character_design": "original_character_design",
    "production": "producer",
}


def propose(said: Sequence[Heard]) -> Mapping[str, tuple[Candidate, ...]]:
    """Each source's list of people."""
    return {"staff": candidates(said, lambda record: record.staff)}


def join(lists: Sequence[Sequence[Person]]) -> tuple[Person, ...]:
    """One list: a person with one role once, with the ids of every source."""
    joined: dict[tuple[str, str], Person] = {}
    for people in lists:
        for person in people:
            key = (name_key(person.name), _role(person.role))
            known = joined.get(key)
            joined[key] = united(known, person) if known else person
    return tuple(joined.values())


def _role(role: str | None) -> str:
    name = words.slug((role or "").partition("(")[0])
    return ROLES.get(name, name)


def united(known: Person, other: Person) -> Person:
    """One person of two sources: the first one's words, the ids of both."""
    return known.model_copy(
        update={
            "native_name": known.native_name or other.native_name,
            "language": known.language or other.language,
            "keys": {**other.keys, **known.keys},
        }
    )

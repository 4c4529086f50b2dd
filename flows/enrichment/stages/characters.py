"""Characters matched across sources by ids, name variants, native name and role."""

from collections.abc import Iterator, Mapping, Sequence

from rapidfuzz import fuzz, process

from animevec.catalog.record import Character, Person
from flows.enrichment.names import folded, name_key
from flows.enrichment.stages.hearing import Heard, candidates
from flows.enrichment.stages.staff import united
from flows.enrichment.types import Candidate

NAME, ROLE = 0.85, 0.15
SAME = 0.9
MIN_FUZZY = 6


def propose(said: Sequence[Heard]) -> Mapping[str, tuple[Candidate, ...]]:
    """Each source's list of characters."""
    return {"characters": candidates(said, lambda record: record.characters)}


def join(lists: Sequence[Sequence[Character]]) -> tuple[Character, ...]:
    """One list; a character no other source has stays as it is."""
    joined: list[Character] = []
    for characters in lists:
        places = _matches(joined, characters)
        for character, at in zip(characters, places, strict=True):
            if at is None:
                joined.append(character)
            else:
                joined[at] = _united(joined[at], character)
    return tuple(joined)


def _matches(known: Sequence[Character], others: Sequence[Character]) -> list[int | None]:
    """For each of ``others`` the place of the same one in ``known``; each place once."""
    index: dict[str, int] = {}
    for place, character in enumerate(known):
        for signal in _signals(character):
            index.setdefault(signal, place)
    taken: set[int] = set()
    places: list[int | None] = []
    for other in others:
        exact = (index[signal] for signal in _signals(other) if signal in index)
        found = next((place for place in exact if place not in taken), None)
        places.append(found)
        if found is not None:
            taken.add(found)
    _fuzzy(known, others, places, taken)
    return places


def _signals(character: Character) -> Iterator[str]:
    """What two records of one character share: an id, then a name in any order of its words."""
    yield from (f"{provider}:{id}" for provider, id in sorted(character.keys.items()))
    for name in (character.name, character.native_name, *character.aliases):
        if name and (key := name_key(name)):
            yield key


def _fuzzy(
    known: Sequence[Character],
    others: Sequence[Character],
    places: list[int | None],
    taken: set[int],
) -> None:
    """Fill ``places`` with names spelt almost alike, the surest first."""
    free = [place for place in range(len(known)) if place not in taken]
    names = [name_key(known[place].name) for place in free]
    pairs: list[tuple[float, int, int]] = []
    for number, other in enumerate(others):
        name = name_key(other.name)
        if places[number] is not None or len(name) < MIN_FUZZY or not names:
            continue
        for _, score, at in process.extract(name, names, scorer=fuzz.ratio, limit=2):
            pairs.append((_likeness(score / 100, known[free[at]], other), number, free[at]))
    for likeness, number, place in sorted(pairs, reverse=True):
        if likeness >= SAME and places[number] is None and place not in taken:
            places[number] = place
            taken.add(place)


def _likeness(name: float, one: Character, other: Character) -> float:
    """Weighted likeness over the signals both have; a missing one weighs nothing.

    Two native names that differ are two characters.
    """
    if (
        one.native_name
        and other.native_name
        and folded(one.native_name) != folded(other.native_name)
    ):
        return 0.0
    if one.role is None or other.role is None:
        return name
    return NAME * name + ROLE * (one.role == other.role)


def _united(known: Character, other: Character) -> Character:
    names = (known.native_name, *known.aliases, other.name, *other.aliases)
    aliases = {folded(name): name for name in reversed(names) if name}
    own = {folded(known.name), folded(known.native_name or other.native_name or "")}
    return known.model_copy(
        update={
            "native_name": known.native_name or other.native_name,
            "aliases": tuple(reversed([a for key, a in aliases.items() if key not in own])),
            "role": known.role or other.role,
            "description": known.description or other.description,
            "picture": known.picture or other.picture,
            "voices": _voices(known.voices, other.voices),
            "keys": {**other.keys, **known.keys},
        }
    )


def _voices(known: Sequence[Person], others: Sequence[Person]) -> tuple[Person, ...]:
    voices = {(name_key(voice.name), voice.language): voice for voice in known}
    for voice in others:
        key = (name_key(voice.name), voice.language)
        voices[key] = united(voices[key], voice) if key in voices else voice
    return tuple(voices.values())

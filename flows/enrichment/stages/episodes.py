"""Episodes by number, each with what every source knows of it."""

from collections.abc import Mapping, Sequence

from animevec.catalog.record import Episode
from flows.enrichment.stages.hearing import Heard, candidates
from flows.enrichment.types import Candidate


def propose(said: Sequence[Heard]) -> Mapping[str, tuple[Candidate, ...]]:
    """Each source's list of episodes."""
    return {"episode_list": candidates(said, lambda record: record.episode_list)}


def join(lists: Sequence[Sequence[Episode]]) -> tuple[Episode, ...]:
    """One list by number; of two values of an episode that of the earlier list stays."""
    joined: dict[int, Episode] = {}
    for episodes in lists:
        for episode in episodes:
            known = joined.get(episode.number)
            joined[episode.number] = _filled(known, episode) if known else episode
    return tuple(joined[number] for number in sorted(joined))


def _filled(known: Episode, other: Episode) -> Episode:
    """``known`` with what only ``other`` says; titles of both."""
    absent = {name: value for name, value in other if getattr(known, name) in (None, ())}
    named = {(title.text.lower(), title.language) for title in known.titles}
    more = tuple(t for t in other.titles if (t.text.lower(), t.language) not in named)
    return known.model_copy(update=absent | {"titles": (*known.titles, *more)})

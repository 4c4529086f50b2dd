"""One list of titles out of many, with one main title."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from rapidfuzz import fuzz

from animevec.catalog.record import Title
from flows.enrichment.names import folded
from flows.enrichment.types import Candidate

KINDS = ("main", "official", "synonym", "short")
SPELLING = 92.0


def unite(candidates: Sequence[Candidate], spelling: Sequence[str]) -> tuple[Title, ...]:
    """Every title once, the main one first; ``candidates`` stand in the policy's order."""
    main = choose_main(candidates, spelling)
    every = [_demoted(title) for candidate in candidates for title in candidate.value]
    known = [title for title in every if title.language != "und"]
    texts = {title.text.casefold() for title in (main, *known)}
    unknown = [t for t in every if t.language == "und" and t.text.casefold() not in texts]
    united: dict[tuple[str, str], Title] = {_key(main): main}
    for title in (*known, *unknown):
        there = united.get(_key(title))
        if there is None or KINDS.index(title.kind) < KINDS.index(there.kind):
            united[_key(title)] = title
    return tuple(united.values())


def _key(title: Title) -> tuple[str, str]:
    return title.text.casefold(), title.language


def _demoted(title: Title) -> Title:
    """A main title of one source as one among many."""
    if title.kind != "main":
        return title
    return title.model_copy(update={"kind": "synonym" if title.language == "und" else "official"})


def choose_main(candidates: Sequence[Candidate], spelling: Sequence[str]) -> Title:
    """The romanised main title of the first source that has one, as most sources spell it.

    Without one the first source's main title; ``spelling`` names sources never outvoted.
    """
    every: list[tuple[str, Title]] = [(c.source, title) for c in candidates for title in c.value]
    mains = [(source, title) for source, title in every if title.kind == "main"]
    romanised = [(source, title) for source, title in mains if title.language.endswith("-Latn")]
    if not mains:
        return _as_main(every[0][1])
    source, title = (romanised or mains)[0]
    if source in spelling:
        return _as_main(title)
    return _as_main(_usual(title, candidates))


def _as_main(title: Title) -> Title:
    return title.model_copy(update={"kind": "main"})


def _usual(title: Title, candidates: Iterable[Candidate]) -> Title:
    """The spelling of ``title`` that most sources have; its own in doubt."""
    votes: dict[str, set[str]] = defaultdict(set)
    for candidate in candidates:
        for other in candidate.value:
            if _spells(title, other):
                votes[other.text].add(candidate.source)
    own = len(votes[title.text])
    text = max(votes, key=lambda name: (len(votes[name]), name == title.text))
    return title.model_copy(update={"text": text}) if len(votes[text]) > own else title


def _spells(title: Title, other: Title) -> bool:
    language = other.language in {"und", title.language}
    return language and fuzz.ratio(folded(title.text), folded(other.text)) >= SPELLING

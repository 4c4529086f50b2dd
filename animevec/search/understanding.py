"""What a query says beyond its words: a name, filters, examples, labels under other words."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial

from animevec.search.examples import Examples, read_examples, read_refusal
from animevec.search.filters import Node, as_json, both
from animevec.search.phrases import Reading, read_filters
from animevec.search.request import Understanding as Part
from animevec.search.response import Interpretation, ReadFilter, TitleMatch
from animevec.search.titles import TitleHit, TitleIndex
from animevec.search.vocabulary import Vocabulary, plain

MAX_NAME_CHARS = 150
MAX_WORDS = 20
MAX_SENTENCE_WORDS = 8
MAX_EXPANDED_WORDS = 12
SURE = 0.93
NAMED = 0.82
_COMPARATIVE = re.compile(r"\b(?:more|less|\w+er)\b")


@dataclass(frozen=True, slots=True)
class Understood:
    """A query, read.

    ``text`` is what is left to search by meaning, perhaps nothing; ``words`` the same with the
    catalogue's labels for words that stand for one; ``titles`` are names it may be, best
    first; ``refused`` is a title that is not wanted, though what is like it may be.
    """

    text: str
    words: str
    node: Node | None
    titles: tuple[TitleHit, ...]
    positive: tuple[TitleHit, ...]
    negative: tuple[TitleHit, ...]
    refused: TitleHit | None
    interpretation: Interpretation


def understand(
    query: str, parts: frozenset[Part], titles: TitleIndex, vocabulary: Vocabulary
) -> Understood:
    """Read a query; only ``parts`` of understanding are applied.

    A query that surely is a name is not taken apart ("No Game No Life"), and neither is a story:
    more than 20 words, or more than 8 with a full stop ("It's the summer of 1945. The war ...").
    """
    named = _names(query, titles) if "titles" in parts else []
    taken_apart = not _is_story(query) and not (named and named[0].score >= SURE)
    examples = Examples((), (), query)
    readings: list[Reading] = []
    if taken_apart and "examples" in parts:
        examples = read_examples(query, partial(_named, titles))
    text = examples.text
    if taken_apart and "filters" in parts:
        readings, text = read_filters(text, vocabulary)
    refused = None
    if taken_apart and "examples" in parts:  # after filters: "not harem" means the label
        refused, text = read_refusal(text, partial(_named, titles))
    if text != query and "titles" in parts:
        named = [] if examples.positive or examples.negative else _names(text, titles)
    expanded = _expanded(text, vocabulary) if taken_apart and "expansion" in parts else {}
    return Understood(
        text=text,
        words=_words(text, expanded, examples),
        node=both(*(reading.node for reading in readings)),
        titles=tuple(named),
        positive=examples.positive,
        negative=examples.negative,
        refused=refused,
        interpretation=_interpretation(query, text, readings, expanded, examples, named, refused),
    )


def _is_story(query: str) -> bool:
    words = len(query.split())
    sentences = re.search(r"[.!?。](?:\s|$)", query) is not None
    return words > (MAX_SENTENCE_WORDS if sentences else MAX_WORDS)


def _names(text: str, titles: TitleIndex) -> list[TitleHit]:
    return titles.lookup(text) if 0 < len(text) <= MAX_NAME_CHARS else []


def _named(titles: TitleIndex, name: str, strict: bool) -> TitleHit | None:
    """The title a name given as an example means; one word of a long name will do."""
    found = titles.lookup(name.strip(" \"'“”‘’"), limit=1) if name.strip() else []
    if not found or (strict and found[0].strength != "strong") or found[0].score < NAMED:
        return None
    return found[0]


def _expanded(text: str, vocabulary: Vocabulary) -> dict[str, tuple[str, ...]]:
    """Label to the words it stands for, where the label's own name is not among the words."""
    if len(text.split()) > MAX_EXPANDED_WORDS:
        return {}
    expanded: dict[str, tuple[str, ...]] = {}
    for phrase, label in vocabulary.labels_in(text).items():
        if plain(label) != phrase:
            expanded[label] = (*expanded.get(label, ()), phrase)
    return expanded


def _words(text: str, expanded: Mapping[str, Iterable[str]], examples: Examples) -> str:
    """The words to compare: labels beside what stands for them, for that may be narrower
    ("volleyball" and Team Sports); but what compares with an example ("lighter") says nothing of
    its own.
    """
    if not expanded:
        return text
    words = f" {plain(text)} "
    for label, phrases in expanded.items():
        for phrase in phrases:
            compares = examples.positive and _COMPARATIVE.search(phrase)
            kept = "" if compares else f"{phrase} "
            words = words.replace(f" {phrase} ", f" {kept}{label} ")
    return words.strip()


def _interpretation(
    query: str,
    text: str,
    readings: list[Reading],
    expanded: dict[str, tuple[str, ...]],
    examples: Examples,
    named: list[TitleHit],
    refused: TitleHit | None,
) -> Interpretation:
    negative = (*examples.negative, *([refused] if refused else []))
    kept = set(plain(text).split())
    return Interpretation(
        query=query,
        text=text,
        filters=tuple(ReadFilter(phrase=r.phrase, filter=as_json(r.node)) for r in readings),
        expanded=expanded,
        removed=tuple(word for word in plain(query).split() if word not in kept),
        positive=tuple(map(title_match, examples.positive)),
        negative=tuple(map(title_match, negative)),
        title=title_match(named[0]) if named else None,
    )


def title_match(hit: TitleHit) -> TitleMatch:
    """A title hit as an answer states it."""
    score = round(min(1.0, hit.score), 4)
    return TitleMatch(id=hit.id, title=hit.name, strength=hit.strength, score=score)

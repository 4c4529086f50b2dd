"""Why a hit is there: its name, the words it shares, its nearest sentence, what is in common."""

import re
from collections.abc import Sequence

import numpy as np

from animevec.catalog.record import Anime
from animevec.encoders.base import DENSE, Head, Task, Vector
from animevec.encoders.lexical import tokens
from animevec.search.encoding import QueryEncoders
from animevec.search.filters import spelling
from animevec.search.response import ChannelHit, Explanation, Shared, WordMatch
from animevec.search.wording import WORD, matched_words

SENTENCES_BY_WORDS = 3
MAX_SENTENCE = 400
COLBERT = frozenset({Head.COLBERT})
_SENTENCE = re.compile(r"(?<=[.!?。！？])[\"'”’)\]]*\s+|(?<=[。！？])")
_CHANNELS = {
    "title": "its name",
    "text": "its meaning",
    "lexical": "its words",
    "labels": "its labels",
    "picture": "its picture",
    "thumbnail": "its picture's overall look",
    "example": "likeness to the examples",
    "same": "being the same picture",
    "catalogue": "the filters",
}
_COMMON = frozenset(
    tokens(
        "a an and are as at be by for from has he her his in is it its of on"
        " or she that the their they this to was who will with anime"
    )
)


def explain(
    records: Sequence[Anime],
    parts: Sequence[Sequence[ChannelHit]],
    names: Sequence[str | None],
    query: str,
    dense: Vector | None,
    encoders: QueryEncoders,
    spoilers: bool,
) -> list[Explanation]:
    """One explanation per record; sentences are chosen by words, then by meaning.

    ``spoilers`` False leaves the sentences out.
    """
    wanted = set(tokens(query)) - _COMMON
    quotes = _quotes(records, wanted, dense, encoders) if spoilers and query else []
    answered = _answered(query, quotes, encoders)
    found: list[Explanation] = []
    for at, record in enumerate(records):
        text = " ".join([record.synopsis or "", *(title.text for title in record.titles)])
        terms = wanted & set(tokens(text))
        found.append(
            Explanation(
                summary=_summary(parts[at]),
                title=names[at],
                sentence=quotes[at] if quotes else None,
                terms=tuple(word for word in _words(query) if set(tokens(word)) & terms),
                words=answered[at] if answered else (),
            )
        )
    return found


def _summary(parts: Sequence[ChannelHit]) -> str:
    if not parts:
        return "asked for by id"
    ordered = sorted(parts, key=lambda part: (-part.share, part.name))
    reasons = [
        f"{_CHANNELS.get(part.name, part.name)} (rank {part.rank}, {part.share:.0%})"
        for part in ordered
    ]
    return "found by " + ", ".join(reasons)


def _words(text: str) -> list[str]:
    return list(dict.fromkeys(WORD.findall(text)))


def sentences(text: str) -> list[str]:
    """The sentences of a synopsis, longest first cut at 400 characters."""
    return [part.strip()[:MAX_SENTENCE] for part in _SENTENCE.split(text) if len(part.strip()) > 3]


def _quotes(
    records: Sequence[Anime], wanted: set[str], dense: Vector | None, encoders: QueryEncoders
) -> list[str | None]:
    """For each record the sentence nearest to the query; all candidates in one encoder call."""
    drafts = [_likely(sentences(record.synopsis or ""), wanted) for record in records]
    if dense is None:
        return [next(iter(draft), None) for draft in drafts]
    flat = [sentence for draft in drafts for sentence in draft]
    embedded = encoders.texts(flat, DENSE, Task.DOCUMENT) if flat else []
    scores = iter([_cosine(dense, one.dense) for one in embedded])
    quotes: list[str | None] = []
    for draft in drafts:
        scored = [(next(scores), sentence) for sentence in draft]
        quotes.append(max(scored)[1] if scored else None)
    return quotes


def _answered(
    query: str, quotes: Sequence[str | None], encoders: QueryEncoders
) -> list[tuple[WordMatch, ...]]:
    """For each sentence the words of the query that it answers; empty without token vectors."""
    chosen = [quote for quote in quotes if quote]
    if Head.COLBERT not in encoders.text.card.heads or not chosen:
        return []
    (asked,) = encoders.texts([query], COLBERT, Task.QUERY)
    found = iter(encoders.texts(chosen, COLBERT, Task.DOCUMENT))
    matches = [matched_words(query, asked, one, next(found)) if one else [] for one in quotes]
    return [tuple(m for m in each if set(tokens(m.query)) - _COMMON) for each in matches]


def _likely(parts: Sequence[str], wanted: set[str]) -> list[str]:
    """The few sentences that share most words with the query; the first ones where none does."""
    ranked = sorted(range(len(parts)), key=lambda at: (-len(wanted & set(tokens(parts[at]))), at))
    return [parts[at] for at in ranked[:SENTENCES_BY_WORDS]]


def _cosine(query: Vector, other: Vector | None) -> float:
    return float(np.dot(query, other)) if other is not None else -1.0


def shared(references: Sequence[Anime], record: Anime) -> Shared:
    """What a title has in common with at least one of the references."""

    def common(field: str) -> tuple[str, ...]:
        theirs = {spelling(v) for reference in references for v in getattr(reference, field)}
        return tuple(value for value in getattr(record, field) if spelling(value) in theirs)

    people = {person.name for reference in references for person in reference.staff}
    staff = dict.fromkeys(person.name for person in record.staff if person.name in people)
    return Shared(
        genres=common("genres"),
        themes=common("themes"),
        tags=common("tags"),
        demographics=common("demographics"),
        studios=common("studios"),
        staff=tuple(staff),
    )

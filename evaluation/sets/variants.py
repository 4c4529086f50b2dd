"""Titles as people type them, drawn from a catalogue: scripts, other names, short forms, slips.

Every record that bears a name is right for it; which records are drawn depends on their ids
alone.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from random import Random
from uuid import UUID

from animevec.catalog.record import Anime
from evaluation.qrels import Judged, QuerySet
from evaluation.sets.rows import drawn, hash_of

KANA = re.compile(r"[\u3040-\u30ff\s・！？!?～〜☆♪ー]+")
SHORT = re.compile(r"[A-Za-z0-9][A-Za-z0-9.]{1,6}")
WORD = re.compile(r"[A-Za-z]{4,}")
LETTERS = "abcdefghijklmnopqrstuvwxyz"


def title_variants(records: Sequence[Anime], each: int) -> QuerySet:
    """``each`` names of every kind: romaji, English, Japanese, kana, synonym, abbreviation, typo.

    A typo is one letter left out, doubled, changed or swapped with the next, inside a word of at
    least four letters of the romaji or English title.
    """
    owners: dict[str, set[UUID]] = defaultdict(set)
    for record in records:
        for title in record.titles:
            owners[_folded(title.text)].add(record.id)
    queries = []
    for kind, names in KINDS.items():
        found = [(f"{kind} {r.id}", (r, name)) for r in records for name in names(r)]
        for record, name in drawn(found, each):
            right = {record.id, *owners.get(_folded(name), ())}
            language = (
                "ja" if kind in ("japanese", "kana") else "en" if kind == "english" else "und"
            )
            queries.append(
                Judged(
                    f"{kind}-{record.id}",
                    name,
                    {id: 1.0 for id in right},
                    {"kind": kind, "language": language},
                )
            )
    return QuerySet("title-variants", "text", tuple(queries), primary="success@1")


def _folded(name: str) -> str:
    return " ".join(name.casefold().split())


def _romaji(record: Anime) -> Iterator[str]:
    yield from (t.text for t in record.titles[:1] if t.language == "ja-Latn")


def _english(record: Anime) -> Iterator[str]:
    if record.title_english and record.title_english != record.title:
        yield record.title_english


def _japanese(record: Anime) -> Iterator[str]:
    if record.title_japanese and not KANA.fullmatch(record.title_japanese):
        yield record.title_japanese


def _kana(record: Anime) -> Iterator[str]:
    if record.title_japanese and KANA.fullmatch(record.title_japanese):
        yield record.title_japanese


def _synonyms(record: Anime) -> Iterable[str]:
    """The first other name that is no short form."""
    return [t.text for t in record.titles if t.kind == "synonym" and not _is_short(t.text)][:1]


def _abbreviations(record: Anime) -> Iterable[str]:
    """The first short form in Latin letters."""
    return [t.text for t in record.titles if t.kind in ("synonym", "short") and _is_short(t.text)][
        :1
    ]


def _is_short(name: str) -> bool:
    return SHORT.fullmatch(name) is not None


def _typos(record: Anime) -> Iterator[str]:
    rng = Random(hash_of(str(record.id)))
    name = rng.choice([record.title, record.title_english or record.title])
    words = list(WORD.finditer(name))
    if words:
        word = rng.choice(words)
        at = rng.randrange(word.start() + 1, word.end() - 1)
        yield _slip(name, at, rng)


def _slip(name: str, at: int, rng: Random) -> str:
    before, letter, after = name[:at], name[at], name[at + 1 :]
    slips = [
        before + after,
        before + letter * 2 + after,
        before + rng.choice(LETTERS.replace(letter.lower(), "")) + after,
        before + after[:1] + letter + after[1:],
    ]
    return rng.choice([slip for slip in slips if slip != name])


KINDS: Mapping[str, Callable[[Anime], Iterable[str]]] = {
    "romaji": _romaji,
    "english": _english,
    "japanese": _japanese,
    "kana": _kana,
    "synonym": _synonyms,
    "abbreviation": _abbreviations,
    "typo": _typos,
}

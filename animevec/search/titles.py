"""The title layer: any spelling of a name to the title it names, with an honest strength.

Candidates come from shared n-grams, then rapidfuzz compares the forms of both names.  The index
is a few immutable segments: a change adds a small one and hides the old names, and segments are
merged when there are many, so an update costs what changed.  Reads never wait for writes.
"""

import re
import threading
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal
from uuid import UUID

from rapidfuzz import fuzz
from rapidfuzz.process import cdist

from animevec.catalog.record import Anime
from animevec.search.franchises import prior
from animevec.search.grams import GramIndex
from animevec.search.spelling import Form, forms, initials, spaced

Strength = Literal["strong", "weak", "none"]

CANDIDATES = 120
MAX_SEGMENTS = 6
MAX_CHARS = 200
STRONG = 0.88
WEAK = 0.75
NEAR = 60
PIECE = 78
BY_EAR = 0.84
SHORT_NAME = 5
_HEAD = re.compile(r".+?(?=:(?![a-z0-9])| [-–—~] )")
_FEATURES = frozenset({"MOVIE", "OVA", "ONA", "SPECIAL"})


@dataclass(frozen=True, slots=True)
class TitleHit:
    """A title that a text may name; ``score`` 0 to 1, ``name`` as the catalogue has it."""

    id: UUID
    name: str
    score: float
    strength: Strength


@dataclass(frozen=True, slots=True)
class _Entry:
    """A catalogue record as the title layer keeps it; ``prior`` 0 to 1 grows with its members."""

    id: UUID
    names: tuple[str, ...]
    kind: str
    prior: float


class _Segment:
    """Names of some records; immutable."""

    def __init__(self, entries: Sequence[_Entry]) -> None:
        self.entries = entries
        self.names: list[str] = []
        self.forms: list[Form] = []
        self.owners: list[int] = []
        self.acronyms: dict[str, list[int]] = defaultdict(list)
        for owner, entry in enumerate(entries):
            self._add(owner, entry)
        self.postings = GramIndex([form.phonetic for form in self.forms])
        self.skeletons = GramIndex([form.skeleton for form in self.forms])

    def _add(self, owner: int, entry: _Entry) -> None:
        seen: set[Form] = set()
        for name in entry.names:
            for form in forms(name):
                if form not in seen:
                    seen.add(form)
                    self._note_acronym(form.words)
                    self.names.append(name)
                    self.forms.append(form)
                    self.owners.append(owner)

    def _note_acronym(self, words: str) -> None:
        short = initials(words)
        if short and len(short) <= 8:
            self.acronyms[short].append(len(self.forms))

    def compared(self, form: Form) -> Iterator[tuple[_Entry, str, float]]:
        """Record, name and likeness of every name worth comparing."""
        near = self.postings.nearest(form.phonetic, CANDIDATES).tolist()
        if form.from_kana:
            more = self.skeletons.nearest(form.skeleton, CANDIDATES).tolist()
            near = sorted({*near, *more})
        promising = set(self._promising(form, near))
        for position in promising.union(self.acronyms.get(form.words, ())):
            entry = self.entries[self.owners[position]]
            score = alike(form, self.forms[position], entry.kind, entry.prior)
            yield entry, self.names[position], score

    def _promising(self, form: Form, near: Sequence[int]) -> Iterator[int]:
        """Those of the names whose sound is close enough for ``alike`` to reach ``WEAK``.

        One comparison of the whole list at once, and a second one of those it leaves, spare the
        many of each name that has no chance.
        """
        if not near:
            return
        sound, whole = form.phonetic, form.whole
        names = [self.forms[position] for position in near]
        sounds = [name.phonetic for name in names]
        alike_at_once = cdist([sound], sounds, scorer=fuzz.ratio, score_cutoff=NEAR)[0].tolist()
        for position, name, near_enough in zip(near, names, alike_at_once, strict=True):
            if (
                near_enough
                or (
                    (whole != sound or name.whole != name.phonetic)
                    and fuzz.ratio(whole, name.whole, score_cutoff=NEAR)
                )
                or (
                    len(sound) < len(name.phonetic)
                    and fuzz.partial_ratio(sound, name.phonetic, score_cutoff=PIECE)
                )
            ):
                yield position


@dataclass(frozen=True, slots=True)
class _State:
    """Segments, and for each title the segment whose entry counts."""

    segments: tuple[_Segment, ...] = ()
    owner: Mapping[UUID, _Segment] = field(default_factory=dict)

    def visible(self, segment: _Segment) -> list[_Entry]:
        """The entries of a segment that no later one replaces."""
        return [entry for entry in segment.entries if self.owner.get(entry.id) is segment]


class TitleIndex:
    """Names of the whole catalogue."""

    def __init__(self) -> None:
        self._state = _State()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._state.owner)

    def update(self, changed: Iterable[Anime], removed: Iterable[UUID] = ()) -> None:
        """Take in new and changed records and forget removed ones."""
        entries = {record.id: _entry(record) for record in changed}
        with self._lock:
            gone = {*entries, *removed}
            owner = {i: s for i, s in self._state.owner.items() if i not in gone}
            rest = _State(self._state.segments, owner)
            self._state = _grown(rest, list(entries.values()))

    def lookup(self, text: str, limit: int = 20) -> list[TitleHit]:
        """Titles that ``text`` may name, best first; only those at least weakly alike.

        Only the first 200 characters are read: no name is longer.
        """
        state = self._state
        best: dict[UUID, TitleHit] = {}
        priors: dict[UUID, float] = {}
        for form in forms(text[:MAX_CHARS]):
            for segment in state.segments:
                for entry, name, score in segment.compared(form):
                    known = best.get(entry.id)
                    if score < WEAK or (known and known.score >= score):
                        continue
                    if state.owner.get(entry.id) is segment:
                        best[entry.id] = TitleHit(entry.id, name, score, strength(form, score))
                        priors[entry.id] = entry.prior
        hits = _doubting(text, best, priors)
        ranked = sorted(hits, key=lambda h: (-round(h.score, 4), -priors[h.id], h.id))
        return ranked[:limit]


def _doubting(
    text: str, hits: Mapping[UUID, TitleHit], priors: Mapping[UUID, float]
) -> list[TitleHit]:
    """The hits; a name of which the text is but a part is not sure where a better-known title
    has it in its name too ("Initial D").
    """
    query = next(iter(forms(text[:MAX_CHARS])), None)
    if query is None or not any(hit.strength == "strong" for hit in hits.values()):
        return list(hits.values())
    parts = {id_ for id_, hit in hits.items() if _is_part(query, hit.name)}
    known = max((priors[id_] for id_ in parts), default=0.0)
    doubted = {id_ for id_ in parts if priors[id_] < known}
    return [
        replace(hit, score=min(hit.score, BY_EAR), strength="weak") if id_ in doubted else hit
        for id_, hit in hits.items()
    ]


def _is_part(query: Form, name: str) -> bool:
    return _is_within(query, next(iter(forms(name))))


def _is_within(query: Form, name: Form) -> bool:
    """Whether a name has the query's words in a row, and more."""
    return query.words != name.words and f" {query.words} " in f" {name.words} "


def strength(query: Form, score: float) -> Strength:
    """How far a score can be believed: short names must be nearly exact."""
    letters = min(len(query.phonetic), len(query.words))
    floor = 0.98 if letters <= 3 else 0.93 if letters <= SHORT_NAME else STRONG
    return "strong" if score >= floor else "weak" if score >= WEAK else "none"


def alike(query: Form, name: Form, kind: str, prior: float) -> float:
    """Likeness 0 to 1 of a query and a name of a record of some kind and popularity.

    The better of the words as spelt and as they sound; a name that only contains the query, or
    whose initials it is, comes after every name that it spells whole; other season, part or
    kind cost a little, so that they order titles of one franchise.
    """
    score = _likeness(query, name, kind, prior)
    if _only_heard(query, name):
        score = min(score, BY_EAR)
    return float(max(0.0, score + 0.01 * fuzz.ratio(query.surface, name.surface) / 100) / 1.01)


def _likeness(query: Form, name: Form, kind: str, prior: float) -> float:
    if _is_within(query, name):
        score = max(_part_of(query, name, prior) + 0.02, _head_of(query, name, prior))
    else:
        score = max(_spelt(query, name), _part_of(query, name, prior))
    score = max(score, _short_for(query, name, prior)) - _mark_cost(query, name, kind)
    if query.words == name.words or query.words not in name.words:
        score = max(score, fuzz.ratio(query.whole, name.whole) / 100 - 0.004)
    return score


def _only_heard(query: Form, name: Form) -> bool:
    """Whether a short Latin query only sounds like a name ("lain" and "Rain"): among few letters
    that says little.
    """
    typed = query.words.replace(" ", "")
    return (
        len(typed) <= SHORT_NAME
        and query.surface.isascii()
        and query.phonetic == name.phonetic
        and typed != name.words.replace(" ", "")
    )


def _spelt(query: Form, name: Form) -> float:
    return max(
        fuzz.ratio(query.phonetic, name.phonetic) / 100 - 0.004,
        fuzz.ratio(query.words, name.words) / 100,
        _heard(query, name),
    )


def _heard(query: Form, name: Form) -> float:
    """A foreign name as kana write it: by its consonants, then by the rest."""
    if not query.from_kana or len(query.skeleton) < 4 or not name.skeleton:
        return 0.0
    consonants = fuzz.ratio(query.skeleton, name.skeleton, score_cutoff=75)
    return (
        (0.65 * consonants + 0.32 * fuzz.ratio(query.phonetic, name.phonetic)) / 100
        if consonants
        else 0.0
    )


def _part_of(query: Form, name: Form, prior: float) -> float:
    """A query that is a piece of a longer name: at most 0.86, more for popular titles."""
    if not 4 <= len(query.phonetic) < len(name.phonetic):
        return 0.0
    piece = fuzz.partial_ratio(query.phonetic, name.phonetic) / 100
    return float(piece * (0.74 + 0.01 * len(query.phonetic) / len(name.phonetic) + 0.1 * prior))


def _short_for(query: Form, name: Form, prior: float) -> float:
    """Initials: 0.86 to 0.97 by popularity, since several names share them."""
    if not 2 <= len(query.words) <= 8 or initials(name.words) != query.words:
        return 0.0
    return 0.86 + 0.11 * prior


def _head_of(query: Form, name: Form, prior: float) -> float:
    """What stands before a colon or dash ("Demon Slayer: Kimetsu no Yaiba"): as for initials."""
    if not name.words.startswith(query.words) or query.season or query.part or query.kind:
        return 0.0
    head = _HEAD.match(name.surface)
    return 0.86 + 0.11 * prior if head and spaced(head[0]) == query.words else 0.0


def _mark_cost(query: Form, name: Form, kind: str) -> float:
    cost = 0.05 * ((query.season or 1) != (name.season or 1))
    cost += 0.03 * ((query.part or 1) != (name.part or 1))
    if query.kind in _FEATURES or query.kind == "TV":
        cost += 0.05 * (query.kind != kind)
    elif name.kind in _FEATURES:
        cost += 0.05
    return cost


def _entry(record: Anime) -> _Entry:
    names = tuple(dict.fromkeys(title.text[:MAX_CHARS] for title in record.titles))
    return _Entry(record.id, names, record.type.value, prior(record))


def _grown(state: _State, entries: list[_Entry]) -> _State:
    """The state with ``entries`` added; many small segments become one."""
    if not entries:
        return state
    merged: list[_Segment] = []
    if len(state.segments) >= MAX_SEGMENTS:
        merged = [s for s in state.segments if len(s.entries) <= 8 * len(entries)]
        merged = merged or [min(state.segments, key=lambda s: len(s.entries))]
    kept = [entry for segment in merged for entry in state.visible(segment)]
    fresh = _Segment([*kept, *entries])
    owner = {**state.owner, **{entry.id: fresh for entry in fresh.entries}}
    return _State((*(s for s in state.segments if s not in merged), fresh), owner)

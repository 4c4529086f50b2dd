"""The catalogue's own words: labels as it spells them, makers, and what people say for labels."""

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import cached_property, lru_cache
from importlib.resources import files
from types import MappingProxyType

from rapidfuzz import fuzz, process

from animevec.catalog.record import Anime, Kind, Rating, Season, Status
from animevec.search.filters import Node, Spellings, Terms, spelling, walk

LABELS = ("genres", "themes", "demographics", "tags")
MAKERS = ("studios",)
MAX_LABEL_WORDS = 12
NEAR, NEAR_VALUES = 80, 3  # percent of the letters, and how many values are named
CLOSED: Mapping[str, type[Kind] | type[Status] | type[Season] | type[Rating]] = MappingProxyType(
    {"type": Kind, "status": Status, "season": Season, "rating": Rating}
)
_COUNTED = (*LABELS, "studios", "producers", "licensors", "source")
_CLOSED_SPELLINGS: Mapping[str, Spellings] = {
    "type": {
        "movies": ("MOVIE",),
        "film": ("MOVIE",),
        "tvseries": ("TV",),
        "tvspecial": ("SPECIAL",),
    },
    "status": {
        "finishedairing": ("FINISHED",),
        "currentlyairing": ("AIRING",),
        "ongoing": ("AIRING",),
        "notyetaired": ("UPCOMING",),
    },
    "season": {"autumn": ("FALL",)},
    "rating": {},
}


Labelled = tuple[tuple[str, str], ...]


def labelled(record: Anime) -> Labelled:
    """The (field, value) pairs of a record that the vocabulary counts."""
    pairs: list[tuple[str, str]] = []
    for name in _COUNTED:
        value = getattr(record, name)
        pairs += [(name, one) for one in ([value] if isinstance(value, str) else value or ())]
    return tuple(pairs)


class Vocabulary:
    """How often each value of a label field occurs; immutable, made anew by a change."""

    def __init__(self, counts: Mapping[tuple[str, str], int] | None = None) -> None:
        self._counts = counts or {}

    def changed(self, gone: Iterable[Labelled], come: Iterable[Labelled]) -> "Vocabulary":
        """The vocabulary after some records went and others came."""
        counts = Counter(self._counts)
        for pairs in gone:
            counts.subtract(pairs)
        for pairs in come:
            counts.update(pairs)
        return Vocabulary(+counts)

    @cached_property
    def _fields(self) -> Mapping[str, Counter[str]]:
        fields: dict[str, Counter[str]] = {name: Counter() for name in _COUNTED}
        for (field, value), count in self._counts.items():
            fields[field][value] = count
        return fields

    def count(self, field: str, value: str) -> int:
        """How many titles bear a value of a field."""
        return self._counts.get((field, value), 0)

    def strangers(self, node: Node | None) -> list[str]:
        """A warning for each value a filter asks of a counted field that no title bears, with the
        values that are spelt nearly so or have all its words.
        """
        leaves = [leaf for leaf in walk(node) if isinstance(leaf, Terms)] if node else []
        return [
            f"no title has {leaf.field} '{value}'{self._meant(leaf.field, str(value))}"
            for leaf in leaves
            for value in leaf.values
            if leaf.field in _COUNTED and not self.count(leaf.field, str(value))
        ]

    def _meant(self, field: str, value: str) -> str:
        near = process.extract(
            value,
            self.values(field),
            scorer=fuzz.token_set_ratio,
            processor=plain,
            limit=NEAR_VALUES,
            score_cutoff=NEAR,
        )
        return f"; near it: {', '.join(repr(name) for name, _, _ in near)}" if near else ""

    def values(self, field: str) -> list[str]:
        """Values of a field, most frequent first."""
        return [value for value, _ in self._fields[field].most_common()]

    @cached_property
    def spellings(self) -> Mapping[str, Spellings]:
        """Field to {folded spelling: every spelling the catalogue has, the commonest first}."""
        closed = {
            field: {spelling(member.value): (member.value,) for member in kind}
            | dict(_CLOSED_SPELLINGS[field])
            for field, kind in CLOSED.items()
        }
        return {field: _folded(self.values(field)) for field in _COUNTED} | closed

    def spelt(self, field: str, value: str) -> tuple[str, ...]:
        """Every spelling that titles have of a value, for sources differ in case and marks."""
        return self.spellings[field].get(spelling(value), ())

    @cached_property
    def fields(self) -> Mapping[str, tuple[str, ...]]:
        """Label to the fields that have it, the one that has it most often first."""
        counts = [(label, -n, f) for f in LABELS for label, n in self._fields[f].items()]
        fields: dict[str, tuple[str, ...]] = {}
        for label, _, field in sorted(counts):
            fields[label] = (*fields.get(label, ()), field)
        return fields

    @cached_property
    def phrases(self) -> Mapping[str, str]:
        """What may stand for a label in a query (folded words) to the label.

        The words people use for a genre or theme come before a tag that is spelt like them.
        """
        lexicon = spoken()
        tags = {plain(label): label for label in self.fields if not self.broad(label)}
        said = {plain(phrase): label for label in self.fields for phrase in lexicon.get(label, ())}
        return tags | said | {plain(label): label for label in self.fields if self.broad(label)}

    def broad(self, label: str) -> bool:
        """Whether a label is a genre, theme or demographic rather than only a tag."""
        return self.fields.get(label) not in (None, ("tags",))

    @cached_property
    def studios(self) -> Mapping[str, str]:
        """Studio names as folded words to the catalogue's spelling, with and without 'studio'."""
        known: dict[str, str] = {}
        for name in reversed(self.values("studios")):
            words = plain(name)
            known[words] = name
            short = re.sub(r"^studio | (?:animation|studio|productions?|entertainment)$", "", words)
            known.setdefault(short, name)
        known.pop("", None)
        return known

    def labels_in(self, text: str) -> dict[str, str]:
        """Phrases of ``text`` that stand for a label, to the label; longer phrases first."""
        words = plain(text).split()
        found: dict[str, str] = {}
        at = 0
        while at < len(words):
            for size in range(min(5, len(words) - at), 0, -1):
                phrase = " ".join(words[at : at + size])
                if phrase in self.phrases:
                    found[phrase] = self.phrases[phrase]
                    at += size - 1
                    break
            at += 1
        return found

    def names_all(self, text: str) -> bool:
        """Whether every word of a short text stands for a label."""
        words = plain(text).split()
        if not 0 < len(words) <= MAX_LABEL_WORDS:
            return False
        named = {word for phrase in self.labels_in(text) for word in phrase.split()}
        return named.issuperset(words)


def _folded(values: Iterable[str]) -> Spellings:
    folded: dict[str, tuple[str, ...]] = {}
    for value in values:
        folded[spelling(value)] = (*folded.get(spelling(value), ()), value)
    return folded


def plain(text: str) -> str:
    """Lower-case words with single spaces and no punctuation."""
    return " ".join(re.findall(r"[^\W_]+", text.casefold()))


@lru_cache(maxsize=1)
def spoken() -> Mapping[str, tuple[str, ...]]:
    """Label to the words people use for it, from ``data/lexicon.json``."""
    raw = (files("animevec.search") / "data" / "lexicon.json").read_text("utf-8")
    return MappingProxyType({label: tuple(words) for label, words in json.loads(raw).items()})

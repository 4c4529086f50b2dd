"""What is to be drawn for a title: everything that follows from its record, nothing random."""

import re
from collections import Counter
from dataclasses import dataclass
from hashlib import blake2b

from animevec.artwork.palette import Era, Mood
from animevec.artwork.tags import MOOD_WORDS, look_of
from animevec.catalog.record import Anime

_SEQUEL_MARKS = re.compile(
    r"(?i)\b(the movie|movie|film|season|part|cour|ova|ona|special|specials|tv|final|"
    r"\d+(st|nd|rd|th)|[2-9]$|i{1,3}|iv|vi{0,3}|second|third|fourth|new|zoku|kai)\b.*$"
)
_ANCESTORS = ("parent", "full_story", "prequel", "alternative")


@dataclass(frozen=True, slots=True)
class Brief:
    """A picture in words. ``seed`` varies the picture, ``franchise`` what a franchise shares."""

    seed: int
    franchise: int
    title: str
    era: Era
    mood: Mood
    backdrops: tuple[str, ...]
    emblems: tuple[str, ...]
    outfits: tuple[str, ...] = ()


_OUTFITS = {
    "school": "uniform",
    "historical": "kimono",
    "samurai": "kimono",
    "mecha": "jacket",
    "military": "jacket",
    "fantasy": "cloak",
    "isekai": "cloak",
    "workplace": "suit",
    "detective": "suit",
    "police": "suit",
    "organized crime": "suit",
    "mahou shoujo": "dress",
    "villainess": "dress",
    "idols (female)": "dress",
    "sports": "hoodie",
    "team sports": "hoodie",
}


# Tags that name a thing more closely than any genre: it is the emblem, and nothing else is.
THINGS = {"basketball": "basketball", "cars": "car"}


def number_of(text: str) -> int:
    """64 bits that depend on nothing but the text (Python's own hash differs by process)."""
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big")


def stem(title: str) -> str:
    """A title without its season, part or subtitle: what a franchise's titles have in common."""
    head = re.split(r"\s*[:：\-–—(!?]\s*", title.strip(), maxsplit=1)[0]
    plain = _SEQUEL_MARKS.sub("", head).strip(" .,").casefold()
    return plain or title.strip().casefold()


def franchise_of(anime: Anime) -> str:
    """The stem shared with the work this one descends from, else its own."""
    for kind in _ANCESTORS:
        for relation in anime.relations:
            if relation.kind == kind and relation.medium == "anime" and relation.title:
                return stem(relation.title)
    return stem(anime.title)


def mood_of(tags: tuple[str, ...], synopsis: str | None) -> Mood:
    """The mood most of the tags and the synopsis's words ask for; ties go to the darker one."""
    votes: Counter[Mood] = Counter()
    for look in filter(None, map(look_of, tags)):
        votes[look.mood] += look.weight
    words = Counter(re.findall(r"[a-z]+", (synopsis or "").lower()))
    for mood, vocabulary in MOOD_WORDS.items():
        votes[mood] += min(2, sum(words[word] for word in vocabulary))
    order = list(Mood)
    return max(order, key=lambda mood: (votes[mood], -order.index(mood)))


def brief_of(anime: Anime) -> Brief:
    """The brief of a record: genres and themes decide the motifs, the year the era."""
    tags = (*anime.themes, *anime.genres, *anime.demographics)
    looks = [look for look in map(look_of, tags) if look]
    things = [THINGS[tag.lower()] for tag in anime.tags if tag.lower() in THINGS]
    latin = next((t.text for t in anime.titles if t.text.isascii()), "")
    return Brief(
        seed=anime.id.int,
        franchise=number_of(franchise_of(anime)),
        title=anime.title if anime.title.isascii() else latin,
        era=Era.of(anime.year or (anime.aired_from.year if anime.aired_from else None)),
        mood=mood_of(tags, anime.synopsis),
        backdrops=tuple(dict.fromkeys(b for look in looks for b in look.backdrops)) or ("dusk",),
        emblems=tuple(dict.fromkeys(things or [e for look in looks for e in look.emblems]))
        or ("star",),
        outfits=tuple(_OUTFITS[t.lower()] for t in tags if t.lower() in _OUTFITS),
    )

"""Genres, themes and demographics by the names MyAnimeList gives them.

Sources file the same label in different fields, so a label is routed by what it is.
"""

from collections.abc import Iterable
from typing import NamedTuple

GENRES = (
    "Action|Adventure|Avant Garde|Award Winning|Boys Love|Comedy|Drama|Fantasy|Girls Love|Gourmet|"
    "Horror|Mystery|Romance|Sci-Fi|Slice of Life|Sports|Supernatural|Suspense|Ecchi|Erotica|Hentai"
)
THEMES = (
    "Adult Cast|Anthropomorphic|CGDCT|Childcare|Combat Sports|Crossdressing|Delinquents|Detective|"
    "Educational|Gag Humor|Gore|Harem|High Stakes Game|Historical|Idols (Female)|Idols (Male)|"
    "Isekai|Iyashikei|Love Polygon|Love Status Quo|Magical Sex Shift|Mahou Shoujo|Martial Arts|"
    "Mecha|Medical|Military|Music|Mythology|Organized Crime|Otaku Culture|Parody|Performing Arts|"
    "Pets|Psychological|Racing|Reincarnation|Reverse Harem|Samurai|School|Showbiz|Space|"
    "Strategy Game|Super Power|Survival|Team Sports|Time Travel|Urban Fantasy|Vampire|Video Game|"
    "Villainess|Visual Arts|Workplace"
)
DEMOGRAPHICS = "Josei|Kids|Seinen|Shoujo|Shounen"
ALIASES = {
    "science fiction": "Sci-Fi",
    "sci fi": "Sci-Fi",
    "magical girl": "Mahou Shoujo",
    "cute girls doing cute things": "CGDCT",
    "girls' love": "Girls Love",
    "boys' love": "Boys Love",
    "yuri": "Girls Love",
    "shounen ai": "Boys Love",
    "shoujo ai": "Girls Love",
    "thriller": "Suspense",
    "avant-garde": "Avant Garde",
    "vampires": "Vampire",
    "super powers": "Super Power",
    "martial-arts": "Martial Arts",
    "shonen": "Shounen",
    "shojo": "Shoujo",
}
ADULT_GENRES = frozenset({"Erotica", "Hentai"})
ADULT_TAGS = frozenset(
    {"18 restricted", "18+", "adult", "adults only", "nsfw", "pornography", "r-18", "r18", "r18+"}
)


class Labels(NamedTuple):
    """Labels sorted into the record's fields; ``tags`` are those of no known list."""

    genres: tuple[str, ...]
    themes: tuple[str, ...]
    demographics: tuple[str, ...]
    tags: tuple[str, ...]


def _lowered(names: str) -> dict[str, str]:
    return {name.lower(): name for name in names.split("|")}


_LISTS = (_lowered(GENRES), _lowered(THEMES), _lowered(DEMOGRAPHICS))


def route(labels: Iterable[str]) -> Labels:
    """Sort labels of any case by what they are, each once, in their order."""
    sorted_: tuple[dict[str, None], ...] = ({}, {}, {}, {})
    for label in labels:
        name = ALIASES.get(label.strip().lower(), label.strip())
        where = next((n for n, known in enumerate(_LISTS) if name.lower() in known), 3)
        sorted_[where][_LISTS[where][name.lower()] if where < 3 else name] = None
    return Labels(*(tuple(found) for found in sorted_))


def is_adult(labels: Labels) -> bool:
    """Whether a genre or a tag says that a title is for adults only."""
    tags = {tag.lower() for tag in labels.tags}
    return not (ADULT_GENRES.isdisjoint(labels.genres) and ADULT_TAGS.isdisjoint(tags))

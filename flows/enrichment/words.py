"""What the words of the sources mean in a record; one table for all of them."""

import re

from animevec.catalog.record import Kind, Rating, Season, Status

KINDS = {
    "tv": Kind.TV,
    "tv_series": Kind.TV,
    "tv_short": Kind.TV,
    "series": Kind.TV,
    "movie": Kind.MOVIE,
    "film": Kind.MOVIE,
    "theatrical": Kind.MOVIE,
    "ova": Kind.OVA,
    "oav": Kind.OVA,
    "oad": Kind.OVA,
    "dvd": Kind.OVA,
    "ona": Kind.ONA,
    "web": Kind.ONA,
    "web_short": Kind.ONA,
    "special": Kind.SPECIAL,
    "tv_special": Kind.SPECIAL,
    "dvd_special": Kind.SPECIAL,
    "bonus": Kind.SPECIAL,
    "music": Kind.MUSIC,
    "music_video": Kind.MUSIC,
    "cm": Kind.CM,
    "pv": Kind.PV,
}
STATUSES = {
    "finished_airing": Status.FINISHED,
    "finished": Status.FINISHED,
    "completed": Status.FINISHED,
    "ended": Status.FINISHED,
    "currently_airing": Status.AIRING,
    "releasing": Status.AIRING,
    "current": Status.AIRING,
    "ongoing": Status.AIRING,
    "airing": Status.AIRING,
    "not_yet_aired": Status.UPCOMING,
    "not_yet_released": Status.UPCOMING,
    "upcoming": Status.UPCOMING,
    "unreleased": Status.UPCOMING,
    "tba": Status.UPCOMING,
    "delayed": Status.HIATUS,
    "hiatus": Status.HIATUS,
    "on_hold": Status.HIATUS,
    "cancelled": Status.CANCELLED,
}
SEASONS = {season.value.lower(): season for season in Season} | {"autumn": Season.FALL}
RATINGS = {
    "g": Rating.G,
    "pg": Rating.PG,
    "pg_13": Rating.PG_13,
    "r": Rating.R,
    "r_17": Rating.R,
    "r_": Rating.R_PLUS,
    "rx": Rating.RX,
    "r18": Rating.RX,
}
RELATIONS = {
    "sequel": "sequel",
    "sequels": "sequel",
    "prequel": "prequel",
    "prequels": "prequel",
    "parent": "parent",
    "parents": "parent",
    "parent_story": "parent",
    "side_story": "side_story",
    "side_stories": "side_story",
    "sidestories": "side_story",
    "omake": "side_story",
    "summary": "summary",
    "recap": "summary",
    "compilation": "summary",
    "remix": "summary",
    "full_story": "full_story",
    "contains": "full_story",
    "spin_off": "spin_off",
    "spinoff": "spin_off",
    "spinoffs": "spin_off",
    "alternative": "alternative",
    "alternatives": "alternative",
    "alternative_version": "alternative",
    "alternative_setting": "alternative",
    "alternate_universe": "alternative",
    "remake": "alternative",
    "alternate_retelling": "alternative",
    "same_setting": "other",
    "character": "character",
    "adaptation": "adaptation",
    "source": "adaptation",
}
MATERIALS = {
    "4_koma": "4-koma manga",
    "light_novel": "Light novel",
    "visual_novel": "Visual novel",
    "web_manga": "Web manga",
    "web_novel": "Web novel",
    "video_game": "Game",
    "picture_book": "Picture book",
    "card_game": "Card game",
    "mixed_media": "Mixed media",
    "mixed_media_project": "Mixed media",
}
MEDIA = {
    "anime": "anime",
    "manga": "manga",
    "manhwa": "manga",
    "manhua": "manga",
    "one_shot": "manga",
    "novel": "novel",
    "light_novel": "novel",
    "lightnovel": "novel",
}
ROLES = {
    "main": "main",
    "main_character_in": "main",
    "supporting": "supporting",
    "secondary_cast_in": "supporting",
    "secondary_character": "supporting",
    "recurring": "supporting",
    "background": "background",
    "appears_in": "background",
    "minor": "background",
    "minor_characters": "background",
}
NOTHING = frozenset(
    {"", "?", "-", "n_a", "unknown", "none", "none_found", "none_found_add_some", "tba", "null"}
)
_SEPARATORS = re.compile(r"[\W_]+")


def slug(word: str | None) -> str:
    """Lower case with single underscores: ``TV Special`` is ``tv_special``."""
    return _SEPARATORS.sub("_", (word or "").strip().lower()).strip("_")


def kind(word: str | None) -> Kind | None:
    """How a title was released."""
    return KINDS.get(slug(word))


def status(word: str | None) -> Status | None:
    """Where a title is in its run."""
    return STATUSES.get(slug(word))


def season(word: str | None) -> Season | None:
    """A quarter by name."""
    return SEASONS.get(slug(word))


def rating(word: str | None) -> Rating | None:
    """A classification such as ``PG-13 - Teens 13 or older`` or ``R18``."""
    mark = (word or "").split(" - ")[0].strip().lower()
    return Rating.R_PLUS if mark == "r+" else RATINGS.get(slug(mark))


def relation(word: str | None) -> str:
    """A relation's kind; ``other`` for any not known."""
    return RELATIONS.get(slug(word), "other")


def medium(word: str | None) -> str:
    """What kind of work a related one is."""
    return MEDIA.get(slug(word), "other")


def role(word: str | None) -> str | None:
    """How much a character matters."""
    return ROLES.get(slug(word))


def material(word: str | None) -> str | None:
    """What a title was adapted from, as MyAnimeList spells it."""
    name = slug(word)
    if name in NOTHING:
        return None
    return MATERIALS.get(name) or name.replace("_", " ").capitalize()


def said(word: str | None) -> str | None:
    """The word, unless it stands for nothing: ``?``, ``None found, add some``."""
    return None if slug(word) in NOTHING else (word or "").strip()

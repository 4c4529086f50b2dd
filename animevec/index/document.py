"""A title as the index sees it: its filterable fields, its texts and the names of its vectors."""

from collections.abc import Iterator
from typing import Any, Literal

from animevec.catalog.record import Anime, Kind, Picture, Status
from animevec.index.base import DenseSpec, IndexSchema, PayloadType

TEXT, PICTURE, THUMBNAIL, LEXICAL = "text", "picture", "thumbnail", "lexical"

PAYLOAD: dict[str, PayloadType] = {
    "genres": PayloadType.KEYWORD,
    "themes": PayloadType.KEYWORD,
    "demographics": PayloadType.KEYWORD,
    "tags": PayloadType.KEYWORD,
    "studios": PayloadType.KEYWORD,
    "producers": PayloadType.KEYWORD,
    "licensors": PayloadType.KEYWORD,
    "type": PayloadType.KEYWORD,
    "status": PayloadType.KEYWORD,
    "season": PayloadType.KEYWORD,
    "rating": PayloadType.KEYWORD,
    "source": PayloadType.KEYWORD,
    "year": PayloadType.INTEGER,
    "episodes": PayloadType.INTEGER,
    "popularity": PayloadType.INTEGER,
    "rank": PayloadType.INTEGER,
    "members": PayloadType.INTEGER,
    "favorites": PayloadType.INTEGER,
    "score": PayloadType.FLOAT,
    "duration_minutes": PayloadType.FLOAT,
    "nsfw": PayloadType.BOOL,
}


Lexical = Literal["bm25", "learned"]


def index_schema(
    text: int, picture: int | None = None, lexical: Lexical | None = "bm25"
) -> IndexSchema:
    """The schema of an index over titles.

    ``text`` and ``picture`` are dimensions, ``picture`` None without a picture encoder; learned
    sparse weights need no IDF, and without a lexical channel there is no sparse vector.
    """
    dense = {TEXT: DenseSpec(text)}
    if picture is not None:
        dense |= {PICTURE: DenseSpec(picture), THUMBNAIL: DenseSpec(picture)}
    return IndexSchema(
        dense=dense,
        sparse=() if lexical is None else (LEXICAL,),
        payload=PAYLOAD,
        idf=(LEXICAL,) if lexical == "bm25" else (),
    )


def payload(anime: Anime) -> dict[str, Any]:
    """The filterable fields a title has; unknown ones are absent, never guessed."""
    fields = anime.model_dump(mode="json", include=set(PAYLOAD), exclude_none=True)
    return {key: value for key, value in fields.items() if value not in ([], Kind.UNKNOWN)}


def embedding_text(anime: Anime) -> str:
    """What the text encoder reads: names, facts, labels, then the synopsis.

    An encoder that cuts at its maximum of tokens loses the end of the synopsis, nothing else.
    """
    labels = [*anime.genres, *anime.themes, *anime.demographics]
    lines = [
        " / ".join(_names(anime)),
        _facts(anime),
        ", ".join(dict.fromkeys(labels)),
        anime.synopsis or "",
    ]
    return "\n".join(line for line in lines if line)


def lexical_text(anime: Anime) -> str:
    """What the lexical encoder reads: every name, label and maker, the characters, the synopsis."""
    parts: list[str] = [
        *dict.fromkeys(title.text for title in anime.titles),
        _facts(anime),
        *dict.fromkeys([*anime.genres, *anime.themes, *anime.demographics, *anime.tags]),
        *anime.studios,
        *(character.name for character in anime.characters),
        anime.synopsis or "",
    ]
    return "\n".join(part for part in parts if part)


def cover(anime: Anime) -> Picture | None:
    """The picture whose file the index reads: the first cover, else the first of any kind."""
    stored = [picture for picture in anime.pictures if picture.sha256]
    covers = [picture for picture in stored if picture.kind == "cover"]
    return next(iter(covers + stored), None)


def _names(anime: Anime) -> list[str]:
    named = [anime.title, anime.title_english, anime.title_japanese]
    return list(dict.fromkeys(name for name in named if name))


def _facts(anime: Anime) -> str:
    return ", ".join(_fact_words(anime))


def _fact_words(anime: Anime) -> Iterator[str]:
    if anime.type is not Kind.UNKNOWN:
        kind = anime.type.value
        yield kind if len(kind) <= 3 else kind.title()
    if anime.season is not None:
        yield f"{anime.season.value.title()} {anime.year or ''}".strip()
    elif anime.year:
        yield str(anime.year)
    if anime.status in (Status.UPCOMING, Status.AIRING):
        yield anime.status.value.lower()
    if anime.studios:
        yield ", ".join(anime.studios)

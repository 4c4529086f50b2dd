"""Records to the summaries that result cards show."""

from animevec.catalog.record import Anime
from animevec.index.document import cover
from animevec.search.response import Summary

_SAME = (
    "id",
    "title",
    "title_english",
    "title_japanese",
    "type",
    "status",
    "year",
    "season",
    "episodes",
    "duration_minutes",
    "rating",
    "score",
    "popularity",
    "genres",
    "themes",
    "demographics",
    "studios",
    "source",
    "synopsis",
    "keys",
    "nsfw",
)

_FIELDS = {*_SAME, "picture"}  # one for all: thousands of cards are kept


def summary(record: Anime) -> Summary:
    """The card of a title; its picture is the stored cover, else the first one known by URL."""
    picture = cover(record) or next(iter(record.pictures), None)
    values = {name: getattr(record, name) for name in _SAME}
    return Summary.model_construct(_FIELDS, picture=picture, **values)

"""A title as the index sees it."""

import pytest

from animevec.catalog.record import Anime, Kind, Picture, Rating, Season, Status, Title
from animevec.index.admission import admit_points
from animevec.index.base import PayloadType, Point
from animevec.index.document import (
    PAYLOAD,
    Lexical,
    cover,
    embedding_text,
    index_schema,
    lexical_text,
    payload,
)
from tests.index.titles import make_title

FULL = Anime(
    id=make_title(1).id,
    keys={"mal": "1"},
    titles=(
        Title(text="Hoshi no Fune", language="ja-Latn", kind="main"),
        Title(text="Star Ship", language="en", kind="official"),
        Title(text="星の船", language="ja", kind="official"),
        Title(text="Starry Boat", language="en"),
    ),
    synopsis="A crew crosses the dark.",
    genres=("Sci-Fi", "Drama"),
    themes=("Space",),
    demographics=("Seinen",),
    tags=("Found Family",),
    studios=("Studio Nine",),
    producers=("Producer",),
    licensors=("Licensor",),
    type=Kind.TV,
    status=Status.FINISHED,
    season=Season.FALL,
    year=1999,
    rating=Rating.PG_13,
    source="manga",
    episodes=26,
    score=8.25,
    popularity=12,
    rank=3,
    members=1_000,
    favorites=40,
    duration_minutes=24.0,
    nsfw=False,
)


def test_a_full_title_fills_every_filter_field_with_its_own_type() -> None:
    fields = payload(FULL)
    assert set(fields) == set(PAYLOAD)
    assert admit_points(index_schema(4), [Point(FULL.id, {}, fields)])
    assert fields["type"] == "TV" and fields["genres"] == ["Sci-Fi", "Drama"]


def test_what_is_unknown_is_absent() -> None:
    bare = Anime(id=FULL.id, keys=FULL.keys, titles=FULL.titles)
    assert payload(bare) == {"nsfw": False}


def test_the_text_names_states_labels_and_ends_with_the_synopsis() -> None:
    assert embedding_text(FULL).split("\n") == [
        "Hoshi no Fune / Star Ship / 星の船",
        "TV, Fall 1999, Studio Nine",
        "Sci-Fi, Drama, Space, Seinen",
        "A crew crosses the dark.",
    ]


def test_the_lexical_text_has_every_name_and_label() -> None:
    text = lexical_text(FULL)
    for words in ("Starry Boat", "星の船", "Found Family", "Seinen", "crosses the dark"):
        assert words in text


def test_the_cover_is_preferred_and_a_picture_without_a_file_is_none() -> None:
    banner, front = "a" * 64, "b" * 64
    pictures = (
        Picture(kind="cover", url="https://example.org/x.jpg"),
        Picture(kind="banner", sha256=banner),
        Picture(kind="cover", sha256=front),
    )
    chosen = cover(FULL.model_copy(update={"pictures": pictures}))
    assert chosen is not None and chosen.sha256 == front
    assert cover(FULL.model_copy(update={"pictures": pictures[:1]})) is None


@pytest.mark.parametrize(
    ("picture", "lexical", "dense", "sparse", "idf"),
    [
        (512, "bm25", {"text", "picture", "thumbnail"}, ("lexical",), ("lexical",)),
        (512, "learned", {"text", "picture", "thumbnail"}, ("lexical",), ()),
        (None, None, {"text"}, (), ()),
    ],
)
def test_the_schema_follows_the_encoders(
    picture: int | None,
    lexical: Lexical | None,
    dense: set[str],
    sparse: tuple[str, ...],
    idf: tuple[str, ...],
) -> None:
    schema = index_schema(384, picture, lexical)
    assert (set(schema.dense), schema.sparse, schema.idf) == (dense, sparse, idf)
    assert schema.payload["score"] is PayloadType.FLOAT

"""What is read out of the words, and what is left alone."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from animevec.catalog.record import Anime, Title
from animevec.search import phrases
from animevec.search.filters import Terms, as_json
from animevec.search.phrases import read_filters
from animevec.search.request import UNDERSTANDING
from animevec.search.request import Understanding as Part
from animevec.search.titles import TitleIndex
from animevec.search.understanding import Understood, understand
from animevec.search.vocabulary import Vocabulary, labelled

NARUTO_X_UT = {"id": uuid4(), "titles": (Title(text="Naruto x UT"),)}


@pytest.fixture(scope="module")
def vocabulary(sample: list[Anime]) -> Vocabulary:
    return Vocabulary().changed((), (labelled(record) for record in sample))


@pytest.fixture(scope="module")
def titles(sample: list[Anime]) -> TitleIndex:
    index = TitleIndex()
    index.update(sample)
    return index


def field(name: str, **conditions: Any) -> dict[str, Any]:
    return {"field": name, **conditions}


@pytest.mark.parametrize(
    ("said", "left", "filters"),
    [
        ("mecha anime, not a movie", "mecha anime", [{"not": field("type", any=["MOVIE"])}]),
        ("space pirates before 2005", "space pirates", [field("year", lt=2005)]),
        ("robots from the 90s", "robots", [field("year", gte=1990, lte=1999)]),
        ("robots from the early 2000s", "robots", [field("year", gte=2000, lte=2003)]),
        ("idols since 2010", "idols", [field("year", gte=2010)]),
        ("robots 2010-2015", "robots", [field("year", gte=2010, lte=2015)]),
        ("from 1995 to 2003", "", [field("year", gte=1995, lte=2003)]),
        (
            "winter 2018 comedy",
            "comedy",
            [{"and": [field("season", any=["WINTER"]), field("year", gte=2018, lte=2018)]}],
        ),
        (
            "a ghost story, short, under 13 episodes",
            "a ghost story",
            [field("episodes", lt=13), field("episodes", lte=13)],
        ),
        (
            "detective series with at least 24 episodes",
            "detective series",
            [field("episodes", gte=24)],
        ),
        ("slice of life by Madhouse", "slice of life", [field("studios", any=["Madhouse"])]),
        ("cooking show but not by Bones", "cooking show", [field("studios", none=["Bones"])]),
        ("fantasy with no harem", "fantasy", [field("themes", none=["Harem"])]),
        ("school life without fanservice", "school life", [field("genres", none=["Ecchi"])]),
        (
            "romance, finished airing, top rated",
            "romance",
            [field("score", gte=8.0), field("status", any=["FINISHED"])],
        ),
        ("rated over 7.5 thriller", "thriller", [field("score", gte=7.5)]),
        (
            "anime based on a light novel, not isekai",
            "",
            [field("source", any=["Light novel"]), field("themes", none=["Isekai"])],
        ),
        ("movie about a wolf", "about a wolf", [field("type", any=["MOVIE"])]),
        ("sad movies", "sad", [field("type", any=["MOVIE"])]),
        ("upcoming isekai anime", "isekai anime", [field("status", any=["UPCOMING"])]),
        ("episodes under 10 minutes", "episodes", [field("duration_minutes", lt=10)]),
        ("anime from 2006", "", [field("year", gte=2006, lte=2006)]),
        ("some shows by the studio Bones", "", [field("studios", any=["Bones"])]),
        (
            "vampire ova 2000s",
            "vampire",
            [field("year", gte=2000, lte=2009), field("type", any=["OVA"])],
        ),
        (
            "comedy movies before 2000",
            "comedy",
            [field("year", lt=2000), field("type", any=["MOVIE"])],
        ),
    ],
)
def test_filters_said_in_words(
    vocabulary: Vocabulary, said: str, left: str, filters: list[dict[str, Any]]
) -> None:
    from animevec.search.filters import as_json

    readings, text = read_filters(said, vocabulary)
    assert text == left
    assert [as_json(reading.node) for reading in readings] == filters


def test_words_mean_every_spelling_of_a_label(sample: list[Anime]) -> None:
    other = sample[0].model_copy(update={"studios": ("madhouse",), "themes": ("harem",)})
    mixed = Vocabulary().changed((), (labelled(record) for record in [*sample, other]))
    assert [as_json(r.node) for r in read_filters("by Madhouse, no harem", mixed)[0]] == [
        field("studios", any=["Madhouse", "madhouse"]),
        field("themes", none=["Harem", "harem"]),
    ]


@pytest.mark.parametrize("value", ["ghibli", "Studio Gibli"])
def test_a_filter_value_that_no_title_has_is_told_what_is_near(
    vocabulary: Vocabulary, value: str
) -> None:
    (warning,) = vocabulary.strangers(Terms("studios", "any", (value,)))
    assert warning.startswith(f"no title has studios '{value}'; near it: 'Studio Ghibli'")


def test_rules_that_are_left_out_without_a_digit_need_one() -> None:
    numbered = [rule for rule, _ in phrases._RULES if r"\d" in rule.pattern]
    words = (
        "before since after in until the from to s early mid late of winter season episodes under"
        " over at least most than up exactly more fewer shorter longer rated score minutes eps ep"
        " year decade popular best -"
    )
    said = words.split()
    pairs = [f"{one} {other}" for one in said for other in said]
    threes = [f"{pair} episodes" for pair in pairs] + [f"rated {pair}" for pair in pairs]
    assert len(numbered) > 10
    for text in (*pairs, *threes):
        assert not any(rule.search(text) for rule in numbered), text


def test_recent_means_the_last_three_years(vocabulary: Vocabulary) -> None:
    readings, _ = read_filters("recent anime about chess", vocabulary)
    assert [r.node.gte for r in readings] == [datetime.now(UTC).year - 3]  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "story",
    [
        "a girl who wants to make a movie",
        "In the year 2071, humanity has colonized several of the planets",
        "he is not a hero",
        "no one is left behind",
        "a boy and no friends",
        "made in abyss",
        "travelling by night",
        "a short boy who plays volleyball",
    ],
)
def test_stories_are_left_alone(vocabulary: Vocabulary, story: str) -> None:
    assert read_filters(story, vocabulary) == ([], story)


def read(
    query: str,
    titles: TitleIndex,
    vocabulary: Vocabulary,
    parts: frozenset[Part] = UNDERSTANDING,
) -> Understood:
    return understand(query, parts, titles, vocabulary)


@pytest.mark.parametrize(
    ("query", "positive", "negative", "left"),
    [
        ("like Naruto but lighter", ["Naruto"], [], "lighter"),
        ("something similar to Death Note without harem", ["Death Note"], [], ""),
        ("anime like Steins;Gate, but funnier", ["Steins;Gate"], [], "funnier"),
        ("shows like Attack on Titan and Death Note", ["Attack on Titan", "Death Note"], [], ""),
        ("Mushishi but with pirates", ["Mushishi"], [], "with pirates"),
        ("Death Note meets Naruto", ["Death Note", "Naruto"], [], ""),
        ("pirates, not like One Piece", [], ["One Piece"], "pirates"),
        ("boys fight like dragons", [], [], "boys fight like dragons"),
        ("anime like Naruto but without fillers", ["Naruto"], [], "without fillers"),
        ("like Naruto not a movie", ["Naruto"], [], ""),
        ("like Naruto and Death Note but without romance", ["Naruto", "Death Note"], [], ""),
    ],
)
def test_examples(
    titles: TitleIndex,
    vocabulary: Vocabulary,
    query: str,
    positive: list[str],
    negative: list[str],
    left: str,
) -> None:
    found = read(query, titles, vocabulary)
    assert [hit.name for hit in found.positive] == positive
    assert [hit.name for hit in found.negative] == negative
    assert found.text == left


def test_words_stand_for_labels(titles: TitleIndex, vocabulary: Vocabulary) -> None:
    found = read("gundam-like robots in high school", titles, vocabulary)
    assert found.interpretation.expanded == {
        "Mecha": ("gundam like robots",),
        "School": ("high school",),
    }


@pytest.mark.parametrize(
    ("query", "refused", "left"),
    [
        ("pirates, not One Piece", "One Piece", "pirates"),
        ("a notebook that kills but not Death Note", "Death Note", "a notebook that kills"),
        ("romance not harem", None, "romance"),
        ("a ninja who is not Naruto", None, "a ninja who is not Naruto"),
    ],
)
def test_a_title_refused_at_the_end(
    titles: TitleIndex, vocabulary: Vocabulary, query: str, refused: str | None, left: str
) -> None:
    found = read(query, titles, vocabulary)
    assert (found.refused.name if found.refused else None, found.text) == (refused, left)


def test_a_shorter_name_that_is_sure_comes_before_a_longer_one_that_may_be(
    sample: list[Anime], vocabulary: Vocabulary
) -> None:
    index = TitleIndex()
    index.update([*sample, sample[0].model_copy(update=NARUTO_X_UT)])
    found = read("anime like Naruto but without fillers", index, vocabulary)
    assert [hit.name for hit in found.positive] == ["Naruto"]


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("like Naruto but lighter", "Comedy"),
        ("like Naruto but with giant robots", "with giant robots Mecha"),
        ("giant robots", "giant robots Mecha"),
        ("lighter", "lighter Comedy"),
    ],
)
def test_a_label_replaces_only_what_compares_with_an_example(
    titles: TitleIndex, vocabulary: Vocabulary, query: str, words: str
) -> None:
    assert read(query, titles, vocabulary).words == words


def test_a_name_is_not_taken_apart(titles: TitleIndex, vocabulary: Vocabulary) -> None:
    found = read("No Game No Life", titles, vocabulary)
    assert (found.text, found.node) == ("No Game No Life", None)
    assert found.titles[0].strength == "strong"


@pytest.mark.parametrize(
    "story",
    [
        "It's the summer of 1945. Three years have passed since the war began.",
        "Since 1973, an invasion of aliens upon Earth has driven mankind to destruction.",
        "a show " + "that goes on and on " * 4 + "about robots before 2005",
    ],
)
def test_a_story_is_not_taken_apart(titles: TitleIndex, vocabulary: Vocabulary, story: str) -> None:
    found = read(story, titles, vocabulary)
    assert (found.text, found.node) == (story, None)


def test_the_answer_reports_what_was_read(titles: TitleIndex, vocabulary: Vocabulary) -> None:
    said = read("space pirates, not a movie, before 2005", titles, vocabulary).interpretation
    assert said.text == "space pirates"
    assert {one.phrase for one in said.filters} == {"not a movie", "before 2005"}
    assert said.removed == ("not", "a", "movie", "before", "2005")


@pytest.mark.parametrize("part", sorted(UNDERSTANDING))
def test_each_part_can_be_switched_off(
    titles: TitleIndex, vocabulary: Vocabulary, part: Part
) -> None:
    query = "like Naruto but with giant robots, not a movie"
    found = read(query, titles, vocabulary, UNDERSTANDING - {part})
    applied = {
        "examples": bool(found.positive),
        "filters": found.node is not None,
        "expansion": found.words != found.text,
        "titles": True,
    }
    assert applied == {**dict.fromkeys(applied, True), part: part == "titles"}


def test_nothing_is_read_with_everything_off(titles: TitleIndex, vocabulary: Vocabulary) -> None:
    found = read("Naruto, not a movie", titles, vocabulary, frozenset())
    assert (found.text, found.node, found.titles) == ("Naruto, not a movie", None, ())

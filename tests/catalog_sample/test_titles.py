"""The sample catalogue is sound in itself."""

from collections import Counter
from datetime import date, timedelta
from itertools import combinations

import pytest

from animevec.catalog.ids import anime_id
from animevec.catalog.record import Anime, Kind, Season
from animevec.catalog.sample import load_sample, sample_path

INVERSE = {
    "sequel": {"prequel"},
    "prequel": {"sequel"},
    "parent": {"side_story", "spin_off"},
    "side_story": {"parent"},
    "spin_off": {"parent"},
    "summary": {"full_story"},
    "full_story": {"summary"},
    "alternative": {"alternative"},
    "character": {"character"},
    "other": {"other"},
}


@pytest.fixture(scope="module")
def titles() -> list[Anime]:
    return load_sample()


@pytest.fixture(scope="module")
def by_key(titles: list[Anime]) -> dict[str, Anime]:
    return {f"mal:{anime.keys['mal']}": anime for anime in titles}


def test_there_are_at_least_250_titles(titles: list[Anime]) -> None:
    assert len(titles) >= 250


def test_a_row_is_the_record_without_its_defaults(titles: list[Anime]) -> None:
    rows = sample_path().read_text(encoding="utf-8").splitlines()
    assert rows == [anime.model_dump_json(exclude_defaults=True) for anime in titles]


def test_ids_follow_from_keys_and_are_unique(titles: list[Anime]) -> None:
    assert [anime.id for anime in titles] == [anime_id(anime.keys) for anime in titles]
    assert len({anime.id for anime in titles}) == len(titles)


@pytest.mark.parametrize("provider", ["mal", "anilist"])
def test_no_provider_key_is_used_twice(titles: list[Anime], provider: str) -> None:
    keys = [anime.keys[provider] for anime in titles if provider in anime.keys]
    assert len(set(keys)) == len(keys)


def test_main_titles_are_unique(titles: list[Anime]) -> None:
    assert len({anime.title for anime in titles}) == len(titles)


def test_every_title_has_its_core_fields(titles: list[Anime]) -> None:
    for anime in titles:
        assert anime.title_japanese, anime.title
        assert anime.genres and anime.studios and anime.source, anime.title
        assert anime.characters and anime.tags and anime.rating, anime.title
        assert anime.score and anime.members and anime.duration_minutes, anime.title
        assert anime.type is not Kind.UNKNOWN, anime.title
        assert anime.episodes or anime.aired_to is None, anime.title


def test_year_and_season_follow_from_the_first_airing(titles: list[Anime]) -> None:
    """A title that begins in the last month of a quarter may count to the next."""
    for anime in titles:
        assert anime.aired_from is not None
        days = (anime.aired_from, anime.aired_from + timedelta(days=31))
        assert anime.year in {day.year for day in days}, anime.title
        assert anime.season in {_quarter(day) for day in days}, anime.title
        assert anime.aired_to is None or anime.aired_from <= anime.aired_to, anime.title


def _quarter(day: date) -> Season:
    return list(Season)[(day.month - 1) // 3]


def test_every_field_has_an_origin(titles: list[Anime]) -> None:
    for anime in titles:
        for name in Anime.model_fields:
            origin = anime.origin(name)
            assert origin is not None and origin.source == "animevec", (anime.title, name)
            assert anime.tentative(name) == (name != "synopsis"), (anime.title, name)


def test_synopses_are_ours_and_of_a_few_sentences(titles: list[Anime]) -> None:
    for anime in titles:
        assert anime.provenance["synopsis"].source == "animevec"
        assert anime.provenance["synopsis"].licence == "Apache-2.0"
        assert anime.synopsis and 45 <= len(anime.synopsis.split()) <= 120, anime.title
        assert 2 <= anime.synopsis.count(". ") + 1 <= 6, anime.title


def test_no_two_synopses_are_nearly_the_same(titles: list[Anime]) -> None:
    words = [(anime.title, set((anime.synopsis or "").lower().split())) for anime in titles]
    for (one, left), (other, right) in combinations(words, 2):
        assert len(left & right) / len(left | right) < 0.4, (one, other)


def test_relations_stay_inside_and_are_answered(by_key: dict[str, Anime]) -> None:
    for key, anime in by_key.items():
        for relation in anime.relations:
            other = by_key[relation.key]
            back = {edge.kind for edge in other.relations if edge.key == key}
            assert relation.title == other.title
            assert back & INVERSE[relation.kind], (anime.title, relation.kind, other.title)


def test_some_franchises_have_four_parts_or_more(by_key: dict[str, Anime]) -> None:
    assert sum(len(part) >= 4 for part in franchises(by_key)) >= 7


def franchises(by_key: dict[str, Anime]) -> list[set[str]]:
    """Connected components of the relations."""
    left, parts = set(by_key), []
    while left:
        part, queue = set(), [left.pop()]
        while queue:
            key = queue.pop()
            part.add(key)
            queue += [edge.key for edge in by_key[key].relations if edge.key not in part]
        left -= part
        parts.append(part)
    return parts


DECADES = {1960: 7, 1970: 10, 1980: 25, 1990: 25, 2000: 50, 2010: 70, 2020: 25}
KINDS = {Kind.TV: 180, Kind.MOVIE: 40, Kind.OVA: 8, Kind.ONA: 3}
GENRES = {
    "Action": 100,
    "Comedy": 70,
    "Drama": 80,
    "Romance": 40,
    "Sci-Fi": 60,
    "Fantasy": 60,
    "Supernatural": 40,
    "Mystery": 20,
    "Suspense": 20,
    "Sports": 20,
    "Slice of Life": 20,
    "Horror": 10,
    "Avant Garde": 10,
    "Gourmet": 3,
    "Girls Love": 3,
    "Boys Love": 1,
}
DEMOGRAPHICS = {"Shounen": 70, "Seinen": 35, "Shoujo": 12, "Josei": 4, "Kids": 4}


def test_the_sample_is_spread_over_decades_kinds_and_audiences(titles: list[Anime]) -> None:
    decades = Counter((anime.year or 0) // 10 * 10 for anime in titles)
    kinds = Counter(anime.type for anime in titles)
    genres = Counter(genre for anime in titles for genre in anime.genres)
    groups = Counter(group for anime in titles for group in anime.demographics)
    for counted, floor in [
        (decades, DECADES),
        (kinds, KINDS),
        (genres, GENRES),
        (groups, DEMOGRAPHICS),
    ]:
        missed = {name: counted[name] for name, least in floor.items() if counted[name] < least}
        assert not missed

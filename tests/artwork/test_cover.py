"""Covers: the same record gives the same pixels, and likeness means something."""

import subprocess
import sys
from hashlib import sha256
from pathlib import Path
from time import perf_counter

import numpy as np
import pytest

from animevec.artwork import draw_cover
from animevec.artwork.brief import brief_of, stem
from animevec.artwork.palette import Era, Mood
from animevec.catalog.ids import anime_id
from animevec.catalog.record import Anime, Relation, Title


def record(
    number: int = 1,
    title: str = "Silver Garden",
    genres: tuple[str, ...] = ("Action",),
    year: int | None = 2004,
    **more: object,
) -> Anime:
    keys = {"animevec": str(number)}
    titles = (Title(text=title, kind="main"),)
    return Anime.model_validate(
        {"id": anime_id(keys), "keys": keys, "titles": titles, "genres": genres, "year": year}
        | more
    )


def pixels(anime: Anime) -> str:
    return sha256(draw_cover(anime).tobytes()).hexdigest()


def test_a_record_always_gives_the_same_pixels() -> None:
    assert pixels(record()) == pixels(record())


def test_another_process_with_another_hash_seed_draws_the_same_pixels() -> None:
    code = "from tests.artwork.test_cover import *; print(*(pixels(record(k)) for k in range(4)))"
    run = subprocess.run(
        [sys.executable, "-c", code],
        cwd=Path(__file__).resolve().parents[2],
        env={"PYTHONHASHSEED": "7"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout.split() == [pixels(record(k)) for k in range(4)]


def test_a_thing_that_a_tag_names_is_the_emblem() -> None:
    assert brief_of(record(genres=("Sports",), tags=("Basketball",))).emblems == ("basketball",)
    racing = record(themes=("Racing",), tags=("drifting", "cars"))
    assert brief_of(racing).emblems == ("car",)
    assert brief_of(record(genres=("Sports",))).emblems == ("ball",)


def test_records_do_not_share_a_picture() -> None:
    assert len({pixels(record(k)) for k in range(24)}) == 24


def test_a_cover_is_drawn_in_a_moment() -> None:
    draw_cover(record(0))
    start = perf_counter()
    for k in range(10):
        draw_cover(record(k, genres=("Horror", "School")))
    assert (perf_counter() - start) / 10 < 0.25, "0.02 s alone; the rest is for busy machines"


@pytest.mark.parametrize("size", [(300, 420), (160, 226), (225, 350), (64, 64)])
def test_any_size_can_be_asked_for(size: tuple[int, int]) -> None:
    assert draw_cover(record(), size).size == size


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("Fullmetal Alchemist: Brotherhood", "fullmetal alchemist"),
        ("Attack on Titan Season 2", "attack on titan"),
        ("Code Geass: Lelouch of the Rebellion R2", "code geass"),
        ("Mob Psycho 100 II", "mob psycho 100"),
        ("Overlord III", "overlord"),
        ("II", "ii"),
        ("進撃の巨人", "進撃の巨人"),
    ],
)
def test_titles_of_a_franchise_share_their_stem(title: str, expected: str) -> None:
    assert stem(title) == expected


def test_a_sequel_looks_more_like_its_franchise_than_like_a_stranger() -> None:
    def mean_colour(number: int, title: str, **more: object) -> np.ndarray:
        cover = draw_cover(record(number, title, ("Space",), 1998, **more))
        return np.asarray(cover.resize((6, 8)), dtype=float).mean((0, 1))

    wins = 0
    for k in range(20):
        first = mean_colour(k, f"Comet Harbour {'abcdefghijklmnopqrst'[k]}x")
        related = Relation(
            kind="prequel", key="x:1", title=f"Comet Harbour {'abcdefghijklmnopqrst'[k]}x"
        )
        second = mean_colour(100 + k, "Otherwise Named", relations=(related,))
        stranger = mean_colour(200 + k, f"Iron Meadow {'abcdefghijklmnopqrst'[k]}x")
        wins += np.linalg.norm(first - second) < np.linalg.norm(first - stranger)
    assert wins >= 14


@pytest.mark.parametrize(
    ("genres", "synopsis", "mood"),
    [
        (("Horror", "Gore"), None, Mood.DARK),
        (("Comedy", "Kids"), None, Mood.BRIGHT),
        (("Slice of Life", "Iyashikei"), None, Mood.PASTEL),
        (("Sci-Fi", "Space"), None, Mood.COOL),
        (("Action", "Fantasy"), None, Mood.EPIC),
        ((), "A murder, a curse and more blood.", Mood.DARK),
    ],
)
def test_genres_and_synopsis_set_the_mood(
    genres: tuple[str, ...], synopsis: str | None, mood: Mood
) -> None:
    assert brief_of(record(genres=genres, synopsis=synopsis)).mood is mood


@pytest.mark.parametrize(
    ("year", "era"),
    [
        (1974, Era.FILM),
        (1988, Era.NEON),
        (1999, Era.CEL),
        (2000, Era.GLOSS),
        (2019, Era.VIVID),
        (2024, Era.SOFT),
        (None, Era.VIVID),
    ],
)
def test_the_year_sets_the_era(year: int | None, era: Era) -> None:
    assert brief_of(record(year=year)).era is era

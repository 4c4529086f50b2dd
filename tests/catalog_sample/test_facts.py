"""The sample's facts agree with a large real catalogue, where one lies beside the checkout."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from animevec.catalog.record import Anime
from animevec.catalog.sample import load_sample

AGREEMENT = 0.98


@pytest.fixture(scope="module")
def real(shared: Path) -> dict[str, Any]:
    parquet = pytest.importorskip("pyarrow.parquet")
    columns = ["mal_id", "type", "year", "season", "episodes", "studios"]
    table = parquet.read_table(shared / "data" / "catalogue" / "anime.parquet", columns=columns)
    return {str(row["mal_id"]): row for row in table.to_pylist()}


def studio_names(studios: tuple[str, ...] | list[str]) -> set[str]:
    return {name.casefold().removeprefix("studio ") for name in studios}


def same_type(anime: Anime, row: dict[str, Any]) -> bool:
    return row["type"] is None or anime.type.value == row["type"].upper()


def same_year(anime: Anime, row: dict[str, Any]) -> bool:
    return row["year"] is None or anime.year == int(row["year"])


def same_season(anime: Anime, row: dict[str, Any]) -> bool:
    return row["season"] is None or anime.season == row["season"].upper()


def same_episodes(anime: Anime, row: dict[str, Any]) -> bool:
    return row["episodes"] is None or anime.episodes == int(row["episodes"])


def share_a_studio(anime: Anime, row: dict[str, Any]) -> bool:
    theirs = studio_names(row["studios"] or [])
    return not theirs or bool(theirs & studio_names(anime.studios))


@pytest.mark.parametrize(
    "agrees", [same_type, same_year, same_season, same_episodes, share_a_studio]
)
def test_facts_agree(real: dict[str, Any], agrees: Callable[[Anime, dict[str, Any]], bool]) -> None:
    known = [anime for anime in load_sample() if anime.keys["mal"] in real]
    wrong = [anime.title for anime in known if not agrees(anime, real[anime.keys["mal"]])]
    assert len(known) >= 200
    assert 1 - len(wrong) / len(known) >= AGREEMENT, wrong

"""A small catalogue that comes with the package, to try a search before any source is asked."""

from pathlib import Path

from animevec.catalog.record import Anime


def sample_path() -> Path:
    """The sample as JSONL, one :class:`Anime` a line, oldest first.

    Names, dates and figures are facts, which any source may correct; every synopsis was written
    for this project (Apache-2.0). Scores are rounded to 0.1 or finer, members to two or three
    digits.
    """
    return Path(__file__).with_name("titles.jsonl")


def load_sample() -> list[Anime]:
    """Every record of the sample, validated.

    Raises:
        pydantic.ValidationError: a row is not an :class:`Anime`.
    """
    rows = sample_path().read_text(encoding="utf-8").splitlines()
    return [Anime.model_validate_json(row) for row in rows]

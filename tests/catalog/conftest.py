"""A catalogue on each engine, and titles to put into it."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from animevec.catalog.ids import anime_id
from animevec.catalog.record import Anime, Title
from animevec.catalog.store import Catalog
from tests import postgres


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty catalogue's place on each engine: a file, or a schema of the one server."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'catalog.db'}"
    return postgres.schema(str(request.getfixturevalue("postgres_url")))


@pytest.fixture
def catalog(url: str) -> Iterator[Catalog]:
    with Catalog.open(url) as catalog:
        yield catalog


Make = Callable[..., Anime]


@pytest.fixture(scope="session")
def make() -> Make:
    """A title by its MyAnimeList number; keyword arguments set its fields."""

    def make(mal: int, **fields: object) -> Anime:
        keys = {"mal": str(mal)}
        title = Title(text=f"Title {mal}", kind="main")
        return Anime.model_validate(
            {"id": anime_id(keys), "keys": keys, "titles": (title,), **fields}
        )

    return make

"""A small home with a champion, as a service leaves it; the registry is SQLite, models are tiny."""

from pathlib import Path

import pytest

from animevec.assembly import local_release
from animevec.settings import Settings
from flows.workshop import open_records
from registry.lineage import Lineage
from registry.releases import CHAMPION, GATE
from tests.service.conftest import built, copied, settings_at

__all__ = ["built", "crowned", "settings"]


@pytest.fixture(scope="session")
def crowned(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built home with release 1 as its champion; copy it, do not use it."""
    home = copied(built, tmp_path_factory.mktemp("crowned") / "home")
    crown(settings_at(home))
    return home


@pytest.fixture
def settings(crowned: Path, tmp_path: Path) -> Settings:
    """Settings of a copy of that home; artifact addresses of the copy point into the original."""
    return settings_at(copied(crowned, tmp_path / "home"))


def crown(settings: Settings) -> str:
    """Register what the settings serve and make it the champion."""
    with open_records(settings) as records:
        release = records.releases.register(
            lambda version: local_release(settings).model_copy(update={"version": version}),
            description="what was served first",
            lineage=Lineage(),
            tags={GATE: "pass"},
        )
        records.releases.move(CHAMPION, release.version)
    return release.version

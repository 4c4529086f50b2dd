"""A registry on SQLite with releases to promote, and a service that follows or refuses."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from animevec.errors import NotFound
from animevec.readiness import Readiness
from animevec.release import EncoderRef, Release
from animevec.settings import Settings
from registry.audit import AuditLog
from registry.ledger import Ledger, records
from registry.lineage import Lineage
from registry.promotion import Promoter, Serving
from registry.releases import Releases
from registry.tracking import Tracking

READY = Readiness(points=3, titles=3, watermark=7, revision=7, probes=3, probed=3)


@dataclass
class Follower:
    """A service in miniature: loads what the alias names unless told that it cannot."""

    releases: Releases
    readiness: dict[str, Readiness] = field(default_factory=dict)
    broken: dict[str, str] = field(default_factory=dict)
    deaf: bool = False
    current: str | None = None

    def prepare(self, version: str) -> Readiness:
        if version == "404":
            raise NotFound("no index")
        return self.readiness.get(version, READY)

    def serving(self) -> Serving:
        wanted = self.releases.aliases().get("champion")
        if not self.deaf and wanted not in self.broken:
            self.current = wanted
        return Serving(self.current, self.broken)


def settings_in(home: Path) -> Settings:
    return Settings(home=home)


def make_release(version: str) -> Release:
    text = EncoderRef(card="minilm", revision="a" * 40, dimensions=384)
    picture = EncoderRef(card="jina-clip-compact", revision="b" * 40, dimensions=512)
    return Release(version=version, text=text, picture=picture, index=f"anime-{version}")


def register(releases: Releases, gate: str = "pass") -> str:
    release = releases.register(
        make_release,
        description="made by a test",
        lineage=Lineage(data_sha256="c" * 64, parent="0"),
        metrics={"ndcg@10": 0.5},
        tags={"gate": gate},
    )
    return release.version


@pytest.fixture
def releases(tmp_path: Path) -> Releases:
    settings = settings_in(tmp_path)
    return Releases(Tracking.of(settings), "anime-search", tmp_path / "adapters")


@pytest.fixture
def promoter(releases: Releases, tmp_path: Path) -> Iterator[Promoter]:
    with records(settings_in(tmp_path)) as engine:
        service = Follower(releases)
        yield Promoter(releases, Ledger(engine), AuditLog(engine), service, patience_s=1.0)

"""The composition root: everything between the settings and a working search engine."""

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from animevec.catalog.store import Catalog
from animevec.encoders.base import Encoder
from animevec.encoders.lexical import LexicalEncoder
from animevec.encoders.load import load_encoder
from animevec.index.assembly import (
    IndexRoom,
    encoder_refs,
    lexical_encoder,
    make_embedder,
    make_room,
)
from animevec.index.base import VectorStore
from animevec.index.build import LIVE, BuildReport
from animevec.index.inputs import Channel
from animevec.index.stores import open_store
from animevec.index.sync import SyncReport
from animevec.progress import Progress, silent
from animevec.release import Release
from animevec.search.engine import SearchEngine
from animevec.settings import Settings

LOCAL = "local"
Wrap = Callable[[Encoder, str], Encoder]


def unwrapped(encoder: Encoder, name: str) -> Encoder:
    """The encoder as it is."""
    return encoder


@dataclass(frozen=True, slots=True)
class Encoders:
    """The encoders of a release; ``picture`` None without one, ``lexical`` where text has none."""

    text: Encoder
    picture: Encoder | None
    lexical: LexicalEncoder | None

    @classmethod
    def of(cls, text: Encoder, picture: Encoder | None) -> "Encoders":
        """With the lexical encoder that the text encoder needs beside it."""
        return cls(text, picture, lexical_encoder(text))


@dataclass(frozen=True, slots=True)
class Assembly:
    """A working engine and what stands behind it."""

    settings: Settings
    room: IndexRoom
    encoders: Encoders
    release: Release
    engine: SearchEngine
    adapters: Mapping[str, Path]

    @property
    def catalog(self) -> Catalog:
        """The catalogue."""
        return self.room.catalog

    @property
    def store(self) -> VectorStore:
        """The vector store."""
        return self.room.store

    @property
    def live(self) -> str:
        """Name of the physical index behind the release's alias."""
        return self.store.resolve(self.release.index) or self.release.index

    def catch_up(self) -> SyncReport:
        """Bring the live index and the engine's names to the catalogue's revision."""
        report = self.room.synchroniser.catch_up(self.live)
        self.engine.refresh()
        return report


def load_encoders(settings: Settings) -> Encoders:
    """The encoders the settings name, in this process."""
    text, picture = encoder_refs(settings)
    loaded = None if picture is None else load_encoder(picture.card, settings)
    return Encoders.of(load_encoder(text.card, settings), loaded)


def local_release(settings: Settings) -> Release:
    """The release of an installation that has promoted none: the settings' encoders, live."""
    text, picture = encoder_refs(settings)
    return Release(
        version=LOCAL,
        text=text,
        picture=picture or text,
        index=LIVE,
        ranking=settings.search,
    )


def rebuild(room: IndexRoom, progress: Progress = silent, alias: str = LIVE) -> BuildReport:
    """Build an index beside the one ``alias`` means, or resume a build that was cut off, and swap.

    The index that was meant before stays for a rollback; older ones of this alias are dropped.
    """
    before = room.store.resolve(alias)
    report = build_beside(room, progress, alias)
    room.store.switch(alias, report.name)
    discard_older(room, alias, {report.name, before})
    return report


def build_beside(room: IndexRoom, progress: Progress, alias: str) -> BuildReport:
    """Build an index for ``alias``, or resume a build that was cut off; the alias stays."""
    begun = [name for name in _own(room, alias) if room.ledger.unfinished(name)]
    version = room.embedder.version
    resumable = [name for name in begun if room.store.schema(name).encoders == version]
    fresh = datetime.now(UTC).strftime(f"{alias}-%Y%m%d-%H%M%S")
    return room.builder.build(resumable[0] if resumable else fresh, None, progress)


def discard_older(room: IndexRoom, alias: str, kept: Collection[str | None]) -> None:
    """Drop the indexes that were built for ``alias``, but for those to keep."""
    for name in _own(room, alias):
        if name not in kept:
            room.store.drop(name)
            room.ledger.remove(name)


def _own(room: IndexRoom, alias: str) -> list[str]:
    return [name for name in room.store.names() if name.startswith(f"{alias}-")]


@contextmanager
def open_foundation(settings: Settings, encoders: Encoders | None = None) -> Iterator[IndexRoom]:
    """Catalogue, store and builder of the settings' encoders, given back at the end."""
    found = encoders or load_encoders(settings)
    release = local_release(settings)
    picture = None if found.picture is None else Channel(found.picture, release.picture)
    embedder = make_embedder(settings, Channel(found.text, release.text), picture)
    store = open_store(settings.index, settings.index_path)
    try:
        with Catalog.open(settings.catalog_url) as catalog:
            yield make_room(settings, catalog, store, embedder)
    finally:
        store.close()

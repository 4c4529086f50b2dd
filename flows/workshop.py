"""What flows work with: the registry, the catalogue and releases, beside a running service.

The embedded engine lets one process hold an index.  The service holds what it serves, so flows
build a new index under a new name in the same store, and search copies of their own: those are
made of cached vectors and kept in ``home/evaluation``.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from animevec.assembly import Assembly, rebuild, unwrapped
from animevec.catalog.store import Catalog
from animevec.encoders.base import Encoder
from animevec.encoders.load import load_encoder
from animevec.errors import NotFound
from animevec.index.stores import open_store
from animevec.lineup import Lineup, open_lineup
from animevec.progress import Progress, silent
from animevec.settings import Settings
from registry.audit import AuditLog
from registry.ledger import Ledger, records
from registry.releases import CHAMPION, Registered, Releases

Load = Callable[[str], Encoder]


@dataclass(frozen=True, slots=True)
class Records:
    """The registry of an installation: releases, promotions and the audit trail."""

    settings: Settings
    releases: Releases
    promotions: Ledger
    audit: AuditLog

    def release(self, version: str | None) -> Registered:
        """A release by version, the champion without one.

        Raises:
            NotFound: there is none.
        """
        if version is not None:
            return self.releases.get(version)
        champion = self.releases.by_alias(CHAMPION)
        if champion is None:
            raise NotFound("no release is the champion yet; start the service, or name a version")
        return champion

    def adapters(self, registered: Registered) -> dict[str, Path]:
        """Folders of the adapters a release needs, by name."""
        return self.releases.needed(registered)


@contextmanager
def open_records(settings: Settings) -> Iterator[Records]:
    """The registry alone; no model is loaded."""
    with records(settings) as engine:
        yield Records(settings, Releases.of(settings), Ledger(engine), AuditLog(engine))


@dataclass(frozen=True, slots=True)
class Workshop:
    """``lineup`` is over the store of the service, ``copies`` over a store of the flows' own."""

    records: Records
    lineup: Lineup
    copies: Lineup

    @property
    def settings(self) -> Settings:
        """Of the installation."""
        return self.records.settings

    @property
    def catalog(self) -> Catalog:
        """The catalogue."""
        return self.lineup.catalog

    def searchable(self, version: str, progress: Progress = silent) -> Assembly:
        """A release opened over a copy of its index at the catalogue's revision."""
        registered = self.records.release(version)
        release, adapters = registered.release, self.records.adapters(registered)
        room = self.copies.room(release, adapters)
        if self.copies.store.resolve(release.index) is None:
            rebuild(room, progress, release.index)
        else:
            room.synchroniser.reconcile(release.index, progress)
        return self.copies.open(release, adapters)


@contextmanager
def open_workshop(settings: Settings, load: Load | None = None) -> Iterator[Workshop]:
    """Everything, for one piece of work; what was opened is let go of at the end."""
    once: Load = cache(load or (lambda card: load_encoder(card, settings)))
    with open_records(settings) as registry, open_lineup(settings, load=once) as lineup:
        own = open_store(settings.index, settings.evaluation_path)
        try:
            yield Workshop(registry, lineup, Lineup(settings, lineup.catalog, own, unwrapped, once))
        finally:
            own.close()

"""Releases open side by side: one catalogue, view and store, base encoders shared, one follower.

What is open is followed, so a release that waits for a rollback loses no title.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Protocol

from animevec.assembly import Assembly, Encoders, Wrap, local_release, rebuild, unwrapped
from animevec.catalog.store import Catalog
from animevec.encoders.base import Encoder
from animevec.encoders.load import load_encoder
from animevec.errors import AnimevecError, ModelError, NotFound
from animevec.index.assembly import IndexRoom, make_embedder, make_room
from animevec.index.base import VectorStore
from animevec.index.build import BuildReport
from animevec.index.follower import Follower
from animevec.index.inputs import Channel
from animevec.index.stores import open_store
from animevec.index.sync import Synchroniser
from animevec.progress import Progress, silent
from animevec.release import EncoderRef, Release
from animevec.search.engine import SearchEngine
from animevec.search.view import CatalogueView
from animevec.settings import Settings

Load = Callable[[str], Encoder]
Adapters = Mapping[str, Path]


class _Adapting(Protocol):
    """The adapters of an encoder that takes some, named by the hash of their files."""

    @property
    def names(self) -> tuple[str, ...]: ...
    def load(self, name: str, folder: Path) -> object: ...
    def unload(self, name: str) -> None: ...


class Lineup:
    """The open releases. ``load`` gives a base encoder by card name; each is loaded once.

    ``wrap`` goes around the encoders that queries use, not around those that embed titles.
    """

    def __init__(
        self, settings: Settings, catalog: Catalog, store: VectorStore, wrap: Wrap, load: Load
    ) -> None:
        self.settings, self.catalog, self.store = settings, catalog, store
        self._wrap, self._load = wrap, load
        self._bases: dict[str, Encoder] = {}
        self._wrapped: dict[str, Encoder] = {}
        self._open: dict[str, Assembly] = {}
        seconds = settings.index.follow_seconds
        self.follower = Follower(catalog, store, self._followed, seconds)

    @property
    def versions(self) -> tuple[str, ...]:
        """The open releases, oldest first."""
        return tuple(self._open)

    def get(self, version: str) -> Assembly | None:
        """An open release."""
        return self._open.get(version)

    def open(self, release: Release, adapters: Adapters | None = None) -> Assembly:
        """A release's engine, its adapters loaded onto the shared bases; ``adapters`` are folders
        by name.

        Raises:
            NotFound: its index does not exist.
            Conflict: its index was made by other encoders.
            ModelError: a base or an adapter is unusable, or was made for another revision.
        """
        if release.version in self._open:
            return self._open[release.version]
        if self.store.resolve(release.index) is None and release.index not in self.store.names():
            raise NotFound(
                f"the index {release.index!r} of release {release.version} does not exist; "
                "build it: animevec index build, or the flow `embed`",
                index=release.index,
            )
        try:
            assembly = self._assemble(release, adapters or {})
            assembly.room.synchroniser.admit(release.index)
        except AnimevecError:
            self._unload(release)
            raise
        self._open[release.version] = assembly
        return assembly

    def build(
        self, release: Release, adapters: Adapters | None = None, progress: Progress = silent
    ) -> BuildReport:
        """Build the index of a release that is not open, beside whatever there is.

        A build that was cut off goes on.
        """
        text, picture = self._channels(release, adapters or {})
        return rebuild(self._room(text, picture), progress, release.index)

    def close(self, version: str) -> None:
        """Stop following a release and unload the adapters that no other open one uses.

        To be called when the release's last answers are made.
        """
        closed = self._open.pop(version, None)
        if closed is not None:
            self._unload(closed.release)

    def room(self, release: Release, adapters: Adapters | None = None) -> IndexRoom:
        """What builds and follows a release's index, which need not exist yet.

        Raises:
            ModelError: as for ``open``.
        """
        return self._room(*self._channels(release, adapters or {}))

    def _assemble(self, release: Release, adapters: Adapters) -> Assembly:
        text, picture = self._channels(release, adapters)
        found = Encoders.of(text.encoder, None if picture is None else picture.encoder)
        engine = SearchEngine(
            self._view,
            self.store,
            self._query_side(text, "text"),
            None if picture is None else self._query_side(picture, "picture"),
            found.lexical,
            release,
            self.settings,
        )
        room = self._room(text, picture)
        return Assembly(self.settings, room, found, release, engine, adapters)

    def _unload(self, release: Release) -> None:
        """Unload a release's adapters that no open one uses."""
        used = {adapted for one in self._open.values() for adapted in _adapted(one.release)}
        for card, sha256 in _adapted(release) - used:
            own: _Adapting | None = getattr(self._bases.get(card), "adapters", None)
            if own is not None and sha256 in own.names:
                own.unload(sha256)

    @cached_property
    def _view(self) -> CatalogueView:
        """Read once, at the first release that opens: seconds for thousands of titles."""
        return CatalogueView(self.catalog)

    def _room(self, text: Channel, picture: Channel | None) -> IndexRoom:
        embedder = make_embedder(self.settings, text, picture)
        return make_room(self.settings, self.catalog, self.store, embedder)

    def _channels(self, release: Release, adapters: Adapters) -> tuple[Channel, Channel | None]:
        text = self._channel(release.text, adapters)
        pictured = self.settings.encoders.picture != ""
        return text, self._channel(release.picture, adapters) if pictured else None

    def _channel(self, ref: EncoderRef, adapters: Adapters) -> Channel:
        base = self._bases.get(ref.card)
        if base is None:
            base = self._bases[ref.card] = self._load(ref.card)
        if base.card.revision != ref.revision:
            raise ModelError(
                f"the release needs {ref.card} at revision {ref.revision[:12]}, "
                f"installed is {base.card.revision[:12]}; run `animevec models fetch {ref.card}`"
            )
        if ref.adapter is not None and ref.adapter_sha256 is not None:
            _adapt(base, ref.adapter, ref.adapter_sha256, adapters)
        return Channel(base, ref)

    def _query_side(self, channel: Channel, name: str) -> Encoder:
        card = channel.ref.card
        if card not in self._wrapped:
            self._wrapped[card] = self._wrap(channel.encoder, name)
        return self._wrapped[card]

    def _followed(self) -> Sequence[tuple[str, Synchroniser]]:
        """Every open release's index; the view of the catalogue is brought along as well."""
        found = list(self._open.values())
        if found:
            self._view.refresh()
        return [(assembly.live, assembly.room.synchroniser) for assembly in found]


def _adapt(base: Encoder, name: str, sha256: str, adapters: Adapters) -> None:
    own: _Adapting | None = getattr(base, "adapters", None)
    if own is None:
        raise ModelError(f"{base.card.name} takes no adapters here; the release wants {name!r}")
    if sha256 in own.names:
        return
    if name not in adapters:
        raise ModelError(f"the files of adapter {name!r} were not given")
    own.load(sha256, adapters[name])


def _adapted(release: Release) -> set[tuple[str, str]]:
    """Cards with the hashes of the adapters on them."""
    refs = (release.text, release.picture)
    return {(ref.card, ref.adapter_sha256) for ref in refs if ref.adapter_sha256 is not None}


@contextmanager
def open_lineup(
    settings: Settings, wrap: Wrap = unwrapped, load: Load | None = None
) -> Iterator[Lineup]:
    """A lineup with nothing open yet; its follower is not started."""
    store = open_store(settings.index, settings.index_path)
    try:
        with Catalog.open(settings.catalog_url) as catalog:
            found = load or (lambda card: load_encoder(card, settings))
            yield Lineup(settings, catalog, store, wrap, found)
    finally:
        store.close()


@contextmanager
def open_assembly(settings: Settings) -> Iterator[Assembly]:
    """The engine of the settings' own encoders over the live index.

    Raises:
        NotFound: no index was built yet.
    """
    with open_lineup(settings) as lineup:
        yield lineup.open(local_release(settings))

"""Following the champion: what the registry's alias names is opened, warmed, then served.

The running release keeps serving until the new one has proved itself, and the one before stays
open and followed for a rollback.  A registry that does not answer changes nothing.
"""

import gc
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock

import structlog
from pydantic import ValidationError

from animevec.assembly import LOCAL, Assembly, local_release
from animevec.errors import AnimevecError, Conflict, Unavailable
from animevec.lineup import Lineup
from animevec.readiness import Readiness, inspect
from animevec.release import Release
from animevec.replacement import replaced
from animevec.settings import Settings
from bentos.pinned import install
from bentos.warmth import warm
from registry.audit import AuditLog, Refused, Served
from registry.ledger import Ledger, open_records
from registry.lineage import Lineage, code_version
from registry.promotion import Promoter, Serving
from registry.releases import CHAMPION, GATE, Registered, Releases

ACTOR = "service"
RETRY_S = 30.0
YOUNG = 20_000  # new objects before Python looks for circles among them
_log = structlog.get_logger("champion")


@dataclass
class Champion:
    """The release being served, and how it changes.

    ``switched`` is called with the assembly that answers from now on.  ``refused`` maps a version
    that could not be opened to the reason; it is tried again after 30 s.
    """

    settings: Settings
    lineup: Lineup
    switched: Callable[[Assembly], None]
    serving_version: str | None = None
    refused: dict[str, str] = field(default_factory=dict)
    registry_error: str | None = None
    _refused_at: dict[str, float] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def __post_init__(self) -> None:
        self.releases = Releases.of(self.settings)
        engine = open_records(self.settings)
        self.audit = AuditLog(engine)
        self.ledger = Ledger(engine)

    @property
    def promoter(self) -> Promoter:
        """Promotions confirmed by this very service."""
        return Promoter(self.releases, self.ledger, self.audit, self)

    def close(self) -> None:
        """Give the records back."""
        self.audit.engine.dispose()

    def begin(self) -> None:
        """Serve the champion, else what was served last, else what a Bento carries, else the
        settings' own encoders.

        Raises:
            AnimevecError: not even those can be opened.
        """
        with self._lock:
            if self._try_champion():
                return
            last = self._last()
            if last is None and self._pinned():
                return
            release, adapters = last if last else (local_release(self.settings), {})
            self._serve(self._opened(release, adapters))

    def look(self) -> None:
        """Follow the alias once; errors are kept for health, not raised."""
        try:
            version = self._champion()
            self.registry_error = None
        except AnimevecError as error:
            self.registry_error = error.message
            return
        if version is None:
            self._enrol()
        elif version != self.serving_version and self._due(version):
            with self._lock:
                self._follow(version)

    def tend(self) -> None:
        """Follow the alias, and finish or undo promotions whose process is gone."""
        self.look()
        if self.registry_error is None:
            try:
                for promotion in self.promoter.recover():
                    _log.warning("recovered", promotion=promotion.id, phase=promotion.phase)
            except AnimevecError as error:
                _log.warning("recovery waits", error=error.message)

    def prepare(self, version: str) -> Readiness:
        """Open a release beside the running one, catch its index up and warm it."""
        with self._lock:
            assembly = self._open(self.releases.get(version))
        return inspect(self.lineup.catalog, self.lineup.store, assembly.live)

    def serving(self) -> Serving:
        """What is served now; looks at the alias first, so that a promotion need not wait."""
        self.look()
        return Serving(self.serving_version, dict(self.refused))

    def _try_champion(self) -> bool:
        if not self.releases.tracking.begun:
            return False
        try:
            version = self._champion()
        except Unavailable as error:
            self.registry_error = error.message
            return False
        return version is not None and self._follow(version)

    def _champion(self) -> str | None:
        self.releases.tracking.ping()
        return self.releases.aliases().get(CHAMPION)

    def _follow(self, version: str) -> bool:
        if version == self.serving_version:
            return True
        try:
            assembly = self._open(self.releases.get(version))
            problem = inspect(self.lineup.catalog, self.lineup.store, assembly.live).problem
            if problem:
                raise Conflict(problem)
        except AnimevecError as error:
            self._refuse(version, error)
            return False
        self._serve(assembly)
        return True

    def _open(self, registered: Registered) -> Assembly:
        release = registered.release
        if registered.gate != "pass":
            raise Conflict(f"release {release.version} has not passed its gate: {registered.gate}")
        return self._opened(release, self.releases.needed(registered))

    def _opened(self, release: Release, adapters: Mapping[str, Path]) -> Assembly:
        """A release that is caught up and warm; one that fails is closed again."""
        known = self.lineup.get(release.version)
        assembly = known or self.lineup.open(release, adapters)
        try:
            assembly.room.synchroniser.reconcile(assembly.live)
            assembly.engine.refresh()
            if known is None:
                picture = assembly.encoders.picture
                warm(assembly.engine, None if picture is None else picture.card.image_pixels or 224)
        except AnimevecError:
            if known is None:
                self.lineup.close(release.version)
            raise
        return assembly

    def _serve(self, assembly: Assembly) -> None:
        started, previous = time.monotonic(), self.serving_version
        version = assembly.release.version
        self.switched(assembly)
        self.serving_version = version
        self.refused.pop(version, None)
        self._remember(assembly.release)
        for old in self.lineup.versions:
            if old not in (version, previous) or old == LOCAL != version:
                self.lineup.close(old)
        _settle(replaced=previous is not None)
        seconds = round(time.monotonic() - started, 3)
        _log.info("serving", release=version, previous=previous)
        self.audit.record(Served(actor=ACTOR, version=version, previous=previous, seconds=seconds))

    def _refuse(self, version: str, error: AnimevecError) -> None:
        if self.refused.get(version) != error.message:
            serving = self.serving_version
            _log.error("refused", release=version, serving=serving, error=error.message)
            self.audit.record(
                Refused(actor=ACTOR, version=version, serving=serving, error=error.message)
            )
        self.refused[version] = error.message
        self._refused_at[version] = time.monotonic()

    def _due(self, version: str) -> bool:
        return time.monotonic() - self._refused_at.get(version, -RETRY_S) >= RETRY_S

    def _pinned(self) -> bool:
        """Make what a Bento carries the first champion; the alias moves when it is warm."""
        bundle = self.settings.bundle_path
        if self.registry_error or not bundle.is_file() or self._champion() is not None:
            return False
        registered = install(self.settings, self.lineup, self.releases, bundle)
        assembly = self._open(registered)
        self.releases.move(CHAMPION, assembly.release.version)
        self._serve(assembly)
        return True

    def _enrol(self) -> None:
        """Make what is served without a registry its first champion, so there is a way back."""
        with self._lock, suppress(Unavailable):
            release = local_release(self.settings)
            made = self.releases.register(
                lambda version: release.model_copy(update={"version": version}),
                description="What this installation served before its first promotion.",
                lineage=Lineage(code_version=code_version()),
                tags={GATE: "pass", "verdict": "first release of the installation, not compared"},
            )
            self.releases.move(CHAMPION, made.version)

    def _remember(self, release: Release) -> None:
        self._record.parent.mkdir(parents=True, exist_ok=True)
        with replaced(self._record) as file:
            file.write(release.model_dump_json().encode())

    def _last(self) -> tuple[Release, dict[str, Path]] | None:
        if not self._record.is_file():
            return None
        try:
            release = Release.model_validate_json(self._record.read_bytes())
        except ValidationError as error:
            _log.warning(
                "what was served last is unreadable", path=str(self._record), error=str(error)
            )
            return None
        adapters = {
            ref.adapter: self.releases.adapters / ref.adapter_sha256
            for ref in (release.text, release.picture)
            if ref.adapter and ref.adapter_sha256
        }
        return release, adapters

    @property
    def _record(self) -> Path:
        return self.settings.home / "serving.json"


def _settle(replaced: bool) -> None:
    """Keep what is loaded out of later collections: a full one over it stops every request.  Only
    where a release was replaced may there be garbage among what was kept before.

    An answer makes thousands of small objects, none of them in a circle: looking for circles after
    every 700 of them found nothing and took two to seven percent of the time of an answer.
    """
    if replaced:
        gc.unfreeze()
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, *gc.get_threshold()[1:])

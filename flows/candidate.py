"""Candidate releases: made, registered, and given an index beside the one that is served."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep

from animevec.assembly import local_release, rebuild
from animevec.errors import Conflict, DeadlineExceeded
from animevec.progress import Progress, silent
from animevec.release import EncoderRef, Release
from animevec.settings import Settings
from flows.workshop import Records, Workshop
from registry.adapters import adapter_sha256
from registry.lineage import Lineage, code_version

PATIENCE_S = 300.0


@dataclass(frozen=True, slots=True)
class Embedded:
    """An index at a revision; ``by`` is who wrote it: this flow, or the service that holds it."""

    version: str
    index: str
    points: int
    revision: int
    written: int
    skipped: int
    seconds: float
    by: str


@dataclass(frozen=True, slots=True)
class Made:
    """What a candidate is made of: encoders, the files of their adapters, and where from."""

    text: EncoderRef
    picture: EncoderRef
    adapters: Mapping[str, Path]
    description: str
    lineage: Lineage


def like(records: Records, version: str | None, description: str) -> Made:
    """The encoders of a release again, for an index of its own."""
    registered = records.release(version)
    release = registered.release
    lineage = Lineage(code_version=code_version(), parent=release.version)
    adapters = records.adapters(registered)
    return Made(release.text, release.picture, adapters, description, lineage)


def configured(settings: Settings, parent: str | None, description: str) -> Made:
    """The encoders the settings name now, without adapters."""
    release = local_release(settings)
    lineage = Lineage(code_version=code_version(), parent=parent or "")
    return Made(release.text, release.picture, {}, description, lineage)


def adapted(records: Records, adapter: Path, name: str, description: str, lineage: Lineage) -> Made:
    """The champion with another adapter on its text encoder."""
    champion = records.release(None)
    text = champion.release.text.model_copy(
        update={"adapter": name, "adapter_sha256": adapter_sha256(adapter)}
    )
    kept = records.adapters(champion)
    picture = champion.release.picture
    folders = {picture.adapter: kept[picture.adapter]} if picture.adapter else {}
    own = lineage.model_copy(update={"parent": champion.release.version})
    return Made(text, picture, {**folders, name: adapter}, description, own)


def register(records: Records, made: Made) -> Release:
    """A new release, without an index yet; it cannot be promoted before it passes a gate."""

    def release(version: str) -> Release:
        return Release(
            version=version,
            text=made.text,
            picture=made.picture,
            index=f"titles-r{version}",
            ranking=records.settings.search,
        )

    return records.releases.register(
        release, description=made.description, lineage=made.lineage, adapters=made.adapters
    )


def embed(workshop: Workshop, version: str, progress: Progress = silent) -> Embedded:
    """Bring the index of a release to the catalogue's revision, built first where there is none.

    Only titles without a cached vector are encoded.  Where the running service holds the index,
    it follows the catalogue itself; then this waits for it.

    Raises:
        DeadlineExceeded: the service does not catch up within five minutes.
    """
    started = monotonic()
    registered = workshop.records.release(version)
    release = registered.release
    room = workshop.lineup.room(release, workshop.records.adapters(registered))
    by, written, skipped = "flow", 0, 0
    if room.store.resolve(release.index) is None:
        report = rebuild(room, progress, release.index)
        written, skipped = report.points, len(report.skipped)
    else:
        try:
            done = room.synchroniser.reconcile(release.index, progress)
            written, skipped = done.upserted, len(done.skipped)
        except Conflict:
            by = "service"
            await_service(workshop, release.index)
    progress(1, 1)
    found = room.store.stats(release.index)
    return Embedded(
        release.version,
        found.name,
        found.points,
        found.watermark,
        written,
        skipped,
        round(monotonic() - started, 2),
        by,
    )


def await_service(workshop: Workshop, index: str, patience_s: float = PATIENCE_S) -> None:
    """Wait until the service has brought its index to today's revision."""
    wanted, deadline = workshop.catalog.revision(), monotonic() + patience_s
    while (reached := workshop.lineup.store.watermark(index)) < wanted:
        if monotonic() > deadline:
            raise DeadlineExceeded(
                f"the service's index {index} is at revision {reached} after {patience_s:.0f} s, "
                f"the catalogue at {wanted}; look at /api/v1/admin/health",
            )
        sleep(0.2)

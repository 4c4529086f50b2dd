"""The release that a Bento carries: on an empty home it becomes the first champion."""

from pathlib import Path

import structlog

from animevec.encoders.files import file_sha256
from animevec.errors import Conflict
from animevec.lineup import Lineup
from animevec.progress import silent
from animevec.settings import Settings
from animevec.stack.home import FOUNDATION
from registry.bundle import PINNED, import_release, read_manifest
from registry.releases import GATE, Registered, Releases

_log = structlog.get_logger("pinned")


def install(settings: Settings, lineup: Lineup, releases: Releases, bundle: Path) -> Registered:
    """Register the bundle's release and build its index; one that was cut off goes on.

    An empty catalogue gets the sample, as ``animevec up`` gives it.

    Raises:
        InvalidRequest: the file is no bundle.
        Conflict: its release has not passed a gate where it was made.
        ModelError: an adapter is damaged, or a base model is not here at that revision.
    """
    for step in FOUNDATION:
        if step.needed(settings):
            step.run(settings, silent)
    registered = _registered(releases, bundle)
    release = registered.release
    if lineup.store.resolve(release.index) is None:
        _log.info("building", release=release.version, index=release.index)
        report = lineup.build(release, releases.needed(registered))
        _log.info("built", release=release.version, points=report.points)
    return registered


def _registered(releases: Releases, bundle: Path) -> Registered:
    digest = file_sha256(bundle)
    known = [one for one in releases.list() if one.tags.get(PINNED) == digest]
    return known[0] if known else releases.get(_register(releases, bundle, digest))


def _register(releases: Releases, bundle: Path, digest: str) -> str:
    """The bundle's version here; the gate it passed where it was made holds."""
    origin = read_manifest(bundle).tags
    if origin.get(GATE) != "pass":
        raise Conflict(
            f"the release in {bundle} has not passed its gate: {origin.get(GATE, 'none')}; build "
            "the Bento with the champion: animevec release export champion release.zip"
        )
    verdict = f"pinned; where it was made: {origin.get('verdict', 'pass')}"
    tags = {PINNED: digest, GATE: "pass", "verdict": verdict}
    return import_release(releases, bundle, tags).version

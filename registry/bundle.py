"""A release as one file: its record and its adapters, to move it between machines.

A ZIP archive of ``manifest.json`` and ``adapters/<name>/<file>``.  Base models stay where they
come from, by revision; the index is made anew from the catalogue of the other machine.
"""

import re
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from animevec.errors import InvalidRequest
from animevec.release import EncoderRef, Release
from animevec.replacement import replaced
from registry.adapters import FILES, verify
from registry.lineage import Lineage
from registry.releases import GATE, Registered, Releases

MANIFEST = "manifest.json"
LARGEST = 1_000_000_000
# Tag of a version that a Bento brought: the SHA-256 of its bundle.
PINNED = "pinned"
# Tags that say something of the other machine's registry alone.
LOCAL = (
    *("state", GATE, "verdict", "index", PINNED),
    *("evaluation_run", "evaluated_against", "reports", "nightly_run"),
)
# An adapter's name becomes a folder among a run's artifacts.
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")


class Manifest(BaseModel):
    """What a bundle holds; ``tags`` are those the release had where it came from."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: int = Field(1, ge=1, le=1)
    release: Release
    description: str
    tags: dict[str, str]


def export_release(releases: Releases, registered: Registered, path: Path) -> Path:
    """Write a bundle; the file is there whole or not at all.

    Raises:
        ModelError: an adapter is damaged.
    """
    manifest = Manifest(
        release=registered.release,
        description=registered.description,
        tags=dict(registered.tags),
    )
    with replaced(path) as out, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as bundle:
        bundle.writestr(MANIFEST, manifest.model_dump_json(indent=2))
        for ref in _adapted(registered.release):
            folder = releases.adapter(registered, ref)
            for file in FILES if folder else ():
                bundle.write(Path(str(folder)) / file, f"adapters/{ref.adapter}/{file}")
    return path


def read_manifest(path: Path) -> Manifest:
    """What a bundle holds.

    Raises:
        InvalidRequest: the file is no bundle.
    """
    with _bundle(path) as bundle:
        return _manifest(bundle)


def import_release(releases: Releases, path: Path, tags: Mapping[str, str] = {}) -> Release:
    """Register a bundle's release under a version of this registry, with an index of its own.

    Unless ``tags`` say otherwise it has no gate yet: embed and evaluate it here before it is
    promoted.

    Raises:
        InvalidRequest: the file is no bundle, or larger than 1 GB unpacked.
        ModelError: an adapter does not have the hash its release names.
    """
    with TemporaryDirectory() as scratch:
        manifest, adapters = _unpack(path, Path(scratch))
        known = manifest.release

        def local(version: str) -> Release:
            return known.model_copy(update={"version": version, "index": f"titles-r{version}"})

        origin = {k: v for k, v in manifest.tags.items() if k not in LOCAL}
        return releases.register(
            local,
            description=manifest.description,
            lineage=Lineage(),
            tags={**origin, "imported_from": f"release {known.version} ({path.name})", **tags},
            adapters=adapters,
        )


def _unpack(path: Path, scratch: Path) -> tuple[Manifest, dict[str, Path]]:
    """The manifest, and the verified adapters; only files the manifest calls for are read."""
    with _bundle(path) as bundle:
        manifest = _manifest(bundle)
        refs = enumerate(_adapted(manifest.release))
        folders = {str(ref.adapter): _adapter(bundle, ref, scratch / f"{n}") for n, ref in refs}
    return manifest, folders


@contextmanager
def _bundle(path: Path) -> Iterator[zipfile.ZipFile]:
    """The archive; what is wrong with it or in it becomes ``InvalidRequest``."""
    try:
        with zipfile.ZipFile(path) as bundle:
            size = sum(entry.file_size for entry in bundle.infolist())
            if size > LARGEST:
                raise InvalidRequest(f"{path} is {size:,} bytes unpacked; the limit is {LARGEST:,}")
            yield bundle
    except (zipfile.BadZipFile, KeyError, ValidationError) as error:
        raise InvalidRequest(
            f"{path} is no release bundle: {error}; make one: animevec release export"
        ) from error


def _manifest(bundle: zipfile.ZipFile) -> Manifest:
    return Manifest.model_validate_json(bundle.read(MANIFEST))


def _adapter(bundle: zipfile.ZipFile, ref: EncoderRef, folder: Path) -> Path:
    if not NAME.fullmatch(str(ref.adapter)):
        raise InvalidRequest(f"{ref.adapter!r} is no name of an adapter")
    folder.mkdir()
    for file in FILES:
        (folder / file).write_bytes(bundle.read(f"adapters/{ref.adapter}/{file}"))
    return verify(folder, str(ref.adapter_sha256))


def _adapted(release: Release) -> list[EncoderRef]:
    return [ref for ref in (release.text, release.picture) if ref.adapter and ref.adapter_sha256]

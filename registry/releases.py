"""Releases as versions of one MLflow registered model, with aliases."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from pydantic import ValidationError

from animevec.errors import ModelError, NotFound
from animevec.release import EncoderRef, Release
from animevec.settings import Settings
from registry.adapters import install, verify
from registry.lineage import Lineage
from registry.tracking import Run, Tracking, mlflow_errors

CHAMPION = "champion"
GATE = "gate"
STATE = "state"
FOLDER = "release"


@dataclass(frozen=True)
class Registered:
    """A release and what the registry knows about it."""

    release: Release
    run_id: str
    created: datetime
    description: str
    tags: Mapping[str, str]

    @property
    def gate(self) -> str:
        """``pass``, ``fail`` or ``none``."""
        return self.tags.get(GATE, "none")


@dataclass(frozen=True)
class Releases:
    """The registered model ``name`` and the adapters its versions need.

    ``adapters`` is the local folder adapters are installed into, by hash.
    """

    tracking: Tracking
    name: str
    adapters: Path

    @classmethod
    def of(cls, settings: Settings) -> "Releases":
        """The releases of an installation."""
        name = settings.registry.release_name
        return cls(Tracking.of(settings), name, settings.home / "adapters")

    def register(
        self,
        make: Callable[[str], Release],
        *,
        description: str,
        lineage: Lineage,
        metrics: Mapping[str, float] | None = None,
        tags: Mapping[str, str] | None = None,
        adapters: Mapping[str, Path] | None = None,
    ) -> Release:
        """Record a new release; ``make`` gets the version number and returns the release.

        ``adapters`` maps an adapter's name to its folder; each is kept with the version.
        The version is usable only when its tag ``state`` says ``registered``.
        """
        self._ensure_model()
        with mlflow_errors("register a release"):
            with self.tracking.run("releases", "release", {"kind": "release"}) as run:
                version = self._create(run, description, {STATE: "registering"})
                release = make(version)
                self._log(run, release, adapters or {}, metrics or {})
            labels = {**lineage.tags(), **_labels(release), **(tags or {}), STATE: "registered"}
            for key, value in labels.items():
                self.tag(version, key, value)
        return release

    def get(self, version: str) -> Registered:
        """One release.

        Raises:
            NotFound: no such version.
            ModelError: its registration never finished, or its record is damaged.
        """
        with mlflow_errors(f"release {version}"):
            found = self.tracking.client.get_model_version(self.name, version)
            if found.tags.get(STATE) != "registered":
                raise ModelError(
                    f"release {version} was never completely registered; register it again"
                )
            return self._registered(found)

    def by_alias(self, alias: str) -> Registered | None:
        """The release an alias points to, None when the alias is not set."""
        version = self.aliases().get(alias)
        return None if version is None else self.get(version)

    def aliases(self) -> dict[str, str]:
        """Alias to version."""
        try:
            with mlflow_errors("release aliases"):
                model = self.tracking.client.get_registered_model(self.name)
        except NotFound:  # nothing was registered yet
            return {}
        return {alias: str(version) for alias, version in model.aliases.items()}

    def list(self) -> list[Registered]:
        """Every complete release, newest first."""
        with mlflow_errors("list releases"):
            found = self.tracking.client.search_model_versions(f"name='{self.name}'")
            complete = [v for v in found if v.tags.get(STATE) == "registered"]
            return [self._registered(v) for v in sorted(complete, key=lambda v: -int(v.version))]

    def move(self, alias: str, version: str) -> None:
        """Point an alias at a version; MLflow does this in one statement."""
        with mlflow_errors(f"move {alias} to {version}"):
            self.tracking.client.set_registered_model_alias(self.name, alias, version)

    def unset(self, alias: str) -> None:
        """Remove an alias."""
        with mlflow_errors(f"remove {alias}"):
            self.tracking.client.delete_registered_model_alias(self.name, alias)

    def tag(self, version: str, key: str, value: str) -> None:
        """Label a version; MLflow keeps 5,000 characters."""
        with mlflow_errors(f"tag release {version}"):
            self.tracking.client.set_model_version_tag(self.name, version, key, value[:5000])

    def delete(self, version: str) -> None:
        """Forget a version; its run and artifacts stay in MLflow for the record."""
        with mlflow_errors(f"delete release {version}"):
            self.tracking.client.delete_model_version(self.name, version)

    def adapter(self, registered: Registered, ref: EncoderRef) -> Path | None:
        """Local folder of the adapter an encoder of this release needs, fetched when absent.

        Raises:
            ModelError: what was fetched does not have the registered hash.
        """
        if ref.adapter is None or ref.adapter_sha256 is None:
            return None
        local = self.adapters / ref.adapter_sha256
        if local.is_dir():
            return verify(local, ref.adapter_sha256)
        with TemporaryDirectory() as scratch, mlflow_errors(f"fetch adapter {ref.adapter}"):
            fetched = self.tracking.client.download_artifacts(
                registered.run_id, f"{FOLDER}/adapters/{ref.adapter}", scratch
            )
            return install(verify(Path(fetched), ref.adapter_sha256), self.adapters)

    def needed(self, registered: Registered) -> dict[str, Path]:
        """Folders of every adapter a release needs, by name; fetched when absent."""
        refs = (registered.release.text, registered.release.picture)
        return {
            ref.adapter: folder
            for ref in refs
            if ref.adapter and (folder := self.adapter(registered, ref))
        }

    def _exists(self) -> bool:
        found = self.tracking.client.search_registered_models(f"name='{self.name}'")
        return bool(found)

    def _ensure_model(self) -> None:
        with mlflow_errors(f"registered model {self.name}"):
            if not self._exists():
                self.tracking.client.create_registered_model(
                    self.name,
                    description="Releases of anime search: encoders, index and ranking together. "
                    "The alias `champion` is served; moving it here is a promotion or a rollback.",
                )

    def _create(self, run: Run, description: str, tags: dict[str, str]) -> str:
        created = self.tracking.client.create_model_version(
            self.name,
            source=f"{run.artifact_uri}/{FOLDER}",
            run_id=run.id,
            tags=tags,
            description=description,
        )
        return str(created.version)

    def _log(
        self,
        run: Run,
        release: Release,
        adapters: Mapping[str, Path],
        metrics: Mapping[str, float],
    ) -> None:
        run.text(release.model_dump_json(indent=2), f"{FOLDER}/release.json")
        run.params(_labels(release))
        run.metrics(metrics)
        for name, folder in adapters.items():
            run.file(install(folder, self.adapters), f"{FOLDER}/adapters/{name}")

    def _registered(self, version: Any) -> Registered:
        return Registered(
            self._read(str(version.run_id), str(version.version)),
            str(version.run_id),
            datetime.fromtimestamp(version.creation_timestamp / 1000, UTC),
            version.description or "",
            dict(version.tags),
        )

    def _read(self, run_id: str, version: str) -> Release:
        with TemporaryDirectory() as scratch:
            path = self.tracking.client.download_artifacts(
                run_id, f"{FOLDER}/release.json", scratch
            )
            try:
                return Release.model_validate(json.loads(Path(path).read_text()))
            except (ValidationError, ValueError) as error:
                raise ModelError(f"the record of release {version} is damaged: {error}") from error


def _labels(release: Release) -> dict[str, str]:
    def name(ref: EncoderRef) -> str:
        base = f"{ref.card}@{ref.revision[:12]}/{ref.dimensions}"
        return f"{base}+{ref.adapter}" if ref.adapter else base

    return {
        "text_encoder": name(release.text),
        "picture_encoder": name(release.picture),
        "index": release.index,
    }

"""Bundles: a release arrives as it left, but for its version, its index and its gate."""

import json
import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from animevec.errors import InvalidRequest, ModelError
from animevec.release import Release
from registry.adapters import adapter_sha256
from registry.bundle import export_release, import_release
from registry.lineage import Lineage
from registry.releases import Releases
from registry.tracking import Tracking
from tests.registry.conftest import make_release, register, settings_in


@pytest.fixture
def elsewhere(tmp_path: Path) -> Releases:
    """The registry of another machine, which has a release already."""
    home = tmp_path / "elsewhere"
    found = Releases(Tracking.of(settings_in(home)), "anime-search", home / "adapters")
    register(found)
    return found


@pytest.fixture
def bundle(releases: Releases, tmp_path: Path) -> Path:
    """A release with an adapter, exported."""
    folder = tmp_path / "trained"
    folder.mkdir()
    (folder / "adapter_config.json").write_text(json.dumps({"r": 4}))
    save_file({"a": np.ones((4, 8), np.float32)}, folder / "adapter_model.safetensors")
    sha256 = adapter_sha256(folder)

    def adapted(version: str) -> Release:
        release = make_release(version)
        text = release.text.model_copy(update={"adapter": "tuned", "adapter_sha256": sha256})
        return release.model_copy(update={"text": text})

    made = releases.register(
        adapted,
        description="tuned on votes",
        lineage=Lineage(data_sha256="d" * 64, parent="3"),
        tags={"gate": "pass", "verdict": "PASS"},
        adapters={"tuned": folder},
    )
    return export_release(releases, releases.get(made.version), tmp_path / "release.zip")


def test_it_arrives_as_it_left_but_for_version_index_and_gate(
    bundle: Path, elsewhere: Releases
) -> None:
    arrived = import_release(elsewhere, bundle)
    found = elsewhere.get(arrived.version)
    assert (arrived.version, arrived.index, found.gate) == ("2", "titles-r2", "none")
    assert found.description == "tuned on votes"
    assert found.tags["data_sha256"] == "d" * 64
    assert found.tags["imported_from"] == "release 1 (release.zip)"
    assert "verdict" not in found.tags
    folder = elsewhere.adapter(found, arrived.text)
    assert folder is not None and adapter_sha256(folder) == arrived.text.adapter_sha256


def test_an_export_leaves_no_half_file(bundle: Path) -> None:
    assert list(bundle.parent.glob(".release.zip*")) == []


def rewritten(bundle: Path, change: Callable[[str, bytes], bytes]) -> Path:
    """A copy of the bundle with every entry passed through ``change``."""
    target = bundle.with_name("changed.zip")
    with zipfile.ZipFile(bundle) as old, zipfile.ZipFile(target, "w") as new:
        for name in old.namelist():
            new.writestr(name, change(name, old.read(name)))
    return target


def test_a_damaged_adapter_is_refused_before_anything_is_registered(
    bundle: Path, elsewhere: Releases
) -> None:
    broken = rewritten(bundle, lambda n, data: data[:-1] if "safetensors" in n else data)
    with pytest.raises(ModelError, match="is damaged"):
        import_release(elsewhere, broken)
    assert len(elsewhere.list()) == 1


@pytest.mark.parametrize(
    "change",
    [
        lambda name, data: b"{}" if name == "manifest.json" else data,
        lambda name, data: data.replace(b'"format": 1', b'"format": 2'),
        lambda name, data: data.replace(b'"adapter": "tuned"', b'"adapter": "../tuned"'),
        lambda name, data: data.replace(b'"adapter": "tuned"', b'"adapter": "other"'),
        lambda name, data: re.sub(rb'(?<="adapter_sha256": )"\w+"', b"null", data),
    ],
    ids=["empty", "newer format", "name that climbs", "missing adapter", "no hash"],
)
def test_what_is_no_bundle_is_refused(
    bundle: Path, elsewhere: Releases, change: Callable[[str, bytes], bytes]
) -> None:
    with pytest.raises(InvalidRequest, match=r"no release bundle|is no name of an adapter"):
        import_release(elsewhere, rewritten(bundle, change))


def test_any_other_file_is_refused(tmp_path: Path, elsewhere: Releases) -> None:
    path = tmp_path / "notes.zip"
    path.write_text("not a zip")
    with pytest.raises(InvalidRequest, match="animevec release export"):
        import_release(elsewhere, path)

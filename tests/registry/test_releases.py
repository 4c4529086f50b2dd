"""Releases and their adapters in a real MLflow registry."""

import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from animevec.errors import ModelError, NotFound
from animevec.release import Release
from registry.adapters import adapter_sha256
from registry.lineage import Lineage, code_version
from registry.releases import Releases
from tests.registry.conftest import make_release, register


@pytest.fixture
def adapter(tmp_path: Path) -> Path:
    folder = tmp_path / "trained"
    folder.mkdir()
    (folder / "adapter_config.json").write_text(json.dumps({"r": 4}))
    save_file({"a": np.ones((4, 8), np.float32)}, folder / "adapter_model.safetensors")
    return folder


def test_a_release_is_read_back_as_it_was_written(releases: Releases) -> None:
    version = register(releases)
    found = releases.get(version)
    assert found.release == make_release(version)
    assert found.gate == "pass"
    assert found.tags["data_sha256"] == "c" * 64
    assert found.tags["text_encoder"] == f"minilm@{'a' * 12}/384"


def test_aliases_and_order(releases: Releases) -> None:
    assert releases.aliases() == {}
    first, second = register(releases), register(releases)
    releases.move("champion", first)
    releases.move("shadow", second)
    assert releases.aliases() == {"champion": first, "shadow": second}
    assert [r.release.version for r in releases.list()] == [second, first]
    found = releases.by_alias("champion")
    assert found is not None
    assert found.release.version == first
    assert releases.by_alias("challenger") is None


def test_unknown_and_unfinished_versions_are_told_apart(releases: Releases) -> None:
    register(releases)
    with pytest.raises(NotFound):
        releases.get("99")

    def fails(version: str) -> Release:
        raise RuntimeError("disk full")

    with pytest.raises(RuntimeError):
        releases.register(fails, description="", lineage=Lineage())
    with pytest.raises(ModelError, match="never completely registered"):
        releases.get("2")
    assert [r.release.version for r in releases.list()] == ["1"]


def test_an_adapter_travels_with_its_release_and_is_checked(
    releases: Releases, adapter: Path, tmp_path: Path
) -> None:
    sha256 = adapter_sha256(adapter)

    def make(version: str) -> Release:
        release = make_release(version)
        text = release.text.model_copy(update={"adapter": "romance", "adapter_sha256": sha256})
        return release.model_copy(update={"text": text})

    made = releases.register(make, description="", lineage=Lineage(), adapters={"romance": adapter})
    elsewhere = Releases(releases.tracking, releases.name, tmp_path / "other-machine")
    found = elsewhere.get(made.version)
    folder = elsewhere.adapter(found, found.release.text)
    assert folder is not None
    assert adapter_sha256(folder) == sha256
    assert elsewhere.adapter(found, found.release.picture) is None

    (folder / "adapter_model.safetensors").write_bytes(b"damaged")
    with pytest.raises(ModelError, match="damaged"):
        elsewhere.adapter(found, found.release.text)


def test_code_version_names_the_tree(tmp_path: Path) -> None:
    (tmp_path / "animevec").mkdir()
    (tmp_path / "animevec" / "a.py").write_text("x = 1")
    before = code_version(tmp_path)
    assert before.startswith("tree-")
    (tmp_path / "animevec" / "a.py").write_text("x = 2")
    assert code_version(tmp_path) != before

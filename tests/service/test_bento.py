"""The real thing: ``bentoml build``, then the Bento out of the store on a home that is empty."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from animevec.settings import ROOT, EncoderSettings, Settings
from animevec.stack.process import Process, Supervisor
from animevec.stack.readiness import wait_ready
from registry.bundle import export_release
from registry.releases import Releases
from tests.service.test_champion import candidate, make_adapter
from tests.stack.test_process import free_port

PARTS = ("animevec", "bentos", "registry", "configs")
FILES = ("bentofile.yaml", "pyproject.toml", "constraints.txt", "README.md")


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """A BentoML store with one Bento, which carries a release with an adapter."""
    tree, store = tmp_path / "tree", tmp_path / "store"
    tree.mkdir()
    for part in PARTS:
        shutil.copytree(ROOT / part, tree / part, ignore=shutil.ignore_patterns("__pycache__"))
    for name in FILES:
        shutil.copyfile(ROOT / name, tree / name)
    origin = Settings(home=tmp_path / "origin", encoders=EncoderSettings(picture=""))
    version = candidate(origin, make_adapter(tmp_path / "adapter"), build=False)
    releases = Releases.of(origin)
    export_release(releases, releases.get(version), tree / "release.zip")
    build = [sys.executable, "-m", "bentoml", "build"]
    env = {**os.environ, "BENTOML_HOME": str(store), "ANIMEVEC_HOME": str(tmp_path / "unused")}
    done = subprocess.run(build, cwd=tree, env=env, capture_output=True, text=True, timeout=250)
    assert done.returncode == 0, done.stdout + done.stderr
    return store


def served(store: Path, home: Path) -> Process:
    port = free_port()
    serve = ("-m", "bentoml", "serve", "gateway:latest", "--host", "127.0.0.1", "--port")
    env = {
        "BENTOML_HOME": str(store),
        "ANIMEVEC_HOME": str(home),
        "ANIMEVEC_SERVE__PORT": str(port),
        "ANIMEVEC_ENCODERS__PICTURE": "",
    }
    command = (sys.executable, *serve, str(port))
    return Process("service", command, "127.0.0.1", port, "/readyz", "-", store, env)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_bento_serves_the_release_it_was_built_with(store: Path, tmp_path: Path) -> None:
    process = served(store, tmp_path / "home")
    supervisor = Supervisor(tmp_path / "run")
    supervisor.start(process)
    try:
        wait_ready(process, supervisor, lambda state: None)
        query = {"query": "bounty hunters drifting through space", "limit": 3}
        answer = httpx.post(f"{process.url}/api/v1/search", json=query, timeout=60).json()
        key = (tmp_path / "home" / "secrets" / "admin.key").read_text().strip()
        admin = {"X-API-Key": key}
        found = httpx.get(f"{process.url}/api/v1/admin/releases", headers=admin, timeout=60).json()
    finally:
        supervisor.stop(process)
    assert answer["release"] == "1" and len(answer["hits"]) == 3
    assert found["aliases"] == {"champion": "1"}
    [release] = found["releases"]
    assert "+test-" in release["tags"]["text_encoder"] and release["tags"]["pinned"]

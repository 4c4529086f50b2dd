"""The service follows the champion: promotion, rollback by alias, refusals, all under load."""

import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import torch
from fastapi.testclient import TestClient
from safetensors.torch import load_file, save_file

from animevec.assembly import local_release
from animevec.keys import Role
from animevec.lineup import open_lineup
from animevec.release import Release
from animevec.settings import Settings
from bentos.app import create_app
from registry.adapters import adapter_sha256
from registry.ledger import Ledger, records
from registry.lineage import Lineage
from registry.releases import CHAMPION, Releases
from tests.registry.test_promotion import KILLED
from tests.service.conftest import await_ready, issue, settings_at

MODULE = "encoder.layer.{}.attention.self.query"


@pytest.fixture
def settings(home: Path) -> Settings:
    found = settings_at(home)
    return found.model_copy(
        update={"registry": found.registry.model_copy(update={"poll_seconds": 0.2})}
    )


@pytest.fixture
def running(settings: Settings) -> Iterator[TestClient]:
    with TestClient(create_app(settings), raise_server_exceptions=False) as client:
        await_ready(client)
        client.headers.update(issue(settings, Role.ADMIN))
        until(lambda: serving(client) == "1")
        yield client


def until(done: "object", seconds: float = 60.0) -> float:
    """How long it took."""
    started = time.monotonic()
    while not done():  # type: ignore[operator]
        assert time.monotonic() - started < seconds, "it never happened"
        time.sleep(0.05)
    return time.monotonic() - started


def serving(client: TestClient) -> str | None:
    return str(client.get("/api/v1/admin/releases").json()["serving"])


def search(client: TestClient, words: str) -> dict:  # type: ignore[type-arg]
    answer = client.post("/api/v1/search", json={"query": words, "limit": 3})
    assert answer.status_code == 200, answer.text
    found: dict = answer.json()  # type: ignore[type-arg]
    return found


def closeness(answer: dict) -> list[float]:  # type: ignore[type-arg]
    """How near each hit's text vector is to the query's."""
    channels = [channel for hit in answer["hits"] for channel in hit["channels"]]
    return [channel["score"] for channel in channels if channel["name"] == "text"]


def make_adapter(folder: Path, seed: int = 0) -> Path:
    """A LoRA adapter of MiniLM that changes every vector a little."""
    folder.mkdir(parents=True)
    generator = torch.Generator().manual_seed(seed)
    tensors = {}
    for layer in range(6):
        for side, shape in (("A", (4, 384)), ("B", (384, 4))):
            key = f"base_model.model.{MODULE.format(layer)}.lora_{side}.weight"
            tensors[key] = torch.randn(shape, generator=generator) * 0.05
    save_file(tensors, folder / "adapter_model.safetensors", metadata={"format": "pt"})
    config = {"peft_type": "LORA", "r": 4, "lora_alpha": 8, "target_modules": ["query"]}
    (folder / "adapter_config.json").write_text(json.dumps(config))
    return folder


def candidate(settings: Settings, adapter: Path, gate: str = "pass", build: bool = True) -> str:
    """A registered release with an adapter, its index built beside the served one."""
    releases, sha256 = Releases.of(settings), adapter_sha256(adapter)
    name = f"test-{sha256[:8]}"

    def make(version: str) -> Release:
        base = local_release(settings)
        text = base.text.model_copy(update={"adapter": name, "adapter_sha256": sha256})
        update = {"version": version, "text": text, "index": f"release-{version}"}
        return base.model_copy(update=update)

    made = releases.register(
        make,
        description="a candidate",
        lineage=Lineage(parent="1"),
        tags={"gate": gate},
        adapters={name: adapter},
    )
    if build:
        with open_lineup(settings) as lineup:
            lineup.build(made, {name: adapter})
    return made.version


@contextmanager
def load(client: TestClient, clients: int = 4) -> Iterator[list[int]]:
    """Clients that search without a pause; yields the statuses they got."""
    statuses: list[int] = []
    stop = threading.Event()

    def ask() -> None:
        while not stop.is_set():
            body = {"query": "a boy robot with a heart", "limit": 3}
            statuses.append(client.post("/api/v1/search", json=body).status_code)

    threads = [threading.Thread(target=ask) for _ in range(clients)]
    for thread in threads:
        thread.start()
    try:
        yield statuses
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def await_job(client: TestClient, answer: dict) -> dict:  # type: ignore[type-arg]
    path = f"/api/v1/admin/jobs/{answer['id']}"
    until(lambda: client.get(path).json()["state"] != "running")
    found: dict = client.get(path).json()  # type: ignore[type-arg]
    return found


def test_promote_serve_upsert_and_roll_back_by_alias_under_load(
    running: TestClient, settings: Settings, tmp_path: Path
) -> None:
    version = candidate(settings, make_adapter(tmp_path / "adapter"))
    before = search(running, "a boy robot with a heart")
    assert before["release"] == "1"
    with load(running) as statuses:
        diff = running.get(f"/api/v1/admin/releases/{version}/diff").json()
        assert diff["changes"]["index"] == ["live", f"release-{version}"]
        job = running.post(f"/api/v1/admin/releases/{version}/promote", json={"reason": "try"})
        assert await_job(running, job.json())["result"]["phase"] == "confirmed"
        after = search(running, "a boy robot with a heart")
        assert after["release"] == version
        assert closeness(after) != closeness(before)

        title = {
            "keys": {"animevec": "glass-orchard"},
            "titles": [{"text": "The Glass Orchard", "language": "en", "kind": "main"}],
            "synopsis": "Two sisters grow pears of glass on a hill above a drowned city.",
        }
        written = running.post("/api/v1/admin/vectors/upsert", json={"items": [title]})
        assert written.json()["failed"] == 0

        Releases.of(settings).move(CHAMPION, "1")
        seconds = until(lambda: search(running, "pears")["release"] == "1")
        assert seconds < 5
        hits = search(running, "sisters who grow pears of glass")["hits"]
        assert hits[0]["record"]["title"] == "The Glass Orchard"
    assert len(statuses) > 20
    assert set(statuses) == {200}

    trail = running.get("/api/v1/admin/audit").json()
    assert [e["facts"]["version"] for e in trail if e["event"] == "served"][:2] == ["1", version]
    (promoted,) = [e for e in trail if e["event"] == "promoted"]
    assert promoted["facts"]["reason"] == "try"
    assert promoted["actor"].startswith("api key")


def break_index(settings: Settings, tmp_path: Path) -> tuple[str, str]:
    version = candidate(settings, make_adapter(tmp_path / "adapter"), build=False)
    return version, "does not exist"


def break_adapter(settings: Settings, tmp_path: Path) -> tuple[str, str]:
    version = candidate(settings, make_adapter(tmp_path / "adapter"))
    for file in (settings.home / "adapters").rglob("*.safetensors"):
        file.write_bytes(b"garbage")
    return version, "damaged"


def break_numbers(settings: Settings, tmp_path: Path) -> tuple[str, str]:
    adapter = make_adapter(tmp_path / "adapter")
    tensors = load_file(adapter / "adapter_model.safetensors")
    key = next(iter(tensors))
    tensors[key][0, 0] = np.nan
    save_file(tensors, adapter / "adapter_model.safetensors", metadata={"format": "pt"})
    return candidate(settings, adapter, build=False), "not exist|not finite"


def break_gate(settings: Settings, tmp_path: Path) -> tuple[str, str]:
    return candidate(settings, make_adapter(tmp_path / "adapter"), gate="fail"), "gate"


@pytest.mark.parametrize("broken", [break_index, break_adapter, break_numbers, break_gate])
def test_a_release_that_is_not_right_is_refused_and_the_old_one_serves(
    running: TestClient, settings: Settings, tmp_path: Path, broken: "object"
) -> None:
    version, says = broken(settings, tmp_path)  # type: ignore[operator]
    Releases.of(settings).move(CHAMPION, version)
    refused = f"release {version}"
    until(lambda: refused in running.get("/api/v1/admin/health").json()["checks"])
    reason = running.get("/api/v1/admin/health").json()["checks"][refused]
    assert any(part in reason for part in says.split("|")), reason
    assert search(running, "robot")["release"] == "1"
    assert running.get("/api/v1/admin/audit", params={"event": "refused"}).json()


def test_promoting_what_failed_its_gate_says_so(
    running: TestClient, settings: Settings, tmp_path: Path
) -> None:
    version = candidate(settings, make_adapter(tmp_path / "adapter"), gate="fail", build=False)
    job = running.post(f"/api/v1/admin/releases/{version}/promote", json={}).json()
    done = await_job(running, job)
    assert done["state"] == "failed"
    assert "its gate says fail" in done["error"]["message"]
    assert serving(running) == "1"


def test_without_its_registry_the_last_champion_serves_and_health_says_so(
    settings: Settings, tmp_path: Path
) -> None:
    with TestClient(create_app(settings)) as client:
        await_ready(client)
        client.headers.update(issue(settings, Role.ADMIN))
        until(lambda: serving(client) == "1")
        version = candidate(settings, make_adapter(tmp_path / "adapter"))
        Releases.of(settings).move(CHAMPION, version)
        until(lambda: search(client, "robot")["release"] == version)
    away = settings.registry.model_copy(update={"uri": "http://127.0.0.1:9"})
    with TestClient(create_app(settings.model_copy(update={"registry": away}))) as client:
        await_ready(client)
        client.headers.update(issue(settings, Role.ADMIN))
        assert search(client, "robot")["release"] == version
        checks = client.get("/api/v1/admin/health").json()["checks"]
        assert "does not answer" in checks["registry"]
        assert client.get("/health").json()["registry"] == "unreachable"


def test_a_damaged_record_of_what_was_served_last_stops_nothing(settings: Settings) -> None:
    record = settings.home / "serving.json"
    record.touch()
    with TestClient(create_app(settings)) as client:
        await_ready(client)
        assert search(client, "robot")["hits"]
    assert Release.model_validate_json(record.read_bytes())


def test_a_promotion_killed_in_any_phase_is_finished_by_the_service(
    running: TestClient, settings: Settings, tmp_path: Path
) -> None:
    version = candidate(settings, make_adapter(tmp_path / "adapter"))
    with records(settings) as engine:
        ledger = Ledger(engine)
        for phase, ends_at in [("intent", "1"), ("verified", "1"), ("alias-moved", version)]:
            command = [sys.executable, "-c", KILLED, str(settings.home), version, phase]
            assert subprocess.run(command).returncode == -signal.SIGKILL
            until(lambda: not ledger.list(open_only=True))
            assert ledger.list()[0].phase == ("failed" if ends_at == "1" else "confirmed")
            assert serving(running) == ends_at
    assert running.get("/health").json()["registry"] == "reachable"

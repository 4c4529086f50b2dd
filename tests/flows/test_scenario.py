"""The learning loop, pressed through Prefect's REST API while twenty clients keep searching."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
import torch
from mlflow import MlflowClient

from animevec.encoders.files import packaged
from animevec.settings import Settings
from flows.candidate import adapted, register
from flows.workshop import open_records
from registry.lineage import Lineage
from tests.encoders.test_adapter import train
from tests.flows.stack import Stack

CLIENTS = 20
PAUSE_S = 2.0
QUERIES = ("space bounty hunters", "a notebook that kills", "slice of life at school", "mecha war")
MODEL = "anime-search"
NEW = {
    "keys": {"animevec": "lighthouse-at-noon"},
    "titles": [{"text": "Lighthouse at Noon", "language": "en", "kind": "main"}],
    "synopsis": "A keeper who is afraid of the dark repairs a lighthouse that never shone.",
    "type": "TV",
    "year": 2024,
}


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The stack over the sample catalogue, from nothing."""
    found = Stack(tmp_path_factory.mktemp("stack"))
    try:
        found.animevec("up")
        yield found
    finally:
        found.animevec("down")


@dataclass
class Load:
    """Clients that search until they are told to stop; every answer is counted."""

    url: str
    answered: int = 0
    failed: list[str] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def search(self, number: int) -> None:
        with httpx.Client(base_url=self.url, timeout=60) as client:
            while not self.stop.wait(PAUSE_S):
                try:
                    query = QUERIES[number % len(QUERIES)]
                    answer = client.post("/api/v1/search", json={"query": query, "limit": 5})
                    problem = "" if answer.json().get("hits") else answer.text
                except httpx.HTTPError as error:
                    problem = repr(error)
                with self.lock:
                    self.answered += 1
                    if problem:
                        self.failed.append(problem)


@contextmanager
def searching(url: str) -> Iterator[Load]:
    load = Load(url)
    threads = [threading.Thread(target=load.search, args=(n,)) for n in range(CLIENTS)]
    for thread in threads:
        thread.start()
    try:
        yield load
    finally:
        load.stop.set()
        for thread in threads:
            thread.join()


def bad_candidate(stack: Stack, folder: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A release whose adapter is noise, registered as training would."""
    for name, value in stack.env.items():
        monkeypatch.setenv(name, value)
    settings = Settings()
    torch.manual_seed(7)
    adapter = train(folder, packaged(), 7, r=8, lora_alpha=64)
    with open_records(settings) as records:
        made = adapted(records, adapter, "noise", "an adapter of noise", Lineage())
        return register(records, made).version


def serving(stack: Stack) -> str:
    return str(stack.ask("GET", "releases/serving")["version"])


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_learning_loop_without_a_failed_request(
    stack: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with searching(stack.service) as load:
        bad = bad_candidate(stack, tmp_path / "noise", monkeypatch)
        assert stack.run("embed", release=bad).state == "COMPLETED"
        assert stack.run("evaluate", release=bad).state == "COMPLETED"
        refused = stack.run("promote", release=bad)
        assert refused.state == "FAILED" and "its gate says fail" in refused.message
        assert serving(stack) == "1"

        tuned = stack.run("fine-tune", recipe="retrieval", steps=4, promote=True)
        assert tuned.state == "COMPLETED", tuned.message
        found = tuned.artifacts()
        assert {"trained", "curves", "findings", "verdict", "training-run"} <= found.keys()
        good = str(int(bad) + 1)
        assert serving(stack) == good, found["verdict"]

        written = stack.ask("POST", "vectors/upsert", json={"items": [NEW]})
        assert written["written"] == 1
        MlflowClient(stack.mlflow).set_registered_model_alias(MODEL, "champion", "1")
        moved = time.monotonic()
        while serving(stack) != "1":
            assert time.monotonic() - moved < 5.0
            time.sleep(0.05)
        query = {"query": "a keeper afraid of the dark repairs a lighthouse", "limit": 3}
        hits = httpx.post(f"{stack.service}/api/v1/search", json=query, timeout=60).json()["hits"]
        assert "Lighthouse at Noon" in str(hits[0])

    assert load.answered > CLIENTS and load.failed == []
    trail = [(one["event"], one["facts"]) for one in reversed(stack.ask("GET", "audit"))]
    gated = {facts["version"]: facts["passed"] for event, facts in trail if event == "gated"}
    assert gated == {bad: False, good: True}
    assert [facts["version"] for event, facts in trail if event == "promoted"] == [good]
    assert [facts["version"] for event, facts in trail if event == "served"][-2:] == [good, "1"]


@pytest.mark.slow
def test_every_deployment_is_a_form_that_refuses_nonsense(stack: Stack) -> None:
    for flow in ("embed", "fine-tune", "evaluate", "promote", "roll-back", "prune", "nightly"):
        deployment = stack.deployment(flow)
        assert len(deployment["description"]) > 20
        [form] = deployment["parameter_openapi_schema"]["definitions"].values()
        assert all(one["description"] for one in form["properties"].values())
    refused = stack.trigger("promote", release="the best one")
    assert refused.status_code == 409 and "request.release" in refused.text
    assert stack.deployment("nightly")["schedules"][0]["schedule"]["cron"] == "30 3 * * *"

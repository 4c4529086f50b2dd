"""Upsert, delete and reindex: durable before they answer, item by item, never an empty index."""

import base64
import json
import threading
import time
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient
from PIL import Image

from tests.service.conftest import Served, settings_at

UPSERT = "/api/v1/admin/vectors/upsert"
JSON = {"content-type": "application/json"}


def title(number: int, **more: object) -> dict[str, Any]:
    name = f"Quokka Station {number}"
    return {
        "keys": {"animevec": f"quokka-{number}"},
        "titles": [{"text": name, "language": "en", "kind": "main"}],
        "synopsis": f"Quokkas run railway station number {number} on an island of fog.",
        "genres": ["Comedy"],
        "type": "TV",
        **more,
    }


def cover() -> str:
    file = BytesIO()
    Image.effect_mandelbrot((200, 300), (-2, -1, 1, 1), 50).convert("RGB").save(file, "PNG")
    return base64.b64encode(file.getvalue()).decode()


def search(client: TestClient | httpx.Client, query: str) -> list[str]:
    body = {"query": query, "limit": 100}
    hits = client.post("/api/v1/search", json=body).json()["hits"]
    return [hit["record"]["title"] for hit in hits]


def test_what_was_upserted_is_found_at_once_by_words_and_picture(
    app: TestClient, admin: dict[str, str]
) -> None:
    items = [title(1, cover=cover()), title(2)]
    answer = app.post(UPSERT, json={"items": items}, headers=admin).json()
    assert [result["status"] for result in answer["results"]] == ["created", "created"]
    assert {"Quokka Station 1", "Quokka Station 2"} <= set(search(app, "quokka railway fog"))
    hits = app.post("/api/v1/search/image", json={"picture": cover(), "limit": 1}).json()["hits"]
    assert hits[0]["record"]["title"] == "Quokka Station 1"
    again = app.post(UPSERT, json={"items": items}, headers=admin).json()
    assert [result["status"] for result in again["results"]] == ["unchanged", "unchanged"]


def test_a_title_written_again_keeps_the_cover_it_still_names(
    app: TestClient, admin: dict[str, str]
) -> None:
    url = "https://example.org/quokka-30.png"
    app.post(UPSERT, json={"items": [title(30, cover=cover())]}, headers=admin)
    for named in ({"sha256": _digest(app, "animevec:quokka-30"), "url": url}, {"url": url}):
        item = title(30, pictures=[named], synopsis=f"Written again, with {len(named)} names.")
        answer = app.post(UPSERT, json={"items": [item]}, headers=admin).json()
        assert [r["warnings"] for r in answer["results"]] == [[]]
        assert "Quokka Station 30" in _pictured(app)
    app.post(UPSERT, json={"items": [title(30)]}, headers=admin)
    assert "Quokka Station 30" not in _pictured(app)


def _pictured(app: TestClient) -> list[str]:
    hits = app.post("/api/v1/search/image", json={"picture": cover(), "limit": 100}).json()["hits"]
    return [hit["record"]["title"] for hit in hits]


def _digest(app: TestClient, reference: str) -> str:
    found = app.get(f"/api/v1/search/by-id/{reference}").json()
    return str(found["record"]["picture"]["sha256"])


def test_each_bad_item_is_named_and_the_others_are_written(
    app: TestClient, admin: dict[str, str]
) -> None:
    items = [
        title(10),
        title(11, score=99),
        title(10),
        {"titles": [{"text": "No keys"}]},
        title(12, cover="aGVsbG8gd29ybGQ="),
        title(13, colour="red"),
        title(14),
    ]
    answer = app.post(UPSERT, json={"items": items}, headers=admin)
    codes = [r["error"] and r["error"]["code"] for r in answer.json()["results"]]
    invalid = "invalid_request"
    assert codes == [None, invalid, "conflict", invalid, "unsupported_media", invalid, None]
    assert (answer.json()["written"], answer.json()["failed"]) == (2, 5)
    assert {"Quokka Station 10", "Quokka Station 14"} <= set(search(app, "quokka"))


def test_delete_really_deletes(app: TestClient, admin: dict[str, str]) -> None:
    app.post(UPSERT, json={"items": [title(20)]}, headers=admin)
    path = "/api/v1/admin/vectors/animevec:quokka-20"
    gone = app.delete(path, headers=admin).json()["id"]
    assert app.delete(path, headers=admin).status_code == 404
    assert "Quokka Station 20" not in search(app, "quokka station 20")
    for address in (f"search/by-id/{gone}", f"similarity/anime/{gone}"):
        assert app.get(f"/api/v1/{address}").status_code == 404


def test_reindex_never_empties_the_index(app: TestClient, admin: dict[str, str]) -> None:
    before = app.get("/api/v1/admin/collection/info", headers=admin).json()["live"]
    job = app.post("/api/v1/admin/reindex", headers=admin)
    assert job.status_code == 202
    counts = set()
    for _ in range(600):
        state = app.get(f"/api/v1/admin/jobs/{job.json()['id']}", headers=admin).json()
        counts.add(len(search(app, "a robot boy")))
        if state["state"] != "running":
            break
        time.sleep(0.05)
    assert state["state"] == "done", state
    after = app.get("/api/v1/admin/collection/info", headers=admin).json()["live"]
    assert after["name"] != before["name"] and after["points"] == before["points"]
    assert min(counts) == max(counts) > 0


@pytest.fixture
def own(home: Path) -> Iterator[Served]:
    """A service of this test's own, to be killed."""
    service = Served(settings_at(home, topology="own_process"))
    try:
        service.start()
        yield service
    finally:
        service.stop()


def test_acknowledged_upserts_survive_kill_9(own: Served) -> None:
    acknowledged: list[str] = []

    def write() -> None:
        for number in range(1_000):
            body = {"items": [title(1_000 + number)]}
            try:
                answer = own.client.post(UPSERT, json=body, headers=own.admin)
            except httpx.HTTPError:
                return
            if answer.status_code == 200 and not answer.json()["failed"]:
                acknowledged.append(body["items"][0]["titles"][0]["text"])

    writer = threading.Thread(target=write)
    writer.start()
    while len(acknowledged) < 5:
        time.sleep(0.01)
    own.kill()
    writer.join()
    own.start()
    found = set(search(own.client, "quokka railway station on an island of fog"))
    assert set(acknowledged) - found == set()
    health = own.client.get("/health").json()
    assert health["points"] >= 48 + len(acknowledged)


def test_one_poison_picture_of_64_leaves_63(served: Served) -> None:
    good = {"picture": cover(), "views": False, "limit": 1}
    bad = {"picture": base64.b64encode(b"\x89PNG\r\n\x1a\n" + b"x" * 99).decode()}
    barrier, statuses = threading.Barrier(64), [0] * 64

    def ask(number: int) -> None:
        body = json.dumps(bad if number == 31 else good)
        with httpx.Client(base_url=served.process.url, timeout=60) as client:
            barrier.wait()
            answer = client.post("/api/v1/search/image", content=body, headers=JSON)
            statuses[number] = answer.status_code

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(64)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [422 if number == 31 else 200 for number in range(64)]

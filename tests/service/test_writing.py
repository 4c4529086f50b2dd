"""Upsert, delete and reindex: durable before they answer, item by item, never an empty index."""

import base64
import json
import threading
import time
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import quote

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


def cover(quality: int = 50) -> str:
    file = BytesIO()
    Image.effect_mandelbrot((200, 300), (-2, -1, 1, 1), quality).convert("RGB").save(file, "PNG")
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


def poisoned(at: int, field: str, value: object) -> str:
    """64 items, as JSON, of which one has ``value``."""
    items = [title(100 + number) for number in range(64)]
    items[at] = {**items[at], field: value}
    return json.dumps({"items": items})


POISON: list[tuple[str, object]] = [
    ("synopsis", "a \ud83d b"),
    ("background", "\ud800"),
    ("provenance", {"synopsis": {"source": "x", "alternatives": {"y": "\ud800"}}}),
    ("provenance", {"synopsis": {"source": "x", "alternatives": {"y": float("nan")}}}),
    ("keys", {"animevec": "\ud800"}),
    ("keys", {"\ud800": "1"}),
    ("\ud800", "x"),
    ("links", {"\ud800": "x"}),
    ("members", 2**70),
    ("year", "2024"),
]


@pytest.mark.parametrize(("field", "value"), POISON)
def test_one_poison_item_of_64_leaves_63(
    app: TestClient, admin: dict[str, str], field: str, value: object
) -> None:
    body = poisoned(31, field, value)
    answer = app.post(UPSERT, content=body, headers={**admin, **JSON})
    assert answer.status_code == 200, answer.text[:300]
    results = answer.json()["results"]
    assert [r["item"] for r in results if r["status"] == "failed"] == [31]
    error = results[31]["error"]
    assert error["code"] == "invalid_request"
    assert field.encode("utf-8", "backslashreplace").decode() in error["message"]


EXCESS: list[tuple[str, object, str]] = [
    ("synopsis", "x" * 40_000, "limits.text_chars"),
    ("genres", ["x"] * 1_001, "1000"),
    ("titles", [{"text": "x" * 1_001}], "1000"),
    ("episode_list", [{"number": number} for number in range(10_001)], "10000"),
    ("links", {str(number): "x" for number in range(1_001)}, "1000"),
]


@pytest.mark.parametrize(("field", "value", "limit"), EXCESS)
def test_an_item_that_is_too_large_is_refused_with_its_limit(
    app: TestClient, admin: dict[str, str], field: str, value: object, limit: str
) -> None:
    items = [title(40, **{field: value}), title(41)]
    results = app.post(UPSERT, json={"items": items}, headers=admin).json()["results"]
    assert [r["status"] == "failed" for r in results] == [True, False]
    error = results[0]["error"]
    assert error["code"] == "too_large" and limit in error["message"]
    assert error["details"]["field"].startswith(field)


def test_what_an_export_holds_can_be_upserted(app: TestClient, admin: dict[str, str]) -> None:
    item = title(
        42,
        aired_from="2001-02-03",
        score=8,
        duration_minutes=24,
        statistics={"mal": {"score": 7.5, "scale": [1, 10]}},
        episode_list=[
            {"number": 1, "aired": "2001-02-03"},
            {"number": 2, "aired": "2001-02-10T18:00:00+09:00"},
        ],
    )
    answer = app.post(UPSERT, json={"items": [item]}, headers=admin).json()
    assert answer["results"][0]["error"] is None
    assert answer["results"][0]["status"] in ("created", "updated")


@pytest.mark.parametrize("key", ["a/b", "wh?t#1", "../keys/nope", "x" * 150])
def test_every_key_can_be_reached(app: TestClient, admin: dict[str, str], key: str) -> None:
    item = title(50, keys={"animevec": key})
    assert app.post(UPSERT, json={"items": [item]}, headers=admin).json()["failed"] == 0
    name = quote(f"animevec:{key}", safe="")
    assert app.get(f"/api/v1/search/by-id/{name}").status_code == 200
    assert app.get(f"/api/v1/similarity/anime/{name}").status_code == 200
    assert app.delete(f"/api/v1/admin/vectors/{name}", headers=admin).status_code == 200


def test_delete_really_deletes(app: TestClient, admin: dict[str, str]) -> None:
    app.post(UPSERT, json={"items": [title(20)]}, headers=admin)
    path = "/api/v1/admin/vectors/animevec:quokka-20"
    gone = app.delete(path, headers=admin).json()["id"]
    assert app.delete(path, headers=admin).status_code == 404
    assert "Quokka Station 20" not in search(app, "quokka station 20")
    for address in (f"search/by-id/{gone}", f"similarity/anime/{gone}"):
        assert app.get(f"/api/v1/{address}").status_code == 404


def test_a_picture_goes_with_the_last_title_that_has_it(
    app: TestClient, admin: dict[str, str]
) -> None:
    items = [title(number, cover=cover(40)) for number in (60, 61)]
    app.post(UPSERT, json={"items": items}, headers=admin)
    digest = _digest(app, "animevec:quokka-60")
    for number, status in ((60, 200), (61, 404)):
        app.delete(f"/api/v1/admin/vectors/animevec:quokka-{number}", headers=admin)
        assert app.get(f"/api/v1/pictures/{digest}").status_code == status


def test_a_cover_that_was_replaced_is_gone(app: TestClient, admin: dict[str, str]) -> None:
    digests = []
    for quality in (41, 42):
        app.post(UPSERT, json={"items": [title(62, cover=cover(quality))]}, headers=admin)
        digests.append(_digest(app, "animevec:quokka-62"))
    statuses = [app.get(f"/api/v1/pictures/{digest}").status_code for digest in digests]
    assert statuses == [404, 200]


def test_reindex_never_empties_the_index(app: TestClient, admin: dict[str, str]) -> None:
    before = app.get("/api/v1/admin/collection/info", headers=admin).json()["live"]
    job = app.post("/api/v1/admin/reindex", headers=admin)
    assert job.status_code == 202
    counts = set()
    deadline = time.monotonic() + 240  # its process gives way to all others
    while time.monotonic() < deadline:
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

"""Every search endpoint over HTTP, through the real engine and index."""

import base64
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from animevec.search.response import SearchResult
from animevec.settings import Settings


def cover(settings: Settings) -> str:
    path: Path = sorted(settings.pictures_path.iterdir())[0]
    return base64.b64encode(path.read_bytes()).decode()


def test_words_find_titles_with_their_channels(app: TestClient) -> None:
    answer = app.post("/api/v1/search", json={"query": "a robot boy fights for justice"})
    result = SearchResult.model_validate(answer.json())
    assert answer.status_code == 200 and len(result.hits) == 10
    assert all(hit.channels for hit in result.hits)
    assert "encode;dur=" in answer.headers["server-timing"]


def test_a_picture_finds_its_own_title(app: TestClient, settings: Settings) -> None:
    path = sorted(settings.pictures_path.iterdir())[0]
    body = {"picture": base64.b64encode(path.read_bytes()).decode(), "limit": 3}
    result = SearchResult.model_validate(app.post("/api/v1/search/image", json=body).json())
    assert result.hits[0].record.picture is not None
    assert result.hits[0].record.picture.sha256 == path.name


@pytest.mark.parametrize("given", [{"query"}, {"picture"}, {"query", "picture"}])
def test_multimodal_takes_either_or_both(
    app: TestClient, settings: Settings, given: set[str]
) -> None:
    body = {"query": "giant robots", "picture": cover(settings)}
    body = {name: value for name, value in body.items() if name in given}
    answer = app.post("/api/v1/search/multimodal", json=body)
    assert answer.status_code == 200 and answer.json()["hits"]


def test_one_title_by_id_and_by_key(app: TestClient) -> None:
    hit = app.post("/api/v1/search", json={"query": "robots", "limit": 1}).json()["hits"][0]
    provider, key = next(iter(hit["record"]["keys"].items()))
    for reference in (hit["id"], f"{provider}:{key}"):
        assert app.get(f"/api/v1/search/by-id/{reference}").json()["id"] == hit["id"]


@pytest.mark.parametrize("kind", ["anime", "visual", "vector"])
def test_similar_titles_leave_out_the_title_itself(app: TestClient, kind: str) -> None:
    hit = app.post("/api/v1/search", json={"query": "robots", "limit": 1}).json()["hits"][0]
    answer = app.get(f"/api/v1/similarity/{kind}/{hit['id']}", params={"limit": 5})
    ids = [one["id"] for one in answer.json()["hits"]]
    assert answer.status_code == 200 and len(ids) == 5 and hit["id"] not in ids


def test_similarity_takes_a_filter_as_json(app: TestClient) -> None:
    hit = app.post("/api/v1/search", json={"query": "robots", "limit": 1}).json()["hits"][0]
    params = {"filters": '{"type": ["MOVIE"]}', "limit": 5}
    answer = app.get(f"/api/v1/similarity/anime/{hit['id']}", params=params)
    assert {one["record"]["type"] for one in answer.json()["hits"]} == {"MOVIE"}


def test_a_batch_answers_each_reference_and_names_the_unknown_one(app: TestClient) -> None:
    hits = app.post("/api/v1/search", json={"query": "robots", "limit": 9}).json()["hits"]
    searches = [{"positive": [hit["id"]], "limit": 3} for hit in hits]
    searches.insert(4, {"positive": ["mal:999999999"]})
    results = app.post("/api/v1/similarity/batch", json={"searches": searches}).json()["results"]
    assert [result["error"] is None for result in results] == [n != 4 for n in range(10)]
    assert results[4]["error"]["code"] == "not_found"


def test_rankers_are_listed_and_can_be_chosen(app: TestClient) -> None:
    names = [one["name"] for one in app.get("/api/v1/rankers").json() if one["available"]]
    for name in names:
        body = {"query": "robots", "ranker": name}
        assert app.post("/api/v1/search", json=body).json()["ranker"] == name

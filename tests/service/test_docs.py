"""What exists is documented: endpoints, error codes, metrics and settings; /docs works offline."""

from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from animevec.cli.settings import collected
from animevec.cli.settings import page as settings_page
from animevec.errors import AnimevecError
from animevec.settings import Settings
from bentos.metrics import Metrics
from bentos.queue import ClientGone
from tests.service.conftest import Served

DOCS = Path(__file__).parents[2] / "docs"


def page(name: str) -> str:
    return (DOCS / name).read_text()


def test_every_endpoint(app: TestClient) -> None:
    schema = app.get("/openapi.json").json()
    assert schema["openapi"].startswith("3.1")
    for path, methods in schema["paths"].items():
        for method in methods:
            assert f"`{method.upper()} {path}`" in page("api.md")


def test_every_error_code() -> None:
    assert ClientGone in AnimevecError.__subclasses__()
    for kind in (AnimevecError, *AnimevecError.__subclasses__()):
        assert f"| `{kind.code}` | {kind.status} |" in page("errors.md")


def test_every_metric() -> None:
    for family in Metrics().registry.collect():
        suffix = "_total" if family.type == "counter" else ""
        assert f"`{family.name}{suffix}" in page("operations.md")


def test_every_setting() -> None:
    """On a mismatch: `animevec settings --markdown > docs/settings.md`."""
    assert settings_page() == page("settings.md")
    assert [one.name for one in collected(Settings.model_construct()) if not one.what] == []


def test_every_search_body_has_an_example_that_works(app: TestClient) -> None:
    paths = app.get("/openapi.json").json()["paths"]
    for path in ("/api/v1/search", "/api/v1/search/image", "/api/v1/search/multimodal"):
        content = paths[path]["post"]["requestBody"]["content"]["application/json"]
        for name, example in content["examples"].items():
            answer = app.post(path, json=example["value"])
            assert answer.status_code == 200, f"{path} {name}: {answer.text}"


def test_the_docs_page_renders_without_a_network(served: Served) -> None:
    playwright = pytest.importorskip("playwright.sync_api")
    chromium = Path("/usr/bin/chromium")
    if not chromium.exists():
        pytest.skip("needs chromium")
    foreign: list[str] = []
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=str(chromium), args=["--no-sandbox"])
        tab = browser.new_page()
        tab.on("request", lambda r: None if "127.0.0.1" in r.url else foreign.append(r.url))
        tab.goto(f"{served.process.url}/docs")
        tab.wait_for_selector("#operations-tag-search", timeout=20_000)
        assert tab.locator(".opblock").count() >= 20
        assert tab.locator(".errors-wrapper").count() == 0
        browser.close()
    assert [url for url in foreign if not url.startswith("data:")] == []

"""``animevec enrich``: what it prints, what it leaves, and its exit codes."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from animevec.catalog.store import Catalog
from animevec.errors import InvalidRequest
from animevec.settings import Settings
from flows import cli
from flows.simulator import Simulator, World

WORLD = World.make(5)
KEYS = [f"mal:{work.id('mal')}" for work in WORLD]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    with Simulator(WORLD) as simulator:
        monkeypatch.setenv("ANIMEVEC_HOME", str(tmp_path))
        area = "ANIMEVEC_ENRICHMENT__"
        monkeypatch.setenv(f"{area}BASE_URLS", json.dumps(simulator.base_urls))
        monkeypatch.setenv(f"{area}STAND_IN_RATE", "1000")
        monkeypatch.setenv(f"{area}QUALITY_REPORT", "false")
        yield tmp_path


def revision() -> int:
    with Catalog.open(Settings().catalog_url) as catalog:
        return catalog.revision()


def test_a_dry_run_shows_and_a_run_writes(home: Path) -> None:
    foretold = CliRunner().invoke(cli.enrich, [*KEYS, "--dry-run"])
    assert foretold.exit_code == 0, foretold.output
    assert "nothing was written" in foretold.output
    assert revision() == 0
    done = CliRunner().invoke(cli.enrich, KEYS)
    assert done.exit_code == 0, done.output
    assert "5 titles" in done.output and "5 created" in done.output
    assert revision() == 5
    assert "nothing is due" not in done.output


def test_json_is_for_programs(home: Path) -> None:
    found = CliRunner().invoke(cli.enrich, [KEYS[0], "--source", "jikan", "--json"])
    report = json.loads(found.output)
    assert report["states"] == {"created": 1}
    assert list(report["outcomes"]) == ["jikan"]


def test_a_source_without_credentials_is_refused_and_says_what_to_set(home: Path) -> None:
    work = next(work for work in WORLD if "anidb" in work.sources)
    arguments = [f"mal:{work.id('mal')}", "--json"]
    report = json.loads(CliRunner().invoke(cli.enrich, arguments).output)
    assert report["outcomes"]["animeschedule"] == {"refused": 1}
    assert report["requests"]["animeschedule"] == 0


def test_titles_that_fail_are_told_by_the_exit_code(home: Path) -> None:
    found = CliRunner().invoke(cli.enrich, ["mal:99999999", KEYS[0]])
    assert found.exit_code == 3
    assert "mal:99999999" in found.output
    assert revision() == 1


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["Cowboy Bebop"], "titles"),
        (["--source", "imdb"], "imdb"),
        (["--stage", "plot"], "stages"),
        (["--at-most", "anidb=many"], "anidb"),
        (["--limit", "0"], "limit"),
    ],
)
def test_wrong_arguments_are_named(home: Path, arguments: list[str], named: str) -> None:
    found = CliRunner().invoke(cli.enrich, arguments)
    assert isinstance(found.exception, InvalidRequest)
    assert named in found.exception.message

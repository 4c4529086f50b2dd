"""``animevec search`` as it is typed."""

import json
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from animevec.cli.search import condition, search
from animevec.search.request import MultimodalSearch
from animevec.search.response import SearchResult
from tests.search.conftest import World


@pytest.mark.parametrize(
    ("typed", "means"),
    [
        ("type=TV", {"field": "type", "any": ["TV"]}),
        ("genres=Action, Slice of Life", {"field": "genres", "any": ["Action", "Slice of Life"]}),
        ("genres!=Harem", {"field": "genres", "none": ["Harem"]}),
        ("year >= 1995", {"field": "year", "gte": 1995}),
        ("score>8.5", {"field": "score", "gt": 8.5}),
        ("nsfw=false", {"field": "nsfw", "any": [False]}),
        ('{"not": {"type": "MOVIE"}}', {"not": {"type": "MOVIE"}}),
    ],
)
def test_conditions(typed: str, means: dict[str, object]) -> None:
    assert condition(typed) == means


@pytest.mark.parametrize("typed", ["year", "{broken", "= 5"])
def test_what_is_no_condition_is_said(typed: str) -> None:
    with pytest.raises(click.BadParameter):
        condition(typed)


def test_nothing_to_look_for_is_a_usage_error() -> None:
    answer = CliRunner().invoke(search, [])
    assert answer.exit_code == 2
    assert "say what to look for" in answer.output


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["space", "--like", "mal:1"], "asked without words"),
        (["space", "--unlike", "mal:1"], "asked without words"),
        (["--unlike", "mal:1"], "say what to look for"),
        (["space", "--weight", "1.5"], "--weight"),
        ([word for id in range(11) for word in ("--like", f"mal:{id}")], "at most 10 items"),
    ],
)
def test_what_cannot_be_asked_is_a_usage_error(arguments: list[str], said: str) -> None:
    answer = CliRunner().invoke(search, arguments)
    assert answer.exit_code == 2
    assert said in answer.output


@pytest.fixture
def typed(world: World, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    """A runner whose questions go to the sample engine."""

    def ask(_: object, asked: MultimodalSearch) -> SearchResult:
        engine = world.engine
        if isinstance(asked, MultimodalSearch):
            return engine.multimodal(asked)
        return engine.similar(asked)

    monkeypatch.setattr("animevec.cli.search.ask", ask)
    return CliRunner(env={"COLUMNS": "160"})


def test_the_table_shows_titles_and_why(typed: CliRunner) -> None:
    answer = typed.invoke(search, ["attack on titan s2", "--limit", "3"])
    assert answer.exit_code == 0
    assert "Attack on Titan Season 2" in answer.output
    assert "exact: title" in answer.output


def test_what_was_read_is_shown(typed: CliRunner) -> None:
    answer = typed.invoke(search, ["like Naruto, not a movie", "--filter", "year<2010"])
    assert answer.exit_code == 0
    assert 'filter: not a movie = {"not": {"field": "type", "any": ["MOVIE"]}}' in answer.output
    assert "like: Naruto" in answer.output


def test_json_is_the_whole_answer(typed: CliRunner, world: World, tmp_path: Path) -> None:
    file = tmp_path / "cover.webp"
    file.write_bytes(world.picture(world.named("Akage no Anne")))
    answer = typed.invoke(search, ["--picture", str(file), "--json", "--limit", "1"])
    found = SearchResult.model_validate(json.loads(answer.output))
    assert found.hits[0].record.title == "Akage no Anne"


def test_likeness(typed: CliRunner) -> None:
    answer = typed.invoke(search, ["--like", "mal:1", "--filter", "type=MOVIE", "--limit", "2"])
    assert answer.exit_code == 0
    assert answer.output.count("MOVIE") == 2


def test_pages_go_on_where_the_last_one_ended(typed: CliRunner) -> None:
    asked = ["--like", "mal:1", "--json", "--limit"]
    both = json.loads(typed.invoke(search, [*asked, "4"]).output)["hits"]
    second = json.loads(typed.invoke(search, [*asked, "2", "--offset", "2"]).output)["hits"]
    assert [hit["id"] for hit in second] == [hit["id"] for hit in both[2:]]
    shown = typed.invoke(search, ["--like", "mal:1", "--limit", "2", "--offset", "2"]).output
    assert [line.split()[0] for line in shown.splitlines()[1:3]] == ["3", "4"]


def test_distances_and_their_threshold(typed: CliRunner) -> None:
    asked = ["--like", "mal:1", "--like", "mal:20", "--metric", "euclid", "--json"]
    distances = [hit["score"] for hit in json.loads(typed.invoke(search, asked).output)["hits"]]
    assert distances == sorted(distances)
    near = typed.invoke(search, [*asked, "--threshold", str(distances[4])]).output
    assert [hit["score"] for hit in json.loads(near)["hits"]] == pytest.approx(distances[:5])


def test_a_franchise_can_be_folded_or_left_out(typed: CliRunner) -> None:
    asked = ["attack on titan", "--limit", "20"]
    assert "more of the franchise" in typed.invoke(search, [*asked, "--fold-franchise"]).output
    assert "more of the franchise" not in typed.invoke(search, asked).output
    alike = ["--like", "mal:16498", "--limit", "20"]
    assert "Attack on Titan" in typed.invoke(search, alike).output
    without = typed.invoke(search, [*alike, "--exclude-franchise"])
    assert without.exit_code == 0
    assert "Attack on Titan" not in without.output

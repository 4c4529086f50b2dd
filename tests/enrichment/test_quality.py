"""Two scores, and every problem by the path of its field."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from animevec.catalog.ids import anime_id
from animevec.catalog.record import Anime
from flows.enrichment import quality, quality_report, report
from tests.enrichment.stage import staged

TODAY = date(2026, 1, 1)
KEYS = {"mal": "1"}


def anime(**fields: Any) -> Anime:
    return Anime.model_validate(
        {"id": anime_id(KEYS), "keys": KEYS, "titles": [{"text": "Kumo"}], **fields}
    )


def test_an_empty_record_is_consistent_and_far_from_complete() -> None:
    found = quality.assess(anime(), TODAY)
    assert found.consistency == 1.0
    assert found.completeness < 0.15


def test_completeness_grows_with_every_field() -> None:
    fields = {"synopsis": "A fox.", "genres": ["Drama"], "type": "TV", "score": 7.5}
    scores = [
        quality.completeness(anime(**dict(list(fields.items())[:count])))
        for count in range(len(fields) + 1)
    ]
    assert scores == sorted(set(scores))


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("aired_to", {"aired_from": "2020-04-01", "aired_to": "2020-03-01"}),
        ("year", {"aired_from": "2020-04-01", "year": 2012}),
        ("season", {"aired_from": "2020-04-01", "year": 2020, "season": "FALL"}),
        ("status", {"status": "FINISHED", "aired_to": "2027-01-01"}),
        ("status", {"status": "UPCOMING", "aired_from": "2019-01-01"}),
        ("status", {"status": "AIRING", "aired_to": "2019-01-01"}),
        ("episode_list.1.number", {"episodes": 2, "episode_list": [{"number": 1}, {"number": 9}]}),
        ("episodes", {"type": "MOVIE", "episodes": 24}),
        ("duration_minutes", {"duration_minutes": 2400}),
        (
            "statistics.anilist.score",
            {"statistics": {"anilist": {"score": 101, "scale": [0, 100]}}},
        ),
        ("relations.0.key", {"relations": [{"kind": "sequel", "key": "mal:1"}]}),
        ("synopsis", {"synopsis": "A fox.<br>A bird."}),
        ("titles.0.text", {"titles": [{"text": "[b]Kumo[/b]"}]}),
        ("characters.1.name", {"characters": [{"name": "Aki"}, {"name": "aki"}]}),
    ],
)
def test_a_problem_names_its_path(path: str, fields: dict[str, Any]) -> None:
    found = quality.assess(anime(**fields), TODAY)
    assert [problem.path for problem in found.problems] == [path]
    assert found.consistency == round(1 - 1 / len(quality.CHECKS), 3)


def test_poor_titles_come_worst_first() -> None:
    records = [
        anime(synopsis="A fox.<br>", type="MOVIE", episodes=24),
        anime(),
        anime(synopsis="A fox.<br>"),
    ]
    found = report.poor(report.assess(records), 0.0, 0.95)
    assert [one.quality.consistency for one in found] == sorted(
        one.quality.consistency for one in found
    )
    assert len(found) == 2


def test_the_report_of_a_run_is_written_with_its_verdict(tmp_path: Path) -> None:
    assessed = report.assess([anime(synopsis="A fox.<br>"), anime(episodes=12)])
    folder = quality_report.write(assessed, tmp_path / "run", 0.9, 0.1)
    assert "<html" in (folder / quality_report.HTML).read_text("utf-8")[:2_000].lower()
    verdicts = json.loads((folder / quality_report.JSON).read_text("utf-8"))["tests"]
    assert [(test["status"]) for test in verdicts] == ["FAIL", "SUCCESS"]
    rows = (folder / quality_report.ROWS).read_text("utf-8").splitlines()
    assert json.loads(rows[0])["paths"] == ["synopsis: markup: <br"]


def test_a_run_leaves_a_report(tmp_path: Path) -> None:
    with staged(tmp_path, 4, quality_report=True) as stage:
        found = stage.enrich_all()
        assert found.report is not None
        assert (Path(found.report) / quality_report.HTML).is_file()
        assert found.completeness is not None and found.completeness > 0.9
        assert found.consistency == 1.0 and not found.poor

"""An operator settles ids as well as values; the word stands, and a wrong page is forgotten."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from animevec.errors import InvalidRequest, NotFound
from flows import cli
from flows.enrichment import policy, ruling
from flows.enrichment.report import RunReport
from flows.enrichment.review import State
from flows.simulator import World
from tests.enrichment.stage import Stage, staged

POLICY = policy.load()
# The title whose pages at AniDB its other pages do not agree on.
NUMBER = next(w.number for w in World.make(12) if w.off("kitsu anidb", 25))


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with staged(tmp_path, NUMBER + 1) as found:
        run(found)
        yield found


def run(stage: Stage) -> RunReport:
    return stage.enrich(titles=stage.keys()[NUMBER:])


def put(stage: Stage, field: str, value: object) -> int:
    id = stage.record(NUMBER).id
    return ruling.put(stage.runner.reviews, stage.catalog, POLICY, id, field, value, "mei")


def disputed(report: RunReport) -> dict[str, dict[str, object]]:
    found = (dispute.conflict for dispute in report.disputes)
    return {c.field: dict(c.others) for c in found if c.field.startswith("keys.")}


def test_an_id_in_dispute_is_not_adopted_and_waits_for_an_operator(stage: Stage) -> None:
    work = stage.world.works[NUMBER]
    assert "anidb" not in stage.record(NUMBER).keys
    item = stage.runner.reviews.find(stage.record(NUMBER).id, "keys.anidb")
    assert (item.state, item.value) == (State.OPEN, None)
    assert item.others == {
        f"mal:{work.id('mal')}": work.id("anidb"),
        f"animeschedule:{work.slug}": work.id("anidb"),
        f"kitsu:{work.id('kitsu')}": str(int(work.id("anidb")) + 400_000),
    }


def test_a_settled_id_is_asked_by_and_survives_the_next_run(stage: Stage) -> None:
    work, id = stage.world.works[NUMBER], stage.record(NUMBER).id
    reviews = stage.runner.reviews
    before = stage.catalog.revision()
    chosen = reviews.find(id, "keys.anidb").others[f"animeschedule:{work.slug}"]
    assert (
        ruling.reject(reviews, stage.catalog, POLICY, id, "keys.anidb", chosen, "mei") == before + 1
    )
    report = run(stage)
    record = stage.record(NUMBER)
    assert report.outcomes["anidb"] == {"found": 1} and disputed(report) == {}
    assert record.keys["anidb"] == work.id("anidb")
    assert record.provenance["keys.anidb"].source == "operator"
    assert reviews.find(id, "keys.anidb").state is State.REJECTED
    reviews.withdraw(id, "keys.anidb")
    run(stage)
    assert "keys.anidb" not in stage.record(NUMBER).provenance


def test_an_accepted_dispute_is_not_asked_about_again(stage: Stage) -> None:
    reviews, id = stage.runner.reviews, stage.record(NUMBER).id
    ruling.accept(reviews, id, "keys.anidb", "mei")
    assert run(stage).reviews == 0
    assert "anidb" not in stage.record(NUMBER).keys
    assert reviews.find(id, "keys.anidb").state is State.ACCEPTED


def test_what_a_wrong_page_said_is_forgotten(stage: Stage) -> None:
    before = stage.record(NUMBER)
    assert "kitsu" in before.statistics and "kitsu" in before.provenance["titles"].source
    put(stage, "keys.kitsu", None)
    assert "kitsu" not in stage.record(NUMBER).keys
    report = run(stage)
    after = stage.record(NUMBER)
    assert report.outcomes["kitsu"] == {"not_found": 1}
    assert "kitsu" not in after.keys and "kitsu" not in after.statistics
    assert not any("kitsu" in origin.source for origin in after.provenance.values() if origin)
    assert not any("kitsu" in origin.alternatives for origin in after.provenance.values())
    assert after.keys["anidb"] == stage.world.works[NUMBER].id("anidb"), "one voice is no dispute"


@pytest.mark.parametrize(
    ("field", "value"),
    [("keys.imdb", "1"), ("keys.", "1"), ("keys.anidb", "two words"), ("keys.anidb", "")],
)
def test_what_is_no_id_is_refused(stage: Stage, field: str, value: str) -> None:
    before = stage.catalog.revision()
    with pytest.raises(InvalidRequest, match="keys"):
        put(stage, field, value)
    assert stage.catalog.revision() == before


def test_the_only_id_of_a_title_cannot_be_taken(tmp_path: Path) -> None:
    with staged(tmp_path, 1) as stage:
        stage.enrich_all(sources=("jikan",))
        record = stage.record(0)
        reviews, catalog = stage.runner.reviews, stage.catalog
        *others, last = (f"keys.{provider}" for provider in record.keys)
        for field in others:
            ruling.put(reviews, catalog, POLICY, record.id, field, None, "mei")
        with pytest.raises(InvalidRequest, match="only id"):
            ruling.put(reviews, catalog, POLICY, record.id, last, None, "mei")


def test_an_id_map_completes_ids_and_its_disputes_are_reported(tmp_path: Path) -> None:
    path = tmp_path / "map.json"
    work = World.make(1).works[0]
    path.write_text(json.dumps([{"mal_id": int(work.id("mal")), "livechart_id": 5}]))
    with staged(tmp_path, 1, id_map=path) as stage:
        stage.enrich_all()
        assert stage.record(0).keys["livechart"] == "5"
        path.write_text(json.dumps([{"mal_id": int(work.id("mal")), "anilist_id": 9}]))
        assert disputed(stage.enrich_all()) == {"keys.anilist": {"id_map": "9"}}
        assert stage.record(0).keys["anilist"] == work.id("anilist")


def test_by_command(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANIMEVEC_HOME", str(stage.settings.home))
    invoke, key = CliRunner().invoke, stage.keys()[NUMBER]
    right = stage.world.works[NUMBER].id("anidb")
    assert "keys.anidb" in invoke(cli.review, ["list", "--json"]).output
    done = invoke(cli.review, ["reject", key, "keys.anidb", "--value", right])
    assert done.exit_code == 0, done.output
    assert stage.record(NUMBER).keys["anidb"] == right
    done = invoke(cli.review, ["set", key, "episodes", "99", "--reason", "the box says so"])
    assert done.exit_code == 0, done.output
    assert stage.record(NUMBER).episodes == 99
    assert run(stage).states == {"updated": 1}
    assert stage.record(NUMBER).episodes == 99
    stranger = invoke(cli.review, ["set", "mal:5", "episodes", "99"])
    assert isinstance(stranger.exception, NotFound)

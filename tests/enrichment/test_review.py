"""The review queue: what sources dispute waits for an operator, whose word then stands."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from animevec.catalog.record import Anime, Rating
from animevec.errors import Conflict, InvalidRequest, NotFound
from flows import cli
from flows.enrichment import policy, ruling
from flows.enrichment.request import Enrich
from flows.enrichment.review import Item, State
from tests.enrichment.stage import Stage, staged

TITLES = 40
POLICY = policy.load()


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with staged(tmp_path, TITLES) as found:
        disputed = [w for w in found.world if w.off("rating", 20)]
        assert disputed, "the invented titles hold at least one dispute"
        found.enrich(titles=[f"mal:{work.id('mal')}" for work in disputed])
        yield found


def item(stage: Stage) -> Item:
    return next(item for item in stage.runner.reviews.items() if item.field == "rating")


def record(stage: Stage, one: Item) -> Anime:
    found = stage.catalog.get(one.id)
    assert found is not None
    return found


def again(stage: Stage, one: Item) -> None:
    """Everything is asked once more of sources that say what they said."""
    (stage.settings.http_cache_path / "answers.db").unlink()
    titles = (f"mal:{record(stage, one).keys['mal']}",)
    asyncio.run(stage.runner.run(Enrich(titles=titles, limits={})))


def test_a_dispute_is_queued_with_what_every_source_says(stage: Stage) -> None:
    one = item(stage)
    assert (one.chosen, one.value) == ("jikan", "G")
    assert one.others == {"kitsu": "PG"}
    assert one.state is State.OPEN and 0 < one.confidence < 0.6


def test_an_accepted_value_stays_and_is_not_asked_about_again(stage: Stage) -> None:
    one = item(stage)
    ruling.accept(stage.runner.reviews, one.id, "rating", "mei")
    again(stage, one)
    assert record(stage, one).rating is Rating.G
    assert stage.runner.reviews.find(one.id, "rating").state is State.ACCEPTED
    assert one.id not in {
        open.id for open in stage.runner.reviews.items() if open.field == "rating"
    }


def test_a_value_put_in_its_place_survives_the_next_run(stage: Stage) -> None:
    one = item(stage)
    before = stage.catalog.revision()
    revision = ruling.reject(
        stage.runner.reviews, stage.catalog, POLICY, one.id, "rating", "PG", "mei", "the box"
    )
    assert revision == before + 1
    assert record(stage, one).rating is Rating.PG
    again(stage, one)
    after = record(stage, one)
    assert after.rating is Rating.PG
    origin = after.provenance["rating"]
    assert origin.source == "operator" and origin.alternatives["jikan"] == "G"
    assert stage.runner.reviews.find(one.id, "rating").state is State.REJECTED


def test_any_value_of_the_field_may_be_set(stage: Stage) -> None:
    one = item(stage)
    ruling.put(stage.runner.reviews, stage.catalog, POLICY, one.id, "episodes", 99, "mei")
    again(stage, one)
    assert record(stage, one).episodes == 99


def test_what_was_taken_back_is_the_sources_again(stage: Stage) -> None:
    one = item(stage)
    reviews = stage.runner.reviews
    ruling.reject(reviews, stage.catalog, POLICY, one.id, "rating", "RX", "mei")
    reviews.withdraw(one.id, "rating")
    again(stage, one)
    assert record(stage, one).rating is Rating.G
    assert reviews.find(one.id, "rating").state is State.OPEN
    with pytest.raises(NotFound, match="no operator set"):
        reviews.withdraw(one.id, "rating")


@pytest.mark.parametrize(
    ("field", "value"), [("rating", "XXL"), ("id", "1"), ("provenance", {}), ("nothing", 1)]
)
def test_what_a_field_cannot_be_is_refused(stage: Stage, field: str, value: object) -> None:
    one = item(stage)
    before = stage.catalog.revision()
    with pytest.raises(InvalidRequest, match=field):
        ruling.put(stage.runner.reviews, stage.catalog, POLICY, one.id, field, value, "mei")
    assert stage.catalog.revision() == before
    assert stage.runner.reviews.overrides([one.id]) == {}


def test_an_item_is_settled_once(stage: Stage) -> None:
    one = item(stage)
    ruling.accept(stage.runner.reviews, one.id, "rating", "mei")
    with pytest.raises(Conflict, match="accepted by mei"):
        ruling.accept(stage.runner.reviews, one.id, "rating", "kai")
    with pytest.raises(NotFound, match="no review of synopsis"):
        stage.runner.reviews.find(one.id, "synopsis")


def test_by_command(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANIMEVEC_HOME", str(stage.settings.home))
    run = CliRunner().invoke
    one = item(stage)
    listed = run(cli.review, ["list", "--json"])
    assert listed.exit_code == 0 and str(one.id) in listed.output
    key = f"mal:{record(stage, one).keys['mal']}"
    neither = run(cli.review, ["reject", key, "rating"])
    assert isinstance(neither.exception, InvalidRequest)
    done = run(cli.review, ["reject", key, "rating", "--source", "kitsu", "--actor", "mei"])
    assert done.exit_code == 0, done.output
    assert record(stage, one).rating is Rating.PG
    assert "rejected" in run(cli.review, ["list", "--state", "rejected", "--json"]).output

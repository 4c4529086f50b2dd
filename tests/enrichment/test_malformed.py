"""Whatever a source sends, a parser gives a record or a typed failure, and nothing else."""

import asyncio
import copy
import json
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from animevec.settings import EnrichmentSettings, Settings
from flows.enrichment import policy
from flows.enrichment.enrich import enrich
from flows.enrichment.http import Client, Reply, RequestFailed
from flows.enrichment.reading import Answer, Many, read
from flows.enrichment.sources import open_sources
from flows.enrichment.types import OutcomeKind, SourceOutcome, SourceRecord, Wanted
from flows.simulator import Simulator, World
from tests.enrichment.parsing import BYTES, JSON
from tests.enrichment.server import Answer as Served
from tests.enrichment.server import Asked, serving

POLICY = policy.load()
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.text(max_size=20),
    st.sampled_from(
        ["0001-01-01T00:00:00Z", "2030-06-01", "?", "<script>x</script>", "\ud800", "\0"]
    ),
)
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=6,
)
QUICK = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a JSON value."""
    found = [path]
    if isinstance(value, dict):
        found += [p for name, item in value.items() for p in places(item, (*path, name))]
    elif isinstance(value, list):
        found += [p for n, item in enumerate(value) for p in places(item, (*path, n))]
    return found


def replaced(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    if not path:
        return new
    whole = copy.deepcopy(value)
    holder = whole
    for step in path[:-1]:
        holder = holder[step]
    holder[path[-1]] = new
    return whole


def outcome(parse: Any, answer: Any) -> SourceRecord | OutcomeKind:
    try:
        return parse(answer)
    except RequestFailed as failure:
        return failure.kind


@pytest.mark.parametrize("source", JSON)
@QUICK
@given(data=st.data())
def test_anything_in_place_of_any_value(source: str, data: st.DataObject) -> None:
    parse, answer = JSON[source]
    spoilt = answer
    for _ in range(data.draw(st.integers(1, 4))):
        path = data.draw(st.sampled_from(places(spoilt)))
        spoilt = replaced(spoilt, path, data.draw(ANYTHING))
    found = outcome(parse, spoilt)
    assert isinstance(found, OutcomeKind) or found.titles


@QUICK
@given(data=st.data())
def test_what_is_left_of_a_spoilt_answer_merges(data: st.DataObject) -> None:
    outcomes = []
    for source, (parse, answer) in JSON.items():
        path = data.draw(st.sampled_from(places(answer)))
        found = outcome(parse, replaced(answer, path, data.draw(ANYTHING)))
        if isinstance(found, SourceRecord):
            outcomes.append(
                SourceOutcome(
                    source=source,
                    key=found.key,
                    kind=OutcomeKind.FOUND,
                    at=datetime(2026, 11, 1, tzinfo=UTC),
                    record=found,
                )
            )
    if outcomes:
        result = enrich(outcomes, None, {}, POLICY)
        assert result.anime.title
        assert enrich(outcomes, result.anime, {}, POLICY).anime.titles == result.anime.titles


@pytest.mark.parametrize("source", JSON)
@QUICK
@given(answer=ANYTHING)
def test_anything_in_place_of_the_answer(source: str, answer: Any) -> None:
    found = outcome(JSON[source][0], answer)
    assert found in {OutcomeKind.MALFORMED, OutcomeKind.NOT_FOUND, OutcomeKind.UNREACHABLE}


@pytest.mark.parametrize("source", BYTES)
@QUICK
@given(data=st.data())
def test_documents_cut_and_spoilt_anywhere(source: str, data: st.DataObject) -> None:
    parse, document = BYTES[source]
    start = data.draw(st.integers(0, len(document)))
    length = data.draw(st.integers(0, 400))
    noise = data.draw(st.binary(max_size=30))
    spoilt = document[:start] + noise + document[start + length :]
    found = outcome(parse, spoilt)
    assert isinstance(found, OutcomeKind) or found.titles


@pytest.mark.parametrize("source", BYTES)
@QUICK
@given(document=st.binary(max_size=200))
def test_noise_in_place_of_a_document(source: str, document: bytes) -> None:
    assert outcome(BYTES[source][0], document) in set(OutcomeKind) - {OutcomeKind.FOUND}


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"<html>Checking your browser</html>", OutcomeKind.REFUSED),
        (b"", OutcomeKind.MALFORMED),
        (b'{"data": ', OutcomeKind.MALFORMED),
        (b"[" * 200_000, OutcomeKind.MALFORMED),
    ],
)
def test_bodies_that_are_no_json(body: bytes, kind: OutcomeKind) -> None:
    with pytest.raises(RequestFailed) as failure:
        Reply("https://x.example", body, datetime.now(UTC)).json()
    assert failure.value.kind is kind


class Leaf(Answer):
    number: int


class Tree(Answer):
    name: str = "none"
    leaves: Many[Leaf] = ()


def test_reading_removes_the_smallest_part_that_is_wrong() -> None:
    data = {"name": 5, "leaves": [{"number": 1}, {"number": "2"}, {}, {"number": 4, "more": 1}]}
    tree, faults = read(Tree, data)
    assert (tree.name, [leaf.number for leaf in tree.leaves]) == ("none", [1, 4])
    assert len(faults) == 4, "the string, the emptied leaf, the empty leaf, the name"
    assert data["name"] == 5, "what was read is left as it was"


@given(data=ANYTHING)
@QUICK
def test_reading_ends_for_anything(data: Any) -> None:
    try:
        tree, _ = read(Tree, {"leaves": data, "name": data})
    except RequestFailed as failure:
        assert failure.kind is OutcomeKind.MALFORMED
    else:
        assert isinstance(tree, Tree)


SPOILS = st.lists(st.tuples(st.integers(0, 10_000), ANYTHING), max_size=8)


@pytest.mark.parametrize("source", ["jikan", "anilist", "kitsu", "animeschedule", "anidb"])
def test_a_fetch_survives_anything_and_answers_for_every_title(source: str) -> None:
    """Over HTTP: the simulator's answers with other values in random places."""
    world = World.make(3)
    with Simulator(world) as simulator:

        @settings(QUICK, max_examples=10)
        @given(spoils=SPOILS)
        def check(spoils: list[tuple[int, Any]]) -> None:
            def react(asked: Asked) -> Served:
                url = f"{simulator.base_urls[source]}{asked.path}"
                good = httpx.request(asked.method, url, params=asked.query, content=asked.body)
                return Served(_spoilt(good.content, spoils), good.status_code)

            with serving(react) as server, TemporaryDirectory() as home:
                outcomes = asyncio.run(_fetched(source, server.url, Path(home), world))
            assert len(outcomes) == len(world.works)

        check()


def _spoilt(body: bytes, spoils: list[tuple[int, Any]]) -> bytes:
    """JSON with another value here and there; a document of another kind loses a piece."""
    try:
        answer = json.loads(body)
    except ValueError:
        start = sum(place for place, _ in spoils) % len(body)
        return body[:start] + body[start + len(spoils) :]
    for place, value in spoils:
        known = places(answer)
        answer = replaced(answer, known[place % len(known)], value)
    return json.dumps(answer).encode("utf-8", "replace")


async def _fetched(source: str, url: str, home: Path, world: World) -> list[SourceOutcome]:
    section = EnrichmentSettings(
        base_urls={source: url},
        stand_in_rate=1_000,
        attempts=1,
        anidb_client=SecretStr("x"),
        animeschedule_token=SecretStr("x"),
    )
    chosen = Settings(home=home, enrichment=section)
    wanted = [Wanted(keys={"mal": work.id("mal"), "anidb": work.id("anidb")}) for work in world]
    async with Client(chosen) as client:
        return await open_sources(client, chosen, [source])[source].fetch(wanted)

"""The language model is optional, bounded, validated, marked, and asked nothing twice."""

import json
from pathlib import Path
from typing import Any

import pytest

from animevec.settings import EnrichmentSettings
from flows.enrichment.enrich import enrich
from flows.enrichment.llm import CONFIDENCE, LanguageModel, refine
from flows.enrichment.types import Enriched
from tests.enrichment.server import Answer, Asked, Reaction, serving
from tests.enrichment.test_enrich import POLICY, found

JOINED = "A ferryman spends his nights building a bridge across the river that feeds him."


def tied() -> Enriched:
    """Two sources that disagree on the first day, with a synopsis each."""
    return enrich([found("jikan"), found("kitsu")], None, {}, POLICY)


def said(content: object) -> Answer:
    text = content if isinstance(content, str) else json.dumps(content)
    return Answer.json({"choices": [{"message": {"content": text}}]})


def obedient(asked: Asked) -> Answer:
    name = json.loads(asked.body)["response_format"]["json_schema"]["name"]
    return said({"synopsis": f"<b>{JOINED}</b>"} if name == "Synopsis" else {"source": "kitsu"})


async def refined(react: Reaction, home: Path, **settings: Any) -> tuple[Enriched, int]:
    with serving(react) as server:
        section = EnrichmentSettings(
            llm_url=f"{server.url}/v1", **{"llm_model": "small", "timeout_s": 2, **settings}
        )
        result = await refine(tied(), LanguageModel(section, home))
        assert all(asked.path == "/v1/chat/completions" for asked in server.asked)
        return result, len(server.asked)


async def test_off_by_default(tmp_path: Path) -> None:
    model = LanguageModel(EnrichmentSettings(), tmp_path)
    before = tied()
    assert not model.enabled
    assert await refine(before, model) is before


async def test_it_joins_synopses_and_settles_what_the_rules_left_open(tmp_path: Path) -> None:
    result, _ = await refined(obedient, tmp_path)
    origin = result.anime.provenance["synopsis"]
    assert result.anime.synopsis == JOINED, "markup is stripped from its words too"
    assert (origin.source, origin.confidence) == ("llm", CONFIDENCE)
    assert set(origin.alternatives) == {"jikan", "kitsu"}
    assert str(result.anime.aired_from) == "2019-01-11"
    assert result.anime.provenance["aired_from"].source == "llm"
    assert result.anime.provenance["aired_from"].alternatives["jikan"] == "2019-01-10"
    conflict = next(c for c in result.conflicts if c.field == "aired_from")
    assert (conflict.chosen, conflict.settled) == ("kitsu", True)


async def test_nothing_is_asked_twice(tmp_path: Path) -> None:
    first, asked = await refined(obedient, tmp_path)
    again, more = await refined(obedient, tmp_path)
    assert asked > 0 and more == 0
    assert again.anime == first.anime


async def test_the_budget_holds(tmp_path: Path) -> None:
    _, asked = await refined(obedient, tmp_path, llm_calls=1)
    assert asked == 1


@pytest.mark.parametrize(
    "answer",
    [
        said("not JSON"),
        said({"synopsis": "short", "source": "somebody"}),
        said({"source": "operator"}),
        said({"synopsis": JOINED, "also": "this"}),
        Answer.json({"choices": []}),
        Answer.json([]),
        Answer(b"\xff\xfe", 200),
        Answer(status=500),
        Answer(b"[" + b"1," * 300_000),
    ],
)
async def test_an_answer_of_another_shape_changes_nothing(tmp_path: Path, answer: Answer) -> None:
    result, _ = await refined(lambda _: answer, tmp_path)
    assert result.anime == tied().anime


async def test_an_endpoint_that_is_not_there_changes_nothing(tmp_path: Path) -> None:
    section = EnrichmentSettings(llm_url="http://127.0.0.1:9/v1", llm_model="small")
    assert (await refine(tied(), LanguageModel(section, tmp_path))).anime == tied().anime


async def test_the_key_and_the_material_are_sent_apart_from_the_task(tmp_path: Path) -> None:
    bodies: list[Asked] = []

    def react(asked: Asked) -> Answer:
        bodies.append(asked)
        return obedient(asked)

    await refined(react, tmp_path, llm_key="secret")
    messages = json.loads(bodies[0].body)["messages"]
    assert bodies[0].headers["authorization"] == "Bearer secret"
    assert [message["role"] for message in messages] == ["system", "user"]
    assert "ferryman" not in messages[0]["content"] and "ferryman" in messages[1]["content"]

"""Text search through the whole engine: names, meaning, filters, pages, rankers, explanations."""

import unicodedata
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from animevec.catalog.record import Anime, Title
from animevec.errors import InvalidRequest, NotFound, TooLarge
from animevec.search.engine import SearchEngine
from animevec.search.request import SimilarSearch, TextSearch
from animevec.search.response import SearchResult
from tests.search.conftest import INDEX, World


def titles(result: SearchResult) -> list[str]:
    return [hit.record.title for hit in result.hits]


def ask(engine: SearchEngine, query: str, **more: Any) -> SearchResult:
    return engine.text(TextSearch(query=query, **more))


@pytest.mark.parametrize("query", ["AoT", "進撃の巨人", "atack on titan", "Shingeki no Kyojin"])
def test_a_name_in_any_script_comes_first_and_says_so(engine: SearchEngine, query: str) -> None:
    found = ask(engine, query)
    best = found.hits[0]
    assert (best.record.title, best.match, found.match) == ("Shingeki no Kyojin", "exact", "exact")
    assert best.channels[0].name == "title" or "title" in {c.name for c in best.channels}


def test_of_equal_names_the_best_known_title_comes_first(small: World) -> None:
    plain = next(small.catalog.iterate()).model_copy(
        update={"titles": (Title(text="Quite Equal"),), "synopsis": "Nothing.", "relations": ()}
    )
    telling = {"synopsis": "Quite equal, equal quite. Quite equal!", "members": 900}
    twins = [
        plain.model_copy(update={"id": uuid4(), "keys": {}, "members": 1_500_000}),
        plain.model_copy(update={"id": uuid4(), "keys": {}, **telling}),
    ]
    small.catalog.put(twins, actor="test")
    small.index(twins)
    small.engine.refresh()
    assert [hit.id for hit in ask(small.engine, "Quite Equal", limit=2).hits] == [
        twin.id for twin in twins
    ]


def test_meaning_and_words_find_a_plot(engine: SearchEngine) -> None:
    found = ask(engine, "a notebook that kills whoever's name is written in it")
    assert titles(found)[0] == "Death Note"
    assert "lexical" in {channel.name for channel in found.hits[0].channels}


def test_every_hit_says_which_channels_found_it(engine: SearchEngine) -> None:
    for hit in ask(engine, "pirates searching for treasure at sea").hits:
        assert hit.channels
        assert sum(channel.share for channel in hit.channels) == pytest.approx(1)
        assert all(channel.rank >= 1 for channel in hit.channels)
        assert 0 <= hit.score <= 1


@pytest.mark.parametrize("query", ["zxqv wrtp", "🤖", "' OR 1=1 --"])
def test_nonsense_has_no_match(engine: SearchEngine, query: str) -> None:
    assert ask(engine, query).match == "none"


def test_a_title_that_is_not_there_is_not_claimed(small: World) -> None:
    assert ask(small.engine, "Cowboy Bebop").match != "exact"


@pytest.mark.parametrize(
    ("filters", "holds"),
    [
        ({"type": "movie"}, lambda a: a.type == "MOVIE"),
        ({"year": {"gte": 1990, "lt": 2000}}, lambda a: 1990 <= a.year < 2000),
        (
            {"genres": {"all": ["comedy", "romance"]}},
            lambda a: {"Comedy", "Romance"} <= {*a.genres},
        ),
        ({"not": {"genres": "Action"}}, lambda a: "Action" not in a.genres),
        (
            {"or": [{"studios": "Madhouse"}, {"studios": "Bones"}]},
            lambda a: {"Madhouse", "Bones"} & {*a.studios},
        ),
    ],
)
def test_filters_hold_for_every_hit(engine: SearchEngine, filters: Any, holds: Any) -> None:
    for query in ("a story about friendship", "Attack on Titan"):
        hits = ask(engine, query, filters=filters, limit=30).hits
        assert hits
        assert all(holds(hit.record) for hit in hits)


@pytest.mark.parametrize(
    ("query", "filters"),
    [
        ("stories", {"studios": "Mushi Production"}),
        ("stories", {"studios": "mushi production"}),
        ("stories", {"studios": {"all": ["mushi production"]}}),
        ("stories by Mushi Production", {}),
    ],
)
def test_a_studio_is_found_as_each_source_spells_it(
    small: World, sample: list[Anime], query: str, filters: Any
) -> None:
    other = sample[20].model_copy(update={"studios": ("mushi production",)})
    small.catalog.put([other], actor="test")
    small.index([other])
    small.engine.refresh()
    found = ask(small.engine, query, filters=filters)
    wanted = {a.title for a in sample[:12] if "Mushi Production" in a.studios} | {other.title}
    assert (set(titles(found)), found.warnings) == (wanted, ())


def test_filters_in_words_are_applied_reported_and_can_be_switched_off(
    engine: SearchEngine,
) -> None:
    found = ask(engine, "friends in high school, not a movie, before 2005", limit=30)
    assert found.interpretation is not None
    assert len(found.interpretation.filters) == 2
    assert all(h.record.type != "MOVIE" and (h.record.year or 0) < 2005 for h in found.hits)
    free = ask(engine, "friends in high school, not a movie, before 2005", limit=30, understand=[])
    assert free.interpretation is not None
    assert not free.interpretation.filters
    assert any((hit.record.year or 0) >= 2005 for hit in free.hits)


def test_filters_alone_list_the_best_known_first(engine: SearchEngine) -> None:
    found = ask(engine, "movies by Studio Ghibli before 2000")
    assert found.hits
    assert all(hit.channels[0].name == "catalogue" for hit in found.hits)
    assert all("Studio Ghibli" in hit.record.studios for hit in found.hits)


def test_examples_bring_likes_of_them_but_not_themselves(engine: SearchEngine) -> None:
    found = ask(engine, "like Naruto but not a movie", explain=True)
    assert found.interpretation is not None
    assert [one.title for one in found.interpretation.positive] == ["Naruto"]
    assert not {"Naruto", "Naruto: Shippuuden"} & {*titles(found)}
    shared = found.hits[0].explanation
    assert shared is not None
    assert shared.shared is not None
    assert set(shared.shared.genres) <= {"Action", "Adventure", "Comedy", "Fantasy"}


@pytest.mark.parametrize(
    ("said", "positive", "negative"),
    [
        ("anime like Naruto", ("mal:20",), ()),
        ("Naruto meets Cowboy Bebop", ("mal:20", "mal:1"), ()),
        ("like Naruto, unlike One Piece", ("mal:20",), ("mal:21",)),
    ],
)
def test_examples_alone_are_a_similarity_search(
    engine: SearchEngine, said: str, positive: tuple[str, ...], negative: tuple[str, ...]
) -> None:
    asked = SimilarSearch(positive=positive, negative=negative, exclude_franchise=True)
    assert titles(ask(engine, said)) == titles(engine.similar(asked))


def test_a_refused_title_and_its_franchise_do_not_come(engine: SearchEngine) -> None:
    found = ask(engine, "a notebook that kills but not Death Note")
    assert found.hits
    assert "Death Note" not in titles(found)
    assert found.interpretation is not None
    assert [one.title for one in found.interpretation.negative] == ["Death Note"]


def test_examples_that_are_not_indexed_are_named_in_a_warning(small: World) -> None:
    stranger = next(small.catalog.iterate()).model_copy(
        update={"id": uuid4(), "titles": (Title(text="Quite Another Name"),), "keys": {}}
    )
    small.catalog.put([stranger], actor="test")
    small.engine.refresh()
    found = ask(small.engine, "space jazz, like Quite Another Name")
    assert found.hits
    assert "none of the positive references has a vector" in found.warnings[0]


def test_examples_outweigh_the_labels_beside_them(engine: SearchEngine) -> None:
    found = ask(engine, "like Naruto but lighter", limit=100)
    best = max(
        found.hits, key=lambda hit: {c.name: c.share for c in hit.channels}.get("lexical", 0)
    )
    assert "example" in {channel.name for channel in found.hits[0].channels}
    assert best.score < found.hits[0].score


@pytest.mark.parametrize("nsfw", ["exclude", "demote", "include"])
def test_adult_titles_only_as_wanted(engine: SearchEngine, nsfw: Any) -> None:
    found = ask(engine, "Tokyo Ghoul", nsfw=nsfw)
    there = "Tokyo Ghoul" in titles(found)
    assert there == (nsfw != "exclude")


def test_folding_leaves_one_hit_per_franchise(engine: SearchEngine) -> None:
    plain = ask(engine, "attack on titan", limit=20)
    folded = ask(engine, "attack on titan", limit=20, fold_franchise=True)
    franchises = [hit.franchise for hit in folded.hits]
    assert len(franchises) == len(set(franchises))
    seasons = [hit.id for hit in plain.hits if hit.franchise == plain.hits[0].franchise]
    assert len(seasons) > 3
    assert set(seasons) - {folded.hits[0].id} <= set(folded.hits[0].folded)


def test_without_spoilers_a_sequel_follows_what_it_continues(engine: SearchEngine) -> None:
    found = ask(engine, "attack on titan season 3", spoilers="avoid", explain=True, limit=20)
    own = [hit for hit in found.hits if hit.franchise == found.hits[0].franchise]
    years = [hit.record.year for hit in own]
    assert years == sorted(years, key=int)
    assert all(hit.explanation and hit.explanation.sentence is None for hit in found.hits)


def test_pages_continue_one_another(engine: SearchEngine) -> None:
    query = "a hero fights monsters to protect the city"
    whole = [hit.id for hit in ask(engine, query, limit=30).hits]
    pages = [
        hit.id for at in range(0, 30, 10) for hit in ask(engine, query, limit=10, offset=at).hits
    ]
    assert pages == whole
    assert len(set(whole)) == 30


def test_a_threshold_drops_what_is_below(engine: SearchEngine) -> None:
    found = ask(engine, "space battles", limit=30, score_threshold=0.4)
    assert found.hits
    assert all(hit.score >= 0.4 for hit in found.hits)


def test_an_explanation_names_words_sentence_and_title(engine: SearchEngine) -> None:
    found = ask(engine, "notebook that kills", explain=True)
    hit = next(hit for hit in found.hits if hit.record.title == "Death Note")
    assert hit.explanation is not None
    assert "notebook" in hit.explanation.terms
    assert hit.explanation.sentence is not None
    assert hit.explanation.sentence in (hit.record.synopsis or "")
    named = ask(engine, "AoT", explain=True).hits[0].explanation
    assert named is not None
    assert named.title == "AoT"


def test_the_encoder_is_called_once(world: World) -> None:
    before = world.text.calls
    ask(world.engine, "pirates searching for treasure")
    assert world.text.calls == before + 1


def test_every_stage_is_timed(engine: SearchEngine) -> None:
    timings = ask(engine, "pirates").timings_ms
    stages = {"understand", "encode", "titles", "retrieve", "fuse", "rank", "hydrate", "explain"}
    assert set(timings) == stages | {"total"}
    assert timings["total"] >= max(timings[stage] for stage in stages)


@pytest.mark.parametrize(
    "name", ["blend", "fusion", "dense", "lexical", "mmr", "popularity", "colbert"]
)
def test_every_ranker_answers(engine: SearchEngine, name: str) -> None:
    found = ask(engine, "a detective solves murders", ranker=name)
    assert found.ranker == name
    assert len(found.hits) == 10
    assert "Meitantei Conan" in titles(found)


def test_single_channels_are_single(engine: SearchEngine) -> None:
    for name, channel in (("dense", "text"), ("lexical", "lexical"), ("title", "title")):
        hits = ask(engine, "Naruto", ranker=name).hits
        assert {c.name for hit in hits for c in hit.channels} == {channel}


def test_diversity_brings_more_franchises(engine: SearchEngine) -> None:
    def count(ranker: str) -> int:
        found = ask(engine, "giant robots piloted in a war", ranker=ranker, understand=[])
        return len({hit.franchise for hit in found.hits})

    assert count("mmr") >= count("blend")


def test_weights_of_a_request_decide(engine: SearchEngine) -> None:
    found = ask(engine, "giant robots", weights={"lexical": 0, "title": 0})
    assert {c.name for hit in found.hits for c in hit.channels} == {"text"}


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"ranker": "magic"}, "unknown ranker 'magic'; available: blend, fusion"),
        ({"weights": {"smell": 1}}, "unknown channel 'smell'"),
        ({"filters": {"colour": "red"}}, "unknown filter field 'colour'"),
        ({"filters": {"type": "opera"}}, "'opera' is no type"),
    ],
)
def test_what_is_wrong_is_named(engine: SearchEngine, more: Any, said: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        ask(engine, "pirates", **more)
    assert said in caught.value.message


def test_a_query_has_a_length(world: World) -> None:
    limit = world.settings.limits.text_chars
    assert ask(world.engine, "word " * (limit // 5)).hits
    strict = world.settings.model_copy(
        update={"limits": world.settings.limits.model_copy(update={"text_chars": 20})}
    )
    engine = world.engine_without_pictures(strict)
    with pytest.raises(TooLarge, match="31 characters; the limit is 20"):
        ask(engine, "more than twenty characters now")


def test_a_title_by_id_or_key(engine: SearchEngine) -> None:
    by_key = engine.by_id("mal:1")
    assert by_key.record.title == "Cowboy Bebop"
    assert engine.by_id(str(by_key.id)) == by_key
    for wrong in ("mal:99999999", "nonsense", str(UUID(int=0))):
        with pytest.raises(NotFound, match="no title has the id or key"):
            engine.by_id(wrong)


def test_changes_are_answered_after_a_refresh(small: World, sample: list[Anime]) -> None:
    old = sample[0]
    new = old.model_copy(update={"titles": (Title(text="The Unheard of Name", kind="main"),)})
    small.catalog.put([new], actor="test")
    small.index([new])
    assert small.engine.refresh() == small.catalog.revision() == small.engine.revision
    assert titles(ask(small.engine, "unheard of name"))[0] == "The Unheard of Name"


def test_a_deleted_title_is_gone_even_before_the_index_knows(
    small: World, sample: list[Anime]
) -> None:
    doomed = sample[0]
    assert doomed.title in titles(ask(small.engine, doomed.title))
    small.catalog.delete([doomed.id], "test", "erased")
    small.engine.refresh()
    assert doomed.title not in titles(ask(small.engine, doomed.title, limit=12))
    small.store.delete(INDEX, [doomed.id])
    with pytest.raises(NotFound):
        small.engine.by_id(str(doomed.id))


def _seen(text: str) -> bool:
    return any(unicodedata.category(char)[0] not in "CZ" for char in text)


@settings(max_examples=40, deadline=None)
@given(query=st.text(min_size=1, max_size=120).filter(_seen))
def test_any_text_is_answered_or_refused_clearly(world: World, query: str) -> None:
    found = ask(world.engine, query, explain=True)
    assert len(found.hits) <= 10
    assert found.release == "test"

"""Query sets are what their files say, the same every time, and told apart by their hash."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from animevec.catalog.ids import anime_id
from animevec.catalog.record import Anime
from animevec.catalog.sample import load_sample
from animevec.errors import InvalidRequest
from animevec.settings import Settings
from evaluation.qrels import Judged, QuerySet
from evaluation.runner import answerable, limited, slices_of
from evaluation.sets.covers import ASKED, altered_covers, glimpses, remembered
from evaluation.sets.own import FOLDER, own_sets
from evaluation.sets.rows import halves
from evaluation.sets.shared import shared_sets, similarity_pairs
from evaluation.sets.variants import KINDS, title_variants


def test_own_sets_are_judged_inside_the_sample() -> None:
    asked, nothing, liked = own_sets()
    assert (len(asked.queries), len(nothing.queries), len(liked.queries)) == (243, 171, 52)
    ids = {title.id for title in load_sample()}
    for one in (asked, nothing, liked):
        assert one.pool == ids
        assert all(set(q.relevant) <= ids for q in one.queries)
    assert not any(q.relevant for q in nothing.queries)


def test_an_altered_file_is_refused(tmp_path: Path) -> None:
    shutil.copytree(FOLDER, tmp_path / "sample")
    with (tmp_path / "sample" / "queries.jsonl").open("a") as file:
        file.write("{}\n")
    with pytest.raises(InvalidRequest, match=r"queries\.jsonl has SHA-256"):
        own_sets(tmp_path / "sample")


def test_the_hash_tells_any_change() -> None:
    id = anime_id({"mal": "1"})
    one = Judged("q1", "jazz in space", {id: 2.0})
    same = QuerySet("s", "text", (one,))
    others = [
        QuerySet("s", "text", (replace(one, query="jazz"),)),
        QuerySet("s", "text", (replace(one, relevant={id: 1.0}),)),
        QuerySet("s", "text", (replace(one, exclude=frozenset({id})),)),
        QuerySet("s", "text", (replace(one, picture=b"png"),)),
        QuerySet("s", "text", (one,), frozenset({id})),
    ]
    assert same.sha256 == QuerySet("s", "text", (replace(one),)).sha256
    assert len({same.sha256, *(other.sha256 for other in others)}) == 6


def test_variants_are_drawn_alike_whatever_the_order() -> None:
    titles = load_sample()
    drawn = title_variants(titles, 10)
    assert drawn.sha256 == title_variants(titles[::-1], 10).sha256
    assert {q.slices["kind"] for q in drawn.queries} == set(KINDS)


def test_a_typo_is_one_slip_in_a_name() -> None:
    names = {t.text for title in load_sample() for t in title.titles}
    typos = [q for q in title_variants(load_sample(), 50).queries if q.slices["kind"] == "typo"]
    assert len(typos) == 50
    for query in typos:
        assert query.query not in names
        assert any(abs(len(query.query) - len(name)) <= 1 for name in names)


def test_a_name_of_several_titles_is_right_for_each(records: list[Anime]) -> None:
    twin = records[0].model_copy(update={"id": anime_id({"mal": "999999"})})
    asked = title_variants([records[0], twin], 10)
    assert all(len(q.relevant) == 2 for q in asked.queries if q.slices["kind"] != "typo")


def test_covers_are_altered_alike_every_time(records: list[Anime], settings: Settings) -> None:
    asked = altered_covers(records, settings.pictures_path, 3)
    assert asked.sha256 == altered_covers(records, settings.pictures_path, 3).sha256
    assert len(asked.queries) == 3 * len(ASKED)
    assert len({q.picture for q in asked.queries}) == len(asked.queries)


def test_glimpses_hold_no_name(records: list[Anime], settings: Settings) -> None:
    asked = glimpses(records, settings.pictures_path, 12)
    assert asked.queries
    for query in asked.queries:
        assert len(query.query.split()) == 3
        assert query.query == query.query.lower()
    words = remembered(records[0])
    assert words is None or words == remembered(records[0])


def test_a_set_is_cut_by_hash_and_a_catalogue_that_lacks_it_is_not_asked() -> None:
    asked = own_sets()[0]
    assert limited(asked, 1000) is asked
    few, fewer = limited(asked, 40), limited(asked, 20)
    assert {q.qid for q in fewer.queries} < {q.qid for q in few.queries}
    assert answerable(asked, {}) is None
    assert answerable(asked, {i: None for i in asked.pool or ()}) is asked


def test_slices_name_popularity_and_era_of_what_is_wanted(records: list[Anime]) -> None:
    known = {record.id: record for record in records}
    bebop = anime_id({"mal": "1"})
    found = slices_of(Judged("q", "", {bebop: 3.0}, {"language": "en"}), known)
    assert found == {"language": "en", "popularity": "head", "era": "before 2000"}


def test_halves_split_evenly() -> None:
    sides = halves([f"q{n}" for n in range(1000)])
    assert 450 < sum(sides) < 550


def test_a_broken_line_is_named(tmp_path: Path) -> None:
    (tmp_path / "retrieval_reviews.jsonl").write_text('{"qid": \n')
    with pytest.raises(InvalidRequest, match=r"retrieval_reviews\.jsonl line 1"):
        shared_sets(tmp_path)


def test_another_split_of_the_same_layout_loads(tmp_path: Path) -> None:
    row = {"seed": 1, "relevant": {"5": 2}, "exclude_franchise": [17205]}
    (tmp_path / "similarity_seeds.jsonl").write_text(json.dumps(row))
    (tmp_path / "test_universe.json").write_text("[1, 5]")
    [found] = shared_sets(tmp_path)
    assert found.pool == {anime_id({"mal": "1"}), anime_id({"mal": "5"})}
    assert anime_id({"mal": "17205"}) in found.queries[0].exclude


def test_shared_judgements_load(shared: Path) -> None:
    found = {one.name: one for one in shared_sets(shared / "data")}
    assert {"paraphrase-short", "reviews", "labels-anilist-tagged", "similarity"} <= set(found)
    assert all(q.query and q.relevant for one in found.values() for q in one.queries)
    assert len(similarity_pairs(shared / "data")) > 100


def test_a_picture_set_needs_files(records: list[Anime], tmp_path: Path) -> None:
    assert not altered_covers(records, tmp_path, 3).queries


def test_pictures_sent_are_pictures(records: list[Anime], settings: Settings) -> None:
    from io import BytesIO

    [first, *_] = glimpses(records, settings.pictures_path, 1).queries
    assert first.picture is not None
    with Image.open(BytesIO(first.picture)) as image:
        assert image.format == "JPEG"

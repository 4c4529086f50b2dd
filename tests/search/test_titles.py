"""The title layer: what people type finds the title they mean."""

import random
from collections.abc import Callable
from uuid import UUID, uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from animevec.catalog.record import Anime, Title
from animevec.search.titles import TitleIndex


@pytest.fixture(scope="module")
def index(sample: list[Anime]) -> TitleIndex:
    made = TitleIndex()
    made.update(sample)
    return made


@pytest.fixture(scope="module")
def first(index: TitleIndex, sample: list[Anime]) -> Callable[[str], str | None]:
    """The main name of the first title found."""
    names = {record.id: record.title for record in sample}
    return lambda text: next((names[hit.id] for hit in index.lookup(text)), None)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("AoT", "Shingeki no Kyojin"),
        ("shingeki no kyojin", "Shingeki no Kyojin"),
        ("進擊之巨人", "Shingeki no Kyojin"),
        ("进击的巨人", "Shingeki no Kyojin"),
        ("進撃の巨人", "Shingeki no Kyojin"),
        ("atack on titan", "Shingeki no Kyojin"),
        ("attackontitan", "Shingeki no Kyojin"),
        ("ATTACK ON TITAN!!", "Shingeki no Kyojin"),
        ("シンゲキノキョジン", "Shingeki no Kyojin"),
        ("しんげきのきょじん", "Shingeki no Kyojin"),
        ("attack on titan s2", "Shingeki no Kyojin Season 2"),
        ("attack on titan 2nd season", "Shingeki no Kyojin Season 2"),
        ("attack on titan II", "Shingeki no Kyojin Season 2"),
        ("進撃の巨人 第2期", "Shingeki no Kyojin Season 2"),
        ("attack on titan season 3 part 2", "Shingeki no Kyojin Season 3 Part 2"),
        ("cowboy bebop movie", "Cowboy Bebop: Tengoku no Tobira"),
        ("cowboy bebop", "Cowboy Bebop"),
        ("steins gate", "Steins;Gate"),
        ("steins;gate 0", "Steins;Gate 0"),
        ("fullmetal alchemist brotherhood", "Fullmetal Alchemist: Brotherhood"),
        ("naruto shippuden", "Naruto: Shippuuden"),
        ("mononoke", "Mononoke Hime"),
        ("evangelion", "Shinseiki Evangelion"),
        ("neon genesis evangelon", "Shinseiki Evangelion"),
        ("deth note", "Death Note"),
        ("mushisi", "Mushishi"),
    ],
)
def test_what_is_typed_finds_what_is_meant(
    first: Callable[[str], str | None], typed: str, meant: str
) -> None:
    assert first(typed) == meant


def test_every_name_in_the_catalogue_finds_its_title(
    index: TitleIndex, sample: list[Anime]
) -> None:
    owners: dict[str, set[UUID]] = {}
    for record in sample:
        for title in record.titles:
            owners.setdefault(title.text.casefold(), set()).add(record.id)
    lost = [name for name, ids in owners.items() if index.lookup(name)[0].id not in ids]
    assert not lost
    assert all(index.lookup(name)[0].strength == "strong" for name in owners)


def test_one_slip_in_a_name_is_forgiven(index: TitleIndex, sample: list[Anime]) -> None:
    rng = random.Random(7)
    names = [(record.title, record.id) for record in sample if len(record.title) >= 6]
    found = [[hit.id for hit in index.lookup(slip(name, rng), 1)] == [id_] for name, id_ in names]
    assert sum(found) / len(found) >= 0.95


def slip(name: str, rng: random.Random) -> str:
    """One letter missing, doubled, replaced or swapped with its neighbour."""
    at = rng.randrange(1, len(name) - 1)
    kept = name[:at], name[at], name[at + 1 :]
    return rng.choice(
        [
            kept[0] + kept[2],
            kept[0] + kept[1] * 2 + kept[2],
            kept[0] + rng.choice("aeioukst") + kept[2],
            name[: at - 1] + kept[1] + name[at - 1] + kept[2],
        ]
    )


@pytest.mark.parametrize(
    "text",
    [
        "asdf qwer zxcv",
        "two siblings search for a way to restore their bodies",
        "a boy and his robot",
        "girls who play in a band at school",
        "🤖🤖🤖",
        "' OR 1=1; --",
        "x" * 5_000,
        "   ",
    ],
)
def test_what_is_no_name_is_not_taken_for_one(index: TitleIndex, text: str) -> None:
    assert not [hit for hit in index.lookup(text) if hit.strength == "strong"]


def test_a_name_that_is_not_in_the_catalogue_is_not_strong(sample: list[Anime]) -> None:
    index = TitleIndex()
    index.update([record for record in sample if "Cowboy Bebop" not in record.title])
    assert not [hit for hit in index.lookup("Cowboy Bebop") if hit.strength == "strong"]


def named(record: Anime, name: str, **more: object) -> Anime:
    """Another record of one name."""
    return record.model_copy(update={"id": uuid4(), "titles": (Title(text=name),), **more})


@pytest.mark.parametrize(
    ("typed", "heard"), [("lain", "Rain"), ("C", "kc"), ("X", "CCS"), ("Josei", "Juuousei")]
)
def test_a_short_name_that_only_sounds_alike_is_not_sure(
    sample: list[Anime], typed: str, heard: str
) -> None:
    index = TitleIndex()
    index.update([named(sample[0], heard)])
    assert not [hit for hit in index.lookup(typed) if hit.strength == "strong"]
    assert index.lookup(heard)[0].strength == "strong"


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("demon slayer", "Demon Slayer: Kimetsu no Yaiba"),
        ("demon slayer", "Demon Slayer - The Anime"),
        ("konosuba", "KonoSuba: God's Blessing on This Wonderful World!"),
    ],
)
def test_what_stands_before_a_colon_is_a_name_of_a_popular_title(
    sample: list[Anime], typed: str, name: str
) -> None:
    index = TitleIndex()
    known = named(sample[0], name, members=1_500_000)
    others = [named(sample[0], one, members=900) for one in (f"{typed} OVA", "Demon Layer")]
    index.update([known, *others])
    hits = index.lookup(typed)
    assert (hits[0].id, hits[0].strength) == (known.id, "strong")


def test_what_stands_before_a_colon_is_not_sure_where_a_better_known_title_has_it_too(
    sample: list[Anime],
) -> None:
    index = TitleIndex()
    known = named(sample[0], "Initial D First Stage", members=500_000)
    index.update([known, named(sample[0], "Initial D: Extra Stage", members=20_000)])
    hits = index.lookup("initial d")
    assert [hit.strength for hit in hits] == ["weak", "weak"]
    assert hits[0].id == known.id


def test_changes_are_found_at_once_and_deletions_forgotten(sample: list[Anime]) -> None:
    index = TitleIndex()
    index.update(sample[:50])
    renamed = sample[0].model_copy(update={"titles": (Title(text="Quite Another Name"),)})
    index.update([renamed])
    assert index.lookup("quite another name")[0].id == sample[0].id
    assert sample[0].id not in {hit.id for hit in index.lookup(sample[0].title)}
    index.update([], removed=[sample[0].id])
    assert not index.lookup("quite another name")
    assert len(index) == 49


def test_many_small_changes_are_as_one_big_one(sample: list[Anime]) -> None:
    slow, fast = TitleIndex(), TitleIndex()
    for start in range(0, 60, 4):
        slow.update(sample[start : start + 4])
    fast.update(sample[:60])
    for record in sample[:60]:
        assert [h.id for h in slow.lookup(record.title, 1)] == [
            h.id for h in fast.lookup(record.title, 1)
        ]


@settings(max_examples=60, deadline=None)
@given(text=st.text(max_size=60))
def test_any_text_is_answered(index: TitleIndex, text: str) -> None:
    hits = index.lookup(text)
    assert all(0 <= hit.score <= 1.01 for hit in hits)
    assert [h.score for h in hits] == sorted((h.score for h in hits), reverse=True) or len(hits) > 1

"""Lists of several sources become one, whatever they call a character or a work."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from animevec.catalog.record import Character, Episode, Person, Relation, Status, Title
from flows.enrichment.names import folded, name_key, western
from flows.enrichment.stages import STAGES, characters, episodes, relationships, staff
from flows.enrichment.stages.hearing import Heard
from flows.enrichment.titles import unite
from flows.enrichment.types import Candidate, SourceRecord, Stage
from tests.enrichment.parsing import record

NOW = datetime(2026, 11, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Yamadera, Kouichi", "Kouichi Yamadera"),
        ("Kouichi Yamadera", "Yamadera Kouichi"),
        ("Kōichi Yamadera", "Kouichi Yamadera"),
        ("Youko Kanno", "Yoko Kanno"),
        ("Edward Wong Hau Pepelu Tivrusky IV", "EDWARD Wong Hau Pepelu Tivrusky IV"),
        ("Jun’ichi Satou", "Junichi Satou"),
    ],
)
def test_one_name_in_many_spellings(one: str, other: str) -> None:
    assert name_key(one) == name_key(other)


def test_names_keep_what_tells_them_apart() -> None:
    assert western("Spiegel, Spike") == "Spike Spiegel"
    assert western("Ein") == "Ein"
    assert folded("Prétear: The Legend!") == "pretear the legend"
    assert folded("カウボーイビバップ") == "カウボーイビバップ"
    assert name_key("Ran Mouri") != name_key("Ran Hirose")


def test_characters_match_by_id_name_order_native_name_and_alias() -> None:
    mal = [
        Character(name="Spike Spiegel", role="main", keys={"mal": "1"}),
        Character(name="Faye Valentine", keys={"mal": "2"}),
        Character(name="Edward", aliases=("Radical Ed",), keys={"mal": "3"}),
    ]
    anilist = [
        Character(name="Radical Ed", native_name="エド", keys={"anilist": "5"}),
        Character(name="Spiegel Spike", native_name="スパイク", keys={"anilist": "1"}),
        Character(name="Ein", keys={"anilist": "4"}),
    ]
    joined = characters.join([mal, anilist])
    assert [c.name for c in joined] == ["Spike Spiegel", "Faye Valentine", "Edward", "Ein"]
    assert joined[0].keys == {"anilist": "1", "mal": "1"}
    assert (joined[0].native_name, joined[2].native_name) == ("スパイク", "エド")


def test_a_name_spelt_almost_alike_matches_unless_the_native_names_differ() -> None:
    one = Character(name="Souichirou Yagami", native_name="夜神総一郎")
    typo = Character(name="Souichiroh Yagamy")
    other = Character(name="Souichirou Yagame", native_name="別人")
    assert len(characters.join([[one], [typo]])) == 1
    assert len(characters.join([[one], [other]])) == 2


def test_two_of_one_name_in_one_source_stay_two() -> None:
    soldiers = [Character(name="Soldier"), Character(name="Soldier")]
    assert len(characters.join([soldiers, soldiers])) == 2


@given(
    st.lists(st.lists(st.sampled_from(["A B", "B A", "C", "Long Name", "Long Nane"]), max_size=5))
)
def test_no_character_is_lost_and_joining_again_changes_nothing(names: list[list[str]]) -> None:
    lists = [[Character(name=name) for name in part] for part in names]
    joined = characters.join(lists)
    assert len(joined) >= max((len(part) for part in lists), default=0)
    assert characters.join([joined]) == joined


def test_people_are_one_per_role_whatever_it_is_called() -> None:
    joined = staff.join(
        [
            [Person(name="Ken Hoshi", role="Director", keys={"mal": "9"})],
            [
                Person(name="Hoshi Ken", role="Direction", keys={"anidb": "2"}),
                Person(name="Hoshi Ken", role="Music"),
            ],
        ]
    )
    assert [(p.name, p.role) for p in joined] == [("Ken Hoshi", "Director"), ("Hoshi Ken", "Music")]
    assert joined[0].keys == {"mal": "9", "anidb": "2"}


def edge(kind: str, key: str, title: str, medium: str = "anime") -> Relation:
    return Relation.model_validate({"kind": kind, "key": key, "title": title, "medium": medium})


def test_one_entry_for_each_related_work() -> None:
    joined = relationships.join(
        [
            [edge("sequel", "mal:2", "Hashi 2"), edge("other", "mal:3", "Hashi: Extra")],
            [
                edge("sequel", "anilist:20", "Hashi 2"),
                edge("side_story", "anilist:30", "HASHI - Extra"),
                edge("adaptation", "anilist_manga:4", "Hashi", "manga"),
            ],
            [edge("sequel", "kitsu:200", "Bridge of the Moon II"), edge("other", "kitsu:9", "Ad")],
        ]
    )
    assert [(e.kind, e.key) for e in joined] == [
        ("sequel", "mal:2"),
        ("side_story", "mal:3"),
        ("adaptation", "anilist_manga:4"),
    ]


def test_works_of_one_source_are_never_taken_for_one_another() -> None:
    edges = [edge("side_story", f"mal:{n}", "Picture Drama") for n in range(3)]
    assert relationships.join([edges]) == tuple(edges)


def test_a_later_source_adds_works_where_it_knows_more_of_a_kind() -> None:
    joined = relationships.join(
        [
            [edge("summary", "mal:1", "Recap")],
            [edge("summary", "kitsu:1", "Omnibus One"), edge("summary", "kitsu:2", "Second Part")],
        ]
    )
    assert len(joined) == 3


def test_a_work_left_out_once_stays_out_unless_only_its_kind_was_missing() -> None:
    joined = relationships.join(
        [
            [edge("summary", "anidb:1", "Hashi: R2")],
            [
                edge("summary", "anisearch:1", "Hashi: Relight 2"),
                edge("other", "anisearch_manga:2", "Hashi", "manga"),
            ],
            [
                edge("sequel", "ann:1", "Hashi Relight 2"),
                edge("adaptation", "ann_manga:2", "Hashi", "manga"),
            ],
        ]
    )
    assert [(e.kind, e.key) for e in joined] == [
        ("summary", "anidb:1"),
        ("adaptation", "ann_manga:2"),
    ]


def test_episodes_meet_by_number_and_fill_each_other_in() -> None:
    one = Episode(number=1, title="Night", titles=(Title(text="Night", language="en"),))
    other = Episode(
        number=1,
        title="Yoru",
        titles=(Title(text="Yoru", language="ja-Latn"),),
        aired=date(2019, 1, 10),
    )
    joined = episodes.join([[one], [other, Episode(number=2)]])
    assert [episode.number for episode in joined] == [1, 2]
    assert (joined[0].title, joined[0].aired) == ("Night", date(2019, 1, 10))
    assert [title.text for title in joined[0].titles] == ["Night", "Yoru"]


def test_stages_are_functions_of_what_they_are_given() -> None:
    said = [Heard(record("jikan"), NOW), Heard(record("anilist"), NOW)]
    for propose in STAGES.values():
        assert propose(said) == propose(list(said))


def proposed(field: str, *records: SourceRecord, stage: Stage = Stage.METADATA) -> list[object]:
    said = [Heard(one, NOW) for one in records]
    return [candidate.value for candidate in STAGES[stage](said)[field]]


def test_labels_are_filed_by_what_they_are() -> None:
    stated = SourceRecord(source="kitsu", key="kitsu:1", labels=("School", "drama", "Shounen", "x"))
    fields = ("genres", "themes", "demographics", "tags")
    assert [proposed(field, stated) for field in fields] == [
        [("Drama",)],
        [("School",)],
        [("Shounen",)],
        [("x",)],
    ]


def test_a_moment_becomes_the_day_in_the_titles_country() -> None:
    stated = SourceRecord(
        source="animeschedule",
        key="animeschedule:x",
        aired_from=datetime(1998, 4, 2, 16, tzinfo=UTC),
    )
    chinese = SourceRecord(source="anilist", key="anilist:1", country="CN")
    assert proposed("aired_from", stated) == [date(1998, 4, 3)]
    assert proposed("zone", stated) == ["Asia/Tokyo"]
    assert proposed("zone", stated, chinese) == ["Asia/Shanghai"]


@pytest.mark.parametrize(
    ("first", "last", "status"),
    [
        (date(2019, 1, 1), date(2019, 3, 1), Status.FINISHED),
        (date(2026, 10, 1), date(2026, 12, 20), Status.AIRING),
        (date(2026, 10, 1), None, Status.AIRING),
        (date(2027, 1, 1), None, Status.UPCOMING),
    ],
)
def test_a_status_is_derived_where_a_source_gives_dates_only(
    first: date, last: date | None, status: Status
) -> None:
    stated = SourceRecord(source="anidb", key="anidb:1", aired_from=first, aired_to=last)
    assert proposed("status", stated) == [status]


def test_end_dates_that_stand_for_unknown_ones_are_dropped() -> None:
    first = date(1999, 10, 20)
    far = SourceRecord(source="anidb", key="anidb:1", aired_from=first, aired_to=date(2030, 6, 1))
    before = SourceRecord(
        source="kitsu", key="kitsu:1", aired_from=first, aired_to=date(1998, 1, 1)
    )
    assert proposed("aired_to", far, before) == []


def test_statistics_stay_apart_and_the_record_gets_one_scale() -> None:
    said = [record("jikan"), record("anilist")]
    entries = proposed("statistics", *said, stage=Stage.STATISTICS)
    assert [set(entry) for entry in entries] == [{"mal"}, {"anilist"}]  # type: ignore[call-overload]
    assert proposed("score", *said, stage=Stage.STATISTICS) == [7.5, 7.66]


def titled(source: str, *titles: tuple[str, str, str]) -> Candidate:
    made = tuple(Title(text=t, language=lang, kind=kind) for t, lang, kind in titles)  # type: ignore[arg-type]
    return Candidate(source, made)


def test_the_main_title_is_the_romanised_one_as_most_sources_spell_it() -> None:
    planet = titled(
        "animeplanet", ("A Bridge", "und", "main"), ("Hashi wo Wataru", "und", "synonym")
    )
    search = titled(
        "anisearch", ("Hashi o Wataru", "ja-Latn", "main"), ("A Bridge", "en", "official")
    )
    again = titled("livechart", ("Hashi wo Wataru", "und", "synonym"))
    united = unite([planet, search, again], ())
    assert (united[0].text, united[0].kind) == ("Hashi wo Wataru", "main")
    assert [title.kind for title in united].count("main") == 1
    assert unite([search, planet, again], ("anisearch",))[0].text == "Hashi o Wataru"


def test_titles_are_united_without_regard_to_case() -> None:
    one = titled("jikan", ("Hashi", "ja-Latn", "main"), ("Bridge", "en", "official"))
    other = titled("kitsu", ("HASHI", "und", "synonym"), ("bridge", "en", "synonym"))
    assert [title.text for title in unite([one, other], ())] == ["Hashi", "Bridge"]

"""Every source's answers become the same typed record, without markup and sentinels."""

import json
from copy import deepcopy
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from animevec.catalog.record import Kind, Rating, Season, Status
from animevec.errors import InvalidRequest
from animevec.settings import Settings
from flows.enrichment import recordings
from flows.enrichment.http import Client, RequestFailed
from flows.enrichment.sources import (
    DEFAULT,
    REGISTRY,
    anidb,
    anilist,
    animeplanet,
    ann,
    jikan,
    kitsu,
    livechart,
    myanimelist,
    open_sources,
    simkl,
)
from flows.enrichment.types import OutcomeKind
from tests.enrichment import answers
from tests.enrichment.parsing import BYTES, JSON, record

EVERY = (*JSON, *BYTES)


@pytest.mark.parametrize("source", EVERY)
def test_every_source_reads_its_shape_without_a_fault(source: str) -> None:
    found = record(source)
    assert found.source == source
    assert found.provider == REGISTRY[source][0].provider
    assert found.faults == ()
    assert "Hashi" in " ".join(title.text for title in found.titles)


def test_every_registered_source_has_a_shape_here() -> None:
    assert set(EVERY) == set(REGISTRY)
    assert set(DEFAULT) <= set(REGISTRY)


@pytest.mark.parametrize("source", [name for name in EVERY if name != "simkl"])
def test_kind_and_number_of_episodes_are_read_everywhere(source: str) -> None:
    assert (record(source).type, record(source).episodes) == (Kind.TV, 12)


@pytest.mark.parametrize(
    ("source", "first", "last"),
    [
        ("jikan", date(2019, 1, 10), date(2019, 3, 28)),
        ("anilist", date(2019, 1, 10), None),
        ("kitsu", date(2019, 1, 11), date(2019, 3, 28)),
        ("anidb", date(2019, 1, 10), date(2019, 3, 28)),
        ("animeschedule", datetime(2019, 1, 9, 16, tzinfo=UTC), None),
        ("animeplanet", date(2019, 1, 10), date(2019, 3, 28)),
        ("anisearch", date(2019, 1, 10), date(2019, 3, 28)),
        ("myanimelist", date(2019, 1, 10), date(2019, 3, 28)),
        ("livechart", date(2019, 1, 10), None),
        ("ann", date(2019, 1, 10), date(2019, 3, 28)),
        ("anidb_page", None, None),
    ],
)
def test_days_are_kept_as_precise_as_the_source_knows_them(
    source: str, first: Any, last: Any
) -> None:
    found = record(source)
    assert (found.aired_from, found.aired_to, found.year) == (first, last, 2019)


@pytest.mark.parametrize(
    ("source", "keys"),
    [
        ("jikan", {"anidb": ("77",)}),
        ("anilist", {"mal": ("900001",)}),
        ("kitsu", {"mal": ("900001",)}),
        ("anidb", {"mal": ("900001", "900009"), "ann": ("3",)}),
        ("animeschedule", {"mal": ("900001",), "anilist": ("800001",), "anidb": ("77",)}),
        ("myanimelist", {"anidb": ("77",)}),
        ("livechart", {"anilist": ("800001",), "kitsu": ("7001",)}),
        ("simkl", {"mal": ("900001",)}),
    ],
)
def test_ids_elsewhere_are_read_from_links_mappings_and_resources(
    source: str, keys: dict[str, tuple[str, ...]]
) -> None:
    assert record(source).keys == keys


@pytest.mark.parametrize(
    ("source", "synopsis"),
    [
        ("jikan", "A ferryman builds a bridge by night."),
        ("anilist", "A ferryman builds a bridge.\n\nNight falls."),
        ("anidb", "Haru builds the river's bridge."),
        ("animeschedule", "A ferryman."),
        ("animeplanet", "A ferryman–at night."),
    ],
)
def test_markup_spoilers_and_notes_of_origin_are_gone(source: str, synopsis: str) -> None:
    assert record(source).synopsis == synopsis


@pytest.mark.parametrize(
    ("source", "sequel"),
    [
        ("jikan", "mal:900002"),
        ("anilist", "anilist:800002"),
        ("kitsu", "kitsu:7002"),
        ("anidb", "anidb:78"),
        ("animeschedule", "animeschedule:hashi-2"),
        ("animeplanet", "animeplanet:hashi-2"),
        ("anisearch", "anisearch:4445"),
        ("myanimelist", "mal:900002"),
    ],
)
def test_related_works_are_named_by_the_sources_own_ids(source: str, sequel: str) -> None:
    found = [edge.key for edge in record(source).relations if edge.kind == "sequel"]
    assert found == [sequel]


def test_scores_stay_on_the_scale_of_their_source() -> None:
    scales = {
        name: record(name).statistics for name in ("jikan", "anilist", "kitsu", "animeplanet")
    }
    assert {name: (s.score, s.scale) for name, s in scales.items() if s} == {
        "jikan": (7.5, (1, 10)),
        "anilist": (74, (0, 100)),
        "kitsu": (71.5, (0, 100)),
        "animeplanet": (3.9, (0.5, 5)),
    }
    assert scales["anilist"] and scales["anilist"].votes == 15
    assert scales["anilist"].members == 9000, "AniList's popularity counts users"


def test_jikan_brings_episodes_characters_and_staff() -> None:
    found = record("jikan")
    assert [(c.name, c.role) for c in found.characters] == [
        ("Haru Kawano", "main"),
        ("Old Ferry", "supporting"),
    ]
    assert found.characters[0].voices[0].name == "Aoi Mori"
    assert [(p.name, p.role) for p in found.staff] == [("Ken Hoshi", "Director")]
    assert [(e.number, e.aired, e.score) for e in found.episode_list] == [
        (1, date(2019, 1, 10), 4.2)
    ]
    assert (found.rating, found.season, found.status) == (
        Rating.PG_13,
        Season.WINTER,
        Status.FINISHED,
    )


def test_anidb_tells_the_year_off_the_title_and_counts_regular_episodes_only() -> None:
    found = record("anidb")
    assert found.titles[0].text == "Tsuki no Hashi"
    assert [episode.number for episode in found.episode_list] == [1]
    assert found.labels == ("drama",), "a tag that spoils is left out"


def test_anidb_lists_a_film_again_in_parts_that_are_no_episodes() -> None:
    document = answers.ANIDB.replace(b"<episodecount>12<", b"<episodecount>1<").replace(
        b"</episodes>",
        b"""<episode id="3"><epno type="1">2</epno><length>10</length></episode>
        <episode id="4"><epno type="1">3</epno><length>10</length></episode></episodes>""",
    )
    found = anidb.parse(document)
    assert [episode.number for episode in found.episode_list] == [1]
    assert found.duration_minutes == 25


def test_anidbs_unknown_languages_are_unknown() -> None:
    found = anidb.parse(answers.ANIDB.replace(b'xml:lang="en"', b'xml:lang="x-unk"'))
    assert {title.language for title in found.titles} == {"ja-Latn", "ja", "und"}


def test_a_romanised_name_is_not_in_japanese_script() -> None:
    page = answers.ANN.replace("月の橋 (Japanese)".encode(), "Tsuki no Hashī (Japanese)".encode())
    assert [(title.text, title.language) for title in ann.parse(page).titles[1:]] == [
        ("Tsuki no Hashī", "ja-Latn")
    ]


def test_ann_names_related_works_and_the_studio() -> None:
    text = b"""<div id="infotype-related"><small>[ adapted from
    <a href="/encyclopedia/manga.php?id=4">Hashi (manga)</a> ]</small>
    <a href="/encyclopedia/anime.php?id=5">Hashi 2 (special)</a> (sequel)<br>
    <a href="/encyclopedia/anime.php?id=6">Hashi Recap</a> (remix)<br></div>
    <div class="ENTAB"><b>Animation Production</b>: <a href="c">Kawa</a></div></body>"""
    found = ann.parse(answers.ANN.replace(b"</body>", text))
    assert [(r.kind, r.key, r.title, r.medium) for r in found.relations] == [
        ("adaptation", "ann_manga:4", "Hashi", "manga"),
        ("sequel", "ann:5", "Hashi 2", "anime"),
        ("summary", "ann:6", "Hashi Recap", "anime"),
    ]
    assert found.studios == ("Kawa",)


def test_livechart_names_the_franchise_without_kinds() -> None:
    card = (
        b'<div data-franchise-carousel-target="carousel"><article data-compact-anime-card-id="7" '
        b'data-compact-anime-card-romaji-title="Hashi 2"></article></div></body>'
    )
    found = livechart.parse(answers.LIVECHART.replace(b"</body>", card))
    assert [(r.kind, r.key, r.title) for r in found.relations] == [
        ("other", "livechart:7", "Hashi 2")
    ]


def test_simkls_text_behind_its_button_belongs_to_it() -> None:
    text = (
        b'<table><tr><td class="SimklTVAboutDetailsText">A ferryman who <span id="adDescText">... '
        b'</span><span id="moreDescButton">More</span><span id="moreDesc">builds a bridge. '
        b"<span>Less</span></span></td></tr></table></body>"
    )
    found = simkl.parse(answers.SIMKL.replace(b"</body>", text))
    assert found.synopsis == "A ferryman who builds a bridge."


@pytest.mark.parametrize(
    ("status", "day", "expected"),
    [
        ("unreleased", "2027-12-31", None),
        ("upcoming", "2027-01-01", None),
        ("upcoming", "2027-01-08", date(2027, 1, 8)),
        ("finished", "2012-01-01", date(2012, 1, 1)),
    ],
)
def test_kitsus_first_and_last_day_of_a_year_to_come_say_no_more_than_the_year(
    status: str, day: str, expected: date | None
) -> None:
    answer = deepcopy(answers.KITSU)
    answer["data"][0]["attributes"] |= {"status": status, "startDate": day}
    found = kitsu.parse(answer)
    assert (found.aired_from, found.year) == (expected, int(day[:4]))


@pytest.mark.parametrize(
    ("status", "string", "expected"),
    [
        ("Finished Airing", "Jan 10, 2019", date(2019, 1, 10)),
        ("Finished Airing", "Jan 10, 2019 to ?", None),
        ("Not yet aired", "Jan 10, 2019", None),
    ],
)
def test_jikans_title_of_one_day_ended_on_it(
    status: str, string: str, expected: date | None
) -> None:
    answer = deepcopy(answers.JIKAN)
    answer["data"]["status"] = status
    answer["data"]["aired"] = {
        "prop": {"from": {"day": 10, "month": 1, "year": 2019}, "to": {}},
        "string": string,
    }
    assert jikan.parse(answer).aired_to == expected


def test_myanimelists_wide_page_is_read_like_the_narrow_one() -> None:
    found = myanimelist.parse(answers.MYANIMELIST_WIDE)
    assert (found.key, found.type, found.status) == ("mal:900001", Kind.TV, Status.AIRING)
    assert (found.aired_from, found.aired_to, found.year) == (None, None, 2019)
    assert (found.season, found.episodes, found.studios) == (Season.WINTER, None, ())
    assert found.duration_minutes == 0.5
    assert [title.text for title in found.titles] == [
        "Tsuki no Hashi",
        "Hashi",
        "Moon",
        "Bridge of the Moon",
    ]
    assert [(edge.kind, edge.key) for edge in found.relations] == [
        ("sequel", "mal:900002"),
        ("prequel", "mal:900000"),
    ]


def test_myanimelists_narrow_page() -> None:
    found = record("myanimelist")
    assert (found.duration_minutes, found.rating) == (62, Rating.R_PLUS)
    assert (found.studios, found.licensors, found.labels) == (("Studio Kawa",), (), ("Drama",))
    assert [(title.text, title.language) for title in found.titles] == [
        ("Tsuki no Hashi", "ja-Latn"),
        ("Bridge of the Moon", "en"),
        ("月の橋", "ja"),
    ]


@pytest.mark.parametrize(
    ("duration", "minutes"),
    [
        ("24 min per ep", 24.0),
        ("1 hr 11 min", 71.0),
        ("2 hr", 120.0),
        ("30 sec per ep", 0.5),
        ("Unknown", None),
        (None, None),
    ],
)
def test_jikans_durations(duration: str | None, minutes: float | None) -> None:
    assert jikan.minutes(duration) == minutes


@pytest.mark.parametrize(
    ("document", "kind"),
    [
        (b'<error code="500">banned</error>', OutcomeKind.REFUSED),
        (b'<error code="302">client version missing or invalid</error>', OutcomeKind.REFUSED),
        (b'<error code="330">Anime not found</error>', OutcomeKind.NOT_FOUND),
        (b"<!DOCTYPE html><html></html>", OutcomeKind.REFUSED),
        (b"<anime id='1'><type>TV", OutcomeKind.MALFORMED),
        (b"<anime/>", OutcomeKind.MALFORMED),
        (b"", OutcomeKind.MALFORMED),
    ],
)
def test_anidbs_errors_are_typed(document: bytes, kind: OutcomeKind) -> None:
    with pytest.raises(RequestFailed) as failure:
        anidb.parse(document)
    assert failure.value.kind is kind


def test_entity_bombs_are_refused_before_they_grow() -> None:
    entities = "".join(
        f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' if n else '<!ENTITY e0 "ha">' for n in range(9)
    )
    bomb = f"<!DOCTYPE anime [{entities}]><anime id='1'><type>&e8;</type></anime>"
    with pytest.raises(RequestFailed) as failure:
        anidb.parse(bomb.encode())
    assert failure.value.kind is OutcomeKind.MALFORMED


def test_outside_entities_are_refused() -> None:
    document = b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><anime id="1">&x;</anime>'
    with pytest.raises(RequestFailed):
        anidb.parse(document)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (
            {"data": {"Media": None}, "errors": [{"status": 404, "message": "Not Found."}]},
            "not_found",
        ),
        ({"errors": [{"status": 429, "message": "Too Many Requests."}]}, "refused"),
        ({"errors": [{"message": "Internal"}]}, "unreachable"),
        ({"data": None}, "malformed"),
        ([], "malformed"),
        ({"data": {"Media": {"title": {"romaji": "X"}}}}, "malformed"),
    ],
)
def test_anilists_errors_are_typed(answer: Any, kind: str) -> None:
    with pytest.raises(RequestFailed) as failure:
        anilist.parse(answer)
    assert failure.value.kind == kind


def test_a_value_of_the_wrong_type_is_lost_and_named_and_nothing_else() -> None:
    answer = {"data": {**answers.JIKAN["data"], "episodes": "twelve", "genres": "Drama"}}
    found = jikan.parse(answer)
    assert found.episodes is None and found.labels == ("Historical", "Seinen")
    assert found.titles[0].text == "Tsuki no Hashi"
    assert {fault.path for fault in found.faults} == {"data.episodes", "data.genres"}


def test_an_item_of_a_list_that_cannot_be_read_leaves_the_others() -> None:
    staff = {"data": [{"person": None}, *answers.JIKAN_STAFF["data"], {"positions": []}]}
    found = jikan.parse(answers.JIKAN, staff=[staff])
    assert [person.name for person in found.staff] == ["Ken Hoshi"]
    assert len(found.faults) == 2


def test_an_empty_answer_of_kitsu_is_not_found() -> None:
    with pytest.raises(RequestFailed) as failure:
        kitsu.parse({"data": []})
    assert failure.value.kind is OutcomeKind.NOT_FOUND


def test_a_block_page_is_refused() -> None:
    with pytest.raises(RequestFailed) as failure:
        animeplanet.parse(b"<html><head><title>Just a moment...</title></head></html>")
    assert failure.value.kind is OutcomeKind.REFUSED


def test_every_recorded_answer_is_read_or_typed(shared: Path) -> None:
    kinds = {}
    for path in sorted((shared / "data" / "fixtures" / "crosssource").glob("*/*")):
        if outcome := recordings.outcome_of(path):
            kinds[path.name] = outcome.kind
    refused = {name for name, kind in kinds.items() if kind is not OutcomeKind.FOUND}
    assert refused == {"anidb__anti-leech_page.html"}
    assert len(kinds) > 50


@pytest.mark.parametrize("shape", ["anilist", "kitsu", "anidb-xml", "anime-planet"])
def test_every_recorded_shape_is_read_or_typed(shared: Path, shape: str) -> None:
    source, parse = recordings.PARSERS[shape]
    unread = {}
    for path in sorted((shared / "data" / "fixtures" / "shapes" / shape).iterdir()):
        try:
            assert parse(path.read_bytes()).source == source
        except RequestFailed as failure:
            unread[path.stem] = failure.kind
    assert set(unread) <= {
        "dead-entry",
        "page_containing_token",
        "title_title_replaced_by_email_protected",
    }


def test_jikans_recorded_answers_are_read(shared: Path) -> None:
    folder = shared / "data" / "fixtures" / "jikan_v4_raw"
    full, characters, episodes, staff = (
        json.loads((folder / f"anime__getAnime{name}.json").read_text())
        for name in ("ById", "Characters", "Episodes", "Staff")
    )
    found = jikan.parse(full, [characters], [episodes], [staff])
    assert (found.key, len(found.characters), len(found.staff)) == ("mal:11757", 1, 1)


def test_opening_sources_names_the_unknown_one() -> None:
    with pytest.raises(InvalidRequest, match="no source nope"):
        open_sources(Client(Settings()), Settings(), ["jikan", "nope"])

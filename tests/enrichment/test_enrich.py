"""One record out of what sources said: policy, origin, losers, outages, operators."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from animevec.catalog.record import Anime, Kind, Provenance, Status
from animevec.errors import InvalidRequest
from flows.enrichment import policy
from flows.enrichment.enrich import enrich
from flows.enrichment.stages import FIELDS
from flows.enrichment.types import (
    Enriched,
    OutcomeKind,
    Override,
    SourceOutcome,
    SourceRecord,
    Stage,
)
from tests.enrichment.parsing import record

NOW = datetime(2026, 11, 1, tzinfo=UTC)
LATER = NOW + timedelta(days=7)
POLICY = policy.load()
SIX = ("jikan", "anilist", "kitsu", "anidb", "animeschedule", "animeplanet")


def found(source: str, at: datetime = NOW, **changes: Any) -> SourceOutcome:
    said = record(source).model_copy(update=changes)
    return SourceOutcome(
        source=source,
        key=said.key,
        kind=OutcomeKind.FOUND,
        at=at,
        licence=f"{source}'s",
        record=said,
    )


def silent(source: str, kind: OutcomeKind = OutcomeKind.UNREACHABLE) -> SourceOutcome:
    return SourceOutcome(source=source, key=record(source).key, kind=kind, at=LATER)


def merged(
    *outcomes: SourceOutcome, existing: Anime | None = None, overrides: Any = None, **more: Any
) -> Enriched:
    keys = {"mal": "900001"}
    return enrich(outcomes, existing, overrides or {}, POLICY, keys=keys, **more)


def six() -> Enriched:
    return merged(*(found(source) for source in SIX))


def test_six_sources_become_one_record() -> None:
    anime = six().anime
    assert (anime.title, anime.title_english, anime.title_japanese) == (
        "Tsuki no Hashi",
        "Bridge of the Moon",
        "月の橋",
    )
    assert (anime.type, anime.status, anime.episodes) == (Kind.TV, Status.FINISHED, 12)
    assert (anime.aired_from, anime.aired_to, anime.zone) == (
        date(2019, 1, 10),
        date(2019, 3, 28),
        "Asia/Tokyo",
    )
    assert anime.studios == ("Studio Kawa",) and anime.genres == ("Drama",)
    assert set(anime.statistics) == {
        "mal",
        "anilist",
        "kitsu",
        "anidb",
        "animeschedule",
        "animeplanet",
    }
    assert [character.name for character in anime.characters] == ["Haru Kawano", "Old Ferry"]
    assert anime.characters[0].keys == {"mal": "11", "anilist": "21", "anidb": "5"}


def test_the_order_of_the_outcomes_does_not_matter() -> None:
    outcomes = [found(source) for source in SIX]
    assert merged(*outcomes).anime == merged(*reversed(outcomes)).anime


def test_every_value_knows_its_source_time_licence_and_what_it_won_against() -> None:
    origin = six().anime.provenance["aired_from"]
    assert (origin.source, origin.fetched_at, origin.licence) == ("jikan", NOW, "jikan's")
    assert origin.alternatives["kitsu"] == "2019-01-11"
    assert set(origin.alternatives) == {*SIX[1:]}, "those that agree are remembered too"
    assert origin.confidence == pytest.approx(6 / 7.5, abs=0.01), "five of six agree"
    titles = six().anime.provenance["titles"]
    assert titles.source == "jikan+anilist+anidb+animeplanet+animeschedule+kitsu"


def test_a_contradiction_is_listed_and_says_whether_the_policy_settled_it() -> None:
    conflicts = {conflict.field: conflict for conflict in six().conflicts}
    assert conflicts["aired_from"].others == {"kitsu": "2019-01-11"}
    assert conflicts["aired_from"].settled
    tied = merged(found("jikan"), found("kitsu"))
    assert [(c.field, c.settled) for c in tied.conflicts if c.field == "aired_from"] == [
        ("aired_from", False)
    ]


def test_the_majority_wins_and_the_order_decides_a_tie() -> None:
    outvoted = merged(found("jikan", episodes=13), found("anilist"), found("kitsu"))
    assert outvoted.anime.episodes == 12
    assert outvoted.anime.provenance["episodes"].alternatives == {"jikan": 13, "kitsu": 12}
    assert merged(found("jikan", episodes=13), found("anilist")).anime.episodes == 13


def test_two_ways_to_one_site_are_one_voice() -> None:
    both = merged(found("jikan", episodes=13), found("myanimelist", episodes=13), found("anilist"))
    conflict = next(c for c in both.conflicts if c.field == "episodes")
    assert (both.anime.episodes, conflict.settled) == (13, False)


def test_what_was_announced_gives_way_to_what_was_aired() -> None:
    announced = found("jikan", episodes=1, status=Status.UPCOMING)
    assert merged(announced, found("kitsu")).anime.episodes == 12


def test_adult_if_any_source_says_so() -> None:
    assert merged(found("jikan"), found("anilist", nsfw=True)).anime.nsfw


def test_the_longest_synopsis_in_the_language_wins_and_the_others_are_kept() -> None:
    foreign = found("anilist", synopsis="橋" * 400)
    result = merged(found("jikan"), found("kitsu"), foreign)
    assert result.anime.synopsis == "A ferryman builds a bridge by night."
    assert set(result.anime.provenance["synopsis"].alternatives) == {"kitsu", "anilist"}


def test_an_outage_changes_nothing() -> None:
    before = six().anime
    after = merged(
        silent("jikan"),
        silent("anilist", OutcomeKind.REFUSED),
        silent("anidb", OutcomeKind.MALFORMED),
        *(found(source, LATER) for source in ("kitsu", "animeschedule", "animeplanet")),
        existing=before,
    ).anime
    changed = {name for name, value in after if value != getattr(before, name)} - {"provenance"}
    assert changed == set()
    assert after.provenance["aired_from"].fetched_at == NOW, "the value keeps its age"


def test_a_majority_is_not_overturned_by_an_outage_of_those_who_made_it() -> None:
    before = merged(
        *(found(source) for source in ("jikan", "anilist", "anidb")),
        *(found(source, episodes=13) for source in ("kitsu", "animeplanet")),
    ).anime
    after = merged(
        *(silent(source) for source in ("jikan", "anilist", "anidb")),
        *(found(source, LATER, episodes=13) for source in ("kitsu", "animeplanet")),
        existing=before,
    ).anime
    assert (before.episodes, after.episodes) == (12, 12)
    assert after.provenance["episodes"].confidence == before.provenance["episodes"].confidence


def test_when_every_source_is_down_the_record_stays_as_it_is() -> None:
    before = six().anime
    assert merged(*(silent(source) for source in SIX), existing=before).anime == before


def test_a_source_that_was_not_asked_is_no_source_that_said_nothing() -> None:
    before = six().anime
    after = merged(found("kitsu", LATER), existing=before).anime
    assert (after.aired_from, after.characters) == (before.aired_from, before.characters)


def test_a_title_gone_upstream_keeps_its_record() -> None:
    before = six().anime
    gone = [silent(source, OutcomeKind.NOT_FOUND) for source in SIX]
    assert merged(*gone, existing=before).anime == before


def test_a_value_a_source_no_longer_has_is_not_blanked() -> None:
    before = merged(found("jikan")).anime
    bare = found("jikan", LATER, episodes=None, synopsis=None, aired_to=None, characters=())
    after = merged(bare, existing=before).anime
    assert (after.episodes, after.synopsis, after.aired_to) == (
        before.episodes,
        before.synopsis,
        before.aired_to,
    )
    assert after.characters == before.characters


def test_a_part_that_failed_keeps_what_it_brought_before() -> None:
    before = merged(found("jikan")).anime
    partly = found("jikan", LATER, characters=(), episodes=13).model_copy(
        update={"parts": {Stage.CHARACTERS: OutcomeKind.UNREACHABLE}}
    )
    after = merged(partly, existing=before).anime
    assert after.characters == before.characters and after.episodes == 13


def test_new_values_arrive() -> None:
    before = six().anime
    after = merged(*(found(source, LATER, episodes=24) for source in SIX), existing=before).anime
    assert after.episodes == 24 and after.id == before.id
    assert after.provenance["episodes"].fetched_at == LATER


def test_facts_of_the_sample_give_way_and_its_synopsis_is_weighed() -> None:
    origins = {"*": Provenance(source="animevec"), "synopsis": Provenance(source="animevec")}
    before = six().anime.model_copy(update={"provenance": origins, "episodes": 99})
    after = merged(found("jikan", LATER, episodes=24), existing=before).anime
    assert (after.episodes, after.provenance["episodes"].alternatives) == (24, {})
    said = {after.provenance["synopsis"].source, *after.provenance["synopsis"].alternatives}
    assert said == {"jikan", "animevec"}


def test_merging_the_same_twice_changes_nothing() -> None:
    outcomes = [found(source) for source in SIX]
    once = merged(*outcomes).anime
    assert merged(*outcomes, existing=once).anime == once


def test_only_the_chosen_stages_are_merged() -> None:
    result = merged(found("jikan"), stages=frozenset({Stage.METADATA}))
    assert result.anime.characters == () and result.anime.score is None
    assert result.anime.episodes == 12


def override(field: str, value: object) -> dict[str, Override]:
    return {field: Override(field=field, value=value, actor="ada", at=NOW)}


def test_an_operators_word_survives_and_shows_what_sources_say() -> None:
    set_ = override("episodes", 14)
    first = merged(found("jikan"), overrides=set_)
    again = merged(found("jikan", LATER, episodes=13), existing=first.anime, overrides=set_).anime
    assert again.episodes == 14
    assert (again.provenance["episodes"].source, again.provenance["episodes"].alternatives) == (
        "operator",
        {"jikan": 13},
    )
    freed = merged(found("jikan", LATER, episodes=13), existing=again).anime
    assert freed.episodes == 13


def test_an_operators_title_and_date_are_read_as_the_record_has_them() -> None:
    set_ = override("titles", [{"text": "Hashi", "kind": "main"}]) | override(
        "aired_from", "2019-01-11"
    )
    anime = merged(found("jikan"), overrides=set_).anime
    assert (anime.title, anime.aired_from) == ("Hashi", date(2019, 1, 11))


def test_a_record_about_another_title_is_reported_and_has_no_say() -> None:
    stranger = found("kitsu", keys={"mal": ("5",)}, episodes=99)
    result = merged(found("jikan"), stranger)
    assert result.anime.episodes == 12 and "kitsu" not in result.anime.keys
    (dispute,) = result.identity
    assert (dispute.field, dispute.chosen, dispute.value) == ("keys.mal", "known", "900001")
    assert dispute.others == {"kitsu:7001": "5"} and not dispute.settled


def test_an_id_an_operator_settled_stands_and_is_asked_about_no_more() -> None:
    stranger = found("kitsu", keys={"mal": ("5",)}, episodes=99)
    trusted = merged(found("jikan"), stranger, overrides=override("keys.kitsu", "7001"))
    assert trusted.anime.keys["kitsu"] == "7001" and trusted.identity == ()
    assert trusted.anime.provenance["keys.kitsu"].source == "operator"
    assert trusted.anime.provenance["episodes"].alternatives["kitsu"] == 99
    refused = merged(found("jikan"), found("kitsu"), overrides=override("keys.kitsu", None))
    assert "kitsu" not in refused.anime.keys and refused.identity == ()
    assert "kitsu" not in refused.anime.provenance["titles"].source


def test_nothing_known_and_nothing_found_is_an_error_that_says_why() -> None:
    with pytest.raises(InvalidRequest, match="jikan: unreachable"):
        merged(silent("jikan"))


def test_a_hostile_record_merges_like_any_other() -> None:
    hostile = SourceRecord(
        source="jikan",
        key="mal:900001",
        titles=record("jikan").titles,
        labels=("x" * 120, "<b>", "'; DROP TABLE anime; --"),
        links={"../../etc": "javascript:alert(1)"},
    )
    outcome = found("jikan").model_copy(update={"record": hostile})
    assert merged(outcome).anime.tags[2] == "'; DROP TABLE anime; --"


def test_every_field_a_stage_proposes_has_a_rule() -> None:
    assert {field for fields in FIELDS.values() for field in fields} == set(POLICY.fields)


@pytest.mark.parametrize(
    "text", ["", "order: []", "order: [a]\nfields: {nope: {rule: first}}", "["]
)
def test_what_is_no_policy_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "policy.yaml"
    path.write_text(text)
    with pytest.raises(InvalidRequest, match="no merge policy"):
        policy.load(path)

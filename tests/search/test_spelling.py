"""Spellings of one name meet; seasons, parts and kinds are read off."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from animevec.search.spelling import forms, initials, is_kana, phonetic, skeleton


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Ookami to Koushinryou", "Okami to Koshinryo"),
        ("Sora no Woto", "Sora no Oto"),
        ("Bishoujo Senshi Sailor Moon", "Bisyozyo Sensi Sailor Moon"),
        ("Tsukihime", "Tukihime"),
        ("Chihayafuru", "Tihayahuru"),
        ("Jojo", "Zyozyo"),
        ("Nippon Chinbotsu", "Nipon Chimbotsu"),
        ("シンゲキノキョジン", "Shingeki no Kyojin"),
        ("しんげきのきょじん", "Shingeki no Kyojin"),
        ("ｆｕｌｌ　ｗｉｄｔｈ", "Full Width"),
        ("Pokémon", "pokemon"),
        ("Steins;Gate", "steins gate"),
        ("Knockin' on Heaven's Door", "knockin on heavens door"),
        ("Spy × Family", "spy x family"),
        ("机动战士", "機動戦士"),
        ("機動戰士", "機動戦士"),
        ("攻壳机动队", "攻殻機動隊"),
        ("进击的巨人", "進撃の巨人"),
        ("鋼之鍊金術師", "鋼の錬金術師"),
    ],
)
def test_spellings_of_one_name_meet(one: str, other: str) -> None:
    shared = {form.phonetic for form in forms(one)} & {form.phonetic for form in forms(other)}
    assert shared


@pytest.mark.parametrize(
    ("kana", "latin"),
    [
        ("ファイブスターストーリーズ", "five star stories"),
        ("セカンドシーズン", "second season"),
        ("フルメタル", "full metal"),
    ],
)
def test_foreign_words_meet_by_their_consonants(kana: str, latin: str) -> None:
    assert skeleton(forms(kana)[-1].words) == skeleton(latin)


@pytest.mark.parametrize(
    ("name", "season", "part", "kind"),
    [
        ("Mob Psycho 100 II", 2, None, None),
        ("Shingeki no Kyojin Season 3 Part 2", 3, 2, None),
        ("2nd Season of nothing", 2, None, None),
        ("進撃の巨人 第2期", 2, None, None),
        ("狼と香辛料 第二期", 2, None, None),
        ("Attack on Titan S2", 2, None, None),
        ("Kara no Kyoukai Movie 5", 5, None, "MOVIE"),
        ("劇場版メイドインアビス", None, None, "MOVIE"),
        ("剧场版 龙珠", None, None, "MOVIE"),
        ("鋼の錬金術師 特別編", None, None, "SPECIAL"),
        ("Hellsing OVA", None, None, "OVA"),
        ("Mob Psycho 100", None, None, None),
        ("H2", None, None, None),
        ("Final Season", None, None, None),
    ],
)
def test_marks_are_read_off(
    name: str, season: int | None, part: int | None, kind: str | None
) -> None:
    form = forms(name)[0]
    assert (form.season, form.part, form.kind) == (season, part, kind)


def test_a_name_that_is_only_a_mark_keeps_its_words() -> None:
    assert forms("Movie")[0].words == "movie"
    assert forms("2nd Season")[0].words == "2nd season"


@pytest.mark.parametrize(
    ("words", "short"), [("attack on titan", "aot"), ("one punch", None), ("進撃 の 巨人", None)]
)
def test_initials(words: str, short: str | None) -> None:
    assert initials(words) == short


@pytest.mark.parametrize(
    ("text", "kana"),
    [
        ("しんげき の きょじん", True),
        ("ガンダム！", True),
        ("進撃の巨人", False),
        ("12", False),
        ("", False),
    ],
)
def test_kana_alone_is_known(text: str, kana: bool) -> None:
    assert is_kana(text) is kana


@given(st.text(max_size=80))
def test_any_text_has_forms_without_failing(text: str) -> None:
    for form in forms(text):
        assert form.words
        assert phonetic(form.words) == form.phonetic

"""Forms of a name under which its spellings meet: width, case, accents, kana, romanisation, marks.

Romanisations differ in long vowels (ou, oo, ō), particles (wo/o), Hepburn and Kunrei (shi/si,
tsu/tu, ja/zya), doubled consonants and English letters kana does not have (v, l, f, c); the
phonetic form maps each family to one spelling, on both sides of a comparison.
"""

import json
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from types import MappingProxyType
from typing import Final

import jaconv

_KANA = re.compile(r"[぀-ヿー]")
_KANA_ALONE = re.compile(r"[぀-ヿ]+")
_HAN = re.compile(r"[㐀-䶿一-鿿々]")
_OF = re.compile(r"(?<=[㐀-䶿一-鿿々])[の之](?=[㐀-䶿一-鿿々])")
_ROMAN: Final = {"ii": 2, "iii": 3, "iv": 4, "vi": 6, "vii": 7, "viii": 8, "ix": 9}
_WORDS: Final = {"first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5, "sixth": 6}
_HAN_DIGITS: Final = {char: value for value, char in enumerate("一二三四五六七八九十", start=1)}
_KANA_DIGITS: Final = {
    **{"いち": 1, "に": 2, "さん": 3, "よん": 4, "ご": 5, "つー": 2, "すりー": 3, "ふぉー": 4},
    **{"せかんど": 2, "さーど": 3, "ふぉーす": 4},
}
_NUMBER: Final = r"(\d{1,2}|[一二三四五六七八九十])"
_SEASON: Final = (
    re.compile(r"\b(\d{1,2})(?:st|nd|rd|th) (?:season|series)\b"),
    re.compile(r"\b(first|second|third|fourth|fifth|sixth) (?:season|series)\b"),
    re.compile(r"\b(?:season|series|saison|temporada) ?(\d{1,2}|ii|iii|iv|vi)\b"),
    re.compile(r"\bs ?(\d{1,2})\b"),
    re.compile(rf"第? ?{_NUMBER} ?(?:期|季|しりーず)"),
    re.compile(r"だい(いち|に|さん|よん|ご)(?:き|しりーず)$"),
    re.compile(r"(せかんど|さーど|ふぉーす) ?(?:しーずん|しりーず)"),
    re.compile(r"しーずん ?(つー|すりー|ふぉー|\d)"),
    re.compile(r"(?<=[ぁ-ん])(つー|すりー|ふぉー)$"),
)
_PART: Final = (
    re.compile(r"\b(?:part|cour|pt) ?(\d{1,2}|ii|iii|iv)\b"),
    re.compile(rf"第 ?{_NUMBER} ?(?:部|くーる)"),
    re.compile(r"\b(\d{1,2})(?:st|nd|rd|th) (?:part|cour)\b"),
    re.compile(r"だい(いち|に|さん|よん|ご)(?:ぶ|くーる)"),
)
_KINDS: Final = (
    (
        "MOVIE",
        re.compile(r"\b(?:the )?(?:movie|film|gekijou?ban)\b|剧场版|映画|げきじょうばん"),
    ),
    ("OVA", re.compile(r"\b(?:ova|oav|oad)s?\b")),
    ("ONA", re.compile(r"\bona\b")),
    ("SPECIAL", re.compile(r"\b(?:specials?|tv special)\b|すぺしゃる|特别[编篇]")),
    ("TV", re.compile(r"\b(?:tv|the animation)\b")),
)
_PHONETIC: Final = tuple(
    (re.compile(pattern), by)
    for pattern, by in (
        (r"\bwo\b", "o"),
        (r"\bha\b", "wa"),
        (r"\bhe\b", "e"),
        (r"\s", ""),
        (r"tch", "ch"),
        (r"ph", "f"),
        (r"ck", "k"),
        (r"sh", "sy"),
        (r"ch", "ty"),
        (r"j", "zy"),
        (r"ts", "t"),
        (r"dz", "z"),
        (r"([stz])yi", r"\1i"),
        (r"zyy", "zy"),
        (r"f", "h"),
        (r"v", "b"),
        (r"l", "r"),
        (r"[cq]", "k"),
        (r"x", "ks"),
        (r"m(?=[bp])", "n"),
        (r"wo", "o"),
        (r"ou|oo", "o"),
        (r"([a-z])\1+", r"\1"),
    )
)
_SKELETON: Final = tuple(
    (re.compile(pattern), by)
    for pattern, by in (
        (r"[^0-9a-z]", ""),
        (r"[sz]h|tch|ch|ts|th|c(?=[eiy])|j|z", "s"),
        (r"ti(?=o)", "s"),
        (r"ck|[cq]", "k"),
        (r"x", "ks"),
        (r"ph|f|v", "b"),
        (r"r(?![aeiouy])", ""),
        (r"l", "r"),
        (r"m(?=[bp])", "n"),
        (r"[aeiouyhw]", ""),
        (r"(.)\1+", r"\1"),
    )
)


@dataclass(frozen=True, slots=True)
class Form:
    """A name, comparable.

    ``words`` (spaced) and ``phonetic`` (one romanisation, no spaces) are without marks; ``whole``
    is phonetic with them.  Equal strings are one object: a catalogue has many.
    """

    surface: str
    words: str
    phonetic: str
    whole: str
    season: int | None = None
    part: int | None = None
    kind: str | None = None

    @property
    def skeleton(self) -> str:
        """Consonants of the words; empty unless Latin."""
        return skeleton(self.words)

    @property
    def from_kana(self) -> bool:
        """Whether this is the romanised form of a name in kana."""
        return not self.surface.isascii() and self.words.isascii()


@lru_cache(maxsize=4096)
def forms(text: str) -> tuple[Form, ...]:
    """The forms of one name, best first: as written, and romanised if it is written in kana.

    Empty for a text without letters or digits in any script; such a text gets its surface as
    its only word, so that a title of symbols can still be found.
    """
    surface = fold(text)
    hiragana = jaconv.kata2hira(spaced(surface))
    words, season, part, kind = _marks(hiragana)
    spellings = {words: hiragana}
    if _KANA.search(words) and not _HAN.search(words):
        spellings[_romanised(words)] = _romanised(hiragana)
    found: list[Form] = []
    for spelt, whole in spellings.items():
        sound = phonetic(spelt)
        sounds = sound if whole == spelt else phonetic(whole)
        spelt, sound = (surface if text == surface else text for text in (spelt, sound))
        if spelt:
            found.append(Form(surface, spelt, sound, sounds, season, part, kind))
    return tuple(found)


def fold(text: str) -> str:
    """NFKC, case folded, accents off Latin, Greek and Cyrillic letters, spaces collapsed; Han
    characters as simplified Chinese writes them, so that it meets Japanese and traditional, and
    the "of" between them (の, 之) as 的.
    """
    text = unicodedata.normalize("NFKC", text).casefold()
    if not text.isascii():
        text = "".join(_unaccented(char) for char in text).translate(_simplified())
        text = _OF.sub("的", text)
    return " ".join(text.split())


def spaced(surface: str) -> str:
    """Letters and digits of ``surface``, everything else a space; apostrophes vanish."""
    text = re.sub(r"['’`´]", "", surface).replace("&", " and ").replace("×", " x ")
    kept = "".join(char if char.isalnum() or char in "ー々" else " " for char in text)
    kept = re.sub(r"(?<=[a-z]{3})(?=\d)", " ", kept)
    return " ".join(kept.split()) or surface.replace(" ", "")


def phonetic(words: str) -> str:
    """One spelling for the ways of romanising Japanese; without spaces."""
    for pattern, by in _PHONETIC:
        words = pattern.sub(by, words)
    return words


@lru_cache(maxsize=16_384)
def skeleton(words: str) -> str:
    """Consonants that survive when a foreign word is written in kana and back.

    five star stories and faibu sutaa sutooriizu both become bststrs.
    """
    if not words.isascii():
        return ""
    for pattern, by in _SKELETON:
        words = pattern.sub(by, words)
    return words


def initials(words: str) -> str | None:
    """First letters of a Latin name of at least three words: attack on titan -> aot."""
    parts = words.split()
    if len(parts) < 3 or not words.isascii():
        return None
    return "".join(part if part.isdigit() else part[0] for part in parts)


def is_kana(text: str) -> bool:
    """Whether a text has kana and no other letters: a name, or how one sounds."""
    letters = "".join(char for char in text if char.isalpha())
    return bool(letters) and _KANA_ALONE.fullmatch(letters) is not None


@lru_cache(maxsize=1)
def _simplified() -> Mapping[int, str]:
    """Characters to their simplified forms, from ``data/han.json``."""
    table = json.loads((files("animevec.search") / "data" / "han.json").read_text("utf-8"))
    pairs = zip(map(ord, table["written"]), table["simplified"], strict=True)
    return MappingProxyType(dict(pairs))


def _unaccented(char: str) -> str:
    if char < "À" or char > "῿":
        return char
    base = unicodedata.normalize("NFKD", char)
    return "".join(c for c in base if not unicodedata.combining(c)) or char


def _romanised(words: str) -> str:
    latin = jaconv.kana2alphabet(jaconv.kata2hira(words))
    return " ".join(re.sub(r"[^0-9a-z ]", "", latin.lower()).split())


def _marks(words: str) -> tuple[str, int | None, int | None, str | None]:
    """The words without season, part and kind, and those three; never leaves nothing behind."""
    kind, rest = None, words
    for name, pattern in _KINDS:
        rest, times = pattern.subn(" ", rest)
        if times and kind is None:
            kind = name
    season, rest = _number(rest, _SEASON)
    part, rest = _number(rest, _PART)
    rest = " ".join(rest.split())
    if season is None:
        season, rest = _trailing(rest)
    return (rest, season, part, kind) if rest else (words, None, None, None)


def _number(words: str, patterns: tuple[re.Pattern[str], ...]) -> tuple[int | None, str]:
    for pattern in patterns:
        found = pattern.search(words)
        if found and found.group(0).strip() != words.strip():
            return _value(found.group(1)), f"{words[: found.start()]} {words[found.end() :]}"
    return None, words


def _trailing(words: str) -> tuple[int | None, str]:
    head, _, last = words.rpartition(" ")
    if not head or not (last in _ROMAN or re.fullmatch(r"0?[1-9]|[12]\d", last)):
        return None, words
    return _value(last), head


def _value(text: str) -> int:
    for table in (_ROMAN, _WORDS, _HAN_DIGITS, _KANA_DIGITS):
        if text in table:
            return table[text]
    return int(text)

"""Filters said in words: each rule is a pattern and what it means."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Final

from animevec.search.filters import Node, Not, Range, Terms, both
from animevec.search.vocabulary import Vocabulary, plain

Found = re.Match[str]
Meaning = Callable[[Found, Vocabulary], Node | None]
Rule = tuple[str, Meaning]

_NO: Final = r"(?:not|no|without|excluding|except(?: for)?|minus|don'?t want|isn'?t|aren'?t)"
_ANIME: Final = r"(?:anime|series|shows?|titles?|ones?)"
_TYPES: Final = {
    "movie": "MOVIE",
    "film": "MOVIE",
    "feature film": "MOVIE",
    "ova": "OVA",
    "oav": "OVA",
    "ona": "ONA",
    "special": "SPECIAL",
    "tv series": "TV",
    "tv show": "TV",
    "tv anime": "TV",
    "music video": "MUSIC",
}
_TYPE: Final = "(" + "|".join(sorted(_TYPES, key=len, reverse=True)) + ")s?"
_SOURCES: Final = (
    "web manga|4-koma manga|manga|light novel|web novel|visual novel|novel|video game|card game"
    "|game|picture book|book"
)
_SEASONS: Final = {s: s.upper() for s in ("winter", "spring", "summer", "fall")} | {
    "autumn": "FALL"
}
_YEAR: Final = r"((?:19|20)\d\d)"
_COUNT: Final = r"(\d{1,4}) ?(?:episodes?|eps?)\b"
_NEAR: Final = rf"(?=(?:[\w-]+ ){{0,2}}{_ANIME}\b)"
_START: Final = r"(?:^|(?<=[,;(]))\s*"
_END: Final = r"\s*(?=$|[,;)])"
_EMPTY: Final = re.compile(
    rf"(?:\b(?:{_ANIME}|some(?:thing)?|any(?:thing)?|an?|the|all|of|in|on|by|for|from|with)\b[\s,]*)+",
    re.I,
)
SHORT_EPISODES = 13
LONG_EPISODES = 50
HIGH_SCORE = 8.0


@dataclass(frozen=True, slots=True)
class Reading:
    """A phrase of the query and the filter it means."""

    phrase: str
    node: Node


def read_filters(text: str, vocabulary: Vocabulary) -> tuple[list[Reading], str]:
    """The filters said in ``text``, and the text without them.

    Types are read again from what is left, for other filters may have stood behind them.
    """
    readings: list[Reading] = []
    for rules in (_RULES if _DIGIT.search(text) else _WORDED, _TYPED):
        for pattern, meaning in rules:
            text = pattern.sub(partial(_read, meaning, vocabulary, readings), text)
        if not readings:
            return [], text
        text = _tidy(text)
    return readings, "" if _EMPTY.fullmatch(text) else text


def _read(meaning: Meaning, vocabulary: Vocabulary, readings: list[Reading], found: Found) -> str:
    """Note what the phrase means and take it out; a phrase that means nothing stays."""
    node = meaning(found, vocabulary)
    if node is None:
        return found.group(0)
    readings.append(Reading(found.group(0).strip(" ,;."), node))
    return " , "


def _tidy(text: str) -> str:
    """The words left over, without commas and joints that join nothing any more."""
    joint = r"(?:and|but|or|that(?:'s| is| are)?|which (?:is|are)|from|by|with|is)"
    previous = None
    while previous != text:
        previous = text
        text = re.sub(rf"\s*,\s*(?:{joint}\s*)?(?=,|$)", " ", text, flags=re.I)
        text = re.sub(rf"^[\s,;.]*(?:{joint}\b)?[\s,;]*|[\s,;]+$", "", text, flags=re.I)
        text = re.sub(rf"[\s,;]+{joint}$", "", text, flags=re.I)
    return re.sub(r"\s*,[\s,]*", ", ", " ".join(text.split()))


def _not_type(found: Found, _: Vocabulary) -> Node:
    return Not(Terms("type", "any", (_TYPES[found[1].lower()],)))


def _type(found: Found, _: Vocabulary) -> Node:
    return Terms("type", "any", (_TYPES[found[1].lower()],))


def _no_label(found: Found, vocabulary: Vocabulary) -> Node | None:
    """no harem or ecchi: every label named, as long as all of them are labels."""
    names = [name for name in re.split(r"\s*(?:,|\bor\b|\band\b|/)\s*", found[1]) if name.strip()]
    labels = [vocabulary.phrases.get(plain(name)) for name in names]
    known = [label for label in labels if label]
    return _without(known, vocabulary, found) if known and len(known) == len(names) else None


def _first_no_label(found: Found, vocabulary: Vocabulary) -> Node | None:
    label = vocabulary.phrases.get(plain(found[1]))
    return _without([label], vocabulary, found) if label else None


def _without(labels: list[str], vocabulary: Vocabulary, found: Found) -> Node | None:
    """None of the labels, in whichever field a taxonomy keeps them.

    "He is not a hero" tells a story, "no heroes" does not: a mere tag needs the stronger words.
    """
    firm = re.match(r"(?:but )?(?:no|without|excluding|except|minus)\b", found[0], re.I)
    if not firm and not all(map(vocabulary.broad, labels)):
        return None
    places = [(field, label) for label in labels for field in vocabulary.fields[label]]
    return both(*(Terms(field, "none", vocabulary.spelt(field, label)) for field, label in places))


def _studio(found: Found, vocabulary: Vocabulary) -> Node | None:
    name = vocabulary.studios.get(plain(found["name"]))
    if name is None:
        return None
    return Terms("studios", "none" if found["no"] else "any", vocabulary.spelt("studios", name))


def _before(found: Found, _: Vocabulary) -> Node:
    return Range("year", lt=int(found[1]))


def _after(found: Found, _: Vocabulary) -> Node:
    return Range("year", gt=int(found[1]))


def _since(found: Found, _: Vocabulary) -> Node:
    return Range("year", gte=int(found[1]))


def _until(found: Found, _: Vocabulary) -> Node:
    return Range("year", lte=int(found[1]))


def _in_year(found: Found, _: Vocabulary) -> Node:
    return Range("year", gte=int(found[1]), lte=int(found[1]))


def _decade(found: Found, _: Vocabulary) -> Node:
    start = int(found["decade"])
    if start < 100:
        start += 1900 if start >= 30 else 2000
    low, high = {"early": (0, 3), "mid": (4, 6), "late": (7, 9)}.get(
        (found["part"] or "").lower(), (0, 9)
    )
    return Range("year", gte=start + low, lte=start + high)


def _season(found: Found, _: Vocabulary) -> Node | None:
    year = int(found[2])
    season = Terms("season", "any", (_SEASONS[found[1].lower()],))
    return both(season, Range("year", gte=year, lte=year))


def _recent(_: Found, __: Vocabulary) -> Node:
    return Range("year", gte=datetime.now(UTC).year - 3)


def _fewer(found: Found, _: Vocabulary) -> Node:
    return Range("episodes", lt=int(found[1]))


def _at_most(found: Found, _: Vocabulary) -> Node:
    return Range("episodes", lte=int(found[1]))


def _more(found: Found, _: Vocabulary) -> Node:
    return Range("episodes", gt=int(found[1]))


def _at_least(found: Found, _: Vocabulary) -> Node:
    return Range("episodes", gte=int(found[1]))


def _exactly(found: Found, _: Vocabulary) -> Node:
    return Range("episodes", gte=int(found[1]), lte=int(found[1]))


def _minutes_under(found: Found, _: Vocabulary) -> Node:
    return Range("duration_minutes", lt=int(found[1]))


def _minutes_over(found: Found, _: Vocabulary) -> Node:
    return Range("duration_minutes", gt=int(found[1]))


def _score(found: Found, _: Vocabulary) -> Node | None:
    score = float(found[1])
    return Range("score", gte=score) if 1 <= score <= 10 else None


def _source(found: Found, vocabulary: Vocabulary) -> Node | None:
    names = vocabulary.spelt("source", found["source"])
    return Terms("source", "none" if found["no"] else "any", names) if names else None


def _original(_: Found, vocabulary: Vocabulary) -> Node | None:
    names = vocabulary.spelt("source", "original")
    return Terms("source", "any", names) if names else None


def _always(node: Node) -> Meaning:
    return lambda _found, _vocabulary: node


def _finished(*states: str) -> Meaning:
    return _always(Terms("status", "any", states))


def _type_rules() -> Iterator[Rule]:
    yield rf"\b(?:but )?{_NO} (?:an? |any )?{_TYPE}\b", _not_type
    yield rf"\bonly {_TYPE}\b|\b{_TYPE} only\b", _only_type
    yield (
        rf"^(?:an? |the |some )?(?:anime )?{_TYPE}"
        r"(?= (?:about|with|where|in which|set|like|by|from)\b)",
        _type,
    )
    yield rf"{_START}(?:an? |anime )?{_TYPE}{_END}", _type
    yield rf"(?<=\w )(?:anime )?{_TYPE}$", _short_type


def _maker_rules() -> Iterator[Rule]:
    yield (
        (
            r"\b(?P<no>not |no )?(?:made |produced |animated )?(?:by|from) (?:the )?(?:studio )?"
            r"(?P<name>[\w.\-' ]{2,40}?)(?: studios?)?(?=$|[,;)]| (?:but|and|before|after|since|in"
            r"|with|without|from|about|not|no|under|that|where)\b)"
        ),
        _studio,
    )
    yield r"(?P<no>(?<!\w)not )?\bstudio (?P<name>\w+)\b", _studio


def _year_rules() -> Iterator[Rule]:
    yield (
        rf"\b(?:from|between) {_YEAR} (?:to|and|until|-) {_YEAR}\b|\b{_YEAR} ?[-–] ?{_YEAR}\b",
        _span,
    )
    yield rf"\b(?:from |in |of )?(winter|spring|summer|fall|autumn) (?:of )?{_YEAR}\b", _season
    yield (
        rf"\b(?:from |made |released |aired )*(?:before|older than|prior to|pre) ?{_YEAR}\b",
        _before,
    )
    yield rf"\b(?:from |made |released |aired )*(?:after|newer than|later than) {_YEAR}\b", _after
    yield rf"\b(?:from |made |released |aired )*since {_YEAR}\b", _since
    yield rf"\b(?:from |made |released |aired )*(?:until|up to) {_YEAR}\b", _until
    yield rf"\b(?:from|made in|released in|aired in|airing in) {_YEAR}\b(?! ?onwards)", _in_year
    yield rf"\bfrom {_YEAR} (?:onwards?|on)\b", _since
    yield rf"{_START}{_YEAR}{_END}", _in_year
    yield (
        (
            r"\b(?:from |in |of )?(?:the )?(?P<part>early|mid|late)?[ -]?'?(?<!\d)"
            r"(?P<decade>(?:19|20)?\d0)'?s\b(?! ?(?:minutes|eps|episodes))"
        ),
        _decade,
    )
    yield rf"\b(?:recent|newest|latest) {_NEAR}|{_START}recent{_END}", _recent


def _length_rules() -> Iterator[Rule]:
    yield rf"\b(?:with )?(?:under|less than|fewer than|below) {_COUNT}", _fewer
    yield rf"\b(?:with )?(?:at most|no more than|up to|max(?:imum)?) {_COUNT}", _at_most
    yield rf"\b(?:with )?(?:more than|over|above) {_COUNT}", _more
    yield rf"\b(?:with )?(?:at least|no less than|min(?:imum)?) {_COUNT}", _at_least
    yield rf"\b(?:with )?(?:exactly )?{_COUNT}", _exactly
    yield r"\b(?:single|one)[ -]cour\b", _always(Range("episodes", lte=SHORT_EPISODES))
    yield (
        rf"{_START}(?:something )?short{_END}|\b(?:a )?short (?={_ANIME}\b)",
        _always(Range("episodes", lte=SHORT_EPISODES)),
    )
    yield (
        rf"{_START}long(?:[ -]running)?{_END}|\blong(?:[ -]running)? (?={_ANIME}\b)",
        _always(Range("episodes", gte=LONG_EPISODES)),
    )
    yield r"\b(?:under|less than|shorter than) (\d{1,3}) ?min(?:ute)?s?\b", _minutes_under
    yield r"\b(?:over|more than|longer than) (\d{1,3}) ?min(?:ute)?s?\b", _minutes_over


def _standing_rules() -> Iterator[Rule]:
    yield (
        (
            r"\b(?:with (?:a )?)?(?:score|rat(?:ed|ing))(?: of)? "
            r"(?:over|above|at least|>=?|higher than) ?(\d{1,2}(?:\.\d+)?)\b"
        ),
        _score,
    )
    yield (
        r"\b(?:top|highly|best|high)[ -](?:rated|scored|scoring|ranked)\b|\bcritically acclaimed\b",
        _always(Range("score", gte=HIGH_SCORE)),
    )
    yield rf"{_START}(?:finished(?: airing)?|completed?|ended){_END}", _finished("FINISHED")
    yield r"\b(?:already )?(?:finished airing|fully aired)\b", _finished("FINISHED")
    yield rf"\b(?:finished|completed) {_NEAR}", _finished("FINISHED")
    yield rf"\b(?:currently|still) airing\b|{_START}(?:airing|ongoing){_END}", _finished("AIRING")
    yield rf"\b(?:ongoing|airing) {_NEAR}", _finished("AIRING")
    yield (
        rf"\bnot yet aired\b|{_START}upcoming{_END}|\bupcoming {_NEAR}",
        _finished("UPCOMING"),
    )
    yield (
        r"\b(?:family[ -]friendly|suitable for (?:kids|children|all ages))\b",
        _always(Terms("rating", "any", ("G", "PG"))),
    )


def _origin_rules() -> Iterator[Rule]:
    yield (
        (
            rf"\b(?P<no>not )?(?:based on|adapted from|adaptation of) (?:an? |the )?"
            rf"(?P<source>{_SOURCES})s?\b"
        ),
        _source,
    )
    yield r"\b(?:anime[ -])?original (?=anime\b|series\b)|\bnot an adaptation\b", _original


def _label_rules() -> Iterator[Rule]:
    words = r"[\w'\-]+(?: [\w'\-]+){0,2}"
    more = rf"(?:(?:, ?(?:or |and )?| or | and |/){words})*"
    yield rf"\b(?:but )?{_NO} (?:any |too much |an? )?({words}{more})(?=$|[,;.)]| but\b)", _no_label
    for size in (2, 1, 0):
        tail = rf"[\w\-]+(?: [\w\-]+){{{size}}}"
        yield rf"\b(?:but )?{_NO} (?:any |too much |an? )?({tail})\b", _first_no_label


def _rules() -> Iterator[Rule]:
    yield from _type_rules()
    yield from _maker_rules()
    yield from _year_rules()
    yield from _length_rules()
    yield from _standing_rules()
    yield from _origin_rules()
    yield from _label_rules()  # last: they take what is left


def _only_type(found: Found, _: Vocabulary) -> Node:
    return Terms("type", "any", (_TYPES[(found[1] or found[2]).lower()],))


def _short_type(found: Found, _: Vocabulary) -> Node | None:
    """'... movies' ends a request; 'a girl who makes a movie' ends a story."""
    text = found.string[: found.start()]
    told = re.search(r"\b(?:an?|the|his|her|their|this|of|in|to|for|who|that)\s*$", text, re.I)
    return (
        None if told or len(text.split()) > 8 else Terms("type", "any", (_TYPES[found[1].lower()],))
    )


def _span(found: Found, _: Vocabulary) -> Node | None:
    first, last = (int(year) for year in found.groups() if year)
    return Range("year", gte=first, lte=last) if first <= last else None


def _compiled(rules: Iterable[Rule]) -> tuple[tuple[re.Pattern[str], Meaning], ...]:
    return tuple((re.compile(pattern, re.I), meaning) for pattern, meaning in rules)


_DIGIT: Final = re.compile(r"\d")
_RULES: Final = _compiled(_rules())
_TYPED: Final = _compiled(_type_rules())
_WORDED: Final = tuple(rule for rule in _RULES if r"\d" not in rule[0].pattern)

"""Titles named as examples: "like X but Y", "similar to X and Z", "X meets Y", "unlike X"."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from animevec.search.titles import TitleHit

Find = Callable[[str, bool], TitleHit | None]

_THING: Final = r"(?:anime|series|shows?|movies?|films?|titles?|ones?|stuff|things?)"
_LIKE: Final = re.compile(
    rf"(?:^|[,;]|\b(?:but|and|{_THING}|something|anything|nothing|more|much|not|is|are))\s*"
    r"(?P<like>\b(?:unlike|like|(?:very )?similar to|in the (?:vein|style|spirit) of"
    r"|reminiscent of|recommendations? for|comparable to)) +",
    re.I,
)
_NEGATED: Final = re.compile(r"\b(?:not|nothing|isn'?t|aren'?t)[\s\w]{0,12}$", re.I)
_LEAD: Final = re.compile(
    rf"\s*\b(?:(?:i(?:'m| am)? )?(?:want|looking for|need|find|show me|recommend(?: me)?)\s*)?"
    rf"(?:something|anything|nothing|(?:an?|some|any|other|more) {_THING}|{_THING})?"
    rf"(?: that(?:'s| is| are))?(?:\s*\b(?:not|much|more|very))*\s*$",
    re.I,
)
_ENDS: Final = re.compile(
    r"\s*[,;.!?]|(?:\s+(?:but|not|without|minus|except|only|with|set|and|or)\b)+", re.I
)
_LISTED: Final = re.compile(r"\s*,\s*(?:and |or )?|\s+(?:and|or|&|meets|crossed with)\s+", re.I)

# "who is not human" tells a story
_REFUSED: Final = re.compile(
    r"(?P<rest>.*\b(?!(?:but|is|are|was|were|do|does|did|has|have|can|could|will|would|should)\b)\w+)"
    r"[\s,]+(?:but )?(?:not|except|excluding) (?P<name>[^,;]+)",
    re.I,
)


@dataclass(frozen=True, slots=True)
class Examples:
    """Titles named for and against, and the text without them."""

    positive: tuple[TitleHit, ...]
    negative: tuple[TitleHit, ...]
    text: str


def read_examples(text: str, find: Find) -> Examples:
    """The examples in ``text``.

    ``find`` gives the title a name means, or None; its second argument asks it to be strict.
    """
    positive: list[TitleHit] = []
    negative: list[TitleHit] = []
    while found := _next(text, find):
        start, end, titles, unlike = found
        (negative if unlike else positive).extend(titles)
        lead = _LEAD.sub(" ", text[:start])
        text = f"{lead.rstrip(' ,;')} {_after(text[end:])}".strip()
    if not positive and not negative:
        titles, rest = _pairing(text, find)
        positive, text = titles, rest
    return Examples(tuple(positive), tuple(negative), text)


def read_refusal(text: str, find: Find) -> tuple[TitleHit | None, str]:
    """The title that a query ends by refusing ("basketball, not Slam Dunk"), and the rest."""
    found = _REFUSED.fullmatch(text)
    title = find(found["name"], True) if found else None
    return (title, found["rest"]) if found and title else (None, text)


def _next(text: str, find: Find) -> tuple[int, int, list[TitleHit], bool] | None:
    for found in _LIKE.finditer(text):
        start = found.start("like")
        unlike = found["like"].lower() == "unlike" or bool(_NEGATED.search(text[:start]))
        if read := _named(text, found.end(), find):
            end, titles = read
            return start, end, titles, unlike
    return None


def _named(text: str, start: int, find: Find) -> tuple[int, list[TitleHit]] | None:
    """The longest names from ``start`` that surely are titles, else the longest that may be."""
    likely = None
    for end in _ends(text, start):
        titles = _titles(text[start:end], find)
        if titles and all(title.strength == "strong" for title in titles):
            return end, titles
        if titles and likely is None:
            likely = end, titles
    return likely


def _ends(text: str, start: int) -> Iterator[int]:
    """Where a name that starts at ``start`` may end, longest first."""
    stops = [found.start() for found in _ENDS.finditer(text, start)]
    return iter(sorted({*stops, len(text)}, reverse=True))


def _titles(names: str, find: Find) -> list[TitleHit]:
    """One title, or several listed ones if every one of them is a title and the whole is not
    surely one.
    """
    whole = find(names, False)
    if whole and whole.strength == "strong":
        return [whole]
    listed = [name for name in _LISTED.split(names) if name.strip()]
    strict = not re.search(r" (?:meets|crossed with) ", names)
    titles = [find(name, strict) for name in listed] if 1 < len(listed) <= 5 else []
    if titles and all(titles):
        return [title for title in titles if title]
    return [whole] if whole else []


def _pairing(text: str, find: Find) -> tuple[list[TitleHit], str]:
    """ "X meets Y" and "X but Z" without a "like"."""
    if " meets " in text:
        titles = _titles(text, find)
        return titles, "" if titles else text
    name, but, rest = text.partition(" but ")
    title = find(name, True) if but else None
    return ([title], _after(rest)) if title else ([], text)


def _after(text: str) -> str:
    return re.sub(r"^[\s,;.!?]*(?:but|and|only)?\b\s*", "", text, flags=re.I)

"""Names of people and characters, comparable across sources."""

import re
import unicodedata

_WORDS = re.compile(r"\w+", re.UNICODE)
_ACCENTS = re.compile(r"[\u0300-\u036f]")
_APOSTROPHES = re.compile(r"['’`]")
_LONG = str.maketrans({"ō": "ou", "ū": "uu", "ā": "aa", "ē": "ee", "ī": "ii"})


def western(name: str) -> str:
    """``Last, First`` as ``First Last``; any other name as it is."""
    last, comma, first = (part.strip() for part in name.partition(","))
    return f"{first} {last}" if comma and first and last else name.strip()


def native(text: str) -> bool:
    """Whether letters of East Asian scripts stand in it."""
    return any(ord(letter) > 0x2E80 for letter in text)


def folded(text: str) -> str:
    """A name without case, Latin accents, apostrophes and punctuation; kana stay as they are."""
    decomposed = unicodedata.normalize("NFKD", text.lower().translate(_LONG))
    bare = _APOSTROPHES.sub("", _ACCENTS.sub("", decomposed))
    return " ".join(_WORDS.findall(unicodedata.normalize("NFKC", bare)))


def name_key(name: str) -> str:
    """The words of a name in any order, long vowels as short ones: equal for one person."""
    parts = sorted(folded(western(name)).split())
    return " ".join(re.sub(r"(ou|oo|oh)(?![aeiouy])", "o", p).replace("uu", "u") for p in parts)

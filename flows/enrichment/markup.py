"""Plain text out of what sources write: HTML, BBCode, AniList and AniDB markup, notes of origin.

Spoilers, scripts and styles go with their content; other marks go and their content stays.
"""

import html
import re

import nh3

LIMIT = 20_000

_BREAKS = re.compile(r"<\s*(?:br\s*/?|/p|/div|/li)\s*>", re.IGNORECASE)
_SPOILERS = (
    re.compile(r"~!.*?!~", re.DOTALL),
    re.compile(r"\[spoiler[^\]]{0,100}\].*?\[/spoiler\]", re.DOTALL | re.IGNORECASE),
)
_BB_MEDIA = re.compile(
    r"\[(img|yt|youtube|video)[^\]]{0,200}\].*?\[/\1\]", re.DOTALL | re.IGNORECASE
)
_BB = re.compile(
    r"\[/?(?:b|i|u|s|url|quote|code|center|right|left|size|color|list|\*|pre|sup|sub)"
    r"(?:=[^\]\n]{0,300})?\]",
    re.IGNORECASE,
)
_ANIDB_LINK = re.compile(r"https?://anidb\.net/\w{1,20} \[([^\]\n]{1,200})\]")
_EMPHASIS = re.compile(r"__|\*\*|~~~")
_LINK = re.compile(r"(?<!\w)\[([^\]\n]{1,200})\]\(https?://[^)\s]{1,500}\)")
_NOTE = re.compile(r"^\s*\*[ \t][^\n]*\n+")
_ORIGINS = re.compile(
    r"\s*(?:\[Written by MAL Rewrite\]|[\[(](?:Source|adapted from)[:\s][^\])\n]{0,200}[\])]"
    r"|\n\s*(?:Source|Note|Quelle): ?[^\n]{0,200})\s*$",
    re.IGNORECASE,
)
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\u200b\u2028\u2029\ufeff\ud800-\udfff]")
_BLANKS = re.compile(r"[ \t\xa0]+")
_LINES = re.compile(r" ?\n ?(?:\n ?)+")


def plain(text: str | None) -> str | None:
    """``text`` without markup and notes of origin, at most 20,000 characters; None if empty."""
    if not text:
        return None
    text = _CONTROLS.sub("", text[: 4 * LIMIT])
    for spoiler in _SPOILERS:
        text = spoiler.sub("", text)
    text = _without_tags(text)
    text = _BB.sub("", _BB_MEDIA.sub("", text))
    text = _ANIDB_LINK.sub(r"\1", text).replace("`", "'")
    text = _EMPHASIS.sub("", _LINK.sub(r"\1", text))
    text = _without_notes(_tidy(text))
    return text[:LIMIT].rstrip() or None


def line(text: str | None) -> str | None:
    """``plain`` on one line: for names."""
    cleaned = plain(text)
    return " ".join(cleaned.split()) if cleaned else None


def _without_tags(text: str) -> str:
    """No tag survives, not even one written with entities."""
    for _ in range(4):
        stripped = html.unescape(nh3.clean(_BREAKS.sub("\n", text), tags=set()))
        if stripped == text:
            break
        text = stripped
    return _CONTROLS.sub("", text)


def _tidy(text: str) -> str:
    return _LINES.sub("\n\n", _BLANKS.sub(" ", text)).strip()


def _without_notes(text: str) -> str:
    while (shorter := _NOTE.sub("", text)) != text:
        text = shorter
    while (shorter := _ORIGINS.sub("", text)) != text:
        text = shorter
    return text.strip()

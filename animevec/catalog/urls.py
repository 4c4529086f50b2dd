"""Which provider a web address belongs to, and the id of the title there."""

import re
from collections.abc import Iterable

from animevec.catalog.ids import PROVIDERS

PATTERNS = {
    "mal": r"myanimelist\.net/anime/(\d+)",
    "anilist": r"anilist\.co/anime/(\d+)",
    "anidb": r"anidb\.net/(?:anime/|a|perl-bin/animedb\.pl\?show=anime&aid=)(\d+)",
    "kitsu": r"kitsu\.(?:app|io)/anime/([\w-]+)",
    "animeplanet": r"anime-planet\.com/anime/([\w-]+)",
    "animeschedule": r"animeschedule\.net/anime/([\w-]+)",
    "anisearch": r"anisearch\.com/anime/(\d+)",
    "livechart": r"livechart\.me/anime/(\d+)",
    "notify_moe": r"notify\.moe/anime/([\w-]+)",
    "ann": r"animenewsnetwork\.com/encyclopedia/anime\.php\?id=(\d+)",
    "simkl": r"simkl\.com/anime/(\d+)",
    "animecountdown": r"animecountdown\.com/(\d+)",
}
# providers whose ids are numbers
NUMBERED = frozenset(name for name, pattern in PATTERNS.items() if pattern.endswith(r"(\d+)"))
_COMPILED = {
    provider: re.compile(rf"^(?:https?://)?(?:www\.)?{pattern}")
    for provider, pattern in PATTERNS.items()
}


def key_of(url: str) -> tuple[str, str] | None:
    """Provider and id of a title's page, such as ``("mal", "1")``; None for any other address."""
    for provider, pattern in _COMPILED.items():
        if match := pattern.match(url):
            return provider, match[1]
    return None


def keys_of(urls: Iterable[str]) -> dict[str, str]:
    """One id per provider, the first named, in the order of ``PROVIDERS``."""
    found: dict[str, str] = {}
    for url in urls:
        if key := key_of(url):
            found.setdefault(*key)
    return {provider: found[provider] for provider in PROVIDERS if provider in found}

"""Stable ids: UUIDv5 over one provider key, taken in a fixed provider order."""

from collections.abc import Mapping
from uuid import UUID, uuid5

from animevec.errors import InvalidRequest

NAMESPACE = UUID("6f2b9c1e-2f64-5a9e-8f0b-6a1d7c3e4b50")
PROVIDERS = (
    "mal",
    "anilist",
    "anidb",
    "kitsu",
    "animeplanet",
    "animeschedule",
    "animevec",
    "anisearch",
    "livechart",
    "notify_moe",
    "ann",
    "simkl",
    "animecountdown",
)


def anime_id(keys: Mapping[str, str]) -> UUID:
    """The id of a title known under ``keys`` (provider to id there).

    Raises:
        InvalidRequest: no key of a known provider.
    """
    for provider in PROVIDERS:
        if provider in keys:
            return uuid5(NAMESPACE, f"{provider}:{keys[provider]}")
    raise InvalidRequest(
        f"a title needs the id of at least one of {', '.join(PROVIDERS)}; got {sorted(keys)}",
        keys=dict(keys),
    )

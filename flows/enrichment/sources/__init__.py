"""The sources by name; adding one is a module and a line in ``REGISTRY``."""

from collections.abc import Callable, Iterable

from animevec.errors import InvalidRequest
from animevec.settings import Settings
from flows.enrichment.http import Client
from flows.enrichment.sources import (
    anidb,
    anidb_page,
    anilist,
    animeplanet,
    animeschedule,
    anisearch,
    ann,
    jikan,
    kitsu,
    livechart,
    myanimelist,
    simkl,
)
from flows.enrichment.types import Source, SourceFacts

Opening = Callable[[Client, Settings], Source]

REGISTRY: dict[str, tuple[SourceFacts, Opening]] = {
    "jikan": (jikan.FACTS, jikan.Jikan),
    "anilist": (anilist.FACTS, anilist.AniList),
    "kitsu": (kitsu.FACTS, kitsu.Kitsu),
    "anidb": (anidb.FACTS, anidb.AniDb),
    "animeschedule": (animeschedule.FACTS, animeschedule.AnimeSchedule),
    "animeplanet": (animeplanet.FACTS, animeplanet.opening),
    "anisearch": (anisearch.FACTS, anisearch.opening),
    "myanimelist": (myanimelist.FACTS, myanimelist.opening),
    "livechart": (livechart.FACTS, livechart.opening),
    "ann": (ann.FACTS, ann.opening),
    "anidb_page": (anidb_page.FACTS, anidb_page.opening),
    "simkl": (simkl.FACTS, simkl.opening),
}
DEFAULT = ("jikan", "anilist", "kitsu", "anidb", "animeschedule", "animeplanet")


def open_sources(
    client: Client, settings: Settings, names: Iterable[str] = DEFAULT
) -> dict[str, Source]:
    """The named sources, ready to be asked.

    Raises:
        InvalidRequest: a name nobody registered.
    """
    chosen = list(names)
    if unknown := [name for name in chosen if name not in REGISTRY]:
        raise InvalidRequest(
            f"there is no source {', '.join(unknown)}; there are {', '.join(REGISTRY)}",
            unknown=unknown,
        )
    return {name: REGISTRY[name][1](client, settings) for name in chosen}

"""Every parser beside an answer it reads."""

import json
from collections.abc import Callable
from typing import Any

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
from flows.enrichment.types import SourceRecord
from tests.enrichment import answers

OfJson = Callable[[Any], SourceRecord]
OfBytes = Callable[[bytes], SourceRecord]


def jikan_title(answer: Any) -> SourceRecord:
    """A record of the full answer with the lists the project's own shapes hold."""
    return jikan.parse(
        answer,
        [answers.JIKAN_CHARACTERS],
        [answers.JIKAN_EPISODES],
        [answers.JIKAN_STAFF],
    )


JSON: dict[str, tuple[OfJson, Any]] = {
    "jikan": (jikan_title, answers.JIKAN),
    "anilist": (anilist.parse, answers.ANILIST),
    "kitsu": (kitsu.parse, answers.KITSU),
    "animeschedule": (animeschedule.parse, answers.ANIMESCHEDULE),
}
BYTES: dict[str, tuple[OfBytes, bytes]] = {
    "anidb": (anidb.parse, answers.ANIDB),
    "animeplanet": (animeplanet.parse, answers.ANIMEPLANET),
    "anisearch": (anisearch.parse, answers.ANISEARCH),
    "myanimelist": (myanimelist.parse, answers.MYANIMELIST),
    "livechart": (livechart.parse, answers.LIVECHART),
    "ann": (ann.parse, answers.ANN),
    "anidb_page": (anidb_page.parse, answers.ANIDB_PAGE),
    "simkl": (simkl.parse, answers.SIMKL),
}


def record(source: str) -> SourceRecord:
    """What ``source`` says of the invented title."""
    if source in JSON:
        parse, answer = JSON[source]
        return parse(json.loads(json.dumps(answer)))
    read, document = BYTES[source]
    return read(document)

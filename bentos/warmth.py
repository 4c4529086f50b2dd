"""Warm searches: the first ones pay for lazy loading and reading, so nobody else has to."""

import time
from collections.abc import Callable
from io import BytesIO

import structlog

from animevec.errors import AnimevecError
from animevec.search.engine import SearchEngine
from animevec.search.request import MultimodalSearch, PictureSearch, TextSearch

ROUNDS = 16  # BentoML's dispatcher learns from its first 11 or so requests
REST_S = 10.0
_log = structlog.get_logger("warmth")
_QUERIES = ("a lonely robot learns to love", "baseball", "space opera with a jazz soundtrack")


def warm(engine: SearchEngine, edge: int | None) -> None:
    """Ask enough of every kind for encoders, index and batching to be in their stride.

    ``edge`` is the picture encoder's input in pixels, None where there is no such encoder.

    Raises:
        AnimevecError: a search failed; the service must not call itself ready.
    """
    engine.prepare()
    for turn in range(ROUNDS):
        query = f"{_QUERIES[turn % len(_QUERIES)]} {turn}"  # none is in a cache of query vectors
        engine.text(TextSearch(query=query))
        if edge is not None and turn < 2:
            engine.picture(PictureSearch(picture=_picture(edge, 2 * turn)))
            asked = MultimodalSearch(
                query=query, picture=_picture(edge, 2 * turn + 1), views=bool(turn)
            )
            engine.multimodal(asked)


class Rest:
    """Reads ahead again after a change, once the catalogue has been at rest for ten seconds;
    until then similarity searches ask the index.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._revision, self._since = -1, clock()

    def look(self, engine: SearchEngine) -> None:
        """To be called now and then; a failure is logged, and tried again the next time."""
        if engine.revision != self._revision:
            self._revision, self._since = engine.revision, self._clock()
        elif self._clock() - self._since >= REST_S:
            try:
                engine.prepare()
            except AnimevecError as error:
                _log.warning("reading ahead waits", error=error.message)


def _picture(edge: int, turn: int) -> bytes:
    from PIL import Image

    data = BytesIO()
    picture = Image.linear_gradient("L").rotate(10 * turn).resize((edge, edge))
    picture.convert("RGB").save(data, "PNG")
    return data.getvalue()

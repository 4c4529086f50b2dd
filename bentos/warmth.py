"""Warm searches: the first ones pay for lazy loading and reading, so nobody else has to."""

from io import BytesIO

from animevec.search.engine import SearchEngine
from animevec.search.request import MultimodalSearch, PictureSearch, TextSearch

ROUNDS = 16  # BentoML's dispatcher learns from its first 11 or so requests
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


def _picture(edge: int, turn: int) -> bytes:
    from PIL import Image

    data = BytesIO()
    picture = Image.linear_gradient("L").rotate(10 * turn).resize((edge, edge))
    picture.convert("RGB").save(data, "PNG")
    return data.getvalue()

"""POST /api/v1/search and its siblings."""

from typing import Annotated

from fastapi import APIRouter, Body, Path, Request
from starlette.responses import Response

from animevec.search.request import (
    MAX_REFERENCE_CHARS,
    MultimodalSearch,
    PictureSearch,
    TextSearch,
)
from animevec.search.response import Hit, RankerInfo, SearchResult
from bentos.access import READER
from bentos.answering import ERRORS, answered, service_of

router = APIRouter(prefix="/api/v1", tags=["search"], dependencies=READER, responses=ERRORS)

_TEXT = {
    "words": {"value": {"query": "bounty hunters drifting through space, jazz", "limit": 5}},
    "filtered": {
        "value": {
            "query": "coming of age in the countryside",
            "filters": {"and": [{"field": "year", "gte": 2000}, {"not": {"type": "MOVIE"}}]},
            "explain": True,
        }
    },
    "a title, misspelt": {"value": {"query": "cowboy bepop"}},
}
_PIXEL = (
    "iVBORw0KGgoAAAANSUhEUgAAAAgAAAAICAIAAABLbSncAAAAEklEQVR42mP4z8CAFWEXHbQSACj/P8Fu7N9hAAAA"
    "AElFTkSuQmCC"
)
_PICTURE = {"a PNG": {"value": {"picture": _PIXEL, "limit": 5}}}
_BOTH = {
    "words and a picture": {
        "value": {"query": "space western", "picture": _PIXEL, "weight": 0.4, "limit": 5}
    },
    "words only": {"value": {"query": "space western"}},
}
Reference = Annotated[
    str,
    Path(
        min_length=1,
        max_length=MAX_REFERENCE_CHARS,
        description="id or provider key",
        examples=["mal:1"],
    ),
]


@router.post("/search", response_model=SearchResult)
async def search(
    request: Request,
    body: Annotated[TextSearch, Body(openapi_examples=_TEXT)],
) -> Response:
    """Titles for words."""
    return await answered(request, lambda engine: engine.text(body), body)


@router.post("/search/image", response_model=SearchResult)
async def search_image(
    request: Request,
    body: Annotated[PictureSearch, Body(openapi_examples=_PICTURE)],
) -> Response:
    """Titles for a picture: base64 JPEG, PNG or WebP."""
    return await answered(request, lambda engine: engine.picture(body), body)


@router.post("/search/multimodal", response_model=SearchResult)
async def search_multimodal(
    request: Request,
    body: Annotated[MultimodalSearch, Body(openapi_examples=_BOTH)],
) -> Response:
    """Titles for words and a picture; `weight` is the picture's share."""
    return await answered(request, lambda engine: engine.multimodal(body), body)


@router.get("/search/by-id/{anime_id:path}", response_model=Hit)
async def search_by_id(request: Request, anime_id: Reference) -> Response:
    """One title by id or by provider key such as `mal:1`."""
    return await answered(request, lambda engine: engine.by_id(anime_id))


@router.get("/rankers")
async def rankers(request: Request) -> list[RankerInfo]:
    """The rankers a search may name."""
    return service_of(request).engine.rankers()

"""GET /api/v1/similarity/... and its batch."""

import json
from collections.abc import Sequence
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)
from starlette.responses import Response

from animevec.errors import InvalidRequest
from animevec.search.engine import SearchEngine
from animevec.search.request import MAX_OFFSET, MAX_REFERENCES, SimilarSearch
from animevec.search.request import Reference as Title
from animevec.search.response import BatchOutcome, SearchResult
from animevec.settings import MAX_BATCH_ITEMS, MAX_LIMIT
from animevec.validation import refusal
from bentos.access import READER
from bentos.answering import ERRORS, SimilarAnswers, answered, service_of
from bentos.routes.search import Reference

router = APIRouter(
    prefix="/api/v1/similarity", tags=["similarity"], dependencies=READER, responses=ERRORS
)
Mode = Literal["content", "visual", "vector"]
References = list[Title]


class SimilarQuery(BaseModel):
    """A SimilarSearch as query parameters."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    limit: int = Field(20, ge=1, le=MAX_LIMIT)
    offset: int = Field(0, ge=0, le=MAX_OFFSET)
    filters: str | None = Field(
        None, description="a filter as JSON", examples=['{"genres": ["Comedy"]}']
    )
    score_threshold: float | None = None
    ranker: str | None = Field(None, max_length=40)
    positive: References = Field([], max_length=MAX_REFERENCES - 1, description="more like these")
    negative: References = Field([], max_length=MAX_REFERENCES, description="and unlike these")
    strategy: Literal["average_vector", "best_score"] = "average_vector"
    metric: Literal["cosine", "dot", "euclid"] = "cosine"
    vectors: list[Literal["text", "picture", "thumbnail"]] = Field(
        ["text", "picture"], description="of mode vector"
    )
    nsfw: Literal["exclude", "demote", "include"] = "exclude"
    spoilers: Literal["allow", "avoid"] = "allow"
    fold_franchise: bool = False
    exclude_franchise: bool = False
    explain: bool = False

    def search(self, reference: str, mode: Mode) -> SimilarSearch:
        """The search these parameters describe.

        Raises:
            InvalidRequest: ``filters`` is not a JSON object, or a value is refused.
        """
        values = self.model_dump(exclude={"positive", "filters", "vectors"}, exclude_none=True)
        values |= {"positive": (reference, *self.positive), "mode": mode}
        values |= {"filters": _filters(self.filters), "vectors": dict.fromkeys(self.vectors, 1.0)}
        try:
            return SimilarSearch.model_validate(values)
        except ValidationError as error:
            raise refusal(error.errors()) from error


def _asked(value: object, validate: ValidatorFunctionWrapHandler) -> SimilarSearch | InvalidRequest:
    """A search of a batch, or why it is none."""
    try:
        search: SimilarSearch = validate(value)
    except ValidationError as error:
        return refusal(error.errors())
    return search


Asked = Annotated[SimilarSearch, WrapValidator(_asked)]


class SimilarBatch(BaseModel):
    """Several similarity searches in one request."""

    model_config = ConfigDict(extra="forbid")

    searches: list[Asked] = Field(
        min_length=1,
        max_length=MAX_BATCH_ITEMS,
        examples=[[{"positive": ["mal:1"]}, {"positive": ["mal:5"]}]],
    )


Parameters = Annotated[SimilarQuery, Query()]


@router.get("/anime/{anime_id:path}", response_model=SearchResult)
async def similar(request: Request, anime_id: Reference, query: Parameters) -> Response:
    """Titles with similar content."""
    return await _similar(request, query.search(anime_id, "content"))


@router.get("/visual/{anime_id:path}", response_model=SearchResult)
async def similar_visual(request: Request, anime_id: Reference, query: Parameters) -> Response:
    """Titles that look alike."""
    return await _similar(request, query.search(anime_id, "visual"))


@router.get("/vector/{anime_id:path}", response_model=SearchResult)
async def similar_vector(request: Request, anime_id: Reference, query: Parameters) -> Response:
    """Titles near by the vectors and the metric named."""
    return await _similar(request, query.search(anime_id, "vector"))


@router.post("/batch", response_model=SimilarAnswers)
async def similar_batch(request: Request, body: SimilarBatch) -> Response:
    """Several searches at once; one that fails hurts no other."""
    limit = service_of(request).settings.limits.batch_items
    if len(body.searches) > limit:
        raise InvalidRequest(
            f"{len(body.searches)} searches; the limit is {limit} (configs: limits.batch_items)",
            limit=limit,
        )
    sound = all(isinstance(search, SimilarSearch) for search in body.searches)
    return await answered(
        request,
        lambda engine: SimilarAnswers(results=_outcomes(engine, body.searches)),
        body if sound else None,
    )


def _outcomes(
    engine: SearchEngine, searches: Sequence[SimilarSearch | InvalidRequest]
) -> list[BatchOutcome]:
    sound = [search for search in searches if isinstance(search, SimilarSearch)]
    found = iter(engine.similar_batch(sound))
    return [
        next(found)
        if isinstance(search, SimilarSearch)
        else BatchOutcome(error=dict(search.envelope()["error"]))
        for search in searches
    ]


async def _similar(request: Request, search: SimilarSearch) -> Response:
    return await answered(request, lambda engine: engine.similar(search), search)


def _filters(text: str | None) -> dict[str, JsonValue] | None:
    if text is None:
        return None
    try:
        value: Any = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidRequest(f"filters is not JSON: {error}") from error
    if not isinstance(value, dict):
        raise InvalidRequest("filters must be a JSON object")
    return value

"""Every call of the API as data: what is sent, and what the answer is read as."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar
from urllib.parse import quote

from pydantic import BaseModel, TypeAdapter, ValidationError

from animevec.errors import InvalidRequest, from_envelope
from animevec.search.request import MultimodalSearch, PictureSearch, SimilarSearch, TextSearch
from animevec.search.response import BatchOutcome, Hit, RankerInfo, SearchResult
from animevec.validation import encodable, refusal

M = TypeVar("M", bound=BaseModel)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Call(Generic[T]):
    """One request with its JSON; ``repeatable`` says that sending it twice does no harm."""

    method: str
    path: str
    answer: TypeAdapter[T]
    body: bytes | None = None
    query: Mapping[str, Any] = field(default_factory=dict)
    repeatable: bool = True


_RESULT = TypeAdapter(SearchResult)
_HIT = TypeAdapter(Hit)
_RANKERS = TypeAdapter(list[RankerInfo])
_ANY: TypeAdapter[dict[str, Any]] = TypeAdapter(dict[str, Any])


class _Batch(BaseModel):
    results: list[BatchOutcome]


def text(query: str, options: Mapping[str, Any]) -> Call[SearchResult]:
    """Titles for words."""
    return _search("/api/v1/search", _made(TextSearch, {"query": query, **options}))


def picture(data: bytes, options: Mapping[str, Any]) -> Call[SearchResult]:
    """Titles for a picture."""
    search = _made(PictureSearch, {"picture": data, **options})
    return _search("/api/v1/search/image", search)


def multimodal(
    query: str | None, data: bytes | None, options: Mapping[str, Any]
) -> Call[SearchResult]:
    """Titles for words and a picture."""
    search = _made(MultimodalSearch, {"query": query, "picture": data, **options})
    return _search("/api/v1/search/multimodal", search)


def by_id(reference: str) -> Call[Hit]:
    """One title."""
    return Call("GET", f"/api/v1/search/by-id/{_part(reference)}", _HIT)


def alike(positive: Sequence[str], options: Mapping[str, Any]) -> SimilarSearch:
    """The search for titles like others."""
    return _made(SimilarSearch, {"positive": positive, **options})


def similar(searches: Sequence[SimilarSearch]) -> "Call[_Batch]":
    """Titles like others, several searches at once."""
    body = {"searches": [_fields(search) for search in searches]}
    return Call("POST", "/api/v1/similarity/batch", TypeAdapter(_Batch), _json(body))


def only(outcome: BatchOutcome) -> SearchResult:
    """The result of a batch of one; raises the error it holds instead."""
    if outcome.result is None:
        raise from_envelope(outcome.error or {"code": "", "message": "no result", "details": {}})
    return outcome.result


def rankers() -> Call[list[RankerInfo]]:
    """The rankers a search may name."""
    return Call("GET", "/api/v1/rankers", _RANKERS)


def upsert(items: Sequence[Mapping[str, Any]]) -> Call[dict[str, Any]]:
    """Write titles; repeating it writes nothing new."""
    body = {"items": [dict(item) for item in items]}
    return Call("POST", "/api/v1/admin/vectors/upsert", _ANY, _json(body))


def delete(reference: str, reason: str) -> Call[dict[str, Any]]:
    """Delete a title; a second time it is not found, so it is not repeated."""
    path = f"/api/v1/admin/vectors/{_part(reference)}"
    query = {"reason": _whole(reason)}
    return Call("DELETE", path, _ANY, query=query, repeatable=False)


def reindex() -> Call[dict[str, Any]]:
    """Start a reindex job."""
    return Call("POST", "/api/v1/admin/reindex", _ANY, repeatable=False)


def job(job_id: str) -> Call[dict[str, Any]]:
    """A job's state."""
    return Call("GET", f"/api/v1/admin/jobs/{_part(job_id)}", _ANY)


def health() -> Call[dict[str, Any]]:
    """State of the service."""
    return Call("GET", "/health", _ANY)


def _search(path: str, search: BaseModel) -> Call[SearchResult]:
    return Call("POST", path, _RESULT, _json(_fields(search)))


def _made(kind: type[M], values: Mapping[str, Any]) -> M:
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        raise refusal(error.errors()) from error


def _fields(search: BaseModel) -> dict[str, Any]:
    return search.model_dump(mode="json", exclude_unset=True)


def _json(body: Mapping[str, Any]) -> bytes:
    try:
        return json.dumps(body, ensure_ascii=False, allow_nan=False).encode()
    except (TypeError, ValueError) as error:
        raise InvalidRequest(f"this has no JSON to be sent as: {error}") from error


def _part(name: str) -> str:
    """A name as one part of a path; dots too, since ``..`` would climb."""
    return quote(_whole(name), safe="").replace(".", "%2E")


def _whole(text: str) -> str:
    if not encodable(text):
        raise InvalidRequest(f"{text!r:.200} has half a surrogate pair")
    return text

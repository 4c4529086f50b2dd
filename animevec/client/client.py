"""The two clients; they differ only in how they wait."""

from collections.abc import Mapping, Sequence
from typing import Any, Self, TypeVar

import httpx
from tenacity import AsyncRetrying, Retrying, retry_if_exception, stop_after_attempt

from animevec.client import calls
from animevec.client.answers import read, unreachable, wait, worth_repeating
from animevec.client.calls import Call
from animevec.search.request import SimilarSearch
from animevec.search.response import BatchOutcome, Hit, RankerInfo, SearchResult

URL = "http://127.0.0.1:3000"
T = TypeVar("T")


def _headers(key: str | None) -> dict[str, str]:
    own = {} if key is None else {"X-API-Key": key}
    return {"Content-Type": "application/json", **own}


def _retrying(call: Call[Any], attempts: int) -> dict[str, Any]:
    return {
        "retry": retry_if_exception(lambda error: worth_repeating(call, error)),
        "wait": wait,
        "stop": stop_after_attempt(attempts),
        "reraise": True,
    }


class Client:
    """Searches over HTTP; use it as a context manager, or ``close`` it.

    ``options`` of a search are the fields of its request model: ``limit``, ``filters``,
    ``explain`` and so on.  Every method raises the ``animevec.errors`` class that the service's
    error names; calls refused for load or not answered are tried ``attempts`` times, after the
    pause the service asks for.
    """

    def __init__(
        self, url: str = URL, key: str | None = None, timeout_s: float = 30.0, attempts: int = 4
    ) -> None:
        self._http = httpx.Client(base_url=url, headers=_headers(key), timeout=timeout_s)
        self._attempts = attempts

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give the connections back."""
        self._http.close()

    def text(self, query: str, **options: Any) -> SearchResult:
        """Titles for words."""
        return self._do(calls.text(query, options))

    def picture(self, data: bytes, **options: Any) -> SearchResult:
        """Titles for the bytes of a JPEG, PNG or WebP file."""
        return self._do(calls.picture(data, options))

    def multimodal(
        self, query: str | None = None, picture: bytes | None = None, **options: Any
    ) -> SearchResult:
        """Titles for words and a picture; ``weight`` is the picture's share."""
        return self._do(calls.multimodal(query, picture, options))

    def by_id(self, reference: str) -> Hit:
        """One title by id or provider key."""
        return self._do(calls.by_id(reference))

    def similar(self, *positive: str, **options: Any) -> SearchResult:
        """Titles like the references; ``negative``, ``mode`` and ``metric`` are options."""
        outcome = self.similar_batch([calls.alike(positive, options)])[0]
        return calls.only(outcome)

    def similar_batch(self, searches: Sequence[SimilarSearch]) -> list[BatchOutcome]:
        """One outcome per search."""
        return self._do(calls.similar(searches)).results

    def rankers(self) -> list[RankerInfo]:
        """The rankers a search may name."""
        return self._do(calls.rankers())

    def upsert(self, items: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """Write titles; the answer has one outcome per item."""
        return self._do(calls.upsert(items))

    def delete(self, reference: str, reason: str = "asked for by a client") -> dict[str, Any]:
        """Delete a title."""
        return self._do(calls.delete(reference, reason))

    def reindex(self) -> dict[str, Any]:
        """Start a reindex job."""
        return self._do(calls.reindex())

    def job(self, job_id: str) -> dict[str, Any]:
        """A job's state."""
        return self._do(calls.job(job_id))

    def health(self) -> dict[str, Any]:
        """State of the service."""
        return self._do(calls.health())

    def _do(self, call: Call[T]) -> T:
        answer: T = Retrying(**_retrying(call, self._attempts))(self._once, call)
        return answer

    def _once(self, call: Call[T]) -> T:
        try:
            answer = self._http.request(
                call.method, call.path, content=call.body, params=dict(call.query)
            )
        except httpx.RequestError as error:
            raise unreachable(error) from error
        return read(call, answer)


class AsyncClient:
    """As ``Client``, for ``async`` code."""

    def __init__(
        self, url: str = URL, key: str | None = None, timeout_s: float = 30.0, attempts: int = 4
    ) -> None:
        self._http = httpx.AsyncClient(base_url=url, headers=_headers(key), timeout=timeout_s)
        self._attempts = attempts

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Give the connections back."""
        await self._http.aclose()

    async def text(self, query: str, **options: Any) -> SearchResult:
        """Titles for words."""
        return await self._do(calls.text(query, options))

    async def picture(self, data: bytes, **options: Any) -> SearchResult:
        """Titles for the bytes of a JPEG, PNG or WebP file."""
        return await self._do(calls.picture(data, options))

    async def multimodal(
        self, query: str | None = None, picture: bytes | None = None, **options: Any
    ) -> SearchResult:
        """Titles for words and a picture; ``weight`` is the picture's share."""
        return await self._do(calls.multimodal(query, picture, options))

    async def by_id(self, reference: str) -> Hit:
        """One title by id or provider key."""
        return await self._do(calls.by_id(reference))

    async def similar(self, *positive: str, **options: Any) -> SearchResult:
        """Titles like the references; ``negative``, ``mode`` and ``metric`` are options."""
        outcome = (await self.similar_batch([calls.alike(positive, options)]))[0]
        return calls.only(outcome)

    async def similar_batch(self, searches: Sequence[SimilarSearch]) -> list[BatchOutcome]:
        """One outcome per search."""
        return (await self._do(calls.similar(searches))).results

    async def rankers(self) -> list[RankerInfo]:
        """The rankers a search may name."""
        return await self._do(calls.rankers())

    async def upsert(self, items: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """Write titles; the answer has one outcome per item."""
        return await self._do(calls.upsert(items))

    async def delete(self, reference: str, reason: str = "asked for by a client") -> dict[str, Any]:
        """Delete a title."""
        return await self._do(calls.delete(reference, reason))

    async def reindex(self) -> dict[str, Any]:
        """Start a reindex job."""
        return await self._do(calls.reindex())

    async def job(self, job_id: str) -> dict[str, Any]:
        """A job's state."""
        return await self._do(calls.job(job_id))

    async def health(self) -> dict[str, Any]:
        """State of the service."""
        return await self._do(calls.health())

    async def _do(self, call: Call[T]) -> T:
        answer: T = await AsyncRetrying(**_retrying(call, self._attempts))(self._once, call)
        return answer

    async def _once(self, call: Call[T]) -> T:
        try:
            answer = await self._http.request(
                call.method, call.path, content=call.body, params=dict(call.query)
            )
        except httpx.RequestError as error:
            raise unreachable(error) from error
        return read(call, answer)

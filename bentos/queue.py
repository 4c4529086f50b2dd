"""The queue between the event loop and the threads that do the work."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import TypeVar

from starlette.requests import Request

from animevec.errors import AnimevecError, DeadlineExceeded, RateLimited
from animevec.settings import ServeSettings
from bentos.batcher import TICKET, Ticket

T = TypeVar("T")


class ClientGone(AnimevecError):
    """The client hung up before its answer was ready; nobody reads this error but the log."""

    code = "client_gone"
    status = 499


class RequestQueue:
    """Runs blocking work for requests: bounded, with a deadline, dropped when the client goes."""

    def __init__(self, settings: ServeSettings, refused: Callable[[], None]) -> None:
        self._pool = ThreadPoolExecutor(settings.threads, "search")
        self._settings = settings
        self._refused = refused
        self._inside = 0

    def crowd(self) -> int:
        """Requests that could be in the hands of a thread now."""
        return min(self._inside, self._settings.threads)

    async def run(self, request: Request, work: Callable[[], T]) -> T:
        """The result of ``work``, called in a thread.

        Raises:
            RateLimited: the queue is full.
            DeadlineExceeded: not done within ``serve.timeout_s``.
            ClientGone: the client hung up.
        """
        if self._inside >= self._settings.queue:
            self._refused()
            raise RateLimited(
                f"{self._inside} requests are waiting; the limit is {self._settings.queue} "
                "(configs: serve.queue); try again in 1 s",
                limit=self._settings.queue,
                retry_after_s=1,
            )
        self._inside += 1
        try:
            return await self._watched(request, work)
        finally:
            self._inside -= 1

    async def _watched(self, request: Request, work: Callable[[], T]) -> T:
        ticket = Ticket()
        context = copy_context()
        context.run(TICKET.set, ticket)
        loop = asyncio.get_running_loop()
        running = loop.run_in_executor(self._pool, context.run, work)
        hangup = asyncio.ensure_future(_hangup(request))
        try:
            await asyncio.wait(
                (running, hangup), timeout=self._settings.timeout_s, return_when="FIRST_COMPLETED"
            )
            if running.done():
                return running.result()
            ticket.gone = True
            running.cancel()
            if hangup.done():
                raise ClientGone("the client hung up")
            raise DeadlineExceeded(
                f"not done within {self._settings.timeout_s} s (configs: serve.timeout_s)",
                limit_s=self._settings.timeout_s,
            )
        finally:
            hangup.cancel()

    def close(self) -> None:
        """Start nothing more; what runs may finish."""
        self._pool.shutdown(wait=False, cancel_futures=True)


async def _hangup(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass

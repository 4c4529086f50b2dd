"""Answers kept as the bytes that were sent, under release, catalogue revision and request."""

import hashlib
import json
from collections.abc import Callable
from typing import Any

from pydantic import BaseModel

from animevec.cache.flight import Flights
from animevec.cache.store import Store
from animevec.release import Release

Make = Callable[[], tuple[bytes, bool]]


class ResultCache:
    """Answers to searches.  ``counted`` is told of every hit (True) and miss (False)."""

    def __init__(self, store: Store, counted: Callable[[bool], None]) -> None:
        self._store, self._counted = store, counted
        self._flights: Flights[tuple[bytes, bool]] = Flights()

    def near(self, key: str) -> bytes | None:
        """The answer, if this process has it; never waits."""
        found = self._store.near(key)
        if found is not None:
            self._counted(True)
        return found

    def answer(self, key: str, make: Make) -> tuple[bytes, bool]:
        """The answer and whether it was there; ``make`` gives a new one and says if it keeps.

        Raises whatever ``make`` raises, and keeps nothing then.
        """
        (body, found), led = self._flights.once(key, lambda: self._fetch(key, make))
        hit = found or not led
        self._counted(hit)
        return body, hit

    def _fetch(self, key: str, make: Make) -> tuple[bytes, bool]:
        if (found := self._store.get([key]).get(key)) is not None:
            return found, True
        try:
            if (found := self._store.turn(key)) is not None:
                return found, True
            body, keeps = make()
            if keeps:
                self._store.put({key: body})
            return body, False
        finally:
            self._store.done(key)

    def close(self) -> None:
        """Let go of the store."""
        self._store.close()


def request_key(release: Release, revision: int, asked: BaseModel) -> str:
    """The key of an answer.

    Requests that mean the same have the same: defaults filled in, fields and sets sorted,
    pictures by their SHA-256 (queries are tidied by the request model itself).
    """
    parts = (revision, _fields(release), type(asked).__name__, _fields(asked))
    text = json.dumps(parts, sort_keys=True, default=_plain, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _fields(model: BaseModel) -> dict[str, Any]:
    return {name: getattr(model, name) for name in type(model).model_fields}


def _plain(value: object) -> object:
    if isinstance(value, bytes):
        return hashlib.sha256(value).hexdigest()
    if isinstance(value, BaseModel):
        return _fields(value)
    if isinstance(value, frozenset):
        return sorted(value)
    raise TypeError(f"{type(value).__name__} in a request has no plain form")

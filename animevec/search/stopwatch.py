"""How long each stage of an answer took."""

from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter


class Stopwatch:
    """Milliseconds by stage; a stage entered twice adds up."""

    def __init__(self) -> None:
        self._ms: dict[str, float] = {}
        self._start = perf_counter()

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Measure what happens inside."""
        start = perf_counter()
        try:
            yield
        finally:
            self._ms[name] = self._ms.get(name, 0.0) + (perf_counter() - start) * 1e3

    def split(self) -> "Stopwatch":
        """Another one that goes on from here, for one of many that began together."""
        other = Stopwatch()
        other._ms, other._start = {**self._ms}, self._start
        return other

    def read(self) -> dict[str, float]:
        """The stages so far and ``total``."""
        total = (perf_counter() - self._start) * 1e3
        return {name: round(ms, 3) for name, ms in (*self._ms.items(), ("total", total))}

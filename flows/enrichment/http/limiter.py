"""One rate limiter per source, shared by every process of this machine through a SQLite file."""

import asyncio
import re
import time
from collections.abc import Sequence
from pathlib import Path

from pyrate_limiter import Rate as BucketRate
from pyrate_limiter import RateItem, SQLiteBucket

from flows.enrichment.http.reply import RequestFailed
from flows.enrichment.types import OutcomeKind, Rate

PATIENCE_S = 300.0
LONGEST_PAUSE_S = 60.0
GRAIN_S = 0.02


class SourceLimiter:
    """Lets through at most the rates of one source; a pause the source asked for holds all."""

    def __init__(self, name: str, rates: Sequence[Rate], folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._name = name
        self._bucket = SQLiteBucket.init_from_file(
            bucket_rates(rates),
            table=f"spent_{re.sub(r'[^a-z0-9_]', '_', name)}",
            db_path=str(folder / f"limits-{name}.db"),
            use_file_lock=True,
        )
        self._bucket.leak(_now_ms())
        self._turn = asyncio.Lock()
        self._pause = folder / f"pause-{name}"
        self._resumes = 0.0
        self._spacing = 0.0

    async def acquire(self) -> None:
        """Wait until one more request may be sent, and count it; first come, first served.

        Raises:
            RequestFailed: refused, where a long limit such as a day's is spent; says when not.
        """
        async with self._turn:
            while (wait := max(self._resumes - time.monotonic(), self._paused())) > 0:
                await asyncio.sleep(wait)
            while (wait := self._take()) > 0:
                if wait > PATIENCE_S:
                    detail = f"the limit of {self._name} is spent for {wait / 60:.0f} minutes"
                    raise RequestFailed(OutcomeKind.REFUSED, detail, wait)
                await asyncio.sleep(wait)
            if self._spacing:
                self._resumes = time.monotonic() + self._spacing

    def _take(self) -> float:
        """0 where the request is counted, else the seconds until it may be tried again."""
        item = RateItem("request", _now_ms())
        if self._bucket.put(item):
            return 0.0
        waiting = self._bucket.waiting(item)
        return (waiting if isinstance(waiting, int) else 0) / 1000 + GRAIN_S

    def pause(self, seconds: float) -> None:
        """Hold every request of this source back for ``seconds``, at most a minute, in all runs."""
        if seconds > self._paused():
            self._pause.write_text(f"{time.time() + seconds}", "utf-8")

    def _paused(self) -> float:
        """Seconds left of a pause; a clock that was put back holds nobody longer than the most."""
        try:
            left = float(self._pause.read_text("utf-8")) - time.time()
        except (OSError, ValueError):
            return 0.0
        return left if left <= LONGEST_PAUSE_S else 0.0

    def space(self, seconds: float) -> None:
        """Keep ``seconds`` between requests, as a Crawl-delay asks."""
        self._spacing = seconds

    def close(self) -> None:
        """Give the file back."""
        self._bucket.close()  # type: ignore[no-untyped-call]


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def bucket_rates(rates: Sequence[Rate]) -> list[BucketRate]:
    """The rates as the bucket takes them: milliseconds, by growing interval."""
    ordered = sorted(rates, key=lambda rate: rate.seconds)
    return [BucketRate(rate.requests, int(rate.seconds * 1000)) for rate in ordered]

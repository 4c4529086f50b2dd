"""One rate limiter per source, shared by every process of this machine through a SQLite file."""

import asyncio
import re
import time
from collections.abc import Sequence
from pathlib import Path

from pyrate_limiter import Limiter, SQLiteBucket
from pyrate_limiter import Rate as BucketRate
from pyrate_limiter.limiter import SingleBucketFactory

from flows.enrichment.types import Rate


class SourceLimiter:
    """Lets through at most the rates of one source; a pause the source asked for holds all."""

    def __init__(self, name: str, rates: Sequence[Rate], folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._bucket = SQLiteBucket.init_from_file(
            bucket_rates(rates),
            table=f"spent_{re.sub(r'[^a-z0-9_]', '_', name)}",
            db_path=str(folder / f"limits-{name}.db"),
            use_file_lock=True,
        )
        self._bucket.leak(time.time_ns() // 1_000_000)
        self._limiter = Limiter(SingleBucketFactory(self._bucket, schedule_leak=False))
        self._resumes = 0.0
        self._spacing = 0.0

    async def acquire(self) -> None:
        """Wait until one more request may be sent, and count it."""
        while (wait := self._resumes - time.monotonic()) > 0:
            await asyncio.sleep(wait)
        if self._spacing:
            self._resumes = time.monotonic() + self._spacing
        await self._limiter.try_acquire_async("request")

    def pause(self, seconds: float) -> None:
        """Hold every request of this source back for ``seconds``."""
        self._resumes = max(self._resumes, time.monotonic() + seconds)

    def space(self, seconds: float) -> None:
        """Keep ``seconds`` between requests, as a Crawl-delay asks."""
        self._spacing = seconds

    def close(self) -> None:
        """Give the file back."""
        self._limiter.close()


def bucket_rates(rates: Sequence[Rate]) -> list[BucketRate]:
    """The rates as the bucket takes them: milliseconds, by growing interval."""
    ordered = sorted(rates, key=lambda rate: rate.seconds)
    return [BucketRate(rate.requests, int(rate.seconds * 1000)) for rate in ordered]

"""The running service: opens the engine beside the event loop, warms it, follows the catalogue."""

import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Literal

import structlog
from pydantic import BaseModel, Field, JsonValue

from animevec import __version__
from animevec.assembly import Assembly, Wrap
from animevec.cache.embeddings import CachedEncoder
from animevec.cache.results import ResultCache
from animevec.cache.store import Store
from animevec.encoders.base import Encoder
from animevec.errors import AnimevecError, Unavailable
from animevec.keys import KeyStore
from animevec.lineup import Lineup
from animevec.search.engine import SearchEngine
from animevec.settings import Settings
from bentos.batcher import BatchingEncoder
from bentos.champion import Champion
from bentos.jobs import Jobs
from bentos.metrics import Metrics
from bentos.queue import RequestQueue
from bentos.turnstile import Turnstile
from bentos.warmth import Rest

State = Literal["starting", "warming", "ready", "failed", "stopped"]
Opener = Callable[[Settings, Wrap], AbstractContextManager[Lineup]]
_log = structlog.get_logger("service")


class Health(BaseModel):
    """Whether searches are answered, and from what."""

    status: State
    version: str = __version__
    release: str | None = None
    revision: int | None = Field(None, description="catalogue revision the index has reached")
    points: int | None = None
    registry: Literal["reachable", "unreachable"] | None = Field(
        None, description="whether the champion can be followed; searching goes on without"
    )
    uptime_s: float


class Service:
    """What every route reaches: the engine, the queue in front of it, metrics, keys and jobs."""

    def __init__(self, settings: Settings, opener: Opener) -> None:
        self.settings = settings
        self.metrics = Metrics()
        self.keys = KeyStore(settings.keys_url)
        self.queue = RequestQueue(settings.serve, self.metrics.rejected.labels("queue").inc)
        self.turnstile = Turnstile(settings.serve.computing)
        self.jobs = Jobs(settings.home / "jobs")
        self._embeddings = self._cache("embedding")
        answers = self._cache("result")
        counted = self.metrics.cache_counter("result")
        self.results = None if answers is None else ResultCache(answers, counted)
        self.state: State = "starting"
        self._opener = opener
        self._assembly: Assembly | None = None
        self._champion: Champion | None = None
        self._failure: AnimevecError | None = None
        self._started = time.monotonic()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def require_key(self) -> bool:
        """Whether searching needs a key."""
        return self.settings.serve.require_key

    @property
    def assembly(self) -> Assembly:
        """Everything behind the engine.

        Raises:
            Unavailable: not opened yet, or it could not be.
        """
        if self._assembly is None or self.state not in ("ready", "warming"):
            raise Unavailable(f"the service is {self.state}", state=self.state, retry_after_s=1)
        return self._assembly

    @property
    def champion(self) -> Champion:
        """The release being served and how it changes; raises like ``assembly``."""
        if self._champion is None or self.state not in ("ready", "warming"):
            raise Unavailable(f"the service is {self.state}", state=self.state, retry_after_s=1)
        return self._champion

    @property
    def engine(self) -> SearchEngine:
        """The search engine; raises like ``assembly``."""
        return self.assembly.engine

    def why(self) -> dict[str, JsonValue]:
        """The reason of a failure, for the probes."""
        return {} if self._failure is None else {"reason": self._failure.message}

    def health(self) -> "Health":
        """State, release and reach."""
        uptime = round(time.monotonic() - self._started, 1)
        if self.state != "ready":
            return Health(status=self.state, uptime_s=uptime)
        base = self.assembly
        stats = base.store.stats(base.live)
        return Health(
            status=self.state,
            release=base.release.version,
            revision=stats.watermark,
            points=stats.points,
            registry="unreachable" if self.champion.registry_error else "reachable",
            uptime_s=uptime,
        )

    def gauge(self) -> None:
        """Bring the gauges that are read, not counted, up to date."""
        self.metrics.ready.set(self.state == "ready")
        self.metrics.jobs.set(self.jobs.running())
        if self.state == "ready":
            base = self.assembly
            stats = base.store.stats(base.live)
            self.metrics.points.set(stats.points)
            self.metrics.watermark.set(stats.watermark)
            self.metrics.lag.set(base.catalog.revision() - stats.watermark)

    def start(self) -> None:
        """Open the engine in its own thread; /livez answers meanwhile."""
        opened = self._opener(self.settings, self._batching)
        self._thread = threading.Thread(target=self._live, args=(opened,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop following, let running jobs notice, give everything back."""
        self.state = "stopped"
        self._stop.set()
        self.queue.close()
        if self._thread is not None:
            self._thread.join(timeout=30)
        self.keys.close()
        if self._embeddings is not None and self.results is not None:
            self._embeddings.close()
            self.results.close()

    def _live(self, opened: AbstractContextManager[Lineup]) -> None:
        try:
            with opened as lineup:
                self.state = "warming"
                self._champion = Champion(self.settings, lineup, self._switch)
                self._champion.begin()
                lineup.follower.start()
                self.state = "ready"
                _log.info("ready", seconds=round(time.monotonic() - self._started, 1))
                rest = Rest()
                while not self._stop.wait(self.settings.registry.poll_seconds):
                    self._tend(self._champion, rest)
                lineup.follower.stop()
                self._champion.close()
        except AnimevecError as error:
            self._fail(error)
        except BaseException:  # a thread that ends silently would leave the service starting
            self._fail(AnimevecError("the engine crashed; the log has the traceback"))
            raise

    def _tend(self, champion: Champion, rest: Rest) -> None:
        """One round of what keeps the service up to date; searches go on where it fails."""
        try:
            champion.tend()
            if self._assembly is not None:
                rest.look(self._assembly.engine)
        except Exception:  # noqa: BLE001  # a database that restarts, say; the next round tries again
            _log.exception("tending failed")

    def _switch(self, assembly: Assembly) -> None:
        self._assembly = assembly

    def _fail(self, error: AnimevecError) -> None:
        self._failure = error
        self.state = "failed"
        _log.error("failed", error=error.message, code=error.code)

    def _batching(self, encoder: Encoder, name: str) -> Encoder:
        serve = self.settings.serve
        batching = BatchingEncoder(
            encoder,
            window_s=serve.batch_window_ms / 1000,
            max_items=serve.max_batch,
            lanes=serve.batches,
            crowd=self.queue.crowd,
            busy=lambda: self.turnstile.busy,
            observe=self.metrics.batch_observer(name),
            dropped=self.metrics.dropped.labels(name).inc,
        )
        if self._embeddings is None:
            return batching
        counted = self.metrics.cache_counter("embedding")
        return CachedEncoder(batching, self._embeddings, counted)

    def _cache(self, name: str) -> Store | None:
        if not self.settings.cache.enabled:
            return None
        return Store.of(name, self.settings, self.metrics.cache_errors.labels(name).inc)

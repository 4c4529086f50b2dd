"""Prometheus metrics of the service, one object per app so that tests do not share counts."""

from collections.abc import Callable
from dataclasses import dataclass, field

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import generate_latest

LATENCY = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0, 2.5, 5.0, 10.0)
SIZES = (1, 2, 4, 8, 16, 32, 64, 128)


@dataclass(frozen=True)
class Metrics:
    """Every metric the service exposes at /metrics (docs/operations.md lists them)."""

    registry: CollectorRegistry = field(default_factory=CollectorRegistry)

    def __post_init__(self) -> None:
        for name, metric in _metrics(self.registry).items():
            object.__setattr__(self, name, metric)

    requests: Counter = field(init=False)
    duration: Histogram = field(init=False)
    in_flight: Gauge = field(init=False)
    stage: Histogram = field(init=False)
    batch_size: Histogram = field(init=False)
    queue_delay: Histogram = field(init=False)
    dropped: Counter = field(init=False)
    rejected: Counter = field(init=False)
    points: Gauge = field(init=False)
    watermark: Gauge = field(init=False)
    lag: Gauge = field(init=False)
    ready: Gauge = field(init=False)
    jobs: Gauge = field(init=False)
    cache_hits: Gauge = field(init=False)
    cache_misses: Gauge = field(init=False)
    cache_errors: Counter = field(init=False)

    def text(self) -> bytes:
        """The exposition format."""
        return generate_latest(self.registry)

    def batch_observer(self, encoder: str) -> Callable[[int, float], None]:
        """A sink for the size of a batch and the longest wait in it, seconds."""
        size = self.batch_size.labels(encoder)
        delay = self.queue_delay.labels(encoder)

        def observe(items: int, waited_s: float) -> None:
            size.observe(items)
            delay.observe(waited_s)

        return observe

    def cache_counter(self, cache: str) -> Callable[[bool], None]:
        """A sink for hits (True) and misses (False) of a cache."""
        hits, misses = self.cache_hits.labels(cache), self.cache_misses.labels(cache)
        return lambda hit: (hits if hit else misses).inc()


def _metrics(registry: CollectorRegistry) -> dict[str, Counter | Gauge | Histogram]:
    def counter(name: str, text: str, labels: tuple[str, ...] = ()) -> Counter:
        return Counter(f"animevec_{name}", text, labels, registry=registry)

    def gauge(name: str, text: str, labels: tuple[str, ...] = ()) -> Gauge:
        return Gauge(f"animevec_{name}", text, labels, registry=registry)

    def seconds(name: str, text: str, labels: tuple[str, ...]) -> Histogram:
        return Histogram(f"animevec_{name}", text, labels, registry=registry, buckets=LATENCY)

    items = Histogram(
        "animevec_batch_items", "Items in one forward", ("encoder",), registry=registry,
        buckets=SIZES,
    )  # fmt: skip
    return {
        "requests": counter("requests", "Answered requests", ("route", "method", "status")),
        "duration": seconds("request_seconds", "Time to the last byte", ("route",)),
        "in_flight": gauge("requests_in_flight", "Requests being answered"),
        "stage": seconds("stage_seconds", "Time in one stage of a search", ("stage",)),
        "batch_size": items,
        "queue_delay": seconds("queue_delay_seconds", "Longest wait in a batch", ("encoder",)),
        "dropped": counter("dropped", "Entries whose client had gone", ("encoder",)),
        "rejected": counter("rejected", "Requests refused early", ("reason",)),
        "points": gauge("index_points", "Points in the live index"),
        "watermark": gauge("index_watermark", "Catalogue revision the index has reached"),
        "lag": gauge("index_lag", "Catalogue revisions the index is behind"),
        "ready": gauge("ready", "1 once a warm search was answered"),
        "jobs": gauge("jobs_running", "Reindex jobs under way"),
        "cache_hits": gauge("cache_hits", "Answers taken from a cache", ("cache",)),
        "cache_misses": gauge("cache_misses", "Answers a cache did not have", ("cache",)),
        "cache_errors": counter("cache_errors", "Times Redis did not answer", ("cache",)),
    }

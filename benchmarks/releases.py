"""What a release costs: promotion, a moved alias, and titles embedded anew.

    ANIMEVEC_HOME=copy python -m benchmarks.releases [--titles 2000] [--moves 5]

Writes to the home: give it a copy of one that has an index.  A second release is made of the
champion's encoders with an index of its own out of cached vectors; a real service then promotes
it, is moved to and fro by its alias, is started again and moved to what is on disk alone.
Embedding is measured on a sample of titles, our encoder and sentence-transformers' `encode` on
the same texts in turn, three rounds, no cache.
"""

import argparse
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from statistics import median
from time import monotonic, sleep

from animevec import quiet

quiet.apply()

import httpx  # noqa: E402
import torch  # noqa: E402

from animevec.catalog.store import Catalog  # noqa: E402
from animevec.encoders.base import TextItem  # noqa: E402
from animevec.encoders.cards import find_card  # noqa: E402
from animevec.encoders.files import locate  # noqa: E402
from animevec.encoders.load import load_encoder  # noqa: E402
from animevec.index.document import embedding_text  # noqa: E402
from animevec.settings import Settings  # noqa: E402
from animevec.stack.home import STEPS  # noqa: E402
from animevec.stack.process import Supervisor  # noqa: E402
from animevec.stack.readiness import wait_ready  # noqa: E402
from animevec.stack.table import search_service  # noqa: E402
from flows.candidate import embed, like, register  # noqa: E402
from flows.promotion import promote  # noqa: E402
from flows.workshop import open_records, open_workshop  # noqa: E402
from registry.releases import CHAMPION, GATE, Releases  # noqa: E402

ROUNDS = 3


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--titles", type=int, default=2_000, help="sample that is embedded anew")
    parser.add_argument("--moves", type=int, default=5, help="times the alias moves")
    options = parser.parse_args()
    settings = Settings()
    print("| what | measured |\n|---|---|")
    for rows in (releases(settings, options.moves), embedding(settings, options.titles)):
        for what, found in rows:
            print(f"| {what} | {found} |", flush=True)


def releases(settings: Settings, moves: int) -> Iterator[tuple[str, str]]:
    """Times of a promotion and of moved aliases, over a real service."""
    for step in STEPS:
        if step.needed(settings):
            step.run(settings, lambda done, total: None)
    found = Releases.of(settings)
    with service(settings) as url:
        until(lambda: CHAMPION in found.aliases())
        old = found.aliases()[CHAMPION]
        until(lambda: answering(url) == old)
        new, points, seconds = prepared(settings)
        yield f"an index of {points:,} titles out of cached vectors", f"{seconds:.1f} s"
        seconds = timed(lambda: promote(settings, new, "benchmark"))
        yield "promotion of a prepared release, opened, probed and confirmed", f"{seconds:.2f} s"
        times = [moved(found, url, (old, new)[turn % 2]) for turn in range(moves)]
        yield (
            f"alias moved until answers are the other release's, both open, {moves} moves",
            f"median {median(times):.2f} s, longest {max(times):.2f} s",
        )
        last = (old, new)[(moves - 1) % 2]
    with service(settings) as url:
        until(lambda: answering(url) == last)
        seconds = moved(found, url, new if last == old else old)
        yield "the same after a start, the other release on disk alone", f"{seconds:.2f} s"


def prepared(settings: Settings) -> tuple[str, int, float]:
    """A release that may be promoted, the size of its index, and how long that took."""
    with open_records(settings) as records:
        made = register(records, like(records, None, "made by a benchmark"))
    with open_workshop(settings) as workshop:
        done = embed(workshop, made.version)
    Releases.of(settings).tag(made.version, GATE, "pass")
    return made.version, done.points, done.seconds


@contextmanager
def service(settings: Settings) -> Iterator[str]:
    """A real service, ended afterwards."""
    supervisor, process = Supervisor(settings.home / "run"), search_service(settings)
    supervisor.start(process)
    try:
        wait_ready(process, supervisor, lambda state: None)
        yield process.url
    finally:
        supervisor.stop(process)


def answering(url: str) -> str:
    """The release that answers a search."""
    query = {"query": "bounty hunters in space", "limit": 1}
    return str(httpx.post(f"{url}/api/v1/search", json=query, timeout=60).json()["release"])


def moved(found: Releases, url: str, version: str) -> float:
    """Seconds from the alias to the first answer of the release."""

    def move() -> None:
        found.move(CHAMPION, version)
        until(lambda: answering(url) == version)

    return timed(move)


def until(done: Callable[[], bool], patience_s: float = 120.0) -> None:
    """Wait; raises ``TimeoutError``."""
    deadline = monotonic() + patience_s
    while not done():
        if monotonic() > deadline:
            raise TimeoutError(f"not within {patience_s:.0f} s")
        sleep(0.02)


def timed(work: Callable[[], object]) -> float:
    """Seconds a call takes."""
    began = monotonic()
    work()
    return monotonic() - began


def embedding(settings: Settings, count: int) -> Iterator[tuple[str, str]]:
    """Titles a second, ours and sentence-transformers', on the same texts."""
    from sentence_transformers import SentenceTransformer

    chosen = settings.encoders
    with Catalog.open(settings.catalog_url) as catalog:
        total = catalog.count()
        every = max(1, total // count)
        texts = [embedding_text(one) for one in islice(catalog.iterate(), 0, None, every)][:count]
    torch.set_num_threads(chosen.threads)
    ours = load_encoder(chosen.text, settings)
    folder = locate(find_card(chosen.text, settings.models_path), settings.models_path)
    peer = SentenceTransformer(str(folder), device=chosen.device, local_files_only=True)
    peer.max_seq_length = ours.card.max_tokens
    engines: dict[str, Callable[[Sequence[str]], object]] = {
        f"{chosen.text}, {chosen.dtype}": lambda t: ours.encode([TextItem(one) for one in t]),
        "sentence-transformers' encode": lambda t: peer.encode(t, normalize_embeddings=True),
    }
    for run in engines.values():
        run(texts[:64])
    rounds = [
        {name: timed(lambda: run(texts)) for name, run in engines.items()}  # noqa: B023
        for _ in range(ROUNDS)
    ]
    for name in engines:
        rate = len(texts) / median(one[name] for one in rounds)
        yield (
            f"{len(texts):,} of {total:,} titles embedded anew by {name}, {chosen.threads} threads",
            f"{rate:.0f} titles/s, all in {total / rate:.0f} s",
        )


if __name__ == "__main__":
    main()

"""The title layer against a full scan by rapidfuzz: time per name, first answers right, memory.

python benchmarks/titles.py [--titles 100000] [--lookups 500] [--seed 1]

Names are two to five words drawn from the sample catalogue's names, so that their letters are
distributed as in real ones.  Each lookup is a name with one slip (a letter missing, doubled,
replaced or swapped); the scan is ``rapidfuzz.process.extractOne(scorer=fuzz.ratio)`` over the
same names.
"""

import argparse
import random
import time
from collections.abc import Callable, Sequence
from uuid import UUID

import numpy as np
import psutil
from rapidfuzz import fuzz, process

from animevec.catalog.record import Anime, Title
from animevec.catalog.sample import load_sample
from animevec.search.titles import TitleIndex

SCANS = 40


def catalogue(size: int, rng: random.Random) -> list[Anime]:
    """``size`` records with two Latin names and one other, of two to five of the sample's words."""
    sample = load_sample()
    known = sorted({word for record in sample for t in record.titles for word in t.text.split()})
    words = {latin: [word for word in known if word.isascii() == latin] for latin in (True, False)}
    made = []
    for number in range(size):
        base = sample[number % len(sample)]
        names = tuple(
            Title(text=" ".join(rng.sample(words[script], rng.randint(2, 5)))[:200])
            for script in (True, True, False)
        )
        key = {"animevec": str(number)}
        made.append(
            base.model_copy(update={"id": UUID(int=number + 1), "keys": key, "titles": names})
        )
    return made


def slip(name: str, rng: random.Random) -> str:
    """The name with one letter missing, doubled, replaced or swapped with its neighbour."""
    at = rng.randrange(1, max(2, len(name) - 1))
    ways = (
        name[:at] + name[at + 1 :],
        name[:at] + name[at] * 2 + name[at + 1 :],
        name[:at] + rng.choice("aeioukst") + name[at + 1 :],
        name[: at - 1] + name[at] + name[at - 1] + name[at + 1 :],
    )
    return rng.choice(ways)


def timed(lookup: Callable[[str], object], typed: Sequence[str]) -> list[float]:
    """Milliseconds of processor time of each lookup; other programs do not count."""
    times = []
    for text in typed:
        start = time.process_time()
        lookup(text)
        times.append((time.process_time() - start) * 1e3)
    return times


def main() -> None:
    """Print the comparison."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--titles", type=int, default=100_000)
    parser.add_argument("--lookups", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    rng = random.Random(options.seed)
    records = catalogue(options.titles, rng)
    process_ = psutil.Process()
    before = process_.memory_info().rss
    start = time.process_time()
    index = TitleIndex()
    index.update(records)
    built = time.process_time() - start
    memory = (process_.memory_info().rss - before) / 2**20
    asked = [rng.choice(records) for _ in range(options.lookups)]
    named = [(slip(rng.choice(one.titles).text, rng), one.id) for one in asked]
    typed = [text for text, _ in named]
    index.lookup(typed[0])
    right = sum([hit.id for hit in index.lookup(text, 1)] == [id_] for text, id_ in named)
    names = [title.text for record in records for title in record.titles]
    ours = timed(index.lookup, typed)
    scan = timed(
        lambda text: process.extractOne(text, names, scorer=fuzz.ratio),
        typed[: min(SCANS, len(typed))],
    )
    start = time.process_time()
    index.update([records[0]])
    changed = (time.process_time() - start) * 1e3
    print(f"{len(records):,} titles, {len(names):,} names, {len(typed)} lookups, one slip each")
    print(f"build {built:.1f} CPU s, {memory:.0f} MB; one changed title {changed:.1f} ms")
    print(f"first answer right {right / len(typed):.1%}")
    for label, times in (("title layer", ours), ("rapidfuzz scan", scan)):
        p50, p95 = np.percentile(times, [50, 95])
        print(f"{label:15} p50 {p50:8.2f}   p95 {p95:8.2f} CPU ms   n {len(times)}")


if __name__ == "__main__":
    main()

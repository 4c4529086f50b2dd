"""Where similarity searches get their candidates: the share of the nearest 20 found, and the time.

    python -m benchmarks.likeness [--references 200] [--seed 1]

Over the home of the settings (ANIMEVEC_HOME), whose service must be down.  Titles drawn at random
are compared with all others exactly, which is the truth and the peer; then candidates come from
the index, and from sweeps with fewer and more axes and postings.  Times are medians per search,
one at a time and ten together, from references to titles in order; no card is read.
"""

import argparse
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from unittest.mock import patch
from uuid import UUID

from animevec import quiet

quiet.apply()

import numpy as np  # noqa: E402
from rich.console import Console  # noqa: E402
from rich.table import Table as Shown  # noqa: E402

from animevec.assembly import Assembly  # noqa: E402
from animevec.errors import AnimevecError  # noqa: E402
from animevec.lineup import open_assembly  # noqa: E402
from animevec.search import sweep as sweeping  # noqa: E402
from animevec.search.comparison import compared, sought  # noqa: E402
from animevec.search.material import Material  # noqa: E402
from animevec.search.request import SimilarSearch  # noqa: E402
from animevec.search.similarity import MODES, Likeness  # noqa: E402
from animevec.search.view import CatalogueView  # noqa: E402
from animevec.settings import Settings  # noqa: E402

NEAREST = 20
TOGETHER = 10
WEIGHTS = MODES["content"]
ALL = 10**9
SWEEPS = ((64, 20_000), (16, 20_000), (ALL, 20_000), (64, 5_000), (64, 40_000), (ALL, ALL))

Find = Callable[[Sequence[UUID]], list[list[UUID]]]


@dataclass(frozen=True, slots=True)
class Way:
    """One way to the nearest titles: milliseconds per search, alone and of ten."""

    name: str
    alone: float
    together: float
    found: Sequence[Sequence[UUID]]


def measured(name: str, find: Find, references: Sequence[UUID]) -> Way:
    """What a way finds, and how long it takes once it is warm."""
    find(references)
    alone, found = _timed(find, [[one] for one in references])
    tens = [references[at : at + TOGETHER] for at in range(0, len(references), TOGETHER)]
    together, _ = _timed(find, tens)
    return Way(name, alone, together, found)


def _timed(find: Find, groups: Sequence[Sequence[UUID]]) -> tuple[float, list[list[UUID]]]:
    times: list[float] = []
    found: list[list[UUID]] = []
    for group in groups:
        start = time.perf_counter()
        found += find(group)
        times.append((time.perf_counter() - start) * 1e3 / len(group))
    return float(np.median(times)), found


def exhaustively(assembly: Assembly, view: CatalogueView) -> Find:
    """All titles compared, one by one."""
    material = Material(assembly.store, view, assembly.release.index, learned=False)
    material.prepare(WEIGHTS)
    titles = material.titles(WEIGHTS)
    everything = titles.table.known(id_ for id_ in view.facts if id_ not in view.adult)

    def find(references: Sequence[UUID]) -> list[list[UUID]]:
        return [nearest(one) for one in references]

    def nearest(one: UUID) -> list[UUID]:
        mine, search = titles.rows([one]), SimilarSearch(positive=(str(one),))
        held = {name: (mine, mine[:0]) for name, c in titles.table.columns() if c.having(mine)[0]}
        wanted = sought(search, titles.table, held)
        ranked = compared(search, titles.table, everything, wanted, WEIGHTS, [one])
        return [found.id for found in ranked[:NEAREST]]

    return find


def by(likeness: Likeness) -> Find:
    """As the service finds them."""

    def find(references: Sequence[UUID]) -> list[list[UUID]]:
        asked = [SimilarSearch(positive=(str(one),), limit=NEAREST) for one in references]
        found = likeness.find([(search, None) for search in asked])
        return [
            []
            if isinstance(outcome, AnimevecError)
            else [hit.id for hit in outcome.windows[0][:NEAREST]]
            for outcome in found
        ]

    return find


def ways(assembly: Assembly, count: int, seed: int) -> list[Way]:
    """Every way over the same references; the first one is the truth."""
    view = CatalogueView(assembly.catalog)
    references = random.Random(seed).sample(sorted(view.facts), min(count, len(view.facts)))

    def likeness() -> Likeness:
        return Likeness(assembly.store, view, assembly.release, learned=False)

    made = [measured("all titles, exactly", exhaustively(assembly, view), references)]
    made.append(measured("index", by(likeness()), references))
    for axes, budget in SWEEPS:
        with patch.multiple(sweeping, AXES=axes, BUDGET=budget):
            swept = likeness()
            swept.prepare()
            name = f"sweep, {_number(axes)} axes, {_number(budget)} postings"
            made.append(measured(name, by(swept), references))
    return made


def _number(count: int) -> str:
    return "all" if count == ALL else f"{count:,}"


def show(made: Sequence[Way], console: Console) -> None:
    """The table."""
    table = Shown(box=None, pad_edge=False)
    table.add_column("candidates from")
    for column in (f"of the nearest {NEAREST}", "worst", "ms alone", f"ms of {TOGETHER}"):
        table.add_column(column, justify="right")
    for way in made:
        shares = [
            len({*truth} & {*found}) / max(1, len(truth))
            for truth, found in zip(made[0].found, way.found, strict=True)
        ]
        mean, worst = f"{np.mean(shares):.1%}", f"{min(shares):.0%}"
        table.add_row(way.name, mean, worst, f"{way.alone:.2f}", f"{way.together:.2f}")
    console.print(table)


def main() -> None:
    """Print the comparison."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--references", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with open_assembly(Settings()) as assembly:
        show(ways(assembly, options.references, options.seed), Console())


if __name__ == "__main__":
    main()

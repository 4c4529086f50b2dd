"""How well recorded answers merge, against facts read off them by hand.

    python -m benchmarks.enrichment golden
    python -m benchmarks.enrichment golden --folder ../shared/data/fixtures/crosssource
    python -m benchmarks.enrichment simulate --titles 1000

Every field of the table counts one per fact: a title's ids and relations count each on their own.
A conflict is a field on which the merged sources contradicted one another; it is resolved rightly
where the merged value is the table's.  Wrong ones are listed.  ``simulate`` is enrichment_runs.py.
"""

import argparse
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from animevec.catalog.record import Anime
from benchmarks.enrichment_runs import simulate
from flows.enrichment import policy, recordings
from flows.enrichment.agreement import company
from flows.enrichment.enrich import enrich
from flows.enrichment.types import Conflict, Enriched

ROOT = Path(__file__).resolve().parent.parent
TABLE = ROOT / "tests" / "enrichment" / "golden" / "crosssource.yaml"
FOLDER = ROOT.parent / "shared" / "data" / "fixtures" / "crosssource"
VALUES = ("title", "type", "episodes", "aired_from", "aired_to", "zone", "year")


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact of one title, and what the merge made of it."""

    id: str
    field: str
    expected: Any
    got: Any
    right: bool


def merged(id: str, folder: Path) -> Enriched:
    """The record of a title from its recorded answers."""
    return enrich(recordings.outcomes(folder / id), None, {}, policy.load(), keys={"mal": id})


def facts(row: Mapping[str, Any], anime: Anime) -> Iterator[Fact]:
    """Every fact of a row of the table beside the merged value."""
    id = row["id"]
    for field in VALUES:
        if field in row:
            got = getattr(anime, field)
            yield Fact(id, field, row[field], got, got == row[field])
    studios = {company(name) for name in anime.studios}
    wanted = {company(name) for name in row["studios"]}
    yield Fact(id, "studios", row["studios"], anime.studios, studios == wanted)
    for provider, key in row["ids"].items():
        got = anime.keys.get(provider)
        yield Fact(id, "ids", f"{provider}:{key}", got, got == key)
    edges = {f"{relation.kind} {relation.key}" for relation in anime.relations}
    for edge in row["relations"]:
        yield Fact(id, "relations", edge, sorted(edges), edge in edges)


def conflicts(row: Mapping[str, Any], found: Sequence[Conflict], anime: Anime) -> Iterator[Fact]:
    """The conflicts the table has a decision on, and what the merge decided."""
    expected = {**row, **row.get("disputed", {})}
    for conflict in found:
        field = conflict.field
        if field not in expected:
            continue
        got = getattr(anime, field)
        if field == "studios":
            right = {company(n) for n in got} == {company(n) for n in expected[field]}
        else:
            right = got == expected[field]
        yield Fact(row["id"], field, expected[field], got, right)


def share(found: Sequence[Fact]) -> float:
    """The share of right ones; 1 of none."""
    return sum(fact.right for fact in found) / len(found) if found else 1.0


def golden(table: Path, folder: Path) -> tuple[list[Fact], list[Fact]]:
    """The facts and the conflicts of every title of the table."""
    rows = yaml.safe_load(table.read_text("utf-8"))
    stated: list[Fact] = []
    disputed: list[Fact] = []
    for row in rows:
        result = merged(row["id"], folder)
        stated += facts(row, result.anime)
        disputed += conflicts(row, result.conflicts, result.anime)
    return stated, disputed


def report(stated: Sequence[Fact], disputed: Sequence[Fact]) -> None:
    """Print the accuracy by field and over all, and every wrong one."""
    by_field: dict[str, list[Fact]] = defaultdict(list)
    for fact in stated:
        by_field[fact.field].append(fact)
    titles = len({fact.id for fact in stated})
    for field, found in by_field.items():
        print(f"{field:12} {sum(f.right for f in found):4} of {len(found):4}  {share(found):7.1%}")
    print(f"facts of {titles} titles: {len(stated)}, right: {share(stated):.1%}")
    print(f"conflicts decided: {len(disputed)}, right: {share(disputed):.1%}")
    for fact in (*stated, *disputed):
        if not fact.right:
            print(f"wrong: {fact.id} {fact.field}: expected {fact.expected!r}, got {fact.got!r}")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one of the measurements."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("measurement", choices=["golden", "simulate"])
    parser.add_argument("--table", type=Path, default=TABLE)
    parser.add_argument("--folder", type=Path, default=FOLDER)
    parser.add_argument("--titles", type=int, default=1_000, help="of simulate")
    parser.add_argument("--seed", type=int, default=1, help="of simulate: when it is killed")
    chosen = parser.parse_args(arguments)
    if chosen.measurement == "simulate":
        simulate(chosen.titles, chosen.seed)
        return 0
    if not chosen.folder.is_dir():
        print(f"there are no recorded answers in {chosen.folder}; name another --folder")
        return 1
    report(*golden(chosen.table, chosen.folder))
    return 0


if __name__ == "__main__":
    sys.exit(main())

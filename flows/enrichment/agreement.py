"""When two sources say the same, and how sure several make one."""

import re
from collections.abc import Sequence
from typing import Any

from flows.enrichment.names import folded
from flows.enrichment.sources import REGISTRY
from flows.enrichment.types import Candidate

COMPARED = frozenset(
    {
        "type",
        "status",
        "aired_from",
        "aired_to",
        "year",
        "season",
        "rating",
        "source",
        "episodes",
        "duration_minutes",
        "studios",
    }
)
DURATION_TOLERANCE = 1.0
_COMPANY = re.compile(
    r"\b(?:inc|co|ltd|llc|corp|corporation|company|studios?|animation|productions?|kk)\b"
)


def same(field: str, one: Any, other: Any) -> bool:
    """Whether two values of a field say the same."""
    if field == "duration_minutes":
        return bool(abs(one - other) <= DURATION_TOLERANCE)
    if field == "studios":
        return bool({company(name) for name in one} & {company(name) for name in other})
    if isinstance(one, str) and isinstance(other, str):
        return one.casefold() == other.casefold()
    return bool(one == other)


def company(name: str) -> str:
    """A company's name without legal form and filler: ``SUNRISE Inc.`` is ``sunrise``."""
    bare = folded(name.replace("²", " squared"))
    return " ".join(_COMPANY.sub(" ", bare).split()) or bare


def provider(source: str) -> str:
    """Whose data a source passes on: Jikan and MyAnimeList's pages are one voice."""
    return REGISTRY[source][0].provider if source in REGISTRY else source


def groups(field: str, candidates: Sequence[Candidate]) -> list[list[Candidate]]:
    """Candidates by what they say, in order of their first."""
    found: list[list[Candidate]] = []
    for candidate in candidates:
        group = next((g for g in found if same(field, g[0].value, candidate.value)), None)
        if group is None:
            found.append([candidate])
        else:
            group.append(candidate)
    return found


def voices(candidates: Sequence[Candidate]) -> int:
    """How many independent providers stand behind candidates."""
    return len({provider(candidate.source) for candidate in candidates})


def confidence(agreeing: int, asked: int) -> float:
    """How sure ``agreeing`` of ``asked`` providers make a value, by additive smoothing.

    One alone gives 0.8, two of two 0.86, one of two 0.57; never 1.
    """
    return round((agreeing + 1) / (asked + 1.5), 3)

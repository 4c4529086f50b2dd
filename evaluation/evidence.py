"""What a gate judges: measured facts about a candidate release beside its champion."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from evaluation.significance import Comparison


@dataclass(frozen=True, slots=True)
class SetEvidence:
    """Candidate against baseline on one query set.

    ``overall`` maps a metric to its comparison, ``slices`` maps ``"slicing=slice"`` to the
    comparison of the set's primary metric there.  ``general`` marks a set that a fine-tuned
    model must not forget.
    """

    sha256: str
    primary: str
    overall: Mapping[str, Comparison]
    slices: Mapping[str, Comparison] = field(default_factory=dict)
    general: bool = False


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything measured about one candidate. Latency in milliseconds, memory in megabytes.

    ``champion_latency_p95_ms`` was measured in the same minutes; without a champion it is the
    candidate's own.
    """

    candidate: str
    champion: str | None
    sets: Mapping[str, SetEvidence]
    latency_p95_ms: float
    champion_latency_p95_ms: float
    memory_mb: float
    indexed: int
    expected: int
    commercial_use: bool
    licences: Mapping[str, str] = field(default_factory=dict)

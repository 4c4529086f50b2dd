"""Gates: policies that add up, each with a readable finding.

``gate = MinimumRecall(0.8) + NoSliceWorse(0.01) + Licence(commercial_use=True)``.
A measurement that is missing or not a number fails its policy: silence is not a pass.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from math import isfinite
from typing import Protocol

from evaluation.evidence import Evidence, SetEvidence
from evaluation.significance import Comparison, holm


@dataclass(frozen=True, slots=True)
class Finding:
    """What one policy found: ``measured`` against ``limit`` in the policy's own unit."""

    policy: str
    subject: str
    passed: bool
    measured: float
    limit: float
    message: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """All findings; passed only when every one passed."""

    findings: tuple[Finding, ...]

    @property
    def passed(self) -> bool:
        """True when there is a finding and none failed."""
        return bool(self.findings) and all(f.passed for f in self.findings)

    @property
    def failures(self) -> tuple[Finding, ...]:
        """The findings that failed."""
        return tuple(f for f in self.findings if not f.passed)

    def summary(self) -> str:
        """One line for people: how many passed, or what failed and by how much."""
        if self.passed:
            return f"PASS: {len(self.findings)} of {len(self.findings)} findings"
        reasons = "; ".join(f.message for f in self.failures) or "nothing was measured"
        return f"FAIL: {reasons}"


class Policy(Protocol):
    """Judges evidence; a policy that has nothing to judge returns a failed finding."""

    def findings(self, evidence: Evidence) -> Iterable[Finding]:
        """One finding per subject judged."""
        ...


@dataclass(frozen=True)
class Gate:
    """Policies applied together."""

    policies: tuple[Policy, ...] = ()

    def __add__(self, other: "Policy | Gate") -> "Gate":
        more = other.policies if isinstance(other, Gate) else (other,)
        return Gate(self.policies + more)

    def judge(self, evidence: Evidence) -> Verdict:
        """Apply every policy; none is skipped because another failed."""
        return Verdict(tuple(f for p in self.policies for f in p.findings(evidence)))


class Additive:
    """Lets policies be written as a sum."""

    def __add__(self: Policy, other: Policy | Gate) -> Gate:
        return Gate((self,)) + other


def at_least(policy: str, subject: str, measured: float, limit: float) -> Finding:
    """A finding that passes when ``measured >= limit``; NaN fails."""
    passed = isfinite(measured) and measured >= limit
    short = f"{policy}: {subject} is {measured:.4g}, at least {limit:.4g} is required"
    return Finding(policy, subject, passed, measured, limit, short)


def at_most(policy: str, subject: str, measured: float, limit: float) -> Finding:
    """A finding that passes when ``measured <= limit``; NaN fails."""
    passed = isfinite(measured) and measured <= limit
    over = f"{policy}: {subject} is {measured:.4g}, at most {limit:.4g} is allowed"
    return Finding(policy, subject, passed, measured, limit, over)


def missing(policy: str, subject: str) -> Finding:
    """A failed finding for something that was not measured."""
    nan = float("nan")
    return Finding(policy, subject, False, nan, nan, f"{policy}: {subject} was not measured")


@dataclass(frozen=True)
class MinimumScore(Additive):
    """A metric of a set must reach a value: ``MinimumScore("sample", "recall@100", 0.8)``."""

    set: str
    metric: str
    minimum: float

    def findings(self, evidence: Evidence) -> Iterable[Finding]:
        """One finding."""
        found = evidence.sets.get(self.set)
        comparison = found.overall.get(self.metric) if found else None
        subject = f"{self.metric} on {self.set}"
        if comparison is None:
            return [missing("minimum score", subject)]
        return [at_least("minimum score", subject, comparison.candidate, self.minimum)]


@dataclass(frozen=True)
class Improvement(Additive):
    """The primary metric of a set must rise by ``relative`` with its interval above zero."""

    set: str
    relative: float

    def findings(self, evidence: Evidence) -> Iterable[Finding]:
        """The relative change, and the lower end of its interval."""
        found = evidence.sets.get(self.set)
        if found is None:
            return [missing("improvement", self.set)]
        change = found.overall[found.primary]
        subject = f"{found.primary} on {self.set}"
        return [
            at_least(
                "improvement", f"relative change of {subject}", change.relative, self.relative
            ),
            at_least("improvement", f"lower bound of {subject}", change.difference.low, 0.0),
        ]


@dataclass(frozen=True)
class NoSliceWorse(Additive):
    """No slice may fall by more than ``tolerance`` (relative) where Holm's p is below ``alpha``.

    A slice of fewer than ``minimum`` queries is not judged: its mean says nothing.
    """

    tolerance: float = 0.01
    alpha: float = 0.05
    minimum: int = 20

    def findings(self, evidence: Evidence) -> Iterable[Finding]:
        """One finding per judged slice, or one failed finding when there is none."""
        slices = {
            f"{name} {label}": comparison
            for name, found in evidence.sets.items()
            for label, comparison in found.slices.items()
            if comparison.difference.n >= self.minimum
        }
        if not slices:
            return [missing("no slice worse", f"a slice of {self.minimum} queries")]
        adjusted = holm({label: comparison.p for label, comparison in slices.items()})
        return [self._finding(label, c, adjusted[label]) for label, c in slices.items()]

    def _finding(self, label: str, comparison: Comparison, p: float) -> Finding:
        change = comparison.relative if comparison.baseline else comparison.difference.mean
        finding = at_least("no slice worse", f"change on {label}", change, -self.tolerance)
        if finding.passed or p < self.alpha or not isfinite(change):
            return finding
        note = f"no slice worse: {label} fell by {-change:.2%}, within noise (Holm p = {p:.2g})"
        return Finding("no slice worse", label, True, change, -self.tolerance, note)


@dataclass(frozen=True)
class NoForgetting(Additive):
    """On every general set the primary metric may fall by at most ``tolerance`` (relative)."""

    tolerance: float = 0.01

    def findings(self, evidence: Evidence) -> Iterable[Finding]:
        """One finding per general set, or one failed finding when there is none."""
        general = [(name, found) for name, found in evidence.sets.items() if found.general]
        if not general:
            return [missing("no forgetting", "a general set")]
        return [self._finding(name, found) for name, found in general]

    def _finding(self, name: str, found: SetEvidence) -> Finding:
        change = found.overall[found.primary].relative
        return at_least(
            "no forgetting", f"change of {found.primary} on {name}", change, -self.tolerance
        )


@dataclass(frozen=True)
class Latency(Additive):
    """95th percentile of a text query: as a multiple of the champion's, measured in the same run.

    ``maximum_ms`` is for machines whose speed is known: 0 sets no limit in milliseconds.
    ``slack_ms`` are not held against a candidate: a small catalogue is searched in so few that the
    one or two of an adapter are a large share.
    """

    maximum_ratio: float = 1.25
    maximum_ms: float = 0.0
    slack_ms: float = 3.0

    def findings(self, evidence: Evidence) -> Iterable[Finding]:
        """One finding per limit; a champion that was not measured fails."""
        ours, theirs = evidence.latency_p95_ms, evidence.champion_latency_p95_ms
        ratio = ours / theirs if theirs else float("nan")
        most = max(self.maximum_ratio, 1 + self.slack_ms / theirs if theirs else 0)
        found = [at_most("latency", "text p95 over the champion's", ratio, most)]
        if self.maximum_ms:
            found.append(at_most("latency", "text p95 in ms", ours, self.maximum_ms))
        return found


@dataclass(frozen=True)
class Memory(Additive):
    """Resident memory with the release loaded, in megabytes."""

    maximum_mb: float

    def findings(self, evidence: Evidence) -> Iterable[Finding]:
        """One finding."""
        return [at_most("memory", "resident memory in MB", evidence.memory_mb, self.maximum_mb)]


@dataclass(frozen=True)
class Completeness(Additive):
    """The index must hold at least ``share`` of the catalogue's titles."""

    share: float = 1.0

    def findings(self, evidence: Evidence) -> Iterable[Finding]:
        """One finding; an empty catalogue fails."""
        share = evidence.indexed / evidence.expected if evidence.expected else float("nan")
        return [at_least("completeness", "share of titles indexed", share, self.share)]


@dataclass(frozen=True)
class Licence(Additive):
    """Where the product is used commercially, every model of the release must allow it."""

    commercial_use: bool

    def findings(self, evidence: Evidence) -> Iterable[Finding]:
        """One finding naming the licences."""
        passed = evidence.commercial_use or not self.commercial_use
        names = ", ".join(f"{model} {spdx}" for model, spdx in sorted(evidence.licences.items()))
        message = (
            f"licence: commercial use is {'allowed' if evidence.commercial_use else 'forbidden'}"
        )
        return [
            Finding(
                "licence",
                "commercial use",
                passed,
                float(evidence.commercial_use),
                float(self.commercial_use),
                f"{message} by {names or 'no stated licence'}",
            )
        ]

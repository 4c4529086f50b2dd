"""Flow ``evaluate``: a release against the champion on frozen sets, and the gate's verdict."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import UUID

from prefect import flow, task
from prefect.artifacts import (
    create_link_artifact,
    create_markdown_artifact,
    create_table_artifact,
)
from prefect.cache_policies import NO_CACHE

from animevec.assembly import Assembly
from animevec.catalog.record import Anime
from animevec.progress import Progress, silent
from animevec.settings import Settings
from evaluation.campaign import records_of
from evaluation.evidence import Evidence
from evaluation.evidently_report import (
    FOLDER,
    Outcome,
    embedding_report,
    log_reports,
    retrieval_report,
    text_vectors,
)
from evaluation.gates import Verdict
from evaluation.policies import FILE, read_gate
from evaluation.qrels import QuerySet
from evaluation.runner import answerable
from evaluation.sets.own import own_sets
from evaluation.sets.shared import shared_sets
from evaluation.sets.variants import title_variants
from evaluation.trial import Trial, run_trial
from flows.artifacts import artifact_address, progress_artifact, run_address
from flows.drift import FACTS, REPORT, drift_rows, drift_since, facts_of, tell_drift
from flows.parameters import Evaluate
from flows.workshop import Workshop, open_workshop
from registry.audit import Gated
from registry.releases import CHAMPION, GATE
from registry.tracking import Tracking

ACTOR = "flow evaluate"
EXPERIMENT = "evaluation"
VARIANTS = 100
SCORES = "scores.json"
# What a release's tags say of its last evaluation.
VERDICT, RUN, AGAINST, REPORTS = "verdict", "evaluation_run", "evaluated_against", "reports"


@dataclass(frozen=True, slots=True)
class Judged:
    """A verdict on a release, and the MLflow run that holds everything it rests on."""

    release: str
    against: str | None
    gate: str
    verdict: str
    run_id: str
    findings: list[dict[str, Any]]
    drift: list[dict[str, Any]]


def judge(
    settings: Settings, request: Evaluate, progress: Progress = silent, gates: Path = FILE
) -> Judged:
    """Compare, judge, and write the verdict to the release's tags and the audit trail.

    Raises:
        NotFound: no such release, or no such gate.
        InvalidRequest: the catalogue can answer no query set.
    """
    gate = read_gate(request.gate, settings.registry.commercial_use, gates)
    with open_workshop(settings) as workshop, TemporaryDirectory() as scratch:
        trial, ours, theirs = compare(workshop, request, progress)
        verdict = gate.judge(trial.evidence)
        facts, tracking = facts_of(records_of(ours)), workshop.records.releases.tracking
        reports = {"retrieval": retrieval_report(trial, Path(scratch))}
        drift = drift_since(tracking, _judged_before(workshop, trial), facts, Path(scratch))
        if drift is not None:
            reports[REPORT] = drift
        if theirs is not None and ours.release.text.dimensions == theirs.release.text.dimensions:
            reports["embedding"] = _embedding_drift(ours, theirs, Path(scratch))
        run_id = record(tracking, trial, verdict, reports, facts)
        _tag(workshop, trial.evidence, verdict, run_id)
    evidence = trial.evidence
    passed = "pass" if verdict.passed else "fail"
    findings = [asdict(finding) for finding in verdict.findings]
    return Judged(
        evidence.candidate,
        evidence.champion,
        passed,
        verdict.summary(),
        run_id,
        findings,
        drift_rows(drift),
    )


def compare(
    workshop: Workshop, request: Evaluate, progress: Progress = silent
) -> tuple[Trial, Assembly, Assembly | None]:
    """Both releases asked everything; the evidence counts the index that would be served."""
    version = request.release
    against = request.against or workshop.records.releases.aliases().get(CHAMPION)
    ours = workshop.searchable(version)
    theirs = None if against in (None, version) else workshop.searchable(str(against))
    records = records_of(ours)
    sets = word_sets(records, Path(request.judgements) if request.judgements else None)
    trial = run_trial(ours, theirs, sets, records, bar_of(progress))
    evidence = replace(trial.evidence, indexed=indexed(workshop, ours))
    return replace(trial, evidence=evidence), ours, theirs


def word_sets(records: Mapping[UUID, Anime], judgements: Path | None) -> list[QuerySet]:
    """The sets of words and likeness that this catalogue can answer."""
    titles = list(records.values())
    sets = [*own_sets(), title_variants(titles, VARIANTS)]
    sets += shared_sets(judgements) if judgements else []
    return [one for one in sets if answerable(one, records)]


def indexed(workshop: Workshop, candidate: Assembly) -> int:
    """Titles in the index that would be served; the copy that is searched proves nothing."""
    store, index = workshop.lineup.store, candidate.release.index
    return 0 if store.resolve(index) is None else store.stats(index).points


def record(
    tracking: Tracking, trial: Trial, verdict: Verdict, reports: Mapping[str, Outcome], facts: str
) -> str:
    """The evidence, scores by query, the verdict, reports and facts as an MLflow run; its id."""
    evidence = trial.evidence
    tags = {"kind": "evaluation", "release": evidence.candidate}
    scores = {one.name: trial.candidate[one.name].scores for one in trial.sets}
    with tracking.run(EXPERIMENT, f"release {evidence.candidate}", tags) as run:
        run.params({f"sha256/{name}": found.sha256 for name, found in evidence.sets.items()})
        run.params({"against": evidence.champion or "itself"})
        run.metrics(figures(evidence))
        run.text(json.dumps(asdict(evidence), indent=2, default=str), "evidence.json")
        run.text(json.dumps(scores), SCORES)
        run.text(facts, FACTS)
        run.text("\n".join(f"- {f.message}" for f in verdict.findings), "verdict.md")
        log_reports(run, reports)
    return run.id


def figures(evidence: Evidence) -> dict[str, float]:
    """The candidate's own numbers, named as MLflow shows them."""
    scores = {
        f"{name}/{metric}".replace("@", "_at_"): comparison.candidate
        for name, found in evidence.sets.items()
        for metric, comparison in found.overall.items()
    }
    own = {"latency_p95_ms": evidence.latency_p95_ms, "memory_mb": evidence.memory_mb}
    return scores | own


def bar_of(progress: Progress) -> Callable[[str], AbstractContextManager[Progress]]:
    """One progress for every set in turn."""

    @contextmanager
    def bar(name: str) -> Iterator[Progress]:
        yield progress

    return bar


def finding_rows(findings: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Findings for a table, what failed first."""
    ordered = sorted(findings, key=lambda finding: bool(finding["passed"]))
    return [
        {
            "passed": "yes" if f["passed"] else "NO",
            "policy": f["policy"],
            "subject": f["subject"],
            "measured": f"{f['measured']:.4g}",
            "limit": f"{f['limit']:.4g}",
        }
        for f in ordered
    ]


@task(name="judge release", retries=1, retry_delay_seconds=10, cache_policy=NO_CACHE)
def judge_task(settings: Settings, request: Evaluate) -> dict[str, Any]:
    """A retry measures again and overwrites the tags."""
    bar = progress_artifact(f"evaluating release {request.release}")
    return asdict(judge(settings, request, bar))


def judge_and_tell(settings: Settings, request: Evaluate) -> dict[str, Any]:
    """The task, and its verdict as artifacts."""
    judged = judge_task(settings, request)
    create_table_artifact(
        finding_rows(judged["findings"]), key="findings", description=judged["verdict"]
    )
    create_markdown_artifact(f"**{judged['verdict']}**", key="verdict")
    tell_drift(settings, judged["drift"], judged["run_id"])
    link_run(settings, judged["run_id"], "evaluation")
    return judged


def link_run(settings: Settings, run_id: str, key: str) -> None:
    """Links to a run and to its Evidently report."""
    page = run_address(settings, Tracking.of(settings), run_id)
    create_link_artifact(page, link_text="the run in MLflow", key=f"{key}-run")
    report = artifact_address(settings, run_id, f"{FOLDER}/retrieval.html")
    create_link_artifact(report, link_text="the Evidently report", key=f"{key}-report")


@flow(name="evaluate")
def evaluate_flow(request: Evaluate) -> dict[str, Any]:
    """Judge a release against the champion; only one that passes can be promoted."""
    return judge_and_tell(Settings(), request)


def _judged_before(workshop: Workshop, trial: Trial) -> str | None:
    """The run that judged the other release, or this one where there is no other."""
    evidence = trial.evidence
    return workshop.records.release(evidence.champion or evidence.candidate).tags.get(RUN)


def _embedding_drift(ours: Assembly, theirs: Assembly, folder: Path) -> Outcome:
    ids = list(records_of(ours))
    now, before = (text_vectors(one.store, one.live, ids) for one in (ours, theirs))
    return embedding_report(now, before, folder)


def _tag(workshop: Workshop, evidence: Evidence, verdict: Verdict, run_id: str) -> None:
    """The gate last: nobody may promote on a verdict whose reasons are not there yet."""
    releases, version = workshop.records.releases, evidence.candidate
    releases.tag(version, VERDICT, verdict.summary())
    releases.tag(version, RUN, run_id)
    releases.tag(version, REPORTS, f"runs:/{run_id}/{FOLDER}")
    releases.tag(version, AGAINST, evidence.champion or "")
    for name, found in evidence.sets.items():
        releases.tag(version, f"sha256.{name}", found.sha256)
    releases.tag(version, GATE, "pass" if verdict.passed else "fail")
    workshop.records.audit.record(
        Gated(actor=ACTOR, version=version, passed=verdict.passed, summary=verdict.summary())
    )

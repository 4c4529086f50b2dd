"""Flow ``nightly``: is the champion still as good as when it was judged?  An alert if not."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import fmean
from tempfile import TemporaryDirectory
from typing import Any

from prefect import flow, task
from prefect.artifacts import create_markdown_artifact, create_table_artifact
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.events import emit_event
from prefect.states import Failed

from animevec.errors import InvalidRequest
from animevec.progress import Progress, silent
from animevec.settings import Settings
from evaluation.campaign import records_of
from evaluation.evidently_report import Outcome, retrieval_report
from evaluation.gates import Finding, Verdict, at_least
from evaluation.runner import Run
from evaluation.trial import Trial
from flows.artifacts import progress_artifact
from flows.drift import REPORT, drift_rows, drift_since, facts_of, tell_drift
from flows.evaluation import RUN, SCORES, compare, finding_rows, link_run, record
from flows.parameters import Evaluate, Nightly
from flows.workshop import open_workshop
from registry.audit import Alerted
from registry.tracking import Tracking, mlflow_errors

ACTOR = "flow nightly"
ALERT = "animevec.alert"
POLICY = "no regression"
# Tag of a release: the run of its last night.
NIGHTLY = "nightly_run"
# Set name and hash to scores by metric, in the order of the queries.
Scored = Mapping[tuple[str, str], Mapping[str, tuple[float, ...]]]


@dataclass(frozen=True, slots=True)
class Checked:
    """What a night found; ``since`` is the MLflow run that it was compared with."""

    release: str
    passed: bool
    summary: str
    run_id: str
    since: str | None
    findings: list[dict[str, Any]]
    drift: list[dict[str, Any]]


def check(settings: Settings, request: Nightly, progress: Progress = silent) -> Checked:
    """Measure the champion; where it fell, record an alert in the audit trail.

    Drift of the catalogue is reported and alarms nobody: a catalogue may change.  The first night
    of a release that was never judged is what later nights compare with.

    Raises:
        NotFound: there is no champion.
    """
    with open_workshop(settings) as workshop, TemporaryDirectory() as scratch:
        records = workshop.records
        champion = records.release(None)
        version, since = champion.release.version, champion.tags.get(RUN)
        trial, ours, _ = compare(workshop, Evaluate(release=version, against=version), progress)
        tracking = records.releases.tracking
        pair = trial if since is None else beside(trial, earlier(tracking, since))
        report = retrieval_report(pair, Path(scratch), request.tolerance)
        facts = facts_of(records_of(ours))
        drift = drift_since(tracking, since, facts, Path(scratch))
        verdict = Verdict((*falls(pair, request.tolerance), *_found(report)))
        reports = {"retrieval": report} | ({} if drift is None else {REPORT: drift})
        run_id = record(tracking, trial, verdict, reports, facts)
        records.releases.tag(version, NIGHTLY, run_id)
        if since is None:
            records.releases.tag(version, RUN, run_id)
        if not verdict.passed:
            records.audit.record(
                Alerted(actor=ACTOR, subject=f"release {version}", message=verdict.summary())
            )
    findings = [asdict(finding) for finding in verdict.findings]
    summary = verdict.summary()
    return Checked(version, verdict.passed, summary, run_id, since, findings, drift_rows(drift))


def earlier(tracking: Tracking, run_id: str) -> Scored:
    """What an evaluation run measured: for each set its hash, and scores by metric and query.

    Raises:
        NotFound: the run, or its scores, are not there.
    """
    with mlflow_errors(f"evaluation run {run_id}"), TemporaryDirectory() as scratch:
        params = tracking.client.get_run(run_id).data.params
        path = Path(tracking.client.download_artifacts(run_id, SCORES, scratch))
        scores = json.loads(path.read_text())
    return {
        (name, params.get(f"sha256/{name}", "")): {m: tuple(v) for m, v in found.items()}
        for name, found in scores.items()
    }


def beside(trial: Trial, before: Scored) -> Trial:
    """A trial against scores of an earlier day, on the sets that are still the same.

    Raises:
        InvalidRequest: none is.
    """
    sets = tuple(one for one in trial.sets if (one.name, one.sha256) in before)
    if not sets:
        raise InvalidRequest(
            "every query set has changed since the champion was judged; evaluate it again"
        )
    old = {one.name: Run("earlier", before[one.name, one.sha256], (), ()) for one in sets}
    return replace(trial, sets=sets, champion=old)


def falls(trial: Trial, tolerance: float) -> list[Finding]:
    """One finding per set: the relative change of its primary metric."""
    found = []
    for one in trial.sets:
        now, before = (
            fmean(runs[one.name].scores[one.primary]) for runs in (trial.candidate, trial.champion)
        )
        change = now / before - 1 if before else 0.0
        found.append(at_least(POLICY, f"change of {one.primary} on {one.name}", change, -tolerance))
    return found


def _found(report: Outcome) -> list[Finding]:
    """Evidently's tests, over all sets together, as findings."""
    nan = float("nan")
    return [
        Finding("Evidently", check.name, check.passed, nan, nan, check.description)
        for check in report.checks
    ]


@task(name="check champion", retries=1, retry_delay_seconds=60, cache_policy=NO_CACHE)
def check_task(settings: Settings, request: Nightly) -> dict[str, Any]:
    """The measurement."""
    return asdict(check(settings, request, progress_artifact("checking the champion")))


@flow(name="nightly")
def nightly_flow(request: Nightly) -> dict[str, Any] | State[Any]:
    """Fails, and emits ``animevec.alert``, when the champion has become worse."""
    settings = Settings()
    found = check_task(settings, request)
    create_table_artifact(
        finding_rows(found["findings"]), key="nightly", description=found["summary"]
    )
    create_markdown_artifact(f"**{found['summary']}**", key="nightly-verdict")
    tell_drift(settings, found["drift"], found["run_id"])
    link_run(settings, found["run_id"], "nightly")
    if found["passed"]:
        return found
    resource = {"prefect.resource.id": f"animevec.release.{found['release']}"}
    emit_event(event=ALERT, resource=resource, payload={"message": found["summary"]})
    return Failed(message=found["summary"])

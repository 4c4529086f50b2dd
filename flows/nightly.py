"""Flow ``nightly``: is the champion still as good as when it was judged?  An alert if not."""

from dataclasses import asdict, dataclass
from typing import Any

from prefect import flow, task
from prefect.artifacts import (
    create_link_artifact,
    create_markdown_artifact,
    create_table_artifact,
)
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.events import emit_event
from prefect.states import Failed

from animevec.progress import Progress, silent
from animevec.settings import Settings
from evaluation.evidence import Evidence
from evaluation.gates import Finding, Verdict, at_least
from flows.artifacts import progress_artifact, run_address
from flows.evaluation import RUN, compare, figures, finding_rows, record
from flows.parameters import Evaluate, Nightly
from flows.workshop import Records, open_workshop
from registry.audit import Alerted
from registry.tracking import Tracking, mlflow_errors

ACTOR = "flow nightly"
ALERT = "animevec.alert"
POLICY = "no regression"


@dataclass(frozen=True, slots=True)
class Checked:
    """What a night found; ``since`` is the MLflow run that it was compared with."""

    release: str
    passed: bool
    summary: str
    run_id: str
    since: str | None
    findings: list[dict[str, Any]]


def check(settings: Settings, request: Nightly, progress: Progress = silent) -> Checked:
    """Measure the champion; where it fell, record an alert in the audit trail.

    The first night of a release that was never judged is what later nights compare with.

    Raises:
        NotFound: there is no champion.
    """
    with open_workshop(settings) as workshop:
        records = workshop.records
        champion = records.release(None)
        version, since = champion.release.version, champion.tags.get(RUN)
        trial = compare(workshop, Evaluate(release=version, against=version), progress)
        verdict = Verdict(tuple(regressions(records, trial.evidence, since, request.tolerance)))
        run_id = record(records.releases.tracking, trial.evidence, verdict)
        if since is None:
            records.releases.tag(version, RUN, run_id)
        if since is not None and not verdict.passed:
            summary = verdict.summary()
            records.audit.record(
                Alerted(actor=ACTOR, subject=f"release {version}", message=summary)
            )
    passed = since is None or verdict.passed
    summary = verdict.summary() if since else "first measurement; later nights compare with it"
    return Checked(version, passed, summary, run_id, since, [asdict(f) for f in verdict.findings])


def regressions(
    records: Records, evidence: Evidence, since: str | None, tolerance: float
) -> list[Finding]:
    """One finding per set whose queries are still the same, on its primary metric."""
    if since is None:
        return []
    tracking = records.releases.tracking
    with mlflow_errors(f"evaluation run {since}"):
        before = tracking.client.get_run(since).data
    now, found = figures(evidence), []
    for name, one in evidence.sets.items():
        metric = f"{name}/{one.primary}".replace("@", "_at_")
        if before.params.get(f"sha256/{name}") == one.sha256 and before.metrics.get(metric):
            change = now[metric] / before.metrics[metric] - 1
            found.append(at_least(POLICY, f"change of {one.primary} on {name}", change, -tolerance))
    return found


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
    address = run_address(settings, Tracking.of(settings), found["run_id"])
    create_link_artifact(address, link_text="the check in MLflow", key="nightly-run")
    if found["passed"]:
        return found
    resource = {"prefect.resource.id": f"animevec.release.{found['release']}"}
    emit_event(event=ALERT, resource=resource, payload={"message": found["summary"]})
    return Failed(message=found["summary"])

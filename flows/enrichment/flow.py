"""Flow ``enrich``: the runner, with a form, progress, tables, and an event at its end."""

import asyncio
import contextvars
from collections.abc import AsyncIterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import asynccontextmanager
from typing import Any

from prefect import flow
from prefect.artifacts import create_markdown_artifact, create_table_artifact
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import GlobalConcurrencyLimitCreate
from prefect.concurrency.asyncio import concurrency
from prefect.deployments.runner import RunnerDeployment
from prefect.events import DeploymentEventTrigger, emit_event
from prefect.exceptions import ObjectNotFound
from prefect.types.entrypoint import EntrypointType

from animevec.catalog.store import Catalog
from animevec.progress import Progress, silent
from animevec.settings import Settings
from flows.artifacts import progress_artifact
from flows.enrichment.inquiry import Gate, open_gate
from flows.enrichment.report import RunReport
from flows.enrichment.request import Enrich
from flows.enrichment.runner import Runner

NAME = "animevec"
ENRICHED = "animevec.catalog.enriched"
CATALOGUE = "animevec.catalog"
WHATEVER_IS_DUE = Enrich()
RUNS_AT_A_SOURCE = 1
POLL_S = 1.0


def enrich(
    settings: Settings, request: Enrich, progress: Progress = silent, gate: Gate = open_gate
) -> RunReport:
    """What the flow does, without Prefect; ``progress`` is called in this thread."""
    reached: tuple[int, int | None] = (0, None)

    def note(done: int, total: int | None) -> None:
        nonlocal reached
        reached = done, total

    async def work() -> RunReport:
        with (
            Catalog.open(settings.catalog_url) as catalog,
            Runner(settings, catalog, gate=gate) as runner,
        ):
            return await runner.run(request, note)

    # Prefect's artifacts cannot be written from a running event loop.
    with ThreadPoolExecutor(1, thread_name_prefix="enrich") as pool:
        context = contextvars.copy_context()
        future: Future[RunReport] = pool.submit(context.run, asyncio.run, work())
        while not wait([future], POLL_S).done:
            progress(*reached)
        progress(*reached)
        return future.result()


def outcome_rows(report: RunReport) -> list[dict[str, Any]]:
    """One row a source: how its answers ended, requests sent and saved."""
    return [
        {
            "source": source,
            **{kind: counts.get(kind, 0) for kind in KINDS},
            "requests": report.requests.get(source, 0),
            "cached": report.cached.get(source, 0),
        }
        for source, counts in report.outcomes.items()
    ]


def dispute_rows(report: RunReport) -> list[dict[str, Any]]:
    """One row a conflict: what won, and what the others say."""
    return [
        {
            "key": dispute.key,
            "title": dispute.title,
            "field": dispute.conflict.field,
            "in force": f"{dispute.conflict.chosen}: {dispute.conflict.value}",
            "others": "; ".join(f"{s}: {v}" for s, v in dispute.conflict.others.items()),
            "confidence": dispute.conflict.confidence,
            "settled": dispute.conflict.settled,
        }
        for dispute in report.disputes
    ]


def change_rows(report: RunReport) -> list[dict[str, Any]]:
    """One row a field that a dry run would change."""
    return [
        {"title": c.title, "field": c.field, "before": str(c.before), "after": str(c.after)}
        for c in report.changes
    ]


def summary(report: RunReport) -> str:
    """The end of a run, in Markdown."""
    states = ", ".join(f"{count} {state}" for state, count in report.states.items())
    lines = [
        f"Catalogue revision **{report.revision}**"
        + (" (dry run: nothing was written)" if report.dry_run else ""),
        f"{report.titles} titles: {states or 'nothing is due'}",
        f"{len(report.disputes)} conflicts, {report.reviews} new for review",
        f"completeness {report.completeness}, consistency {report.consistency}",
    ]
    lines += [f"gone from every source, kept: {', '.join(report.orphans)}"] * bool(report.orphans)
    lines += [f"{trouble.key}: {trouble.message}" for trouble in report.troubles]
    return "\n".join(f"- {line}" for line in lines)


KINDS = ("found", "not_found", "refused", "unreachable", "malformed")


@flow(name="enrich", persist_result=True, result_serializer="json")
def enrich_flow(request: Enrich = WHATEVER_IS_DUE) -> dict[str, Any]:
    """Ask sources about titles, merge what they say, and tell who follows the catalogue."""
    limit_sources(request)
    report = enrich(Settings(), request, progress_artifact("answers of the sources"), source_gate)
    create_table_artifact(
        outcome_rows(report), key="enrichment-outcomes", description="Outcomes by source"
    )
    create_table_artifact(
        dispute_rows(report), key="enrichment-conflicts", description="What sources dispute"
    )
    if report.dry_run:
        create_table_artifact(
            change_rows(report), key="enrichment-changes", description="What would change"
        )
    create_markdown_artifact(summary(report), key="enrichment", description="Enrichment")
    if not report.dry_run:
        tell(report)
    return report.model_dump(mode="json")


@asynccontextmanager
async def source_gate(source: str) -> AsyncIterator[None]:
    """A place among the runs that may ask a source at once."""
    async with concurrency(limit_name(source), occupy=1):
        yield


def limit_name(source: str) -> str:
    """Prefect's concurrency limit of a source; change it in the UI."""
    return f"source-{source}"


def limit_sources(request: Enrich) -> None:
    """Make the limits that are missing; those an operator changed stay."""
    with get_client(sync_client=True) as client:
        for source in request.sources:
            name = limit_name(source)
            try:
                client.read_global_concurrency_limit_by_name(name)
            except ObjectNotFound:
                wanted = GlobalConcurrencyLimitCreate(name=name, limit=RUNS_AT_A_SOURCE)
                client.create_global_concurrency_limit(wanted)


def tell(report: RunReport) -> None:
    """The event that the embedding flow follows."""
    emit_event(
        event=ENRICHED,
        resource={"prefect.resource.id": CATALOGUE, "prefect.resource.name": "catalogue"},
        payload={"run": report.run, "revision": report.revision, "states": report.states},
    )


def on_enriched(parameters: dict[str, Any]) -> DeploymentEventTrigger:
    """Starts the deployment it is given to whenever the catalogue was enriched."""
    return DeploymentEventTrigger(
        name="catalogue enriched",
        expect={ENRICHED},
        match={"prefect.resource.id": CATALOGUE},
        parameters=parameters,
    )


def deployment() -> RunnerDeployment:
    """What ``flows.deployments`` serves; its form asks for titles, sources, stages and limits."""
    made = enrich_flow.to_deployment(
        NAME, tags=["catalogue"], entrypoint_type=EntrypointType.MODULE_PATH
    )
    if not isinstance(made, RunnerDeployment):
        raise TypeError("called on an event loop; flows here are not async")
    return made

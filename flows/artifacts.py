"""What flow runs leave in Prefect's UI: tables, words, progress, links and pictures."""

from collections.abc import Mapping, Sequence
from time import monotonic
from typing import Any
from uuid import UUID

from animevec.progress import Progress
from animevec.settings import Settings
from registry.tracking import Tracking

EVERY_S = 1.0


def progress_artifact(description: str, every_s: float = EVERY_S) -> Progress:
    """A bar in the UI; told at most once in ``every_s`` seconds, and at the end."""
    from prefect.artifacts import create_progress_artifact, update_progress_artifact

    found = create_progress_artifact(0.0, description=description)
    if not isinstance(found, UUID):
        raise TypeError("called on an event loop; flows here are not async")
    id_: UUID = found
    told = 0.0

    def report(done: int, total: int | None) -> None:
        nonlocal told
        ended = total is not None and done >= total
        if total and (ended or monotonic() - told >= every_s):
            update_progress_artifact(id_, min(100.0, 100.0 * done / total))
            told = monotonic()

    return report


def facts_table(facts: Mapping[str, Any]) -> str:
    """A Markdown table of two columns; text is escaped so that no cell breaks it."""
    lines = ["| what | value |", "|---|---|"]
    return "\n".join([*lines, *(f"| {_cell(k)} | {_cell(v)} |" for k, v in facts.items())])


def markdown_table(rows: Sequence[Mapping[str, Any]]) -> str:
    """A Markdown table with the keys of the first row as its head."""
    if not rows:
        return "nothing"
    head = list(rows[0])
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join([*lines, *("| " + " | ".join(_cell(r[k]) for k in head) + " |" for r in rows)])


def run_address(settings: Settings, tracking: Tracking, run_id: str) -> str:
    """The page of a run in the MLflow UI."""
    experiment = tracking.client.get_run(run_id).info.experiment_id
    return f"{mlflow_address(settings)}/#/experiments/{experiment}/runs/{run_id}"


def release_address(settings: Settings, version: str) -> str:
    """The page of a release in the MLflow UI."""
    name = settings.registry.release_name
    return f"{mlflow_address(settings)}/#/models/{name}/versions/{version}"


def artifact_address(settings: Settings, run_id: str, path: str) -> str:
    """A file of a run, as MLflow's server hands it out."""
    return f"{mlflow_address(settings)}/get-artifact?path={path}&run_uuid={run_id}"


def mlflow_address(settings: Settings) -> str:
    """The MLflow server that shows this installation's registry."""
    uri = settings.registry.uri
    return uri if uri.startswith("http") else f"http://127.0.0.1:{settings.registry.port}"


def _cell(value: Any) -> str:
    shown = f"{value:.4g}" if isinstance(value, float) else str(value)
    return shown.replace("|", "\\|").replace("\n", " ")

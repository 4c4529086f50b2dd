"""Drift of the catalogue's facts since a release was judged: Evidently's report, and its rows."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import UUID

from prefect.artifacts import create_link_artifact, create_table_artifact

from animevec.catalog.record import Anime
from animevec.errors import NotFound
from animevec.settings import Settings
from evaluation.evidently_report import FOLDER, Outcome, data_report, facts_text, read_facts
from evaluation.sets.rows import drawn
from flows.artifacts import artifact_address
from registry.tracking import Tracking, mlflow_errors

FACTS = "facts.json"
REPORT = "data-drift"
SAMPLED = 5_000


def facts_of(records: Mapping[UUID, Anime]) -> str:
    """Facts of at most 5,000 titles, drawn by id, as a run keeps them for later ones."""
    return facts_text(drawn([(str(id), record) for id, record in records.items()], SAMPLED))


def drift_since(tracking: Tracking, run_id: str | None, now: str, folder: Path) -> Outcome | None:
    """Facts now against those of an earlier run; None where that kept none."""
    before = None if run_id is None else _kept(tracking, run_id)
    return None if before is None else data_report(read_facts(now), read_facts(before), folder)


def drift_rows(outcome: Outcome | None) -> list[dict[str, Any]]:
    """One row per fact, what drifted first; none without a report."""
    checks = outcome.checks if outcome else ()
    return [
        {"drifted": "no" if one.passed else "YES", "fact": one.name, "found": one.description}
        for one in sorted(checks, key=lambda one: one.passed)
    ]


def tell_drift(settings: Settings, rows: Sequence[dict[str, Any]], run_id: str) -> None:
    """The rows and the report in Prefect's UI, where there are any."""
    if not rows:
        return
    count = sum(row["drifted"] == "YES" for row in rows)
    create_table_artifact(
        list(rows), key=REPORT, description=f"{count} of {len(rows)} facts of the catalogue drifted"
    )
    page = artifact_address(settings, run_id, f"{FOLDER}/{REPORT}.html")
    create_link_artifact(page, link_text="drift of the catalogue", key=f"{REPORT}-report")


def _kept(tracking: Tracking, run_id: str) -> str | None:
    try:
        with mlflow_errors(f"facts of run {run_id}"), TemporaryDirectory() as scratch:
            if not any(one.path == FACTS for one in tracking.client.list_artifacts(run_id)):
                return None
            return Path(tracking.client.download_artifacts(run_id, FACTS, scratch)).read_text()
    except NotFound:
        return None

"""The data-quality report of a run, by Evidently; the only module here that imports it."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas
from evidently import DataDefinition, Dataset, Report
from evidently.metrics import MeanValue
from evidently.presets import DataSummaryPreset
from evidently.tests import gte

from flows.enrichment.quality import Assessed

FIGURES = ("completeness", "consistency", "confidence", "problems")
HTML, JSON, ROWS = "report.html", "report.json", "titles.jsonl"


def write(
    assessed: Sequence[Assessed], folder: Path, completeness: float, consistency: float
) -> Path:
    """Write ``report.html``, ``report.json`` and the figures by title; returns the folder.

    The tests of the report are the means against the thresholds; titles below one are rows of
    ``titles.jsonl``.
    """
    folder.mkdir(parents=True, exist_ok=True)
    rows = [_row(one) for one in assessed]
    (folder / ROWS).write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    figures = pandas.DataFrame([{name: row[name] for name in FIGURES} for row in rows])
    definition = DataDefinition(numerical_columns=list(FIGURES))
    report = Report(
        [
            MeanValue(column="completeness", tests=[gte(completeness)]),
            MeanValue(column="consistency", tests=[gte(consistency)]),
            DataSummaryPreset(),
        ]
    )
    snapshot = report.run(Dataset.from_pandas(figures, data_definition=definition), None)
    snapshot.save_html(str(folder / HTML))
    snapshot.save_json(str(folder / JSON))
    return folder


def _row(one: Assessed) -> dict[str, Any]:
    return {
        "key": one.key,
        "title": one.title,
        "completeness": one.quality.completeness,
        "consistency": one.quality.consistency,
        "confidence": one.confidence,
        "problems": float(len(one.quality.problems)),
        "paths": [f"{problem.path}: {problem.message}" for problem in one.quality.problems],
    }

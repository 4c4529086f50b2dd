"""Reports of a trial by Evidently: retrieval per query, data drift, embedding drift.

The only module that imports Evidently, whose drift of embeddings wraps its legacy part.  What it
lets through was checked and is refused here first: a column that is partly NaN passes on what is
left, a missing reference raises, an empty frame raises.  The default method of ``EmbeddingsDrift``
(maximum mean discrepancy) takes minutes at a few hundred rows, so a classifier is used: the ROC
AUC of telling the two samples apart, 0.5 where they are alike.
"""

import json
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from animevec.catalog.record import Anime
from animevec.errors import InvalidRequest
from animevec.index.base import VectorStore
from animevec.index.document import TEXT
from evaluation.metrics import METRICS
from evaluation.sets.rows import drawn
from evaluation.trial import Trial

if TYPE_CHECKING:
    import pandas as pd

    from registry.tracking import Run as MlflowRun

TOLERANCE = 0.02
TELLING_APART = 0.6
SAMPLED = 500
FOLDER = "evidently"
Matrix = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Check:
    """One of Evidently's tests."""

    name: str
    passed: bool
    description: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """Written files, and the tests they hold."""

    html: Path
    json: Path
    checks: tuple[Check, ...]

    @property
    def passed(self) -> bool:
        """True when there is a test and none failed."""
        return bool(self.checks) and all(check.passed for check in self.checks)


def retrieval_report(trial: Trial, folder: Path, tolerance: float = TOLERANCE) -> Outcome:
    """Metrics per query, candidate against champion: no mean may fall by more than ``tolerance``.

    Raises:
        InvalidRequest: a score is not a number, or nothing was asked.
    """
    from evidently.metrics import MeanValue
    from evidently.tests import Reference, gte

    current, reference = (scores_frame(trial, champion) for champion in (False, True))
    metrics = [
        MeanValue(column=column, tests=[gte(Reference(relative=tolerance))])
        for column in current.columns
    ]
    return _written(metrics, current, reference, folder, "retrieval")


def data_report(current: "pd.DataFrame", reference: "pd.DataFrame", folder: Path) -> Outcome:
    """Drift of the catalogue's facts, one test per fact; Evidently chooses the method by size.

    Raises:
        InvalidRequest: one of the two is empty.
    """
    from evidently.presets import DataDriftPreset

    return _written([DataDriftPreset()], current, reference, folder, "data-drift", tests=True)


def embedding_report(current: Matrix, reference: Matrix, folder: Path) -> Outcome:
    """Drift between two samples of vectors [n, d] of the same titles or of different ones.

    Raises:
        InvalidRequest: a sample is empty, not finite, or of another dimension: vectors of other
            encoders are not comparable.
    """
    import pandas as pd
    from evidently.legacy.metrics.data_drift.embedding_drift_methods import model
    from evidently.metrics import EmbeddingsDrift
    from evidently.tests import lte

    if current.ndim != 2 or reference.ndim != 2 or current.shape[1] != reference.shape[1]:
        raise InvalidRequest(
            f"vectors of shapes {current.shape} and {reference.shape} cannot be compared"
        )
    names = [f"d{at}" for at in range(current.shape[1])]
    metric = EmbeddingsDrift(
        embeddings_name="text",
        drift_method=model(threshold=TELLING_APART),
        tests=[lte(TELLING_APART)],
    )
    now, before = (pd.DataFrame(vectors, columns=names) for vectors in (current, reference))
    return _written([metric], now, before, folder, "embedding-drift", {"text": names})


def log_reports(run: "MlflowRun", outcomes: Mapping[str, Outcome]) -> None:
    """Keep pages and JSON under ``evidently/`` of an MLflow run, and how many tests failed."""
    for name, outcome in outcomes.items():
        run.file(outcome.html, FOLDER)
        run.file(outcome.json, FOLDER)
        failed = sum(not check.passed for check in outcome.checks)
        run.metrics({f"evidently.{name}.failed": float(failed)})


def scores_frame(trial: Trial, champion: bool) -> "pd.DataFrame":
    """One row per query of every set, one column per metric."""
    import pandas as pd

    runs = trial.champion if champion else trial.candidate
    rows = {
        metric: [score for one in trial.sets for score in runs[one.name].scores[metric]]
        for metric in METRICS
    }
    return pd.DataFrame(rows)


def facts_frame(records: Sequence[Anime]) -> "pd.DataFrame":
    """One row per title: year, episodes, members, score, lengths, type, status.

    An unknown number is 0: that fewer are known is a drift too.
    """
    import pandas as pd

    return pd.DataFrame(
        {
            "year": [r.year or 0 for r in records],
            "episodes": [r.episodes or 0 for r in records],
            "members": [r.members or 0 for r in records],
            "score": [r.score or 0.0 for r in records],
            "synopsis": [len(r.synopsis or "") for r in records],
            "titles": [len(r.titles) for r in records],
            "type": [r.type.value for r in records],
            "status": [r.status.value for r in records],
        }
    )


def facts_text(records: Sequence[Anime]) -> str:
    """The frame of facts as JSON, for ``read_facts`` on a later day."""
    return json.dumps(facts_frame(records).to_dict("list"))


def read_facts(text: str) -> "pd.DataFrame":
    """What ``facts_text`` wrote."""
    import pandas as pd

    return pd.DataFrame(json.loads(text))


def text_vectors(
    store: VectorStore, index: str, ids: Sequence[UUID], most: int = SAMPLED
) -> Matrix:
    """Text vectors [n, d] of ``most`` titles, drawn by id: the same titles in every index."""
    wanted = drawn([(str(i), i) for i in ids], most)
    found = {hit.id: hit.vectors.get(TEXT) for hit in store.retrieve(index, wanted, (TEXT,))}
    rows = [np.asarray(found[i], np.float32) for i in wanted if found.get(i) is not None]
    return np.stack(rows) if rows else np.empty((0, 0), np.float32)


def _written(
    metrics: Sequence[Any],
    current: "pd.DataFrame",
    reference: "pd.DataFrame",
    folder: Path,
    name: str,
    embeddings: dict[str, list[str]] | None = None,
    tests: bool = False,
) -> Outcome:
    """Run the report and write ``<name>.html`` and ``<name>.json``; ``tests``: the preset's own."""
    for which, frame in (("current", current), ("reference", reference)):
        _sound(which, frame)
    from evidently import DataDefinition, Dataset, Report

    definition = DataDefinition(embeddings=embeddings) if embeddings else None
    folder.mkdir(parents=True, exist_ok=True)
    page, facts = folder / f"{name}.html", folder / f"{name}.json"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Evidently's own divisions by zero and deprecations
        snapshot = Report(list(metrics), include_tests=tests).run(
            Dataset.from_pandas(current, definition), Dataset.from_pandas(reference, definition)
        )
        snapshot.save_html(str(page))
        snapshot.save_json(str(facts))
        found = snapshot.dict()["tests"]
    checks = [Check(t["name"], t["status"].name == "SUCCESS", t["description"]) for t in found]
    return Outcome(page, facts, tuple(checks))


def _sound(which: str, frame: "pd.DataFrame") -> None:
    if frame.empty:
        raise InvalidRequest(f"the {which} data of the report is empty; nothing can be judged")
    numbers = frame.select_dtypes("number")
    broken = [str(c) for c in numbers if not np.isfinite(numbers[c].to_numpy(float)).all()]
    if broken:
        raise InvalidRequest(
            f"the {which} data of the report has values that are no numbers in "
            f"{', '.join(broken[:5])}; a mean over the rest would say nothing"
        )

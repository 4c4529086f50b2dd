"""Judging: the verdict, its reasons and its figures are where a promotion looks for them."""

import json
from pathlib import Path

import pytest

from animevec.catalog.store import Catalog
from animevec.errors import InvalidRequest, NotFound
from animevec.settings import Settings
from flows.embedding import embed_release, register_again
from flows.evaluation import SCORES, finding_rows, judge
from flows.nightly import check
from flows.parameters import Embed, Evaluate, Nightly
from flows.promotion import diff, promote, roll_back
from flows.workshop import open_records
from registry.tracking import Tracking

GATE = """
default:
  - minimum_score: {set: title-variants, metric: recall@100, minimum: 0.9}
  - no_slice_worse: {tolerance: 0.01, minimum: 5}
  - completeness: {share: 1.0}
"""


@pytest.fixture(autouse=True)
def few_are_timed(monkeypatch: pytest.MonkeyPatch) -> None:
    """No gate of these tests asks for a latency."""
    monkeypatch.setattr("evaluation.trial.TIMED", 10)


@pytest.fixture
def gates(tmp_path: Path) -> Path:
    path = tmp_path / "gates.yaml"
    path.write_text(GATE)
    return path


def tags(settings: Settings, version: str) -> dict[str, str]:
    with open_records(settings) as records:
        return dict(records.release(version).tags)


def test_a_candidate_is_judged_promoted_and_rolled_back(settings: Settings, gates: Path) -> None:
    version = register_again(settings, Embed(what="all"))
    embed_release(settings, version)
    judged = judge(settings, Evaluate(release=version), gates=gates)
    assert (judged.gate, judged.against) == ("pass", "1"), judged.verdict
    found = tags(settings, version)
    assert (found["gate"], found["verdict"]) == ("pass", judged.verdict)
    assert found["evaluation_run"] == judged.run_id
    assert found["reports"] == f"runs:/{judged.run_id}/evidently"
    client = Tracking.of(settings).client
    files = {one.path for one in client.list_artifacts(judged.run_id)}
    assert {"evidence.json", SCORES, "verdict.md", "evidently"} <= files
    metrics = client.get_run(judged.run_id).data.metrics
    assert metrics["title-variants/recall_at_100"] >= 0.9
    assert metrics["evidently.embedding.failed"] == 0
    assert diff(settings, version).changes["index"] == ("live", f"titles-r{version}")
    assert promote(settings, version, "better").phase == "confirmed"
    assert roll_back(settings, "changed my mind").version == "1"
    with open_records(settings) as records:
        told = [one.event for one in records.audit.entries()]
    assert told == ["promoted", "promoted", "gated"]


def test_a_candidate_without_an_index_fails_and_cannot_be_promoted(
    settings: Settings, gates: Path
) -> None:
    version = register_again(settings, Embed(what="all"))
    judged = judge(settings, Evaluate(release=version), gates=gates)
    assert judged.gate == "fail"
    assert "completeness: share of titles indexed is 0, at least 1 is required" in judged.verdict
    assert finding_rows(judged.findings)[0]["passed"] == "NO"
    with pytest.raises(InvalidRequest, match="its gate says fail"):
        promote(settings, version, "anyway")
    with open_records(settings) as records:
        assert records.release(None).release.version == "1"


def test_an_unknown_gate_is_named_before_anything_is_measured(
    settings: Settings, gates: Path
) -> None:
    with pytest.raises(NotFound, match="no gate 'strict'"):
        judge(settings, Evaluate(release="1", gate="strict"), gates=gates)


def test_a_night_compares_with_the_night_before_and_alerts_when_worse(settings: Settings) -> None:
    first = check(settings, Nightly())
    assert first.passed and first.since is None
    better = better_days(settings, first.run_id)
    worse = check(settings, Nightly(tolerance=0.001))
    assert (worse.since, worse.passed) == (better, False)
    assert "no regression: change of" in worse.summary
    with open_records(settings) as records:
        [alert] = records.audit.entries("alerted")
    assert alert.facts == {"subject": "release 1", "message": worse.summary}


def test_drift_of_the_catalogue_is_reported_and_alarms_nobody(settings: Settings) -> None:
    first = check(settings, Nightly())
    assert first.drift == []
    with Catalog.open(settings.catalog_url) as catalog:
        longer = [one.model_copy(update={"episodes": 999}) for one in catalog.iterate()]
        catalog.put(longer, actor="test")
    second = check(settings, Nightly(tolerance=0.5))
    assert second.passed, second.summary
    [found] = [row for row in second.drift if row["drifted"] == "YES"]
    assert found == second.drift[0] and "episodes" in found["fact"]
    client = Tracking.of(settings).client
    kept = {one.path for one in client.list_artifacts(second.run_id, "evidently")}
    assert "evidently/data-drift.html" in kept
    assert tags(settings, "1")["nightly_run"] == second.run_id


def better_days(settings: Settings, run_id: str) -> str:
    """Let the registry remember scores that nobody can reach again."""
    with open_records(settings) as records:
        tracking = records.releases.tracking
        path = Path(tracking.client.download_artifacts(run_id, SCORES))
        scores = json.loads(path.read_text())
        beyond = {n: {m: [2.0] * len(v) for m, v in s.items()} for n, s in scores.items()}
        with tracking.run("evaluation", "a better day", {}) as run:
            run.params(tracking.client.get_run(run_id).data.params)
            run.text(json.dumps(beyond), SCORES)
        records.releases.tag("1", "evaluation_run", run.id)
    return run.id

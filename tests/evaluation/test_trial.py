"""A candidate beside the champion: evidence, named gates, Evidently's reports, MLflow."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from animevec.assembly import Assembly, local_release, rebuild
from animevec.errors import InvalidRequest, NotFound
from animevec.lineup import open_lineup
from animevec.settings import Settings
from evaluation.campaign import query_sets, records_of
from evaluation.evidently_report import (
    data_report,
    embedding_report,
    facts_frame,
    log_reports,
    retrieval_report,
    text_vectors,
)
from evaluation.gates import Licence
from evaluation.policies import read_gate
from evaluation.trial import Trial, run_trial
from registry.tracking import Tracking
from tests.evaluation.conftest import HashedWords, no_bar


@pytest.fixture(scope="module")
def worse(assembly: Assembly, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Assembly]:
    """The same catalogue behind an encoder to which all words sound alike, and no other channel."""
    settings = Settings(home=tmp_path_factory.mktemp("worse"), encoders={"picture": ""})
    with open_lineup(settings, load=lambda card: HashedWords(card, noise=30.0)) as lineup:
        lineup.catalog.put(list(records_of(assembly).values()), "test")
        release = local_release(settings)
        deaf = release.model_copy(
            update={
                "version": "worse",
                "ranking": settings.search.model_copy(update={"ranker": "dense"}),
            }
        )
        rebuild(lineup.room(release))
        yield lineup.open(deaf)


@pytest.fixture(scope="module")
def equal(assembly: Assembly) -> Trial:
    """The champion against nobody."""
    records = records_of(assembly)
    return run_trial(assembly, None, query_sets(assembly, records, None, 60), records, no_bar)


@pytest.fixture(scope="module")
def lost(assembly: Assembly, worse: Assembly) -> Trial:
    records = records_of(assembly)
    sets = query_sets(assembly, records, None, 60)
    return run_trial(worse, assembly, sets, records, no_bar)


def test_a_first_release_passes_on_its_own_merits(equal: Trial) -> None:
    evidence = equal.evidence
    assert evidence.champion is None
    assert (evidence.indexed, evidence.expected) == (272, 272)
    assert evidence.licences == {"minilm": "Apache-2.0", "bm25": "Apache-2.0"}
    assert 0 < evidence.latency_p95_ms < 10_000
    assert 0 < evidence.champion_latency_p95_ms < 10_000
    assert evidence.memory_mb > 50
    assert all(c.difference.mean == 0 for s in evidence.sets.values() for c in s.overall.values())


def test_the_gate_stops_a_worse_candidate_and_says_why(lost: Trial) -> None:
    verdict = read_gate().judge(lost.evidence)
    failed = {finding.policy for finding in verdict.failures}
    assert not verdict.passed
    assert {"minimum score", "no slice worse", "no forgetting"} <= failed
    assert "is required" in verdict.summary()


def test_gates_are_found_by_name(tmp_path: Path) -> None:
    licence = next(p for p in read_gate(commercial_use=True).policies if isinstance(p, Licence))
    assert licence.commercial_use
    assert len(read_gate("similarity").policies) > 3
    with pytest.raises(NotFound, match="there are default, similarity"):
        read_gate("strict")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("bad: [{minimum_scor: {}}]", "no policy 'minimum_scor'"),
        ("bad: [{latency: {maximum: 3}}]", "policy 'latency'"),
        ("bad: [latency]", "is not one policy"),
        ("bad: []", "has no policies"),
        ("bad:", "has no policies"),
    ],
)
def test_a_gate_with_a_mistake_is_refused(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "gates.yaml"
    path.write_text(text)
    with pytest.raises(InvalidRequest, match=message):
        read_gate("bad", path=path)


def test_nothing_to_compare_is_an_error(assembly: Assembly) -> None:
    with pytest.raises(InvalidRequest, match="nothing to compare"):
        run_trial(assembly, None, [], {}, no_bar)


def test_evidently_sees_the_fall(lost: Trial, equal: Trial, tmp_path: Path) -> None:
    fallen = retrieval_report(lost, tmp_path / "lost")
    assert not fallen.passed
    assert retrieval_report(equal, tmp_path / "equal").passed
    assert "<html" in fallen.html.read_text()[:2000].lower()
    assert fallen.json.stat().st_size > 100


def test_a_score_that_is_no_number_never_passes(equal: Trial, tmp_path: Path) -> None:
    name, run = next(iter(equal.candidate.items()))
    scores = {**run.scores, "ndcg@10": (float("nan"), *run.scores["ndcg@10"][1:])}
    broken = replace(equal, candidate={**equal.candidate, name: replace(run, scores=scores)})
    with pytest.raises(InvalidRequest, match="no numbers in ndcg@10"):
        retrieval_report(broken, tmp_path)


def test_nothing_asked_is_no_pass(equal: Trial, tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match="is empty"):
        retrieval_report(replace(equal, sets=()), tmp_path)


def test_embeddings_that_moved_are_told_apart(
    assembly: Assembly, worse: Assembly, tmp_path: Path
) -> None:
    ids = list(records_of(assembly))
    now = text_vectors(worse.store, worse.live, ids)
    before = text_vectors(assembly.store, assembly.live, ids)
    assert now.shape == before.shape == (272, 384)
    assert not embedding_report(now, before, tmp_path).passed
    assert embedding_report(before, before, tmp_path).passed
    with pytest.raises(InvalidRequest, match="cannot be compared"):
        embedding_report(now[:, :12], before, tmp_path)
    with pytest.raises(InvalidRequest, match="no numbers"):
        embedding_report(np.full_like(now, np.nan), before, tmp_path)


def test_reports_are_kept_with_the_run(assembly: Assembly, equal: Trial, tmp_path: Path) -> None:
    titles = list(records_of(assembly).values())
    outcomes = {
        "retrieval": retrieval_report(equal, tmp_path / "r"),
        "data-drift": data_report(*map(facts_frame, (titles[:100], titles[100:])), tmp_path / "r"),
    }
    tracking = Tracking(f"sqlite:///{tmp_path / 'mlflow.db'}", tmp_path / "artifacts")
    with tracking.run("evaluation", "trial", {}) as run:
        log_reports(run, outcomes)
    kept = {file.path for file in tracking.client.list_artifacts(run.id, "evidently")}
    assert kept == {f"evidently/{name}.{kind}" for name in outcomes for kind in ("html", "json")}
    metrics = tracking.client.get_run(run.id).data.metrics
    assert metrics["evidently.retrieval.failed"] == 0

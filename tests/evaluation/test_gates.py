"""A gate lets the good pass, stops the bad, and takes no silence for a pass."""

from dataclasses import replace

import numpy as np
import pytest

from evaluation.evidence import Evidence, SetEvidence
from evaluation.gates import (
    Completeness,
    Gate,
    Improvement,
    Latency,
    Licence,
    Memory,
    MinimumScore,
    NoForgetting,
    NoSliceWorse,
    Policy,
)
from evaluation.significance import compare, estimate, holm

BASE = np.random.default_rng(0).uniform(0.3, 0.7, 200)


def evidence(change: float = 0.1, slice_change: float = 0.0) -> Evidence:
    better = compare((BASE + change).tolist(), BASE.tolist())
    part = compare((BASE[:60] + slice_change).tolist(), BASE[:60].tolist())
    found = SetEvidence("0" * 64, "ndcg@10", {"ndcg@10": better}, {"language=ja": part})
    general = SetEvidence("1" * 64, "ndcg@10", {"ndcg@10": part}, general=True)
    sets = {"similarity": found, "general": general}
    return Evidence("v2", "v1", sets, 40.0, 35.0, 900.0, 240, 240, True, {"minilm": "Apache-2.0"})


GATE = (
    MinimumScore("similarity", "ndcg@10", 0.3)
    + Improvement("similarity", 0.1)
    + NoSliceWorse(0.01)
    + NoForgetting(0.01)
    + Latency(1.25, 100)
    + Memory(2000)
    + Completeness()
    + Licence(commercial_use=True)
)


def test_a_few_milliseconds_are_not_held_against_a_candidate() -> None:
    quick = replace(evidence(), champion_latency_p95_ms=8.0)
    gate = Latency() + Memory(2000)
    assert gate.judge(replace(quick, latency_p95_ms=10.9)).passed
    assert not gate.judge(replace(quick, latency_p95_ms=11.1)).passed


def test_a_good_candidate_passes() -> None:
    verdict = GATE.judge(evidence())
    assert verdict.passed, verdict.summary()
    assert verdict.summary().startswith("PASS")


@pytest.mark.parametrize(
    ("policy", "bad", "says"),
    [
        (MinimumScore("similarity", "ndcg@10", 0.9), evidence(), "at least 0.9"),
        (MinimumScore("nowhere", "ndcg@10", 0.1), evidence(), "not measured"),
        (Improvement("similarity", 0.1), evidence(change=0.01), "relative change"),
        (Improvement("similarity", -1.0), evidence(change=-0.01), "lower bound"),
        (NoSliceWorse(0.01), evidence(slice_change=-0.05), "language=ja"),
        (NoForgetting(0.01), evidence(slice_change=-0.05), "general"),
        (Latency(), replace(evidence(), latency_p95_ms=44.0), "champion's is 1.257, at most 1.25"),
        (Latency(), replace(evidence(), latency_p95_ms=float("nan")), "nan"),
        (Latency(), replace(evidence(), champion_latency_p95_ms=0.0), "nan"),
        (Latency(2, 39), evidence(), "in ms is 40, at most 39"),
        (Memory(800), evidence(), "900"),
        (Completeness(), replace(evidence(), indexed=239), "0.9958"),
        (Completeness(), replace(evidence(), indexed=0, expected=0), "nan"),
        (Licence(True), replace(evidence(), commercial_use=False), "forbidden"),
        (NoSliceWorse(), replace(evidence(), sets={}), "not measured"),
        (NoForgetting(), replace(evidence(), sets={}), "not measured"),
    ],
)
def test_a_bad_candidate_is_stopped_with_the_figure(
    policy: Policy, bad: Evidence, says: str
) -> None:
    verdict = Gate((policy,)).judge(bad)
    assert not verdict.passed
    assert says in verdict.summary()


def test_an_empty_gate_does_not_pass() -> None:
    assert not Gate().judge(evidence()).passed


def test_a_fall_within_noise_is_reported_but_passes() -> None:
    noise = np.random.default_rng(1).normal(-0.011, 0.4, 60)
    part = compare((BASE[:60] + noise).tolist(), BASE[:60].tolist())
    found = SetEvidence("0" * 64, "ndcg@10", {"ndcg@10": part}, {"era=1990s": part})
    verdict = Gate((NoSliceWorse(0.001),)).judge(replace(evidence(), sets={"s": found}))
    assert verdict.passed
    assert "within noise" in verdict.findings[0].message


def test_intervals_cover_the_mean_and_are_reproducible() -> None:
    first, second = estimate(BASE.tolist()), estimate(BASE.tolist())
    assert first == second
    assert first.low < first.mean < first.high


def test_the_randomisation_test_finds_what_is_there_and_nothing_else() -> None:
    rng = np.random.default_rng(2)
    same = compare(rng.permutation(BASE).tolist(), BASE.tolist())
    shifted = compare((BASE + 0.05).tolist(), BASE.tolist())
    assert same.p > 0.05
    assert shifted.p < 0.001
    assert compare(BASE.tolist(), BASE.tolist()).p == 1.0


def test_holm_against_worked_values() -> None:
    assert holm({"a": 0.01, "b": 0.04, "c": 0.03}) == pytest.approx(
        {"a": 0.03, "b": 0.06, "c": 0.06}
    )
    assert holm({}) == {}

"""Ranking metrics against worked values and invariants."""

from uuid import UUID, uuid5

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import ndcg_score

from evaluation.calibration import expected_calibration_error
from evaluation.metrics import METRICS, dcg, ndcg, recall, reciprocal_rank, success

IDS = [uuid5(UUID(int=0), str(n)) for n in range(20)]


def test_dcg_uses_exponential_gain() -> None:
    assert dcg([3, 2]) == pytest.approx(7 + 3 / 1.584962500721156)


@pytest.mark.parametrize(
    ("ranked", "relevant", "expected"),
    [
        ([0, 1, 2], {0: 1.0}, (1.0, 1.0, 1.0, 1.0)),
        ([1, 0], {0: 1.0}, (0.6309, 1.0, 0.5, 0.0)),
        ([1, 2], {0: 1.0}, (0.0, 0.0, 0.0, 0.0)),
        ([], {0: 1.0}, (0.0, 0.0, 0.0, 0.0)),
        ([0], {}, (0.0, 0.0, 0.0, 0.0)),
        ([1, 0], {0: 2.0, 1: 1.0}, (0.7967, 1.0, 1.0, 0.0)),
    ],
)
def test_worked_values(
    ranked: list[int], relevant: dict[int, float], expected: tuple[float, ...]
) -> None:
    order = [IDS[i] for i in ranked]
    judged = {IDS[i]: grade for i, grade in relevant.items()}
    measured = [metric(order, judged) for metric in (ndcg, recall, reciprocal_rank, success)]
    assert measured == pytest.approx(expected, abs=1e-4)


@given(st.permutations(range(20)), st.lists(st.integers(0, 3), min_size=20, max_size=20))
def test_ndcg_equals_an_independent_implementation(order: list[int], grades: list[int]) -> None:
    if not any(grades):
        return
    judged = {IDS[i]: float(g) for i, g in enumerate(grades) if g}
    gains = [[2.0**g - 1 for g in grades]]
    scores = [[float(-order.index(i)) for i in range(20)]]
    assert ndcg([IDS[i] for i in order], judged) == pytest.approx(ndcg_score(gains, scores, k=10))


@given(st.permutations(range(20)), st.sets(st.integers(0, 19), min_size=1))
def test_the_ideal_order_is_never_beaten(order: list[int], wanted: set[int]) -> None:
    judged = {IDS[i]: 1.0 for i in wanted}
    ideal = sorted(IDS, key=lambda i: -judged.get(i, 0))
    for metric in METRICS.values():
        assert 0 <= metric([IDS[i] for i in order], judged) <= metric(ideal, judged) <= 1


def test_calibration_error_of_perfect_and_of_reversed_probabilities() -> None:
    assert expected_calibration_error([1.0, 0.0], [True, False]) == 0
    assert expected_calibration_error([1.0, 0.0], [False, True]) == 1
    assert expected_calibration_error([0.75] * 4, [True, True, True, False]) == 0

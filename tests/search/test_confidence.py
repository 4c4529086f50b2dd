"""Confidence: probabilities that mean something, from parameters kept as data."""

from pathlib import Path

import numpy as np
import pytest

from animevec.search.confidence import Calibration, Logistic, features, packaged
from animevec.search.response import ChannelHit


def found(**scores: float) -> list[ChannelHit]:
    return [ChannelHit(name=name, rank=1, score=s, share=0.5) for name, s in scores.items()]


def test_better_scores_mean_more_probability() -> None:
    ladder = [packaged().apply("text", found(text=score, lexical=5)) for score in (0.1, 0.4, 0.7)]
    assert ladder == sorted(ladder, key=lambda p: p or 0)
    assert all(p is not None and 0 < p < 1 for p in ladder)


def test_an_unknown_kind_has_no_probability() -> None:
    assert Calibration(kinds={}).apply("text", found(text=1)) is None


def test_features_of_a_hit() -> None:
    values = features(
        [
            ChannelHit(name="text", rank=4, score=0.5, share=0.5),
            ChannelHit(name="lexical", rank=2, score=0.0, share=0.5),
        ]
    )
    assert values == {
        "text": 0.5,
        "lexical": 0.0,
        "has_text": 1.0,
        "has_lexical": 1.0,
        "agreement": 1.0,
        "first": 0.5,
    }
    assert features([], 0.25) == {"agreement": 0.0, "first": 0.0, "score": 0.25}


def test_a_fit_recovers_what_made_the_labels(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    truth = Logistic(bias=-3.0, weights={"text": 8.0})
    hits = [found(text=float(score)) for score in rng.uniform(0, 1, 4_000)]
    labels = [rng.random() < truth.probability(features(hit)) for hit in hits]
    fitted = packaged().fitted("text", [(hit, None) for hit in hits], labels)
    for score in (0.2, 0.4, 0.8):
        expected = truth.probability({"text": score})
        assert fitted.apply("text", found(text=score)) == pytest.approx(expected, abs=0.05)
    assert fitted.kinds["picture"] == packaged().kinds["picture"]
    fitted.save(tmp_path / "calibration.json")
    assert Calibration.load(tmp_path / "calibration.json") == fitted

"""From what the channels say to the probability that a hit is relevant.

A logistic model over a few readable features, its parameters kept as data and fitted by a
command of the evaluation on judged queries (Platt 1999).
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib.resources import files
from math import exp, log1p
from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict

from animevec.search.response import ChannelHit

Kind = Literal["text", "picture", "multimodal", "similar"]
RARE = 50
PICTURED = frozenset({"picture", "thumbnail", "same"})


class Logistic(BaseModel):
    """Bias and a weight by feature; features not named weigh nothing."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    bias: float
    weights: dict[str, float]

    def probability(self, values: Mapping[str, float]) -> float:
        """1 / (1 + e^-z), z the bias plus the weighted features."""
        weights, z = self.weights, self.bias
        for name, value in values.items():
            if name in weights:
                z += weights[name] * value
        return 1 / (1 + exp(-max(-60.0, min(60.0, z))))


class Calibration(BaseModel):
    """One model per kind of search."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: int = 1
    kinds: dict[Kind, Logistic]

    @classmethod
    def load(cls, path: Path) -> Self:
        """Parameters that ``save`` wrote."""
        return cls.model_validate_json(path.read_text("utf-8"))

    def save(self, path: Path) -> None:
        """Write the parameters as JSON."""
        path.write_text(json.dumps(self.model_dump(), indent=2, sort_keys=True) + "\n", "utf-8")

    def apply(
        self, kind: Kind, channels: Sequence[ChannelHit], score: float | None = None
    ) -> float | None:
        """Probability that a hit found by ``channels`` is relevant; None for an unknown kind."""
        model = self.kinds.get(kind)
        return None if model is None else model.probability(features(channels, score))

    def fitted(
        self,
        kind: Kind,
        hits: Sequence[tuple[Sequence[ChannelHit], float | None]],
        relevant: Sequence[bool],
    ) -> "Calibration":
        """This calibration with ``kind`` fitted to judged hits, each its channels and its score
        (ridge-penalised likelihood).  Features that hardly any of the hits has keep their weights.
        """
        from sklearn.linear_model import LogisticRegression

        rows = [_absolute(kind, features(channels, score)) for channels, score in hits]
        seen = Counter(name for row in rows for name, value in row.items() if value)
        names = sorted(name for name, count in seen.items() if count >= RARE)
        matrix = [[row.get(name, 0.0) for name in names] for row in rows]
        model = LogisticRegression(max_iter=1000).fit(matrix, list(relevant))
        weights = {n: round(float(w), 6) for n, w in zip(names, model.coef_[0], strict=True)}
        before = self.kinds[kind].weights if kind in self.kinds else {}
        kept = {name: weight for name, weight in before.items() if name not in weights}
        fit = Logistic(bias=round(float(model.intercept_[0]), 6), weights=kept | weights)
        return Calibration(version=self.version, kinds={**self.kinds, kind: fit})


def features(channels: Sequence[ChannelHit], score: float | None = None) -> dict[str, float]:
    """A hit as the model sees it.

    Scores by channel (lexical as log(1 + score) / 4, since BM25 has no upper bound) and whether
    it is there at all, how many channels beyond one agree, how early the best of them has it,
    and the hit's own score, which is small where another title is surely meant.
    """
    values = {"agreement": max(0.0, len(channels) - 1.0)}
    first = 0.0
    for hit in channels:
        lexical = hit.name == "lexical"
        values[hit.name] = log1p(max(0.0, hit.score)) / 4 if lexical else hit.score
        values[f"has_{hit.name}"] = 1.0
        first = max(first, 1 / hit.rank)
    values["first"] = first
    if score is not None:
        values["score"] = score
    return values


def _absolute(kind: Kind, values: dict[str, float]) -> dict[str, float]:
    """What may be fitted: of a picture no feature that says how it compares to other hits, for
    judged pictures are all in the catalogue and the best hit is always right.
    """
    if kind != "picture":
        return values
    return {name: value for name, value in values.items() if name in PICTURED}


@lru_cache(maxsize=1)
def packaged() -> Calibration:
    """The calibration that ships."""
    raw = (files("animevec.search") / "data" / "calibration.json").read_text("utf-8")
    return Calibration.model_validate_json(raw)

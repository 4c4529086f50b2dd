"""How an adapter finds held-out titles, against its base: nDCG@10 with a paired interval."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Literal
from uuid import UUID

import numpy as np

from animevec.encoders.base import Vector
from training.dataset import Data
from training.negatives import Encode
from training.pairs import Pair, document
from training.recipe import PairKind, Recipe

Word = Literal["WIN", "MARGINAL", "REGRESSION"]
QUERIES, POOL, DEPTH = 200, 500, 10
RESAMPLES = 2_000


@dataclass(frozen=True, slots=True)
class Question:
    """One held-out anchor and the grade of each title it should find."""

    text: str
    source: UUID | None
    grades: Mapping[UUID, int]


@dataclass(frozen=True, slots=True)
class Exam:
    """Questions of one kind over a pool of held-out titles."""

    questions: tuple[Question, ...]
    texts: Mapping[UUID, str]

    def scores(self, encode: Encode) -> Vector:
        """nDCG@10 of each question with exponential gain (Burges et al. 2005)."""
        titles, ids = encode(list(self.texts.values())), list(self.texts)
        asked = encode([one.text for one in self.questions])
        return np.array(
            [
                _ndcg(one, ids, titles @ vector)
                for one, vector in zip(self.questions, asked, strict=True)
            ],
            dtype=np.float32,
        )


@dataclass(frozen=True, slots=True)
class Verdict:
    """``low`` and ``high`` bound the mean difference (95 % bootstrap over the questions)."""

    word: Word
    score: float
    baseline: float
    low: float
    high: float
    questions: int

    @property
    def delta(self) -> float:
        """Score minus baseline."""
        return self.score - self.baseline

    @property
    def line(self) -> str:
        """The last line of a run."""
        return (
            f"VERDICT: {self.word} score {self.score:.4f} baseline {self.baseline:.4f} "
            f"delta {self.delta:+.4f}"
        )


def exam(recipe: Recipe, data: Data) -> Exam:
    """Questions of the recipe's heaviest kind that has held-out pairs, drawn by its seed."""
    rng = Random(recipe.seed)
    by_kind: dict[PairKind, dict[str, list[Pair]]] = defaultdict(dict)
    for pair in data.held:
        by_kind[pair.kind].setdefault(pair.anchor, []).append(pair)
    kind = max(by_kind, key=lambda one: recipe.pairs[one])
    anchors = list(by_kind[kind].values())
    asked = rng.sample(anchors, min(QUERIES, len(anchors)))
    meant = {pair.target for group in asked for pair in group}
    known = {one.id: one for one in data.held_titles}
    others = sorted(known.keys() - meant)
    pool = sorted(meant) + rng.sample(others, min(len(others), max(0, POOL - len(meant))))
    texts = {one: document(kind, known[one]) for one in pool}
    return Exam(
        tuple(_question(group) for group in asked),
        {one: text for one, text in texts.items() if text},
    )


def judge(score: Sequence[float], baseline: Sequence[float]) -> Verdict:
    """WIN when the interval of the difference lies above zero, REGRESSION when its mean is below.

    Both hold one number per question, in the same order.
    """
    ours, theirs = np.asarray(score, dtype=float), np.asarray(baseline, dtype=float)
    difference = ours - theirs
    rng = np.random.default_rng(0)
    means = rng.choice(difference, (RESAMPLES, difference.size)).mean(axis=1)
    low, high = (float(one) for one in np.percentile(means, [2.5, 97.5]))
    word: Word = "REGRESSION" if difference.mean() < 0 else "WIN" if low > 0 else "MARGINAL"
    return Verdict(word, float(ours.mean()), float(theirs.mean()), low, high, difference.size)


def _question(group: Sequence[Pair]) -> Question:
    return Question(group[0].anchor, group[0].source, {p.target: p.grade for p in group})


def _ndcg(question: Question, ids: Sequence[UUID], near: Vector) -> float:
    """A title is not an answer to itself unless it is the one that is meant."""
    grades, order = question.grades, np.argsort(-near, kind="stable")
    ranked = [ids[i] for i in order if ids[i] in grades or ids[i] != question.source][:DEPTH]
    found = _dcg([grades.get(one, 0) for one in ranked])
    return found / _dcg(sorted(grades.values(), reverse=True)[:DEPTH])


def _dcg(grades: Sequence[int]) -> float:
    return float(sum((2.0**g - 1) / np.log2(rank + 2) for rank, g in enumerate(grades)))

"""Hard negatives: titles that the current encoder takes for right and that are not."""

from collections.abc import Callable, Mapping, Sequence
from random import Random
from uuid import UUID

import numpy as np

from animevec.encoders.base import Vector
from animevec.index.document import embedding_text
from training.dataset import Data, Negatives
from training.pairs import Pair
from training.recipe import Recipe

Encode = Callable[[Sequence[str]], Vector]


def mine(recipe: Recipe, data: Data, encode: Encode, limit: int = 500) -> Negatives:
    """Candidates among ``negatives.pool`` titles for at most ``limit`` anchors.

    A candidate ranks behind the nearest ``skip`` titles and its cosine stays under ``margin``
    times the positive's (Moreira et al. 2024, arXiv 2407.15831, section 3: TopK-PercPos).
    """
    rule, rng = recipe.negatives, Random(recipe.seed)
    if not rule.hard or not rule.pool:
        return Negatives(data)
    pool = rng.sample(data.titles, min(rule.pool, len(data.titles)))
    by_anchor = {pair.anchor: pair for pair in data.train}
    chosen = rng.sample(list(by_anchor.values()), min(limit, len(by_anchor)))
    vectors = _vectors(chosen, [embedding_text(one) for one in pool], encode)
    titles = np.stack([vectors[embedding_text(one)] for one in pool])
    ids = [one.id for one in pool]
    hard: dict[str, Sequence[UUID]] = {}
    for pair in chosen:
        ceiling = rule.margin * float(vectors[pair.anchor] @ vectors[pair.positive])
        near = titles @ vectors[pair.anchor]
        order = np.argsort(-near, kind="stable")[rule.skip : rule.skip + rule.depth]
        hard[pair.anchor] = [ids[i] for i in order if near[i] < ceiling]
    return Negatives(data, hard, rule.hard)


def _vectors(pairs: Sequence[Pair], titles: Sequence[str], encode: Encode) -> Mapping[str, Vector]:
    wanted = [text for pair in pairs for text in (pair.anchor, pair.positive)]
    distinct = list(dict.fromkeys([*wanted, *titles]))
    return dict(zip(distinct, encode(distinct), strict=True))

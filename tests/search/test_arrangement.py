"""Adult titles demoted, whichever way scores run."""

from collections.abc import Sequence
from uuid import UUID

import pytest

from animevec.catalog.record import Anime
from animevec.search.arrangement import demoted
from animevec.search.franchises import Facts
from animevec.search.fusion import Ranked, Vote


class Silent:
    def votes(self, id_: UUID) -> Sequence[Vote]:
        return ()


@pytest.mark.parametrize(
    ("scores", "distances", "order", "score"),
    [
        ([0.9, 0.6, 0.3], False, [1, 0, 2], 0.45),
        ([0.1, -0.2, -0.3], False, [0, 1, 2], 0.05),
        ([-0.2, -0.3, -0.5], False, [1, 0, 2], -0.4),
        ([0.5, 0.8, 1.2], True, [1, 0, 2], 1.0),
    ],
)
def test_an_adult_title_falls_and_the_others_keep_their_order(
    sample: list[Anime], scores: list[float], distances: bool, order: list[int], score: float
) -> None:
    titles = [one.model_copy(update={"nsfw": at == 0}) for at, one in enumerate(sample[:3])]
    facts = {one.id: Facts.of(one) for one in titles}
    ranked = [Ranked(one.id, s, Silent()) for one, s in zip(titles, scores, strict=True)]
    found = demoted(ranked, facts, distances)
    assert [one.id for one in found] == [titles[at].id for at in order]
    assert {one.id: one.score for one in found}[titles[0].id] == pytest.approx(score)

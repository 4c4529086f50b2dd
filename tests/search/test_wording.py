"""Which words of a sentence answer which words of a query."""

import numpy as np

from animevec.encoders.base import Embedding
from animevec.search.request import TextSearch
from animevec.search.wording import matched_words
from tests.search.conftest import World


def embedded(spans: list[tuple[int, int]], rows: list[list[float]]) -> Embedding:
    colbert = np.array(rows, np.float32)
    colbert /= np.linalg.norm(colbert, axis=1, keepdims=True)
    return Embedding(len(rows) + 1, colbert=colbert, spans=np.array(spans, np.int32))


def test_pieces_become_words_and_the_nearest_counts() -> None:
    query = embedded([(0, 3), (3, 6), (7, 11), (11, 11)], [[1, 0], [1, 0.2], [0, 1], [1, 1]])
    text = embedded([(0, 2), (2, 5), (6, 10), (10, 11)], [[1, 0.1], [0.5, 0.5], [-1, 0], [0, 1]])
    found = matched_words("hunter love", query, "chase fear.", text)
    assert [(one.query, one.text) for one in found] == [("hunter", "chase"), ("love", "chase")]
    assert found[0].similarity > 0.99 > found[1].similarity > 0.5


def test_without_token_vectors_nothing_matches() -> None:
    assert matched_words("a", Embedding(1), "b", Embedding(1)) == []


def test_an_explanation_tells_the_words_that_a_sentence_answers(world: World) -> None:
    asked = TextSearch(query="bounty hunters drifting through space", explain=True)
    first = world.engine.text(asked).hits[0]
    assert first.explanation is not None and first.explanation.sentence is not None
    words = {match.query: match for match in first.explanation.words}
    assert words and all(0.5 <= match.similarity <= 1 for match in words.values())
    assert all(match.text in first.explanation.sentence for match in words.values())

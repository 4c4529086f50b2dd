"""BM25 as an encoder: terms, weights, and what it does with scripts without spaces."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from animevec.encoders.base import Embedding, Failure, PictureItem, SparseVector, Task, TextItem
from animevec.encoders.lexical import LexicalEncoder, token_index, tokens

ENCODER = LexicalEncoder()


def sparse(text: str, task: Task = Task.DOCUMENT) -> SparseVector:
    [outcome] = ENCODER.encode([TextItem(text, task)])
    assert isinstance(outcome, Embedding) and outcome.sparse is not None
    return outcome.sparse


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("Running runners' RUN", ["run", "runner", "run"]),
        ("Pokémon pokemon", ["pokemon", "pokemon"]),
        ("進撃の巨人", ["進撃", "撃の", "の巨", "巨人"]),
        ("ｶﾞﾝﾀﾞﾑ ガンダム", ["ガン", "ンダ", "ダム", "ガン", "ンダ", "ダム"]),
        ("鋼 2nd Steins;Gate", ["鋼", "2nd", "stein", "gate"]),
        ("Fate/stay_night", ["fate", "stay", "night"]),
        ("!!! …", []),
    ],
)
def test_terms(text: str, terms: list[str]) -> None:
    assert list(tokens(text)) == terms


def test_document_weights_are_bm25() -> None:
    found = sparse("star star ship")
    weights = dict(zip(found.indices.tolist(), found.values.tolist(), strict=True))
    length = 1 - 0.75 + 0.75 * 3 / 128
    assert weights[token_index("star")] == pytest.approx(2 * 2.2 / (2 + 1.2 * length), rel=1e-6)
    assert weights[token_index("ship")] == pytest.approx(1 * 2.2 / (1 + 1.2 * length), rel=1e-6)


def test_query_weights_are_ones() -> None:
    assert sparse("star star ship", Task.QUERY).values.tolist() == [1.0, 1.0]


def test_an_empty_text_has_no_vector_and_a_picture_is_refused() -> None:
    empty, picture = ENCODER.encode([TextItem(" ?! "), PictureItem(b"")])
    assert isinstance(empty, Embedding) and empty.sparse is None
    assert isinstance(picture, Failure)


def test_indices_are_the_same_in_every_process() -> None:
    assert token_index("star") == 1549449343


@given(st.text(max_size=200), st.sampled_from(list(Task)))
def test_any_text_gives_ascending_indices_and_positive_weights(text: str, task: Task) -> None:
    [outcome] = ENCODER.encode([TextItem(text, task)])
    assert isinstance(outcome, Embedding)
    if outcome.sparse is not None:
        assert np.all(np.diff(outcome.sparse.indices.astype(np.int64)) > 0)
        assert (outcome.sparse.values > 0).all()
    assert (outcome.sparse is None) == (next(iter(tokens(text)), None) is None)

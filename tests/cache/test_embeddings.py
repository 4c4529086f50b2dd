"""Remembered vectors are the encoder's own, by version, options and content."""

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from animevec.cache.embeddings import CachedEncoder, item_key
from animevec.cache.packing import packed, unpacked
from animevec.encoders.base import (
    Embedding,
    Failure,
    Head,
    Item,
    Outcome,
    PictureItem,
    SparseVector,
    Task,
    TextItem,
    View,
)
from animevec.encoders.lexical import CARD
from animevec.errors import InvalidRequest
from tests.cache.conftest import store
from tests.redis_server import RedisServer

TEXT = TextItem("jazz in space", Task.QUERY)
DISTINCT: list[Item] = [
    TEXT,
    replace(TEXT, text="jazz in  space"),
    replace(TEXT, task=Task.DOCUMENT),
    replace(TEXT, heads=frozenset({Head.DENSE, Head.SPARSE})),
    replace(TEXT, dimensions=64),
    replace(TEXT, adapter="space"),
    PictureItem(b"jazz in space"),
    PictureItem(b"jazz in space", dimensions=64),
    PictureItem(b"jazz in space", adapter="space"),
    PictureItem(b"jazz in space", view=View.FRAME),
]


class Counting:
    """A tiny encoder that says what it was asked; ``nan`` and ``poison`` go wrong."""

    card = CARD

    def __init__(self) -> None:
        self.asked: list[Item] = []

    def encode(self, items: Sequence[Item]) -> list[Outcome]:
        self.asked += items
        return [self._encode(item) for item in items]

    def _encode(self, item: Item) -> Outcome:
        text = item.text if isinstance(item, TextItem) else ""
        if text == "poison":
            return Failure(InvalidRequest("poison"))
        return Embedding(1, np.array([np.nan if text == "nan" else len(text)], np.float32))


def value(outcome: Outcome) -> float:
    assert isinstance(outcome, Embedding) and outcome.dense is not None
    return float(outcome.dense[0])


def test_only_what_is_new_reaches_the_encoder_and_order_is_kept() -> None:
    inside, hits = Counting(), list[bool]()
    encoder = CachedEncoder(inside, store(), hits.append)
    items = [TextItem(text) for text in ("a", "bb", "a")]
    assert [value(one) for one in encoder.encode(items)] == [1, 2, 1]
    assert inside.asked == [TextItem("a"), TextItem("bb")]
    more = [TextItem("ccc"), *items]
    assert [value(one) for one in encoder.encode(more)] == [3, 1, 2, 1]
    assert inside.asked[2:] == [TextItem("ccc")]
    assert hits == [False, False, False, False, True, True, True]


def test_every_option_and_the_version_are_in_the_key() -> None:
    cards = [CARD, CARD.model_copy(update={"revision": "2"})]
    assert len({item_key(card, item) for card in cards for item in DISTINCT}) == 2 * len(DISTINCT)


@pytest.mark.parametrize("text", ["nan", "poison"])
def test_failures_and_nan_are_not_kept(text: str) -> None:
    inside = Counting()
    encoder = CachedEncoder(inside, store(), lambda hit: None)
    for _ in range(2):
        encoder.encode([TextItem(text), TextItem("good")])
    assert inside.asked == [TextItem(text), TextItem("good"), TextItem(text)]


FLOATS = st.floats(width=32, allow_nan=False, allow_infinity=False)


@given(
    arrays.arrays(np.float32, st.integers(1, 8), elements=FLOATS),
    arrays.arrays(np.float32, st.tuples(st.integers(0, 3), st.integers(1, 4)), elements=FLOATS),
    arrays.arrays(np.uint32, 3),
)
def test_packing_keeps_every_bit(
    dense: np.ndarray, colbert: np.ndarray, indices: np.ndarray
) -> None:
    sparse = SparseVector(indices, indices.astype(np.float32))
    spans = np.arange(2 * len(colbert), dtype=np.int32).reshape(-1, 2)
    data = packed(Embedding(5, dense, sparse, colbert, spans))
    assert data is not None
    found = unpacked(data)
    assert found is not None and found.sparse is not None and found.tokens == 5
    for before, after in (
        (dense, found.dense),
        (colbert, found.colbert),
        (spans, found.spans),
        (indices, found.sparse.indices),
        (sparse.values, found.sparse.values),
    ):
        assert after is not None and after.dtype == before.dtype
        assert after.shape == before.shape and after.tobytes() == before.tobytes()


@given(st.binary(max_size=40))
def test_foreign_bytes_are_no_embedding_and_no_crash(data: bytes) -> None:
    assert unpacked(data) is None


def test_every_process_has_the_same_keys() -> None:
    """Of adapters as well, which go by the hash of their files."""
    code = (
        "from animevec.cache.embeddings import item_key;"
        "from animevec.encoders.base import TextItem;"
        "from animevec.encoders.lexical import CARD;"
        "print(item_key(CARD, TextItem('shared', adapter='a' * 64)))"
    )
    found = subprocess.check_output([sys.executable, "-c", code], text=True)
    assert found.strip() == item_key(CARD, TextItem("shared", adapter="a" * 64))


def test_processes_share_vectors_over_redis(redis: RedisServer) -> None:
    first, second = Counting(), Counting()
    item = TextItem("shared", Task.QUERY)
    one = CachedEncoder(first, store(redis), lambda hit: None).encode([item])
    other = CachedEncoder(second, store(redis), lambda hit: None).encode([item])
    assert value(one[0]) == value(other[0])
    assert (len(first.asked), len(second.asked)) == (1, 0)

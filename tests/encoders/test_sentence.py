"""MiniLM and its like: equal to sentence-transformers, whatever the batch."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from animevec.encoders.base import Embedding, Failure, Head, PictureItem, TextItem
from animevec.encoders.card import ModelCard
from animevec.encoders.runtime import Runtime
from animevec.encoders.sentence import SentenceEncoder, packaged
from animevec.errors import InvalidRequest, NotFound, TooLarge

CARD = ModelCard(
    name="minilm",
    architecture="sentence-transformer",
    repository="sentence-transformers/all-MiniLM-L6-v2",
    revision="test",
    licence="Apache-2.0",
    commercial_use=True,
    modalities=("text",),
    dimensions=384,
    max_tokens=512,
    pooling="mean",
    memory_mb=90,
)
TEXTS = [
    "a pilot",
    "Two brothers look for the philosopher's stone after a forbidden ritual went wrong.",
    "進撃の巨人",
    "slice of life " * 60,
    "x",
]
words = st.lists(st.sampled_from(["ghost", "pilot", "school", "magic", "sea"]), min_size=1)


@pytest.fixture(scope="module")
def minilm() -> SentenceEncoder:
    return SentenceEncoder.load(packaged(), CARD, Runtime(budget=1024))


def vectors(encoder: SentenceEncoder, texts: Sequence[str]) -> np.ndarray:
    outcomes = encoder.encode([TextItem(text) for text in texts])
    return np.stack([one.dense for one in outcomes if isinstance(one, Embedding)])


def test_vectors_equal_those_of_sentence_transformers(minilm: SentenceEncoder) -> None:
    from sentence_transformers import SentenceTransformer

    peer = SentenceTransformer(str(packaged()), device="cpu")
    peer.max_seq_length = 512
    expected = peer.encode(TEXTS, normalize_embeddings=True)
    assert abs(vectors(minilm, TEXTS) - expected).max() < 1e-5


def test_first_components_are_the_published_ones(minilm: SentenceEncoder) -> None:
    """From the model page's own example, computed with sentence-transformers."""
    (vector,) = vectors(minilm, ["This is an example sentence"])
    assert vector[:4] == pytest.approx([0.06765694, 0.06349581, 0.04871310, 0.07930495], abs=1e-5)


@given(st.lists(words, min_size=2, max_size=6), st.randoms())
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
def test_a_vector_depends_on_its_text_alone(
    minilm: SentenceEncoder, lists: list[list[str]], random: object
) -> None:
    texts = [" ".join(one) for one in lists]
    together = vectors(minilm, texts)
    order = sorted(range(len(texts)), key=lambda _: random.random())  # type: ignore[attr-defined]
    shuffled = vectors(minilm, [texts[i] for i in order])
    alone = np.concatenate([vectors(minilm, [text]) for text in texts])
    assert abs(together[order] - shuffled).max() < 2e-6
    assert abs(together - alone).max() < 2e-6
    assert np.linalg.norm(together, axis=1) == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize(
    ("item", "error", "says"),
    [
        (TextItem(""), InvalidRequest, "empty"),
        (TextItem(" \n\t"), InvalidRequest, "empty"),
        (TextItem(3), InvalidRequest, "int"),  # type: ignore[arg-type]
        (TextItem("\ud800"), InvalidRequest, "surrogate"),
        (TextItem("word " * 600), TooLarge, "602 tokens; minilm reads at most 512"),
        (TextItem("a", heads=frozenset({Head.COLBERT})), InvalidRequest, "colbert"),
        (TextItem("a", heads=frozenset()), InvalidRequest, "none"),
        (TextItem("a", dimensions=128), InvalidRequest, "384"),
        (TextItem("a", adapter="nobody"), NotFound, "nobody"),
        (PictureItem(b""), InvalidRequest, "PictureItem"),
    ],
)
def test_a_bad_item_fails_alone(
    minilm: SentenceEncoder, item: TextItem, error: type[Exception], says: str
) -> None:
    good, bad, also_good = minilm.encode([TextItem("a"), item, TextItem("b")])
    assert isinstance(good, Embedding) and isinstance(also_good, Embedding)
    assert isinstance(bad, Failure) and isinstance(bad.error, error) and says in bad.error.message


@pytest.mark.parametrize("limit", [3, 10, 200])
def test_trimming_is_explicit_and_fits(minilm: SentenceEncoder, limit: int) -> None:
    text = "Ümlauts, ケーキ屋さん and unbelievably longish words " * 30
    trimmed, cut = minilm.tokenizer.trim(text, limit)
    assert cut and text.startswith(trimmed)
    assert limit - 3 <= minilm.tokenizer.count(trimmed) <= limit


def test_a_text_that_fits_is_not_touched(minilm: SentenceEncoder) -> None:
    assert minilm.tokenizer.trim("  a pilot ", 512) == ("  a pilot ", False)

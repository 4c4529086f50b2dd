"""MiniLM and its like: equal to sentence-transformers, whatever the batch."""

import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from animevec.encoders.base import Embedding, Failure, Head, PictureItem, TextItem
from animevec.encoders.card import ModelCard
from animevec.encoders.files import packaged
from animevec.encoders.runtime import Runtime
from animevec.encoders.sentence import SentenceEncoder
from animevec.errors import InvalidRequest, ModelError, NotFound, TooLarge

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
        (TextItem("word " * 600), TooLarge, "602 tokens; minilm reads at most 512; shorten it"),
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


def other_architecture(folder: Path) -> ModelCard:
    """A tiny DistilBERT with MiniLM's tokenizer in the sentence-transformers layout."""
    from transformers import DistilBertConfig, DistilBertModel

    torch.manual_seed(0)
    sizes = {"dim": 32, "hidden_dim": 64, "n_layers": 2, "n_heads": 2, "vocab_size": 30_522}
    DistilBertModel(DistilBertConfig(**sizes)).save_pretrained(folder)
    for name in ("tokenizer.json", "tokenizer_config.json", "modules.json", "vocab.txt"):
        shutil.copy(packaged() / name, folder)
    shutil.copytree(packaged() / "1_Pooling", folder / "1_Pooling")
    pooling = json.loads((folder / "1_Pooling" / "config.json").read_text())
    changed = pooling | {"word_embedding_dimension": 32}
    (folder / "1_Pooling" / "config.json").write_text(json.dumps(changed))
    return CARD.model_copy(update={"name": "other", "dimensions": 32})


def test_other_architectures_run_through_transformers(tmp_path: Path) -> None:
    from sentence_transformers import SentenceTransformer

    card = other_architecture(tmp_path)
    expected = SentenceTransformer(str(tmp_path), device="cpu").encode(
        TEXTS[:4], normalize_embeddings=True
    )
    found = vectors(SentenceEncoder.load(tmp_path, card), TEXTS[:4])
    assert abs(found - expected).max() < 1e-5


def test_a_card_that_pools_otherwise_is_refused() -> None:
    with pytest.raises(ModelError, match="pools by mean"):
        SentenceEncoder.load(packaged(), CARD.model_copy(update={"pooling": "cls"}))


def test_encoding_on_a_cpu_leaves_the_compiler_out() -> None:
    program = (
        "import sys; from animevec.encoders.base import TextItem\n"
        "from animevec.encoders.load import load_encoder; from animevec.settings import Settings\n"
        "load_encoder('minilm', Settings()).encode([TextItem('a pilot')])\n"
        "print({'torch', 'torch._dynamo', 'transformers', 'httpx'} & sys.modules.keys())"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert done.stdout.decode().strip() == "{'torch'}"


@pytest.mark.slow
def test_a_compiled_model_gives_the_same_vectors(minilm: SentenceEncoder) -> None:
    compiled = SentenceEncoder.load(packaged(), CARD, Runtime(compile=True))
    assert abs(vectors(compiled, TEXTS) - vectors(minilm, TEXTS)).max() < 1e-5


def test_several_threads_may_encode_at_once(minilm: SentenceEncoder) -> None:
    expected = vectors(minilm, TEXTS)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: vectors(minilm, TEXTS), range(8)))
    assert max(abs(one - expected).max() for one in found) < 2e-6

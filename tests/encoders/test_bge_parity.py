"""BGE-M3 equals FlagEmbedding's own numbers on the same weights; ``--reference`` names others."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch

from animevec.encoders.backbone import Backbone, BackboneConfig
from animevec.encoders.base import Embedding, Head, TextItem
from animevec.encoders.bge_m3 import BgeM3, Heads
from animevec.encoders.card import ModelCard
from animevec.encoders.checkpoint import read_json
from animevec.encoders.packed import Packed
from animevec.encoders.scoring import (
    Weights,
    colbert_score,
    dense_score,
    lexical_score,
    mixed_score,
)
from tests.encoders.conftest import find_reference

ALL = frozenset(Head)
TOLERANCE = 2e-5


def card(folder: Path) -> ModelCard:
    config = read_json(folder / "config.json")
    return ModelCard(
        name="bge-m3",
        architecture="bge-m3",
        repository="BAAI/bge-m3",
        revision="test",
        licence="MIT",
        commercial_use=True,
        modalities=("text",),
        heads=("dense", "sparse", "colbert"),
        dimensions=config["hidden_size"],
        max_tokens=config["max_position_embeddings"] - config["pad_token_id"] - 1,
        memory_mb=2300,
    )


@pytest.fixture(scope="module")
def folder(reference: Path) -> Path:
    return find_reference(reference, "bge-m3")


@pytest.fixture(scope="module")
def bge(folder: Path) -> BgeM3:
    return BgeM3.load(folder, card(folder))


@pytest.fixture(scope="module")
def expected(folder: Path) -> dict[str, np.ndarray]:
    with np.load(folder / "reference.npz", allow_pickle=False) as file:
        return dict(file)


def encode(bge: BgeM3, texts: Sequence[str], heads: frozenset[Head] = ALL) -> list[Embedding]:
    outcomes = bge.encode([TextItem(text, heads=heads) for text in texts])
    assert all(isinstance(one, Embedding) for one in outcomes)
    return outcomes  # type: ignore[return-value]


@pytest.fixture(scope="module")
def texts(bge: BgeM3, expected: dict[str, np.ndarray]) -> list[Embedding]:
    return encode(bge, expected["texts"].tolist())


@pytest.fixture(scope="module")
def passages(bge: BgeM3, expected: dict[str, np.ndarray]) -> list[Embedding]:
    return encode(bge, expected["passages"].tolist())


@pytest.fixture(scope="module")
def hidden(bge: BgeM3, expected: dict[str, np.ndarray]) -> list[torch.Tensor]:
    packed = Packed.of(bge.tokenizer.encode(expected["texts"].tolist()), torch.device("cpu"))
    return list(packed.split(bge.model(packed)))


def near(left: np.ndarray, right: np.ndarray) -> bool:
    return left.shape == right.shape and bool(abs(left - right).max(initial=0) < TOLERANCE)


def test_tokens(bge: BgeM3, expected: dict[str, np.ndarray]) -> None:
    for ids, row, mask in zip(
        bge.tokenizer.encode(expected["texts"].tolist()),
        expected["input_ids"],
        expected["attention_mask"],
        strict=True,
    ):
        assert ids == row[mask == 1].tolist()


def test_last_hidden_state(hidden: list[torch.Tensor], expected: dict[str, np.ndarray]) -> None:
    for text, row in zip(hidden, expected["last_hidden_state"], strict=True):
        assert near(text.numpy(), row[: len(text)])


def test_token_weights(
    folder: Path, hidden: list[torch.Tensor], expected: dict[str, np.ndarray]
) -> None:
    heads = Heads.load(folder, hidden[0].shape[1], torch.float32)
    for text, row in zip(hidden, expected["token_weights_raw"], strict=True):
        assert near(heads.weights(text).numpy(), row[: len(text)])


@pytest.mark.parametrize(("group", "key"), [("texts", "dense"), ("passages", "dense_passages")])
def test_dense(
    group: str, key: str, expected: dict[str, np.ndarray], request: pytest.FixtureRequest
) -> None:
    found = request.getfixturevalue(group)
    assert near(np.stack([one.dense for one in found]), expected[key])


@pytest.mark.parametrize("group", ["texts", "passages"])
def test_lexical_weights(
    group: str, folder: Path, bge: BgeM3, request: pytest.FixtureRequest
) -> None:
    published = json.loads((folder / "lexical_weights.json").read_text())
    for one, weights in zip(request.getfixturevalue(group), published[group], strict=True):
        assert one.sparse.indices.tolist() == sorted(map(int, weights))
        expected = [weights[str(i)] for i in one.sparse.indices]
        assert near(one.sparse.values, np.array(expected, dtype=np.float32))


def test_lexical_weights_by_token(bge: BgeM3, folder: Path, texts: list[Embedding]) -> None:
    published = json.loads((folder / "lexical_weights.json").read_text())["texts_tokens"]
    for one, weights in zip(texts, published, strict=True):
        assert one.sparse is not None
        written = {bge.tokenizer.token(int(i)).lstrip("▁") for i in one.sparse.indices}
        assert written == set(weights)


def test_weights_over_the_vocabulary(
    texts: list[Embedding], expected: dict[str, np.ndarray]
) -> None:
    for one, row in zip(texts, expected["sparse_vocab"], strict=True):
        assert one.sparse is not None
        rebuilt = np.zeros_like(row)
        rebuilt[one.sparse.indices] = one.sparse.values
        assert near(rebuilt, row)


@pytest.mark.parametrize(
    ("group", "prefix"), [("texts", "colbert_"), ("passages", "colbert_passage_")]
)
def test_colbert(
    group: str, prefix: str, expected: dict[str, np.ndarray], request: pytest.FixtureRequest
) -> None:
    for i, one in enumerate(request.getfixturevalue(group)):
        assert near(one.colbert, expected[f"{prefix}{i}"])


@pytest.mark.parametrize(
    ("score", "field", "key"),
    [
        (dense_score, "dense", "compute_score__dense"),
        (lexical_score, "sparse", "lexical_scores"),
        (lexical_score, "sparse", "compute_score__sparse"),
        (colbert_score, "colbert", "colbert_scores"),
        (colbert_score, "colbert", "compute_score__colbert"),
    ],
)
def test_scores_of_each_head(score, field, key, texts, passages, expected) -> None:  # type: ignore[no-untyped-def]
    found = [[score(getattr(q, field), getattr(p, field)) for p in passages] for q in texts]
    assert near(np.array(found), expected[key])


@pytest.mark.parametrize(
    ("weights", "key"),
    [
        (Weights(), "compute_score__colbert_plus_sparse_plus_dense"),
        (Weights(colbert=0), "compute_score__sparse_plus_dense"),
        (Weights(1, 0, 0), "compute_score__dense"),
        (Weights(0, 1, 0), "compute_score__sparse"),
        (Weights(0, 0, 1), "compute_score__colbert"),
    ],
)
def test_mixed_scores(weights, key, texts, passages, expected) -> None:  # type: ignore[no-untyped-def]
    found = [[mixed_score(q, p, weights) for p in passages] for q in texts]
    assert near(np.array(found), expected[key])


def test_full_size_has_the_published_names_and_shapes(folder: Path) -> None:
    """566,705,152 parameters and, in the file, a pooler of 1024 x 1024 + 1024 more."""
    full = BackboneConfig(250_002, 1024, 24, 16, 4096, 8194, 1, 1e-5, first_position=2)
    with torch.device("meta"):
        model = Backbone(full)
    assert sum(one.numel() for one in model.parameters()) == 566_705_152
    assert 566_705_152 + 1024 * 1024 + 1024 == 567_754_752
    tiny = BackboneConfig.parse(read_json(folder / "config.json"))
    sizes = {tiny.hidden: 1024, tiny.intermediate: 4096, tiny.vocabulary: 250_002}
    published = json.loads((folder / "keys_tiny.json").read_text())
    shapes = {name: tuple(one.shape) for name, one in model.state_dict().items()}
    for name, shape in published.items():
        if not name.startswith("pooler."):
            assert shapes[name] == tuple(sizes.get(size, size) for size in shape)
    assert full.max_tokens == 8192

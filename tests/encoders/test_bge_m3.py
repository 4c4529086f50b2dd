"""BGE-M3 as an encoder: heads on demand, long texts, batches that do not matter, bad files."""

import pickle
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file

from animevec.encoders.base import Embedding, Failure, Head, TextItem
from animevec.encoders.bge_m3 import COLBERT, SPARSE, BgeM3
from animevec.encoders.runtime import Runtime
from animevec.encoders.scoring import Weights, mixed_score
from animevec.errors import InvalidRequest, ModelError, TooLarge
from animevec.search.wording import matched_words
from tests.encoders.conftest import find_reference
from tests.encoders.test_bge_parity import card, encode

texts = st.lists(st.text("abc eひ", min_size=1).filter(str.strip), min_size=2, max_size=6)


@pytest.fixture(scope="module")
def folder(reference: Path) -> Path:
    return find_reference(reference, "bge-m3")


@pytest.fixture(scope="module")
def bge(folder: Path) -> BgeM3:
    return BgeM3.load(folder, card(folder), Runtime(budget=64))


@pytest.fixture
def copy(folder: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(folder, tmp_path / "model"))


@pytest.mark.parametrize("heads", [{h} for h in Head] + [{Head.DENSE, Head.COLBERT}, set(Head)])
def test_only_the_heads_asked_for_come_back(bge: BgeM3, heads: set[Head]) -> None:
    plain, one = bge.encode([TextItem("a"), TextItem("a pilot", heads=frozenset(heads))])
    assert isinstance(plain, Embedding) and plain.sparse is None and plain.colbert is None
    assert isinstance(one, Embedding)
    assert {head for head in Head if getattr(one, head.value) is not None} == heads


def by_token(one: Embedding) -> np.ndarray:
    """Weights over the vocabulary: one that is 0 in one batch may be 1e-7 in another."""
    weights = np.zeros(250_002)
    weights[one.sparse.indices] = one.sparse.values
    return weights


@given(texts)
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
def test_no_head_depends_on_the_batch(bge: BgeM3, texts: list[str]) -> None:
    together = encode(bge, texts)
    backwards = encode(bge, texts[::-1])[::-1]
    for text, one, other in zip(texts, together, backwards, strict=True):
        (alone,) = encode(bge, [text])
        for twin in (other, alone):
            assert abs(one.dense - twin.dense).max() < 2e-6
            assert abs(one.colbert - twin.colbert).max() < 2e-6
            assert abs(by_token(one) - by_token(twin)).max() < 1e-5


@given(texts)
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
def test_dense_and_colbert_are_unit_and_weights_positive(bge: BgeM3, texts: list[str]) -> None:
    for one in encode(bge, texts):
        assert np.linalg.norm(one.dense) == pytest.approx(1, abs=1e-6)
        assert np.linalg.norm(one.colbert, axis=1) == pytest.approx(1, abs=1e-6)
        assert one.colbert.shape[0] == one.tokens - 1
        assert (one.sparse.values > 0).all()
        assert (np.diff(one.sparse.indices.astype(np.int64)) > 0).all()


def test_a_cut_is_refused_until_an_adapter_was_trained_for_it(bge: BgeM3) -> None:
    (outcome,) = bge.encode([TextItem("a", dimensions=bge.card.dimensions // 2)])
    assert isinstance(outcome, Failure) and isinstance(outcome.error, InvalidRequest)


def test_a_long_text_is_read_to_its_limit_and_refused_beyond(bge: BgeM3) -> None:
    limit = bge.card.max_tokens
    assert limit is not None
    text = " ".join(["a"] * (limit - 2))
    assert bge.tokenizer.count(text) == limit
    fits, over = bge.encode([TextItem(text), TextItem(text + " a a")])
    assert isinstance(fits, Embedding) and fits.tokens == limit
    assert isinstance(over, Failure) and isinstance(over.error, TooLarge)
    assert over.error.details == {"tokens": limit + 2, "limit": limit}


def test_safetensors_are_read_too(bge: BgeM3, copy: Path) -> None:
    weights = torch.load(copy / "pytorch_model.bin", weights_only=True)
    save_file({k: v.contiguous() for k, v in weights.items()}, copy / "model.safetensors")
    (copy / "pytorch_model.bin").unlink()
    (one,) = encode(BgeM3.load(copy, card(copy)), ["a pilot"])
    (same,) = encode(bge, ["a pilot"])
    assert abs(one.dense - same.dense).max() < 2e-6


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_half_precision_is_near(bge: BgeM3, folder: Path, dtype: str) -> None:
    half = BgeM3.load(folder, card(folder), Runtime(dtype=dtype))  # type: ignore[arg-type]
    for one, exact in zip(encode(half, ["a pilot"]), encode(bge, ["a pilot"]), strict=True):
        assert one.dense.dtype == np.float32
        assert one.dense @ exact.dense > 0.999
        assert np.linalg.norm(one.dense) == pytest.approx(1, abs=1e-6)


class Bomb:
    """A pickle that would run code."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return print, ("boom",)


def _truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _poison(path: Path) -> None:
    state = torch.load(path, weights_only=True)
    next(iter(state.values())).view(-1)[0] = torch.nan
    torch.save(state, path)


@pytest.mark.parametrize(
    ("file", "spoil", "says"),
    [
        (SPARSE, Path.unlink, "does not exist"),
        (COLBERT, Path.unlink, "does not exist"),
        (SPARSE, lambda path: torch.save({"weight": torch.ones(2, 64)}, path), "bias"),
        (
            SPARSE,
            lambda path: torch.save({"weight": torch.ones(2, 64), "bias": torch.ones(1)}, path),
            "shape",
        ),
        (
            COLBERT,
            lambda path: path.write_bytes(pickle.dumps(Bomb(), protocol=2)),
            "code is never executed",
        ),
        ("pytorch_model.bin", lambda path: torch.save({"a": Bomb()}, path), "never executed"),
        ("pytorch_model.bin", _truncate, "complete"),
        ("pytorch_model.bin", _poison, "not finite"),
        ("pytorch_model.bin", Path.unlink, "does not exist"),
        ("config.json", lambda path: path.write_text("{"), "JSON"),
        ("config.json", lambda path: path.write_text('{"model_type": "gpt2"}'), "gpt2"),
        (
            "config.json",
            lambda path: path.write_text('{"model_type": "bert", "hidden_act": "gelu"}'),
            "vocab_size",
        ),
        ("tokenizer.json", Path.unlink, "missing"),
        ("tokenizer.json", lambda path: path.write_text("{}"), "not a tokenizer"),
    ],
)
def test_a_wrong_file_is_one_clear_error(copy: Path, file: str, spoil, says: str, capsys) -> None:  # type: ignore[no-untyped-def]
    facts = card(copy)
    spoil(copy / file)
    with pytest.raises(ModelError, match=says):
        BgeM3.load(copy, facts)
    assert "boom" not in capsys.readouterr().out


def test_a_mixed_score_needs_its_heads_and_a_weight(bge: BgeM3) -> None:
    (one,) = encode(bge, ["a"], frozenset({Head.DENSE}))
    assert mixed_score(one, one, Weights(1, 0, 0)) == pytest.approx(1)
    with pytest.raises(InvalidRequest, match="sparse"):
        mixed_score(one, one)
    with pytest.raises(InvalidRequest, match="0"):
        mixed_score(one, one, Weights(0, 0, 0))


def test_every_token_vector_stands_for_its_characters(bge: BgeM3) -> None:
    text = "A pilot, two moons"
    (found,) = bge.encode([TextItem(text, heads=frozenset({Head.COLBERT}))])
    assert isinstance(found, Embedding) and found.colbert is not None and found.spans is not None
    assert len(found.spans) == len(found.colbert) == found.tokens - 1
    assert found.spans[-1, 0] == found.spans[-1, 1], "the end token stands for nothing"
    same = matched_words(text, found, text, found)
    assert {(match.query, match.text) for match in same} >= {("pilot", "pilot"), ("moons", "moons")}

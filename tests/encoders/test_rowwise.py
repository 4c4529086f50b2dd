"""Linear layers rounded by row: near float32, one row's trouble its own, adapters beside them."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from animevec.encoders import load
from animevec.encoders.base import TextItem
from animevec.encoders.bge_m3 import BgeM3
from animevec.encoders.canonical import check
from animevec.encoders.cards import find_card
from animevec.encoders.layers import replace_linear
from animevec.encoders.load import load_encoder
from animevec.encoders.rowwise import RowwiseLinear
from animevec.encoders.runtime import Runtime, native_dtype
from animevec.encoders.text_encoder import TextEncoder
from animevec.errors import Conflict, ModelError
from animevec.settings import EncoderSettings, Settings
from tests.encoders.conftest import find_reference
from tests.encoders.test_adapter import TEXTS, dense, train
from tests.encoders.test_bge_parity import card

QUERIES = [
    "a girl rides a broom over a harbour town",
    "space pirates",
    "an educational film about traffic safety",
    "魔女の宅急便",
    "slow life in the mountains, with a dog " * 20,
]


@pytest.mark.parametrize("bias", [True, False])
def test_products_are_near(bias: bool) -> None:
    torch.manual_seed(0)
    plain = nn.Linear(384, 1536, bias=bias).requires_grad_(False)
    rowwise = RowwiseLinear(plain)
    for shape in ((1,), (16,), (300,), (3, 7)):
        given = torch.randn(*shape, 384) * 10 ** torch.randn(*shape, 1)  # rows of unlike size
        near, exact = rowwise(given), plain(given)
        assert near.shape == exact.shape
        assert torch.cosine_similarity(near, exact, dim=-1).min() > 0.9998


def test_a_row_of_zeros_gives_the_bias_and_one_that_is_not_finite_spoils_no_other() -> None:
    torch.manual_seed(0)
    plain = nn.Linear(64, 32).requires_grad_(False)
    rowwise = RowwiseLinear(plain)
    given = torch.randn(4, 64)
    alone = rowwise(given[2:])
    given[0], given[1, 5] = 0, torch.nan
    together = rowwise(given)
    assert torch.equal(together[0], plain.bias)
    assert together[1].isnan().all()
    assert torch.equal(together[2:], alone)
    given[1, 5] = torch.inf
    assert not rowwise(given)[1].isfinite().any()


def test_only_plain_and_wide_layers_are_replaced() -> None:
    model = nn.Sequential(nn.Linear(64, 64), nn.Linear(64, 1), nn.LayerNorm(1))
    replace_linear(model, RowwiseLinear)
    assert [type(one) for one in model] == [RowwiseLinear, nn.Linear, nn.LayerNorm]


def test_a_text_does_not_depend_on_its_batch_and_is_near_its_exact_vector(tmp_path: Path) -> None:
    rowwise, exact = (_minilm(tmp_path, dtype) for dtype in ("w8a8", "float32"))
    items = [TextItem(text) for text in QUERIES]
    together = dense(rowwise, *items)
    for item, vector in zip(items, together, strict=True):
        assert np.abs(dense(rowwise, item)[0] - vector).max() < 2e-6
    assert np.sum(together * dense(exact, *items), axis=1).min() > 0.98
    assert all(finding.passed for finding in check(rowwise))


def test_it_is_chosen_where_it_is_fastest_for_models_known_to_bear_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def able(*names: str) -> None:
        monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: dict.fromkeys(names, True))

    minilm, bge = (find_card(name, tmp_path).rowwise for name in ("minilm", "bge-m3"))
    able("avx512_vnni")
    assert [native_dtype("cpu", one) for one in (minilm, bge)] == ["w8a8", "float32"]
    able("avx512_vnni", "amx_bf16")
    assert native_dtype("cpu", minilm) == "bfloat16"
    able()
    assert native_dtype("cpu", minilm) == "float32"
    assert native_dtype("cuda", minilm) == "bfloat16"


def test_it_is_for_texts_on_cpus(tmp_path: Path) -> None:
    asked = EncoderSettings(dtype="w8a8", device="cuda")
    with pytest.raises(ModelError, match="w8a8 is for CPUs, not for cuda; take bfloat16"):
        load_encoder("minilm", Settings(home=tmp_path, encoders=asked))
    settings = Settings(home=tmp_path, encoders=EncoderSettings(dtype="w8a8"))
    pictures = find_card("jina-clip-compact", tmp_path)
    assert load._runtime(pictures, settings).dtype == native_dtype("cpu")


def test_adapters_load_and_are_not_merged(reference: Path, tmp_path: Path) -> None:
    base = find_reference(reference, "bge-m3")
    encoder, exact = (BgeM3.load(base, card(base), Runtime(dtype=d)) for d in ("w8a8", "float32"))
    folder = train(tmp_path / "themes", base, 1)
    items = [TextItem(text, adapter="themes") for text in TEXTS]
    for one in (encoder, exact):
        one.adapters.load("themes", folder)
    wanted, adapted = dense(exact, *items), dense(encoder, *items)
    bare = dense(encoder, *(TextItem(text) for text in TEXTS))
    assert np.sum(adapted * wanted, axis=1).min() > 0.99
    assert np.sum(adapted * wanted, axis=1).min() > np.sum(bare * wanted, axis=1).min()
    with pytest.raises(Conflict, match="merge in float32"):
        encoder.adapters.merge("themes")


def _minilm(home: Path, dtype: str) -> TextEncoder:
    asked = EncoderSettings(dtype=dtype)
    encoder = load_encoder("minilm", Settings(home=home, encoders=asked))
    assert isinstance(encoder, TextEncoder)
    return encoder

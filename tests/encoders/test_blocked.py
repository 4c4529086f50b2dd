"""Weights sorted for the CPU's matrix tiles: the same products, and adapters as ever."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from animevec.encoders.base import TextItem
from animevec.encoders.bge_m3 import BgeM3
from animevec.encoders.blocked import BlockedLinear, laid_like, plain
from animevec.encoders.layers import replace_linear
from animevec.encoders.runtime import Runtime, native_dtype
from tests.encoders.conftest import find_reference
from tests.encoders.test_adapter import TEXTS, dense, train
from tests.encoders.test_bge_parity import card

pytestmark = pytest.mark.skipif(
    native_dtype("cpu") != "bfloat16", reason="this CPU has no matrix tiles for bfloat16"
)
BFLOAT16 = Runtime(dtype="bfloat16")


@pytest.mark.parametrize(("inputs", "outputs"), [(384, 1536), (1536, 384), (48, 64)])
def test_products_are_the_same(inputs: int, outputs: int) -> None:
    torch.manual_seed(0)
    rows = nn.Linear(inputs, outputs, dtype=torch.bfloat16).requires_grad_(False)
    blocked = BlockedLinear(rows)
    for shape in ((1,), (5,), (64,), (300,), (3, 7)):
        given = torch.randn(*shape, inputs, dtype=torch.bfloat16)
        torch.testing.assert_close(blocked(given), rows(given), rtol=2**-7, atol=2**-7)
    assert torch.equal(plain(blocked.weight), rows.weight)
    assert torch.equal(plain(laid_like(rows.weight, blocked.weight)), rows.weight)


def test_only_plain_and_wide_layers_are_blocked() -> None:
    model = nn.Sequential(nn.Linear(64, 64), nn.Linear(64, 1), nn.LayerNorm(1)).bfloat16()
    replace_linear(model, BlockedLinear)
    assert [type(one) for one in model] == [BlockedLinear, nn.Linear, nn.LayerNorm]


def test_adapters_load_and_merge_on_blocked_layers(reference: Path, tmp_path: Path) -> None:
    base = find_reference(reference, "bge-m3")
    encoder = BgeM3.load(base, card(base), BFLOAT16)
    exact = BgeM3.load(base, card(base), Runtime())
    folder = train(tmp_path / "themes", base, 1)
    items = [TextItem(text, adapter="themes") for text in TEXTS]
    for one in (encoder, exact):
        one.adapters.load("themes", folder)
    wanted = dense(exact, *items)
    bare = dense(encoder, *(TextItem(text) for text in TEXTS))
    adapted = dense(encoder, *items)
    assert np.sum(adapted * wanted, axis=1).min() > 0.999
    assert np.sum(adapted * wanted, axis=1).min() > np.sum(bare * wanted, axis=1).min()
    encoder.adapters.merge("themes")
    assert np.sum(dense(encoder, *items) * wanted, axis=1).min() > 0.999

"""Linear layers whose weights lie in the blocks that the CPU's matrix tiles (AMX) read.

A plain bfloat16 layer sorts its weight into those blocks in every call, which takes about as
long as multiplying a short query.  Sorted once, at load, the products differ by the format's
rounding at most (docs/encoders.md).
"""

from typing import cast

import torch
from torch import Tensor, nn

# The layout is chosen for products of this many rows; it serves fewer and more as fast.
ROWS = 64


class BlockedLinear(nn.Linear):
    """``nn.Linear`` over a blocked bfloat16 weight, for inference."""

    def __init__(self, plain: nn.Linear) -> None:
        nn.Module.__init__(self)
        self.in_features, self.out_features = plain.in_features, plain.out_features
        self.weight = nn.Parameter(_sorted(plain.weight.detach()), requires_grad=False)
        self.bias = plain.bias

    def forward(self, input: Tensor) -> Tensor:
        """[..., in] to [..., out]."""
        product = torch.ops.mkldnn._linear_pointwise(input, self.weight, self.bias, "none", [], "")
        return cast(Tensor, product)


def plain(weight: Tensor) -> Tensor:
    """A weight [out, in] in rows, whether it was blocked or not."""
    return weight.to_dense() if weight.is_mkldnn else weight


def laid_like(weight: Tensor, old: Tensor) -> Tensor:
    """A weight in rows, blocked if ``old`` is."""
    return _sorted(weight) if old.is_mkldnn else weight


def _sorted(weight: Tensor) -> Tensor:
    return cast(Tensor, torch.ops.mkldnn._reorder_linear_weight(weight, ROWS))

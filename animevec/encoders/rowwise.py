"""Linear layers in int8 (W8A8): weights rounded by output channel, activations by row.

As in LLM.int8() without its outliers (Dettmers et al., arXiv 2208.07339), whose vector-wise scales
these are.  A row has a scale of its own, so a text's vector does not depend on its batch.  A CPU
with VNNI is faster at it than at float32 (docs/encoders.md).
"""

import torch
from torch import Tensor, nn

LARGEST = 127


class RowwiseLinear(nn.Linear):
    """``nn.Linear`` over an int8 weight [out, in] and float32 scales [out], for inference."""

    def __init__(self, plain: nn.Linear) -> None:
        nn.Module.__init__(self)
        self.in_features, self.out_features = plain.in_features, plain.out_features
        weight, scales = rounded(plain.weight.detach())
        self.weight = nn.Parameter(weight, requires_grad=False)
        self.scales = nn.Parameter(scales[:, 0], requires_grad=False)
        self.bias = plain.bias

    def forward(self, input: Tensor) -> Tensor:
        """[..., in] to [..., out]."""
        rows, scales = rounded(input.flatten(0, -2))
        product = torch._int_mm(rows, self.weight.T) * scales
        bias = self.bias if self.bias is not None else product.new_zeros(1)
        return torch.addcmul(bias, product, self.scales).view(*input.shape[:-1], self.out_features)


def rounded(rows: Tensor) -> tuple[Tensor, Tensor]:
    """Rows in int8 and the float scale [rows, 1] of each: its largest number is 127 or -127.

    A row that is not finite has no finite scale, so neither has what comes of it.
    """
    scales = rows.abs().amax(1, keepdim=True).div_(LARGEST).clamp_min_(torch.finfo(rows.dtype).tiny)
    return (rows / scales).round_().to(torch.int8), scales

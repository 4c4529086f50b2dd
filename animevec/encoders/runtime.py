"""Where and how a model computes: device, number format, threads, compilation, batch size."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeVar

# An exported model needs no torch, and importing it takes a second.
if TYPE_CHECKING:
    import torch
    from torch import nn

M = TypeVar("M", bound="nn.Module")
Dtype = Literal["float32", "bfloat16", "float16", "w8a8", "int8"]

# Beyond this a forward's activations leave the cores' caches and every token costs more
# (docs/encoders.md); a GPU wants all it can get.
CPU_TOKENS = 2048


@dataclass(frozen=True, slots=True)
class Runtime:
    """Options of every encoder; ``budget`` is the padded tokens of one forward."""

    where: str = "cpu"
    dtype: Dtype = "float32"
    threads: int | None = None
    compile: bool = False
    budget: int = 16_384

    @property
    def tokens(self) -> int:
        """Padded tokens of one forward on this device."""
        return min(self.budget, CPU_TOKENS) if self._is_cpu else self.budget

    @property
    def _is_cpu(self) -> bool:
        return self.where == "cpu"

    @property
    def device(self) -> torch.device:
        """The torch device."""
        import torch

        return torch.device(self.where)

    @property
    def torch_dtype(self) -> torch.dtype:
        """The torch number format of all but the linear layers; int8 is an exported model's and
        has none.
        """
        import torch

        dtype = getattr(torch, "float32" if self.dtype == "w8a8" else self.dtype)
        assert isinstance(dtype, torch.dtype)
        return dtype

    def apply(self) -> None:
        """Set torch's threads; more than the reserved cores makes every query slower."""
        import torch

        if self.threads is not None:
            torch.set_num_threads(self.threads)

    def place(self, model: M) -> M:
        """The model on its device, compiled where asked, its weights as the CPU reads them best."""
        from animevec.encoders.layers import replace_linear

        placed = model.to(self.device)
        if self.dtype == "w8a8":
            from animevec.encoders.rowwise import RowwiseLinear

            replace_linear(placed, RowwiseLinear)
        if self.compile:
            from animevec.encoders.packed import compile_around

            compile_around(placed)
        elif self._is_cpu and self.dtype == "bfloat16" == native_dtype(self.where):
            from animevec.encoders.blocked import BlockedLinear

            replace_linear(placed, BlockedLinear)
        return placed


def native_dtype(where: str, rowwise: bool = False) -> Dtype:
    """The fastest format that retrieves as float32 does (docs/encoders.md).

    bfloat16 on GPUs and on CPUs with matrix tiles (AMX); without them it is slower than float32,
    and w8a8 faster where the CPU has VNNI, for models of which it is known to do (``rowwise``).
    """
    import torch

    capabilities = torch.cpu.get_capabilities()
    if where != "cpu" or capabilities.get("amx_bf16", False):
        return "bfloat16"
    return "w8a8" if rowwise and capabilities.get("avx512_vnni", False) else "float32"

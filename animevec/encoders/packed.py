"""Texts laid end to end without padding, and attention that stays within each of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

import torch
from torch import Tensor, nn
from torch.nn.functional import pad, scaled_dot_product_attention

_TILE = 16


@dataclass(frozen=True, slots=True)
class Packed:
    """A batch as one row of tokens: ``ids`` and ``positions`` int64 [rows].

    ``runs`` are (first token, texts, tokens each) of neighbours of equal length, so that texts
    sorted by length attend together; ``bounds`` int32 [texts + 1] are the texts' first tokens.
    No text is padded: its vector cannot depend on its neighbours' lengths.  On a CPU a few rows
    follow that belong to no text and whose result nobody reads, so that batches come in few
    numbers of rows: a new one costs the products' code being written anew, and room to keep it.
    """

    ids: Tensor
    positions: Tensor
    bounds: Tensor
    lengths: tuple[int, ...]
    runs: tuple[tuple[int, int, int], ...]

    @classmethod
    def of(cls, texts: Sequence[Sequence[int]], device: torch.device) -> "Packed":
        """Pack token ids; equal lengths should be neighbours."""
        lengths = tuple(map(len, texts))
        bounds = torch.tensor((0, *lengths)).cumsum(0)
        total = sum(lengths)
        spare = _rows(total) - total if device.type == "cpu" else 0
        ids = torch.tensor([*(token for text in texts for token in text), *[0] * spare])
        each = torch.tensor(lengths)
        positions = torch.arange(total) - bounds[:-1].repeat_interleave(each)
        return cls(
            ids.to(device),
            pad(positions, (0, spare)).to(device),
            bounds.to(device, torch.int32),
            lengths,
            tuple(_runs(lengths)),
        )

    @property
    def first(self) -> Tensor:
        """Positions of the texts' first tokens, int64 [texts]."""
        return self.bounds[:-1].long()

    def owners(self) -> Tensor:
        """The text each row belongs to, int64 [rows]; rows of no text go with the first."""
        each = torch.tensor(self.lengths)
        owners = torch.arange(len(each)).repeat_interleave(each)
        return pad(owners, (0, len(self.ids) - len(owners))).to(self.ids.device)

    def read(self, rows: Tensor) -> Tensor:
        """The rows that belong to a text."""
        return rows[: sum(self.lengths)]

    def split(self, hidden: Tensor) -> tuple[Tensor, ...]:
        """Rows per token [tokens, ...] as one tensor for each text."""
        return torch.split(hidden, list(self.lengths))


def _rows(tokens: int) -> int:
    """As many or at most an eighth more; a tile of the matrix unit (AMX) has 16 rows anyway."""
    step = max(_TILE, 1 << max(0, tokens.bit_length() - 4))
    return -(-tokens // step) * step


def _runs(lengths: Sequence[int]) -> list[tuple[int, int, int]]:
    runs, start = [], 0
    for length, group in groupby(lengths):
        count = len(list(group))
        runs.append((start, count, length))
        start += count * length
    return runs


class PackedAttention(nn.Module):
    """Full attention within each text; tensors are [tokens, heads, width per head]."""

    def forward(self, query: Tensor, key: Tensor, value: Tensor, packed: Packed) -> Tensor:
        """[tokens, heads, width per head]."""
        if query.is_cuda and query.dtype in (torch.float16, torch.bfloat16):
            return _attend_all(query, key, value, packed)
        parts = [_attend_run(query, key, value, run) for run in packed.runs]
        return torch.cat([*parts, value[sum(packed.lengths) :]])


def compile_around(model: nn.Module) -> None:
    """Compile all but the attention, whose runs differ from batch to batch."""
    for module in model.modules():
        if isinstance(module, PackedAttention):
            module.forward = torch.compiler.disable(module.forward)  # type: ignore[method-assign,no-untyped-call]
    model.compile(dynamic=True)


def _attend_all(query: Tensor, key: Tensor, value: Tensor, packed: Packed) -> Tensor:
    # Brings the compiler along, 80 MB that are no use on a CPU.
    from torch.nn.attention.varlen import varlen_attn

    longest, bounds = max(packed.lengths), packed.bounds
    # One split: the order of summation, and so the vector, is the same in every batch.
    attended = varlen_attn(query, key, value, bounds, bounds, longest, longest, num_splits=1)
    assert isinstance(attended, Tensor)
    return attended


def _attend_run(query: Tensor, key: Tensor, value: Tensor, run: tuple[int, int, int]) -> Tensor:
    start, count, length = run
    q, k, v = (
        one[start : start + count * length].view(count, length, *one.shape[1:]).transpose(1, 2)
        for one in (query, key, value)
    )
    return scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(0, 1)

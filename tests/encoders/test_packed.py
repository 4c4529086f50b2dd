"""Texts laid end to end: few numbers of rows, and those of no text change nothing."""

import torch

from animevec.encoders.packed import Packed, PackedAttention

CPU = torch.device("cpu")


def test_batches_of_any_size_come_in_few_numbers_of_rows() -> None:
    rows = {tokens: len(Packed.of([[7] * tokens], CPU).ids) for tokens in range(1, 2049)}
    assert len(set(rows.values())) <= 40
    for tokens, padded in rows.items():
        assert tokens <= padded < tokens + max(16, tokens / 8)


def test_rows_of_no_text_are_attended_by_nobody_and_not_read() -> None:
    packed = Packed.of([[5, 6, 7], [5, 6, 7], [8]], CPU)
    state = torch.randn(len(packed.ids), 2, 4)
    changed = state.clone()
    changed[7:] += 1
    attend = PackedAttention()
    found, other = (packed.read(attend(one, one, one, packed)) for one in (state, changed))
    assert len(found) == 7
    assert torch.equal(found, other)
    assert [len(one) for one in packed.split(found)] == [3, 3, 1]

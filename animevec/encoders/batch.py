"""Which items share a forward: sorted by size, cut by a budget of padded size."""

from collections.abc import Sequence


def plan(sizes: Sequence[int], budget: int) -> list[list[int]]:
    """Positions grouped so that ``len(group) * longest`` stays within ``budget``.

    ``sizes`` are tokens or pixels per item; the longest come first, so that memory runs out
    early or not at all.  An item larger than the budget forms a group of its own.
    """
    groups: list[list[int]] = []
    room = 0
    for position in sorted(range(len(sizes)), key=lambda i: (-sizes[i], i)):
        if room < 1:
            groups.append([])
            room = max(1, budget // max(1, sizes[position]))
        groups[-1].append(position)
        room -= 1
    return groups

"""How far down a search looks: in steps, so that a deeper page moves nothing on those before it.

A step finds what it finds whatever page is asked for.  What comes of one is a window: titles in
order, to which later steps add and which they never change.
"""

from collections.abc import Iterator

FACTOR = 4
MAX_DEPTH = 10_000


def depths(first: int) -> Iterator[int]:
    """How many titles each step looks at: ``first``, four times as many, and so on to 10,000."""
    depth = min(first, MAX_DEPTH)
    while depth < MAX_DEPTH:
        yield depth
        depth = min(depth * FACTOR, MAX_DEPTH)
    yield depth

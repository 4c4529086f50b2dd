"""How long work reports on itself: a callable taking what is done and what there is in all."""

from collections.abc import Callable

Progress = Callable[[int, int | None], None]


def silent(done: int, total: int | None) -> None:
    """A progress sink that says nothing."""

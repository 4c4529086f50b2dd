"""The steps that make a home ready for the service; each knows whether it is needed."""

from collections.abc import Callable
from dataclasses import dataclass

from animevec.keys import KeyStore, admin_key
from animevec.progress import Progress
from animevec.settings import Settings


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do once."""

    name: str
    needed: Callable[[Settings], bool]
    run: Callable[[Settings, Progress], None]


def _key_missing(settings: Settings) -> bool:
    return not settings.admin_key_file.is_file()


def _make_key(settings: Settings, progress: Progress) -> None:
    store = KeyStore(settings.keys_url)
    try:
        admin_key(store, settings.admin_key_file)
    finally:
        store.close()


STEPS: tuple[Step, ...] = (Step("admin key", _key_missing, _make_key),)

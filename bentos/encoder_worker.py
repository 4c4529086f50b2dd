"""The child of ``bentos.encoder_process``: answers questions about encoders over inherited pipes.

Each pipe has a thread, whose death closes it.  What travels is pickled: nobody else holds an end
of the pipes.
"""

import os
import signal
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, TypeAlias

from animevec import cores, quiet
from animevec.encoders.base import Encoder, Item
from animevec.encoders.load import load_encoder
from animevec.errors import AnimevecError, ModelError
from animevec.settings import Settings


@dataclass(frozen=True, slots=True)
class Open:
    """Load the encoder of a card; answered by the card."""

    name: str


@dataclass(frozen=True, slots=True)
class Adapt:
    """Load an adapter onto an encoder."""

    name: str
    adapter: str
    folder: Path


@dataclass(frozen=True, slots=True)
class Unadapt:
    """Unload an adapter; one that is not loaded is no error, for a new child has fewer."""

    name: str
    adapter: str


@dataclass(frozen=True, slots=True)
class Encode:
    """Encode items; answered by their outcomes."""

    name: str
    items: tuple[Item, ...]


Request = Open | Adapt | Unadapt | Encode
Lane: TypeAlias = "Connection[Any, Any]"
NEEDED = {"home", "encoders", "limits"}  # of the settings; no area with a secret


def command(handles: Sequence[int]) -> list[str]:
    """What starts the child on the pipes of these handles.

    The module is imported, not run: what is pickled must be of one class on both ends.
    """
    return [sys.executable, "-c", f"from {__name__} import main; main()", *map(str, handles)]


class Worker:
    """The loaded encoders."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._encoders: dict[str, Encoder] = {}
        self._loading = threading.Lock()

    def serve(self, lane: Lane) -> None:
        """Answer until the other end is closed, which ends the process."""
        with lane:
            while True:
                try:
                    request = lane.recv()
                except (EOFError, OSError):
                    os._exit(0)
                lane.send(self._answer(request))

    def _answer(self, request: Request) -> Any:
        try:
            match request:
                case Open(name):
                    return self._open(name).card
                case Adapt(name, adapter, folder):
                    self._adapters(name).load(adapter, folder)
                    return None
                case Unadapt(name, adapter):
                    adapters = self._adapters(name)
                    if adapter in adapters.names:
                        adapters.unload(adapter)
                    return None
                case Encode(name, items):
                    return self._open(name).encode(items)
        except AnimevecError as error:
            return error

    def _adapters(self, name: str) -> Any:
        adapters = getattr(self._open(name), "adapters", None)
        if adapters is None:
            raise ModelError(f"{name} takes no adapters here; the release wants one")
        return adapters

    def _open(self, name: str) -> Encoder:
        with self._loading:
            if name not in self._encoders:
                self._encoders[name] = load_encoder(name, self._settings)
            return self._encoders[name]


def main() -> None:
    """Entry of the child."""
    for number in (signal.SIGINT, signal.SIGTERM):  # the parent decides when it is over
        signal.signal(number, signal.SIG_IGN)
    quiet.apply()
    cores.spread()
    worker = Worker(Settings.model_validate_json(sys.stdin.buffer.read()))
    lanes = [Connection(int(handle)) for handle in sys.argv[1:]]
    threads = [threading.Thread(target=worker.serve, args=(lane,)) for lane in lanes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

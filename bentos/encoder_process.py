"""The encoders in a process of their own, beside the one that searches.

Python runs one thread at a time: a forward that shares its interpreter with twenty searches waits
for it after every layer.  With an interpreter each, both keep a core busy.  The child ends when
the pipes to it do, so it never outlives the service; where it dies itself, it is started again,
its models and adapters are loaded, and what was asked of it is asked once more.
"""

import os
import subprocess
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from multiprocessing import Pipe
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import structlog

from animevec.encoders.base import Encoder, Item, Outcome
from animevec.encoders.card import ModelCard
from animevec.errors import AnimevecError, Unavailable
from animevec.settings import ROOT, Settings
from bentos.encoder_worker import NEEDED, Adapt, Encode, Lane, Open, Request, Unadapt, command
from bentos.turnstile import outside

_log = structlog.get_logger("encoders")


class _Gone(Exception):
    """The child ended while it was asked."""


class _Child:
    """One run of the child: its pipes, each for one question at a time."""

    def __init__(self, settings: Settings) -> None:
        # Batches of queries in words and in pictures, titles being embedded, one to spare.
        self._lanes = 2 * settings.serve.batches + 2
        ours, theirs = zip(*(Pipe() for _ in range(self._lanes)), strict=True)
        handles = [lane.fileno() for lane in theirs]
        paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]  # a Bento's own, too
        self._process = subprocess.Popen(
            command(handles),
            stdin=subprocess.PIPE,
            pass_fds=handles,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
        )
        for lane in theirs:
            lane.close()
        self._free: SimpleQueue[Lane] = SimpleQueue()
        for lane in ours:
            self._free.put(lane)
        assert self._process.stdin is not None
        with self._process.stdin as stdin:
            stdin.write(settings.model_dump_json(include=NEEDED).encode())

    def ask(self, request: Request) -> Any:
        """The child's answer; raises what it raised, and ``_Gone`` where it ended."""
        lane = self._free.get()
        try:
            lane.send(request)
            answer = lane.recv()
        except (EOFError, OSError) as error:
            raise _Gone from error
        finally:
            self._free.put(lane)
        if isinstance(answer, AnimevecError):
            raise answer
        return answer

    def end(self) -> int:
        """Kill it, for it keeps nothing; who waits for it is told.  Returns the exit status."""
        self._process.kill()
        status = self._process.wait()
        lanes = [self._free.get() for _ in range(self._lanes)]  # once whoever asks was told
        for lane in lanes:
            lane.close()
            self._free.put(lane)  # closed: who comes late is told as well
        return status


class EncoderProcess:
    """Loads encoders in the child and asks them; safe for many threads."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._guard = threading.RLock()
        self._loaded: list[Open | Adapt] = []
        self._closed = False
        self._child = _Child(settings)

    def load(self, name: str) -> Encoder:
        """The encoder of a card's name; raises what ``load_encoder`` raises."""
        return _Encoder(self, name, self.remembered(Open(name)))

    def adapters(self, name: str) -> tuple[str, ...]:
        """The adapters loaded onto an encoder."""
        found = (one for one in self._loaded if isinstance(one, Adapt))
        return tuple(one.adapter for one in found if one.name == name)

    def ask(self, request: Request) -> Any:
        """The child's answer, from a new child where the present one is gone.

        Raises:
            Unavailable: the new one ended over the same question, or the service stops.
        """
        with outside():
            child = self._child
            try:
                return child.ask(request)
            except _Gone:
                self._replace(child)
            try:
                return self._child.ask(request)
            except _Gone as error:
                raise _unavailable("ended twice over this request") from error

    def remembered(self, request: Open | Adapt) -> Any:
        """The answer to what a new child must be asked as well."""
        with self._guard:
            answer = self.ask(request)
            self._loaded.append(request)
            return answer

    def unload(self, name: str, adapter: str) -> None:
        """Take an adapter off an encoder, of this child and of those to come."""
        with self._guard:
            self._loaded = [
                one
                for one in self._loaded
                if not (isinstance(one, Adapt) and (one.name, one.adapter) == (name, adapter))
            ]
            self.ask(Unadapt(name, adapter))

    def close(self) -> None:
        """End the child."""
        with self._guard:
            self._closed = True
            self._child.end()

    def _replace(self, gone: _Child) -> None:
        with self._guard:
            if self._closed:
                raise _unavailable("is stopping")
            if self._child is not gone:
                return
            _log.error("ended", status=gone.end())
            self._child = _Child(self._settings)
            for request in self._loaded:
                self._again(request)
            _log.info("started again", loaded=len(self._loaded))

    def _again(self, request: Open | Adapt) -> None:
        try:
            self._child.ask(request)
        except _Gone as error:
            raise _unavailable("ends while it starts") from error
        except AnimevecError as error:  # the items that need it will say so
            _log.error("not loaded again", request=str(request), error=error.message)


def _unavailable(what: str) -> Unavailable:
    message = f"the encoders' process {what}; the service's log says why"
    return Unavailable(message, retry_after_s=1)


@dataclass(frozen=True, slots=True)
class _Encoder:
    """An encoder of the child."""

    process: EncoderProcess = field(repr=False)
    name: str
    card: ModelCard

    @property
    def adapters(self) -> "_Adapters":
        """The adapters on this base."""
        return _Adapters(self.process, self.name)

    def encode(self, items: Sequence[Item]) -> list[Outcome]:
        """One outcome per item, in input order."""
        outcomes: list[Outcome] = self.process.ask(Encode(self.name, tuple(items)))
        return outcomes


@dataclass(frozen=True, slots=True)
class _Adapters:
    """What a line-up does with an encoder's adapters."""

    process: EncoderProcess
    name: str

    @property
    def names(self) -> tuple[str, ...]:
        """The loaded adapters."""
        return self.process.adapters(self.name)

    def load(self, adapter: str, folder: Path) -> None:
        """Add an adapter; raises what ``AdapterSet.load`` raises."""
        self.process.remembered(Adapt(self.name, adapter, folder))

    def unload(self, adapter: str) -> None:
        """Forget an adapter; what uses it at the moment finishes."""
        self.process.unload(self.name, adapter)

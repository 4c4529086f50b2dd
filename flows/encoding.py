"""Encoding at scale: an encoder whose batches are tasks of the runner the settings name.

With ``flows.task_runner`` empty everything is encoded in the flow's own process.  With, say,
``prefect_dask:DaskTaskRunner`` each worker loads the model once and encodes the chunks it is
given; the flow alone writes vectors and index, so nothing is written twice.  Adapter folders are
read at the same path on every worker.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.task_runners import TaskRunner, ThreadPoolTaskRunner

from animevec.encoders.base import Encoder, Item, Outcome
from animevec.encoders.card import ModelCard
from animevec.encoders.cards import find_card
from animevec.encoders.load import load_encoder
from animevec.errors import InvalidRequest
from animevec.settings import FlowSettings, Settings
from flows.workshop import Load

CHUNK = 64
Runner = TaskRunner[Any]


def task_runner(settings: FlowSettings) -> Runner:
    """The task runner of the settings, threads by default.

    Raises:
        InvalidRequest: no such class can be imported.
    """
    if not settings.task_runner:
        return ThreadPoolTaskRunner(max_workers=2)
    module, _, name = settings.task_runner.partition(":")
    try:
        found: type[Runner] = getattr(import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise InvalidRequest(
            f"flows.task_runner is {settings.task_runner!r}, which cannot be imported ({error}); "
            "write module:Class, such as prefect_dask:DaskTaskRunner, and install its package"
        ) from error
    return found(**settings.task_runner_options)


def spread(settings: Settings) -> Load:
    """How a flow loads a base encoder: here, or as tasks where a runner is named."""
    if not settings.flows.task_runner:
        return lambda card: load_encoder(card, settings)
    return lambda card: SpreadEncoder(find_card(card, settings.models_path), settings)


@dataclass(frozen=True)
class Folders:
    """Adapters that workers load when they meet them."""

    known: dict[str, Path] = field(default_factory=dict)

    @property
    def names(self) -> tuple[str, ...]:
        """Those that were named so far."""
        return tuple(self.known)

    def load(self, name: str, folder: Path) -> None:
        """Remember where an adapter's files are."""
        self.known[name] = folder

    def unload(self, name: str) -> None:
        """Name it no longer; workers that have met it keep it."""
        del self.known[name]


@dataclass(frozen=True)
class SpreadEncoder:
    """Chunks of 64 items as tasks of the flow's runner; one outcome per item, in input order."""

    card: ModelCard
    settings: Settings
    adapters: Folders = field(default_factory=Folders)

    def encode(self, items: Sequence[Item]) -> list[Outcome]:
        """Encode on the workers."""
        chunks = [items[start : start + CHUNK] for start in range(0, len(items), CHUNK)]
        asked = [
            encode_task.submit(self.settings, self.card.name, self.adapters.known, chunk)
            for chunk in chunks
        ]
        return [outcome for future in asked for outcome in future.result()]


def encode_chunk(
    settings: Settings, card: str, adapters: Mapping[str, Path], items: Sequence[Item]
) -> list[Outcome]:
    """What a worker does; its model stays loaded for the next chunk."""
    encoder = _loaded(card, settings.model_dump_json())
    own: Any = getattr(encoder, "adapters", None)
    for name, folder in adapters.items():
        if name not in own.names:
            own.load(name, folder)
    return encoder.encode(items)


encode_task = task(name="encode", retries=2, retry_delay_seconds=5, cache_policy=NO_CACHE)(
    encode_chunk
)


@cache
def _loaded(card: str, settings: str) -> Encoder:
    return load_encoder(card, Settings.model_validate_json(settings))

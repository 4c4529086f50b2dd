"""How the service opens its engine: encoders beside it, in it, or in services of their own."""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from types import MappingProxyType
from typing import Any

from tenacity import Retrying, retry_if_exception_type, stop_after_attempt

from animevec import cores
from animevec.assembly import Wrap
from animevec.encoders.base import Encoder, Item, Outcome
from animevec.encoders.card import ModelCard
from animevec.encoders.cards import find_card
from animevec.errors import ModelError, Unavailable
from animevec.lineup import Lineup, open_lineup
from animevec.settings import Settings
from bentos.encoder_process import EncoderProcess
from bentos.turnstile import outside
from bentos.wire import WireItem, WireOutcome

Call = Callable[[list[WireItem]], Sequence[WireOutcome]]
TRIES = 3  # of one batch at an encoder's service


class RemoteEncoder:
    """An encoder behind a BentoML service; one hop per batch."""

    def __init__(self, card: ModelCard, call: Call) -> None:
        self._card = card
        self._call = call

    @property
    def card(self) -> ModelCard:
        """The frozen facts about the model."""
        return self._card

    def encode(self, items: Sequence[Item]) -> list[Outcome]:
        """One outcome per item, in input order.

        A connection that was kept may be closed by the service just when it is used again; to ask
        once more does no harm.

        Raises:
            Unavailable: the service does not answer.
        """
        from aiohttp import ClientError, ServerDisconnectedError
        from bentoml.exceptions import BentoMLException

        closed = retry_if_exception_type(ServerDisconnectedError)
        tries = Retrying(retry=closed, stop=stop_after_attempt(TRIES), reraise=True)
        try:
            answers = tries(self._call, [WireItem.of(item) for item in items])
        except (BentoMLException, ClientError, OSError) as error:
            name = self._card.name
            raise Unavailable(f"the encoder service of {name} does not answer: {error}") from error
        return [WireOutcome.model_validate(answer).outcome() for answer in answers]


@contextmanager
def open_beside(settings: Settings, wrap: Wrap) -> Iterator[Lineup]:
    """A lineup whose encoders run in a process of their own, on the cores that this one leaves.

    A team of OpenMP threads that shares a core with the searches waits for its slowest thread at
    every layer; one thread fewer encodes more.  The rest is shared out among the batches under way:
    on two cores each has one thread, and the second batch has what the searches leave of theirs.
    """
    threads = settings.encoders.threads
    if settings.serve.one_core:
        threads = max(1, (threads - 1) // settings.serve.batches)
        cores.keep_to_one()
    encoders = settings.encoders.model_copy(update={"threads": threads})
    process = EncoderProcess(settings.model_copy(update={"encoders": encoders}))
    try:
        with open_lineup(settings, wrap, process.load) as lineup:
            yield lineup
    finally:
        process.close()


def open_local(settings: Settings, wrap: Wrap) -> AbstractContextManager[Lineup]:
    """A lineup whose encoders run here, the cores shared out among the batches under way.

    Every request thread has its own team of OpenMP threads; teams that are larger than their
    share of the cores wait for one another at every layer.
    """
    threads = max(1, settings.encoders.threads // settings.serve.batches)
    encoders = settings.encoders.model_copy(update={"threads": threads})
    return open_lineup(settings.model_copy(update={"encoders": encoders}), wrap)


def open_remote(settings: Settings, wrap: Wrap) -> AbstractContextManager[Lineup]:
    """A lineup whose encoders are the services of the running gateway.

    Called on the gateway's event loop, which carries the hops of all threads.
    """
    from bentoml import get_current_service

    service, loop = get_current_service(), asyncio.get_running_loop()

    proxies = {settings.encoders.text: service.text, settings.encoders.picture: service.picture}

    def load(name: str) -> Encoder:
        if name not in proxies:
            raise ModelError(f"no encoder service runs {name}; running: {', '.join(proxies)}")
        proxy: Any = proxies[name]

        def call(items: list[WireItem]) -> Sequence[WireOutcome]:
            hop = asyncio.run_coroutine_threadsafe(proxy.to_async.encode(items=items), loop)
            with outside():
                answers: Sequence[WireOutcome] = hop.result(settings.serve.timeout_s)
            return answers

        return RemoteEncoder(find_card(name, settings.models_path), call)

    return open_lineup(settings, wrap, load)


OPENERS: Mapping[str, Callable[[Settings, Wrap], AbstractContextManager[Lineup]]] = (
    MappingProxyType(
        {"own_process": open_beside, "in_process": open_local, "services": open_remote}
    )
)

"""How the service opens its engine: encoders here, or in services of their own."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from animevec.assembly import Assembly, Encoders, Wrap, open_assembly
from animevec.encoders.base import Encoder, Item, Outcome
from animevec.encoders.card import ModelCard
from animevec.encoders.cards import find_card
from animevec.errors import Unavailable
from animevec.settings import Settings
from bentos.wire import WireItem, WireOutcome

Call = Callable[[list[WireItem]], Sequence[WireOutcome]]


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

        Raises:
            Unavailable: the service does not answer.
        """
        from bentoml.exceptions import BentoMLException
        from httpx import HTTPError

        try:
            answers = self._call([WireItem.of(item) for item in items])
        except (BentoMLException, HTTPError, OSError) as error:
            name = self._card.name
            raise Unavailable(f"the encoder service of {name} does not answer: {error}") from error
        return [WireOutcome.model_validate(answer).outcome() for answer in answers]


def remote_encoders(settings: Settings, text: Any, picture: Any) -> Encoders:
    """Encoders behind the proxies that ``bentoml.depends`` gives."""
    chosen = settings.encoders
    card = find_card(chosen.text, settings.models_path)
    remote_text: Encoder = RemoteEncoder(card, lambda items: text.encode(items=items))
    remote_picture: Encoder | None = None
    if chosen.picture:
        card = find_card(chosen.picture, settings.models_path)
        remote_picture = RemoteEncoder(card, lambda items: picture.encode(items=items))
    return Encoders.of(remote_text, remote_picture)


@contextmanager
def open_remote(settings: Settings, wrap: Wrap) -> Iterator[Assembly]:
    """An assembly whose encoders are the services of the running gateway."""
    from bentoml import get_current_service

    service = get_current_service()
    encoders = remote_encoders(settings, service.text, service.picture)
    with open_assembly(settings, wrap, encoders) as assembly:
        yield assembly

"""Encoders as BentoML services, for a topology where a GPU stands apart from the gateway."""

import bentoml

from animevec.encoders.base import Encoder
from animevec.encoders.load import load_encoder
from animevec.settings import Settings
from bentos.wire import WireItem, WireOutcome

_SETTINGS = Settings()
_LEAN = {
    "workers": 1,
    "logging": {"access": {"enabled": False}},
    "tracing": {"excluded_urls": ".*"},
    "traffic": {"timeout": _SETTINGS.serve.timeout_s},
}


def encode(encoder: Encoder, items: list[WireItem]) -> list[WireOutcome]:
    """One outcome per item; what a batch method does without BentoML."""
    return [WireOutcome.of(o) for o in encoder.encode([item.item() for item in items])]


@bentoml.service(name="text-encoder", **_LEAN)
class TextEncoder:
    """Texts to vectors."""

    def __init__(self) -> None:
        self._encoder = load_encoder(_SETTINGS.encoders.text, _SETTINGS)

    @bentoml.api(batchable=True, max_batch_size=_SETTINGS.serve.max_batch)  # type: ignore[untyped-decorator]
    def encode(self, items: list[WireItem]) -> list[WireOutcome]:
        """One outcome per item, a value or an error."""
        return encode(self._encoder, items)


@bentoml.service(name="picture-encoder", **_LEAN)
class PictureEncoder:
    """Pictures, and texts in the pictures' space, to vectors."""

    def __init__(self) -> None:
        self._encoder = load_encoder(_SETTINGS.encoders.picture, _SETTINGS)

    @bentoml.api(batchable=True, max_batch_size=_SETTINGS.serve.max_batch)  # type: ignore[untyped-decorator]
    def encode(self, items: list[WireItem]) -> list[WireOutcome]:
        """One outcome per item, a value or an error."""
        return encode(self._encoder, items)

"""From a card to a running encoder: the loader is chosen by ``card.architecture``."""

from pathlib import Path
from typing import TYPE_CHECKING

from animevec.encoders.base import Encoder
from animevec.encoders.card import ModelCard
from animevec.encoders.cards import find_card
from animevec.encoders.files import locate, verify
from animevec.errors import ModelError
from animevec.settings import Settings

if TYPE_CHECKING:
    from animevec.encoders.runtime import Runtime


def load_encoder(card: str | ModelCard, settings: Settings, folder: Path | None = None) -> Encoder:
    """The encoder of a card (or of a card's name), from ``folder`` or where its files lie.

    Raises ``NotFound`` for an unknown name and ``ModelError`` for missing or unusable files.
    Nothing is downloaded.
    """
    known = find_card(card, settings.models_path) if isinstance(card, str) else card
    where = folder or locate(known, settings.models_path)
    if folder is None and not where.is_relative_to(settings.models_path):
        # What was fetched was verified then; what came in a package is verified here.
        verify(known, where)
    return _load(known, where, settings)


def export_folder(card: ModelCard, models: Path) -> Path:
    """Where the int8 export of a text model lies, also of one whose own files lie elsewhere."""
    return models / card.name / "openvino-int8"


def _load(card: ModelCard, folder: Path, settings: Settings) -> Encoder:
    runtime = _runtime(card, settings)
    pixels = settings.encoders.batch_pixels
    if runtime.dtype == "int8":
        from animevec.encoders.quantized import QuantizedEncoder

        return QuantizedEncoder.load(export_folder(card, settings.models_path), card, runtime)
    match card.architecture:
        case "bge-m3":
            from animevec.encoders.bge_m3 import BgeM3

            return BgeM3.load(folder, card, runtime)
        case "sentence-transformer":
            from animevec.encoders.sentence import SentenceEncoder

            return SentenceEncoder.load(folder, card, runtime)
        case "jina-clip":
            from animevec.encoders.jina_encoder import JinaClipEncoder

            return JinaClipEncoder.load(folder, card, runtime, pixels, settings.limits)
        case "clip":
            from animevec.encoders.clip import ClipEncoder

            return ClipEncoder.load(folder, card, runtime, pixels, settings.limits)
    raise ModelError(
        f"card {card.name} has the architecture {card.architecture!r}; "
        "known: bge-m3, sentence-transformer, jina-clip, clip"
    )


def _runtime(card: ModelCard, settings: Settings) -> "Runtime":
    from animevec.encoders.runtime import Runtime, native_dtype

    chosen = settings.encoders
    dtype = chosen.dtype
    if dtype == "w8a8" and chosen.device != "cpu":
        raise ModelError(f"w8a8 is for CPUs, not for {chosen.device}; take bfloat16")
    # int8 is for text models; pictures are then computed as without it.
    if dtype == "auto" or (dtype in ("int8", "w8a8") and "picture" in card.modalities):
        dtype = native_dtype(chosen.device, card.rowwise)
    return Runtime(
        where=chosen.device,
        dtype=dtype,
        threads=chosen.threads,
        compile=chosen.compile,
        budget=chosen.batch_tokens,
    )

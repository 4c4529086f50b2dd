"""What a model must return for fixed inputs: the first components, as its maker's code gave them.

MiniLM's were computed with sentence-transformers 6.2.0 (``tests/encoders/test_cards.py`` computes
them again); the compact model's are its own at release, so they guard the files, not its quality.
A model without an entry is only asked for finite unit vectors.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO

import numpy as np
from PIL import Image

from animevec.encoders.base import Embedding, Encoder, Failure, Item, PictureItem, TextItem, Vector
from animevec.errors import ModelError

TEXT = "a girl rides a broom over a harbour town"
# Room for bf16 and int8; another model's vector lies far outside.
TOLERANCE = 0.02

CANONICAL: Mapping[tuple[str, str], tuple[float, ...]] = {
    ("minilm", "text"): (
        0.07362,
        0.02521,
        0.06109,
        0.00378,
        -0.06125,
        -0.04202,
        0.04383,
        -0.00987,
    ),
    ("jina-clip-compact", "picture"): (-0.0105, 0.0625, -0.0804, -0.0613, -0.0115, -0.0021),
    ("jina-clip-compact", "text"): (-0.0045, 0.0222, -0.0087, -0.0191, 0.0039, -0.0639),
}


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found; ``difference`` is None where nothing is stored to compare with."""

    modality: str
    passed: bool
    difference: float | None
    message: str


def check(encoder: Encoder) -> list[Finding]:
    """Encode the fixed inputs of every modality and compare."""
    inputs: dict[str, Item] = {"text": TextItem(TEXT), "picture": PictureItem(picture())}
    return [_check(encoder, one, inputs[one]) for one in encoder.card.modalities]


def picture() -> bytes:
    """A PNG of 96 x 128 pixels with a gradient in each colour."""
    rows, columns = np.mgrid[0:96, 0:128]
    pixels = np.stack([rows * 2, columns, (rows + columns)], axis=-1).astype(np.uint8)
    out = BytesIO()
    Image.fromarray(pixels).save(out, "PNG")
    return out.getvalue()


def _check(encoder: Encoder, modality: str, item: Item) -> Finding:
    (outcome,) = encoder.encode([item])
    if isinstance(outcome, Failure):
        return Finding(modality, False, None, outcome.error.message)
    vector = _dense(outcome)
    if vector.shape != (encoder.card.dimensions,):
        size = f"{vector.shape[0]} dimensions; the card says {encoder.card.dimensions}"
        return Finding(modality, False, None, size)
    stored = CANONICAL.get((encoder.card.name, modality))
    if stored is None:
        return Finding(modality, True, None, "loads and encodes; no vector is stored to compare")
    difference = float(abs(vector[: len(stored)] - np.array(stored)).max())
    message = f"first {len(stored)} components within {difference:.1e} of the canonical ones"
    return Finding(modality, difference <= TOLERANCE, difference, message)


def _dense(outcome: Embedding) -> Vector:
    if outcome.dense is None:
        raise ModelError("the encoder returned no dense vector")
    return outcome.dense

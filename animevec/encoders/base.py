"""The seam every encoder shares: items, embeddings, outcomes and the protocol.

Options travel inside the item, so that one batch may mix heads, sizes, tasks and adapters.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from animevec.encoders.card import ModelCard
from animevec.errors import AnimevecError

Vector = NDArray[np.float32]
Spans = NDArray[np.int32]


class Head(StrEnum):
    """What an encoder can return for one item."""

    DENSE = "dense"
    SPARSE = "sparse"
    COLBERT = "colbert"


class Task(StrEnum):
    """What the text is for; models trained with instructions treat the two differently."""

    QUERY = "query"
    DOCUMENT = "document"


class View(StrEnum):
    """Which look of a picture is encoded."""

    WHOLE = "whole"
    FRAME = "frame"  # its whole frame squeezed into a square
    INNER = "inner"  # without even bars along its edges
    INNER_FRAME = "inner_frame"
    MIRRORED = "mirrored"  # without bars, the other way round


DENSE = frozenset({Head.DENSE})


@dataclass(frozen=True, slots=True)
class TextItem:
    """A text to encode. ``dimensions`` is a Matryoshka size of the card, None for the full one;
    ``adapter`` is the name one was loaded under: for a release's, the hash of its files.
    """

    text: str
    task: Task = Task.DOCUMENT
    heads: frozenset[Head] = DENSE
    dimensions: int | None = None
    adapter: str | None = None


@dataclass(frozen=True, slots=True)
class PictureItem:
    """The bytes of a JPEG, PNG or WebP file to encode, and in which view."""

    data: bytes = field(repr=False)
    dimensions: int | None = None
    adapter: str | None = None
    view: View = View.WHOLE


@dataclass(frozen=True, slots=True)
class SparseVector:
    """Learned lexical weights: ``indices`` uint32 ascending [n], ``values`` float32 > 0 [n]."""

    indices: NDArray[np.uint32]
    values: Vector


@dataclass(frozen=True, slots=True)
class Embedding:
    """What one item became; heads that were not asked for are None.

    ``dense`` float32 [dimensions], unit length; ``colbert`` float32 [tokens - 1, d], unit rows, and
    ``spans`` int32 [tokens - 1, 2], the characters of the text from and to which each row stands;
    ``tokens`` is the number of tokens (patches for pictures) the encoder read.
    """

    tokens: int
    dense: Vector | None = None
    sparse: SparseVector | None = None
    colbert: Vector | None = None
    spans: Spans | None = None


@dataclass(frozen=True, slots=True)
class Failure:
    """Why one item became nothing; its neighbours are not affected."""

    error: AnimevecError


Item = TextItem | PictureItem
Outcome = Embedding | Failure


class Encoder(Protocol):
    """Turns items into outcomes, in the order given; never raises for one bad item."""

    @property
    def card(self) -> ModelCard:
        """The frozen facts about the model."""
        ...

    def encode(self, items: Sequence[Item]) -> list[Outcome]:
        """One outcome per item, in input order, independent of the other items."""
        ...

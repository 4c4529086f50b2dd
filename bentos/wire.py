"""Items and outcomes as they travel between the gateway and an encoder service."""

import base64
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict

from animevec.encoders.base import (
    Embedding,
    Failure,
    Head,
    Item,
    Outcome,
    PictureItem,
    SparseVector,
    Task,
    TextItem,
    Vector,
    View,
)
from animevec.errors import from_envelope


class Wire(BaseModel):
    """Base of what travels."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class WireItem(Wire):
    """A text or a picture (base64) with its own options."""

    text: str | None = None
    picture: str | None = None
    view: View = View.WHOLE
    task: Task = Task.DOCUMENT
    heads: tuple[Head, ...] = (Head.DENSE,)
    dimensions: int | None = None
    adapter: str | None = None

    @classmethod
    def of(cls, item: Item) -> "WireItem":
        """The item, packed."""
        options: dict[str, Any] = {"dimensions": item.dimensions, "adapter": item.adapter}
        if isinstance(item, PictureItem):
            picture = base64.b64encode(item.data).decode()
            return cls(picture=picture, view=item.view, **options)
        return cls(text=item.text, task=item.task, heads=tuple(item.heads), **options)

    def item(self) -> Item:
        """The item, unpacked."""
        if self.picture is not None:
            data = base64.b64decode(self.picture)
            return PictureItem(data, self.dimensions, self.adapter, self.view)
        heads = frozenset(self.heads)
        return TextItem(self.text or "", self.task, heads, self.dimensions, self.adapter)


class WireOutcome(Wire):
    """One outcome: vectors as base64 of little-endian numbers, or an error."""

    tokens: int = 0
    dense: str | None = None
    indices: str | None = None
    values: str | None = None
    colbert: str | None = None
    colbert_width: int = 0
    spans: str | None = None
    error: dict[str, Any] | None = None

    @classmethod
    def of(cls, outcome: Outcome) -> "WireOutcome":
        """The outcome, packed."""
        if isinstance(outcome, Failure):
            return cls(error=dict(outcome.error.envelope()["error"]))
        sparse, colbert = outcome.sparse, outcome.colbert
        return cls(
            tokens=outcome.tokens,
            dense=_pack(outcome.dense, "<f4"),
            indices=_pack(None if sparse is None else sparse.indices, "<u4"),
            values=_pack(None if sparse is None else sparse.values, "<f4"),
            colbert=_pack(colbert, "<f4"),
            colbert_width=0 if colbert is None else colbert.shape[1],
            spans=_pack(outcome.spans, "<i4"),
        )

    def outcome(self) -> Outcome:
        """The outcome, unpacked."""
        if self.error is not None:
            return Failure(from_envelope(self.error))
        sparse = None
        if self.indices is not None and self.values is not None:
            indices = np.frombuffer(base64.b64decode(self.indices), "<u4")
            sparse = SparseVector(indices.astype(np.uint32), _floats(self.values))
        colbert = None
        if self.colbert is not None:
            colbert = _floats(self.colbert).reshape(-1, self.colbert_width)
        dense = None if self.dense is None else _floats(self.dense)
        spans = None
        if self.spans is not None:
            spans = np.frombuffer(base64.b64decode(self.spans), "<i4").reshape(-1, 2)
        return Embedding(self.tokens, dense, sparse, colbert, spans)


def _pack(array: Any, dtype: str) -> str | None:
    if array is None:
        return None
    return base64.b64encode(np.ascontiguousarray(array, dtype).tobytes()).decode()


def _floats(text: str) -> Vector:
    return np.frombuffer(base64.b64decode(text), "<f4").astype(np.float32)

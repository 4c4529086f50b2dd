"""The pre and post stages of every text encoder: what may be asked, and what is given back."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from animevec.encoders.base import Embedding, Item, SparseVector, TextItem, Vector
from animevec.encoders.card import ModelCard
from animevec.encoders.pooling import cut, unit
from animevec.encoders.tokenizer import TextTokenizer
from animevec.errors import AnimevecError, InvalidRequest, ModelError, TooLarge


class Sized(Protocol):
    """An adapter, as far as the pre stage cares."""

    @property
    def matryoshka(self) -> tuple[int, ...]:
        """Sizes it adds to the card's."""
        ...


A_co = TypeVar("A_co", bound=Sized, covariant=True)


class Adapters(Protocol[A_co]):
    """Where adapters are found by name."""

    def find(self, name: str | None) -> A_co | None:
        """The adapter, None for the bare base; raises ``AnimevecError`` for an unknown one."""
        ...


@dataclass(frozen=True, slots=True)
class PreparedText(Generic[A_co]):
    """A valid item, its adapter, and its token ids, special tokens included."""

    item: TextItem
    adapter: A_co | None
    ids: list[int] = field(repr=False, default_factory=list)


def prepare(
    items: Sequence[Item], card: ModelCard, tokenizer: TextTokenizer, adapters: Adapters[A_co]
) -> list[PreparedText[A_co] | AnimevecError]:
    """A prepared text or an error for each item."""
    checked = [_checked(item, card, adapters) for item in items]
    texts = [
        card.prompts.get(one.item.task, "") + one.item.text
        for one in checked
        if isinstance(one, PreparedText)
    ]
    ids = iter(tokenizer.encode(texts))
    return [
        _measured(one, next(ids), card) if isinstance(one, PreparedText) else one for one in checked
    ]


def _checked(
    item: Item, card: ModelCard, adapters: Adapters[A_co]
) -> PreparedText[A_co] | AnimevecError:
    try:
        valid = check_text(item, card)
        adapter = adapters.find(valid.adapter)
        check_options(valid, card, adapter.matryoshka if adapter is not None else ())
    except AnimevecError as error:
        return error
    return PreparedText(valid, adapter)


def check_text(item: Item, card: ModelCard) -> TextItem:
    """The item if it is a text with something in it; raises ``InvalidRequest``."""
    if not isinstance(item, TextItem):
        raise InvalidRequest(f"{card.name} encodes text, not {type(item).__name__}")
    text: object = item.text
    if not isinstance(text, str):
        raise InvalidRequest(f"text must be a string, not {type(text).__name__}")
    if not text.strip():
        raise InvalidRequest("text is empty; leave the item out instead")
    if not is_encodable(text):
        raise InvalidRequest("text holds a lone surrogate; send valid Unicode")
    return item


def check_options(item: TextItem, card: ModelCard, sizes: tuple[int, ...] = ()) -> None:
    """Raise ``InvalidRequest`` for heads or sizes that the card, or ``sizes``, does not offer."""
    missing = sorted({str(head) for head in item.heads} - set(card.heads))
    if missing or not item.heads:
        raise InvalidRequest(
            f"{card.name} has the heads {', '.join(card.heads)}; "
            f"asked for: {', '.join(missing) or 'none'}"
        )
    check_dimensions(item.dimensions, card, sizes)


def check_dimensions(dimensions: int | None, card: ModelCard, sizes: tuple[int, ...] = ()) -> None:
    """Raise ``InvalidRequest`` for a size the model was not trained to be cut to."""
    known = sorted({card.dimensions, *card.matryoshka, *sizes})
    if dimensions is not None and dimensions not in known:
        raise InvalidRequest(
            f"{card.name} was not trained to be cut to {dimensions} dimensions; "
            f"sizes: {', '.join(map(str, known))}",
            dimensions=dimensions,
            sizes=known,
        )


def is_encodable(text: str) -> bool:
    """Whether the text is valid Unicode; tokenizers refuse lone surrogates."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _measured(
    prepared: PreparedText[A_co], ids: list[int], card: ModelCard
) -> PreparedText[A_co] | AnimevecError:
    limit = card.max_tokens
    if limit is not None and len(ids) > limit:
        return TooLarge(
            f"text has {len(ids)} tokens; {card.name} reads at most {limit}; "
            "shorten it, or choose a model that reads more",
            tokens=len(ids),
            limit=limit,
        )
    return PreparedText(prepared.item, prepared.adapter, ids)


@dataclass(frozen=True, slots=True)
class RawText:
    """What the forward gave one text: unnormalised vectors of the heads it asked for.

    ``dense`` [hidden], ``weights`` [tokens] one per token, ``colbert`` [tokens - 1, width].
    """

    dense: NDArray[np.float32] | None = None
    weights: NDArray[np.float32] | None = None
    colbert: NDArray[np.float32] | None = None


def finish(
    prepared: PreparedText[A_co],
    raw: RawText,
    tokenizer: TextTokenizer,
    unweighted: frozenset[int] = frozenset(),
) -> Embedding:
    """The embedding of one text; raises ``ModelError`` for numbers that are not finite."""
    tokens = len(prepared.ids)
    return Embedding(
        tokens=tokens,
        dense=None if raw.dense is None else cut(raw.dense, prepared.item.dimensions),
        sparse=None if raw.weights is None else lexical(prepared.ids, raw.weights, unweighted),
        colbert=None if raw.colbert is None else unit(raw.colbert),
        spans=None if raw.colbert is None else tokenizer.spans(prepared.item.text, tokens),
    )


def lexical(ids: Sequence[int], weights: Vector, unweighted: frozenset[int]) -> SparseVector:
    """The largest weight of each token id, positive ones only (arXiv 2402.03216, 3.1)."""
    if not np.isfinite(weights).all():
        raise ModelError("the model returned NaN or infinity for this item")
    kept = (weights > 0) & ~np.isin(ids, list(unweighted))
    indices, places = np.unique(np.asarray(ids, dtype=np.uint32)[kept], return_inverse=True)
    values = np.zeros(len(indices), dtype=np.float32)
    np.maximum.at(values, places, weights[kept])
    return SparseVector(indices, values)

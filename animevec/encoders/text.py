"""The pre stage of every text encoder: what may be asked, and the tokens of what is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from animevec.encoders.base import Head, Item, TextItem
from animevec.encoders.card import ModelCard
from animevec.encoders.tokenizer import TextTokenizer
from animevec.errors import AnimevecError, InvalidRequest, NotFound, TooLarge


@dataclass(frozen=True, slots=True)
class PreparedText:
    """A valid item and its token ids, special tokens included."""

    item: TextItem
    ids: list[int] = field(repr=False)


def prepare(
    items: Sequence[Item],
    card: ModelCard,
    tokenizer: TextTokenizer,
    adapters: Mapping[str, Sequence[int]],
) -> list[PreparedText | AnimevecError]:
    """A prepared text or an error for each item.

    ``adapters`` maps the loaded adapters to the Matryoshka sizes each adds to the card's.
    """
    checked = [check(item, card, adapters) for item in items]
    valid = [item for item in checked if isinstance(item, TextItem)]
    ids = iter(tokenizer.encode([card.prompts.get(item.task, "") + item.text for item in valid]))
    return [
        item if isinstance(item, AnimevecError) else _measured(item, next(ids), card)
        for item in checked
    ]


def check(
    item: Item, card: ModelCard, adapters: Mapping[str, Sequence[int]]
) -> TextItem | AnimevecError:
    """The item, or why this model cannot take it."""
    if not isinstance(item, TextItem):
        return InvalidRequest(f"{card.name} encodes text, not {type(item).__name__}")
    text: object = item.text
    if not isinstance(text, str):
        return InvalidRequest(f"text must be a string, not {type(text).__name__}")
    if not item.text.strip():
        return InvalidRequest("text is empty; leave the item out instead")
    if not is_encodable(item.text):
        return InvalidRequest("text holds a lone surrogate; send valid Unicode")
    return _options(item, card, adapters) or item


def _options(
    item: TextItem, card: ModelCard, adapters: Mapping[str, Sequence[int]]
) -> AnimevecError | None:
    if item.adapter is not None and item.adapter not in adapters:
        known = ", ".join(sorted(adapters)) or "none"
        return NotFound(f"adapter {item.adapter!r} is not loaded on {card.name}; loaded: {known}")
    missing = sorted({Head(head) for head in item.heads} - {Head(head) for head in card.heads})
    if missing or not item.heads:
        return InvalidRequest(
            f"{card.name} has the heads {', '.join(card.heads)}; "
            f"asked for: {', '.join(missing) or 'none'}"
        )
    extra = adapters[item.adapter] if item.adapter is not None else ()
    sizes = {card.dimensions, *card.matryoshka, *extra}
    if item.dimensions is not None and item.dimensions not in sizes:
        return InvalidRequest(
            f"{card.name} was not trained to be cut to {item.dimensions} dimensions; "
            f"sizes: {', '.join(map(str, sorted(sizes)))}",
            dimensions=item.dimensions,
            sizes=sorted(sizes),
        )
    return None


def is_encodable(text: str) -> bool:
    """Whether the text is valid Unicode; tokenizers refuse lone surrogates."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _measured(item: TextItem, ids: list[int], card: ModelCard) -> PreparedText | AnimevecError:
    limit = card.max_tokens
    if limit is not None and len(ids) > limit:
        return TooLarge(
            f"text has {len(ids)} tokens; {card.name} reads at most {limit}; "
            "trim it with TextTokenizer.trim or choose a model that reads more",
            tokens=len(ids),
            limit=limit,
        )
    return PreparedText(item, ids)

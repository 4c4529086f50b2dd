"""What an item of an upsert may hold, looked at before anything is done with it.

A record's own types say what each field is; here is how much of it one request may bring, and
that all of it can be stored.
"""

import math
from collections.abc import Mapping, Sequence

from pydantic import JsonValue

from animevec.errors import InvalidRequest, TooLarge
from animevec.settings import LimitSettings
from animevec.validation import encodable

MAX_TITLE_CHARS = 1_000
MAX_VALUES = 1_000
MAX_ROWS = 10_000
MAX_WHOLE = 2**63
ROWS = ("episode_list", "characters", "staff")  # a long-running title has thousands


def check(item: Mapping[str, JsonValue], limits: LimitSettings) -> None:
    """Refuse an item that is too large or holds what UTF-8 and 64 bits do not.

    Raises:
        TooLarge: a text is too long, or a list has too many values.
        InvalidRequest: half a surrogate pair, a number out of range.
    """
    _keys(item, "")
    for field, value in item.items():
        if field != "cover":
            chars = MAX_TITLE_CHARS if field == "titles" else limits.text_chars
            _check(value, field, MAX_ROWS if field in ROWS else MAX_VALUES, chars)


def _check(value: JsonValue, where: str, most: int, chars: int) -> None:
    if isinstance(value, str):
        _text(value, where, chars)
    elif isinstance(value, int | float):
        _number(value, where)
    elif isinstance(value, Mapping):
        _count(value, where, most)
        _keys(value, where)
        for key, part in value.items():
            _check(part, f"{where}.{key}", MAX_VALUES, chars)
    elif isinstance(value, Sequence):
        _count(value, where, most)
        for place, part in enumerate(value):
            _check(part, f"{where}.{place}", MAX_VALUES, chars)


def _text(value: str, where: str, chars: int) -> None:
    if len(value) > chars:
        setting = "" if chars == MAX_TITLE_CHARS else " (configs: limits.text_chars)"
        raise TooLarge(
            f"{where} has {len(value)} characters; the limit is {chars}{setting}",
            field=where,
            limit=chars,
        )
    if not encodable(value):
        raise InvalidRequest(f"{where} has half a surrogate pair", field=where)


def _number(value: float, where: str) -> None:
    if not math.isfinite(value) or (isinstance(value, int) and abs(value) >= MAX_WHOLE):
        raise InvalidRequest(f"{where} is out of range: {value!s:.40}", field=where)


def _count(value: Sequence[JsonValue] | Mapping[str, JsonValue], where: str, most: int) -> None:
    if len(value) > most:
        raise TooLarge(
            f"{where} has {len(value)} values; the limit is {most}", field=where, limit=most
        )


def _keys(value: Mapping[str, JsonValue], where: str) -> None:
    for key in value:
        if not encodable(key):
            raise InvalidRequest(
                f"a name in {where or 'the item'} has half a surrogate pair: {key!r:.80}",
                field=where or repr(key),
            )

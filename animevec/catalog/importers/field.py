"""Fields of a row by their types: a value of another type is refused, never made to fit.

A field is named as it is in the row, one inside another by a dot (``score.median``).
"""

import json
import re
from collections.abc import Mapping
from typing import Any, cast

from animevec.errors import InvalidRequest
from animevec.validation import shown

NUMBER_LIMIT = 2**63
NUMBER_ID = re.compile(r"0*([1-9][0-9]{0,17})")
ADDRESS = re.compile(r"https?://[^\s/]", re.IGNORECASE)

Fields = Mapping[str, Any]


def wrong(name: str, wanted: str, value: Any) -> InvalidRequest:
    """The error that says that the field is not what was ``wanted``."""
    return InvalidRequest(f"{name}: must be {wanted}, not {shown(value)}")


def find(row: Fields, name: str) -> Any:
    """The value of a field; None where the row says nothing."""
    outer, _, inner = name.partition(".")
    value = row.get(outer)
    if not inner or value is None:
        return value
    if not isinstance(value, Mapping):
        raise wrong(outer, "an object", value)
    return find(value, inner)


def text(row: Fields, name: str) -> str | None:
    """A text; None where it is missing or empty."""
    value = find(row, name)
    if value is not None and not isinstance(value, str):
        raise wrong(name, "a text", value)
    return value or None


def required(row: Fields, name: str) -> str:
    """A text that no row may lack."""
    value = text(row, name)
    if value is None:
        raise InvalidRequest(f"field {name!r} is missing")
    return value


def texts(row: Fields, name: str) -> list[str]:
    """A list of texts; empty where it is missing."""
    value = find(row, name)
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise wrong(name, "a list of texts", value)
    return value


def number(row: Fields, name: str) -> float | None:
    """A number of at most 64 bits; None where it is missing."""
    value = find(row, name)
    if value is None:
        return None
    numeric = isinstance(value, int | float) and not isinstance(value, bool)
    if numeric and abs(value) < NUMBER_LIMIT:
        return cast(float, value)
    raise wrong(name, "a number of at most 64 bits", value)


def known(row: Fields, name: str) -> float | None:
    """A number; None also where it is 0, as sources write what they do not know."""
    return number(row, name) or None


def address(row: Fields, name: str) -> str | None:
    """A web address (http or https); None where it is missing or empty."""
    value = text(row, name)
    if value is not None and not is_address(value):
        raise wrong(name, "an address that begins with http:// or https://", value)
    return value


def is_address(value: str) -> bool:
    """Whether a text is a web address (http or https)."""
    return ADDRESS.match(value) is not None


def number_id(name: str, value: Any) -> str:
    """An id that counts from 1, given as a number or as its digits."""
    digits = str(value) if type(value) is int else value
    match = NUMBER_ID.fullmatch(digits) if isinstance(digits, str) else None
    if match is None:
        raise wrong(name, "a whole number from 1 on", value)
    return match[1]


def loaded(row: Fields, name: str) -> Any:
    """A nested value, which may be written out as JSON text."""
    value = find(row, name)
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError as error:
        raise InvalidRequest(f"{name}: not JSON: {error}") from error

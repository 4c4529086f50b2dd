"""A filter as the caller writes it, as a tree, as the engine's filter, and as a predicate.

Two spellings are read: nodes (``{"and": [...]}``, ``{"or": [...]}``, ``{"not": {...}}`` over
leaves ``{"field": "genres", "any": [...]}`` or ``{"field": "year", "gte": 1990}``) and a plain
mapping of field to value, list or range.  A title without a value for a field matches neither
``any``, ``all`` nor a range of that field, and matches ``none``.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from qdrant_client import models

from animevec.errors import InvalidRequest
from animevec.index.base import PayloadType
from animevec.validation import encodable

Scalar = str | int | float | bool
Spellings = Mapping[str, tuple[str, ...]]
MAX_DEPTH = 8
MAX_NODES = 200
MAX_VALUES = 1_000
MAX_NUMBER = 1e15  # below it floats hold every whole number, and the engines' integers end later
BOUNDS = ("gte", "lte", "gt", "lt")
SETS = ("any", "all", "none")
NODES = ("and", "or", "not")


@dataclass(frozen=True, slots=True)
class And:
    """Every part holds."""

    parts: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Or:
    """At least one part holds."""

    parts: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The part does not hold."""

    part: "Node"


@dataclass(frozen=True, slots=True)
class Terms:
    """The field has any, all or none of the values."""

    field: str
    mode: Literal["any", "all", "none"]
    values: tuple[Scalar, ...]


@dataclass(frozen=True, slots=True)
class Range:
    """The field's number lies within the bounds given."""

    field: str
    gte: float | None = None
    lte: float | None = None
    gt: float | None = None
    lt: float | None = None


Node = And | Or | Not | Terms | Range


class FilterParser:
    """Reads filters against the fields of one index.

    ``spellings`` maps a field to {case-folded value: the values as indexed}, so that ``action``
    and ``sci fi`` find ``Action`` and ``Sci-Fi``, and ``Madhouse`` also what another source calls
    ``madhouse``; ``closed`` names fields where a value outside its spellings is an error.
    """

    def __init__(
        self,
        fields: Mapping[str, PayloadType],
        spellings: Mapping[str, Spellings] | None = None,
        closed: Iterable[str] = (),
    ) -> None:
        self._fields = fields
        self._spellings = spellings or {}
        self._closed = frozenset(closed)

    def parse(self, raw: Mapping[str, Any]) -> Node | None:
        """The tree of ``raw``; None if it is empty.

        Raises:
            InvalidRequest: unknown field, wrong type of value, malformed or too large a tree.
        """
        if not raw:
            return None
        node = self._node(raw, 1)
        size = sum(1 for _ in walk(node))
        if size > MAX_NODES:
            raise InvalidRequest(
                f"the filter has {size} nodes; the limit is {MAX_NODES}", limit=MAX_NODES
            )
        return node

    def _node(self, raw: object, depth: int) -> Node:
        if depth > MAX_DEPTH:
            raise InvalidRequest(f"the filter is nested deeper than {MAX_DEPTH}", limit=MAX_DEPTH)
        if not isinstance(raw, Mapping) or not raw:
            raise InvalidRequest(f"a filter node must be a non-empty object, not {raw!r:.80}")
        if "field" in raw:
            return self._leaf(str(raw["field"]), {k: v for k, v in raw.items() if k != "field"})
        parts = [self._entry(key, value, depth) for key, value in raw.items()]
        return parts[0] if len(parts) == 1 else And(tuple(parts))

    def _entry(self, key: str, value: object, depth: int) -> Node:
        if key == "not":
            return Not(self._node(value, depth + 1))
        if key in NODES:
            if not isinstance(value, Sequence) or isinstance(value, str) or not value:
                raise InvalidRequest(
                    f"'{key}' takes a non-empty list of filters, not {value!r:.80}"
                )
            parts = tuple(self._node(part, depth + 1) for part in value)
            return And(parts) if key == "and" else Or(parts)
        if isinstance(value, Mapping):
            return self._leaf(key, value)
        return self._leaf(key, {"any": value if isinstance(value, list | tuple) else [value]})

    def _leaf(self, field: str, raw: Mapping[str, Any]) -> Node:
        kind = self._kind(field)
        unknown = [key for key in raw if key not in SETS + BOUNDS]
        if unknown or not raw:
            raise InvalidRequest(
                f"filter on '{field}' has {unknown or 'nothing'}; "
                f"use {', '.join(SETS)} or {', '.join(BOUNDS)}",
                field=field,
                allowed=[*SETS, *BOUNDS],
            )
        parts: list[Node] = [self._terms(field, kind, m, raw[m]) for m in SETS if m in raw]
        bounds = {bound: raw[bound] for bound in BOUNDS if bound in raw}
        if bounds:
            parts.append(_range(field, kind, bounds))
        return parts[0] if len(parts) == 1 else And(tuple(parts))

    def _kind(self, field: str) -> PayloadType:
        if field not in self._fields:
            raise InvalidRequest(
                f"unknown filter field '{field}'; allowed: {', '.join(sorted(self._fields))}",
                field=field,
                allowed=sorted(self._fields),
            )
        return self._fields[field]

    def _terms(self, field: str, kind: PayloadType, mode: Any, raw: object) -> Node:
        values: Sequence[Any] = raw if isinstance(raw, list | tuple) else [raw]
        if kind is PayloadType.FLOAT:
            raise InvalidRequest(
                f"'{field}' is a decimal number: filter it with {', '.join(BOUNDS)}", field=field
            )
        if not values:
            raise InvalidRequest(f"'{mode}' of '{field}' is empty; name at least one", field=field)
        if len(values) > MAX_VALUES:
            raise InvalidRequest(
                f"'{mode}' of '{field}' has {len(values)} values; the limit is {MAX_VALUES}",
                field=field,
                limit=MAX_VALUES,
            )
        wanted = {PayloadType.KEYWORD: str, PayloadType.INTEGER: int, PayloadType.BOOL: bool}[kind]
        for value in values:
            if not isinstance(value, wanted) or (wanted is int and isinstance(value, bool)):
                raise InvalidRequest(
                    f"'{field}' takes {wanted.__name__} values, not {value!r:.80}", field=field
                )
            _check(field, value)
        spelt = [self._spelled(field, value) for value in values]
        if mode == "all" and any(len(one) > 1 for one in spelt):
            return And(tuple(Terms(field, "any", one) for one in spelt))
        return Terms(field, mode, tuple(value for one in spelt for value in one))

    def _spelled(self, field: str, value: Scalar) -> tuple[Scalar, ...]:
        known = self._spellings.get(field)
        if not isinstance(value, str) or known is None:
            return (value,)
        spelled = known.get(spelling(value))
        if spelled is None and field in self._closed:
            allowed = sorted({value for values in known.values() for value in values})
            raise InvalidRequest(
                f"'{value}' is no {field}; allowed: {', '.join(allowed)}",
                field=field,
                allowed=allowed,
            )
        return (value,) if spelled is None else spelled


def spelling(value: str) -> str:
    """The form under which two spellings of a label are the same."""
    return "".join(char for char in value.casefold() if char.isalnum())


def _range(field: str, kind: PayloadType, bounds: Mapping[str, Any]) -> Range:
    if kind not in (PayloadType.INTEGER, PayloadType.FLOAT):
        raise InvalidRequest(f"'{field}' is not a number: filter it with any, all or none")
    for bound, value in bounds.items():
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise InvalidRequest(
                f"'{bound}' of '{field}' takes a number, not {value!r:.80}", field=field
            )
        _check(field, value)
    return Range(field, **{bound: float(value) for bound, value in bounds.items()})


def _check(field: str, value: Any) -> None:
    """Refuse what the engines or an answer cannot carry."""
    if isinstance(value, str):
        if not encodable(value):
            raise InvalidRequest(f"a value of '{field}' has half a surrogate pair", field=field)
    elif not -MAX_NUMBER < value < MAX_NUMBER:
        raise InvalidRequest(
            f"a value of '{field}' is out of range: {value!s:.40}; the limit is {MAX_NUMBER:.0e}",
            field=field,
        )


def walk(node: Node) -> Iterator[Node]:
    """The node and everything under it."""
    yield node
    if isinstance(node, And | Or):
        for part in node.parts:
            yield from walk(part)
    elif isinstance(node, Not):
        yield from walk(node.part)


def both(*nodes: Node | None) -> Node | None:
    """All of the nodes that are given; None if none is."""
    parts = tuple(node for node in nodes if node is not None)
    return None if not parts else parts[0] if len(parts) == 1 else And(parts)


def compiled(node: Node | None) -> models.Filter | None:
    """The filter both index engines understand, as flat as it can be.

    A filter is checked for every point and channel: one set is quicker than as many comparisons,
    and every level of nesting costs.
    """
    if node is None:
        return None
    parts = list(_conjuncts(node))
    kept = [_condition(part) for part in parts if not isinstance(part, Not)]
    dropped = [_condition(part.part) for part in parts if isinstance(part, Not)]
    return models.Filter(must=kept or None, must_not=dropped or None)


def _conjuncts(node: Node) -> Iterator[Node]:
    """What must hold, each by itself."""
    match node:
        case And(parts):
            for part in parts:
                yield from _conjuncts(part)
        case Terms(field, "all", values):
            yield from (Terms(field, "any", (value,)) for value in values)
        case Terms(field, "none", values):
            yield Not(Terms(field, "any", values))
        case _:
            yield node


def _condition(node: Node) -> models.Condition:
    match node:
        case Or(parts):
            return models.Filter(should=[_condition(part) for part in parts])
        case Range(field, gte, lte, gt, lt):
            bounds = models.Range(gte=gte, lte=lte, gt=gt, lt=lt)
            return models.FieldCondition(key=field, range=bounds)
        case Terms(field, "any", values):
            return _any(field, values)
        case _:
            return compiled(node) or models.Filter()


def _any(field: str, values: Sequence[Scalar]) -> models.Condition:
    """Strings and whole numbers are matched as a set; the engines know no set of booleans."""
    if len(values) > 1 and not isinstance(values[0], bool):
        return models.FieldCondition(key=field, match=models.MatchAny(any=list(values)))
    equal = [
        models.FieldCondition(key=field, match=models.MatchValue(value=value)) for value in values
    ]
    return equal[0] if len(equal) == 1 else models.Filter(should=[*equal])


def matches(node: Node, payload: Mapping[str, Any]) -> bool:
    """Whether a payload passes; the meaning the engines are tested against."""
    match node:
        case And(parts):
            return all(matches(part, payload) for part in parts)
        case Or(parts):
            return any(matches(part, payload) for part in parts)
        case Not(part):
            return not matches(part, payload)
        case Terms(field, mode, values):
            return _has(_values(payload.get(field)), mode, values)
        case Range():
            return any(_within(node, value) for value in _values(payload.get(node.field)))


def _values(raw: Any) -> tuple[Any, ...]:
    return () if raw is None else tuple(raw) if isinstance(raw, list | tuple) else (raw,)


def _has(present: tuple[Any, ...], mode: str, values: tuple[Scalar, ...]) -> bool:
    found = [value in present for value in values]
    return not any(found) if mode == "none" else all(found) if mode == "all" else any(found)


def _within(bounds: Range, value: float) -> bool:
    return (
        (bounds.gte is None or value >= bounds.gte)
        and (bounds.lte is None or value <= bounds.lte)
        and (bounds.gt is None or value > bounds.gt)
        and (bounds.lt is None or value < bounds.lt)
    )


def as_json(node: Node) -> dict[str, Any]:
    """The node as a caller would write it."""
    match node:
        case And(parts):
            return {"and": [as_json(part) for part in parts]}
        case Or(parts):
            return {"or": [as_json(part) for part in parts]}
        case Not(part):
            return {"not": as_json(part)}
        case Terms(field, mode, values):
            return {"field": field, mode: list(values)}
        case Range():
            bounds = {b: getattr(node, b) for b in BOUNDS}
            return {"field": node.field, **{b: v for b, v in bounds.items() if v is not None}}

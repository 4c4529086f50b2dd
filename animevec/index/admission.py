"""What an index lets in: the same checks before either engine sees a point, query or filter.

The engines disagree about wrong input (one scans unindexed fields silently, the other answers
400; both take a zero vector), so the rules live here, once.
"""

import re
from collections.abc import Iterable, Sequence
from math import isfinite
from typing import Any
from uuid import UUID

import numpy as np
from qdrant_client import models

from animevec.encoders.base import SparseVector, Vector
from animevec.errors import InvalidRequest
from animevec.index.base import Distance, IndexSchema, PayloadType, Point, Query

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,127}")
LIMIT = 20_000
MATCHES: dict[PayloadType, tuple[type, ...]] = {
    PayloadType.KEYWORD: (str,),
    PayloadType.INTEGER: (int,),
    PayloadType.FLOAT: (),
    PayloadType.BOOL: (bool,),
}
VALUES: dict[PayloadType, tuple[type, ...]] = {
    **MATCHES,
    PayloadType.FLOAT: (int, float),
}
RANGED = (PayloadType.INTEGER, PayloadType.FLOAT)
FACETED = (PayloadType.KEYWORD, PayloadType.INTEGER, PayloadType.BOOL)
PREDICATES = ("match", "range", "values_count", "is_empty", "is_null")
UNSUPPORTED = ("geo_bounding_box", "geo_radius", "geo_polygon")


def admit_name(name: str) -> None:
    """Refuse a name that could not be a folder or a collection.

    Raises:
        InvalidRequest: not 1 to 128 letters, digits, ``_``, ``.``, ``-``, starting with a
            letter or digit.
    """
    if not NAME.fullmatch(name):
        raise InvalidRequest(
            f"index name {name!r} is not 1 to 128 letters, digits, '_', '.' or '-', "
            "starting with a letter or digit",
            name=name,
        )


def admit_points(schema: IndexSchema, points: Iterable[Point]) -> list[Point]:
    """The points of a batch, the last of each id; every vector and payload value is checked.

    Raises:
        InvalidRequest: unknown vector name, wrong size, non-finite or zero vector, payload value
            of another type than its index.
    """
    latest = {point.id: point for point in points}
    for point in latest.values():
        for name, vector in point.vectors.items():
            admit_vector(schema, name, vector)
        _admit_payload(schema, point)
    return list(latest.values())


def admit_query(schema: IndexSchema, query: Query) -> None:
    """Refuse a query the index cannot answer exactly as asked.

    Raises:
        InvalidRequest: limit outside 1 to 20,000, unknown vector name, wrong size, non-finite
            vector, filter on a field without an index.
    """
    if not 1 <= query.limit <= LIMIT:
        raise InvalidRequest(
            f"limit is {query.limit}; it must be 1 to {LIMIT:,}", limit=query.limit, maximum=LIMIT
        )
    admit_vector(schema, query.using, query.vector)
    admit_vector_names(schema, query.with_vectors)
    admit_filter(schema, query.filter)


def admit_vector_names(schema: IndexSchema, names: Sequence[str]) -> None:
    """Refuse names of vectors that the index does not have."""
    known = [*schema.dense, *schema.sparse]
    for name in names:
        if name not in known:
            raise InvalidRequest(
                f"the index has no vector {name!r}; it has {', '.join(known)}",
                vector=name,
                known=known,
            )


def admit_vector(schema: IndexSchema, name: str, vector: Vector | SparseVector) -> None:
    """Refuse a vector that does not fit the named space."""
    admit_vector_names(schema, (name,))
    if isinstance(vector, SparseVector):
        _admit_sparse(schema, name, vector)
    else:
        _admit_dense(schema, name, vector)


def admit_filter(schema: IndexSchema, filter: models.Filter | None) -> None:
    """Refuse conditions that no payload index answers, in both engines alike.

    Raises:
        InvalidRequest: unindexed field, predicate that does not fit the field's type, a bound
            that is no finite number, ``min_count`` below 1, or a kind of condition the platform
            does not use (geo, full text, nested objects).
    """
    if filter is None:
        return
    groups = [filter.must, filter.should, filter.must_not]
    if filter.min_should is not None:
        if (least := filter.min_should.min_count) < 1:
            raise InvalidRequest(f"min_count is {least}; it must be 1 or more", min_count=least)
        groups.append(filter.min_should.conditions)
    for group in groups:
        for condition in conditions(group):
            _admit_condition(schema, condition)


def admit_field(schema: IndexSchema, key: str) -> PayloadType:
    """The type of an indexed field."""
    if key not in schema.payload:
        raise InvalidRequest(
            f"field {key!r} cannot be filtered; filter by {', '.join(sorted(schema.payload))}",
            field=key,
            known=sorted(schema.payload),
        )
    return schema.payload[key]


def admit_facet(schema: IndexSchema, key: str) -> None:
    """Refuse to count the values of a field without an index, or of decimals.

    Raises:
        InvalidRequest: the field is one of these.
    """
    if (kind := admit_field(schema, key)) not in FACETED:
        raise InvalidRequest(
            f"field {key!r} is {kind.value}; values are counted of {', '.join(FACETED)} fields",
            field=key,
        )


def conditions(group: Any) -> list[models.Condition]:
    """The conditions of one clause, which Qdrant lets be absent, one, or many."""
    if group is None:
        return []
    return list(group) if isinstance(group, list) else [group]


def _admit_dense(schema: IndexSchema, name: str, vector: Vector) -> None:
    spec = schema.dense.get(name)
    if spec is None:
        raise InvalidRequest(f"vector {name!r} is sparse; got a dense one", vector=name)
    if vector.shape != (spec.size,):
        raise InvalidRequest(
            f"vector {name!r} has shape {list(vector.shape)}; the index takes [{spec.size}]: "
            "encode with the index's own release",
            vector=name,
            shape=list(vector.shape),
            size=spec.size,
        )
    # One reduction tells NaN, infinity, overflow and zero apart from a usable vector.
    norm = float(np.dot(vector, vector))
    if not isfinite(norm):
        raise InvalidRequest(f"vector {name!r} is not finite", vector=name)
    if norm == 0 and spec.distance is Distance.COSINE:
        raise InvalidRequest(
            f"vector {name!r} is zero and has no direction; leave an absent input out", vector=name
        )


def _admit_sparse(schema: IndexSchema, name: str, vector: SparseVector) -> None:
    if name not in schema.sparse:
        raise InvalidRequest(f"vector {name!r} is dense; got a sparse one", vector=name)
    indices, values = vector.indices, vector.values
    if indices.shape != values.shape or indices.ndim != 1:
        raise InvalidRequest(
            f"sparse vector {name!r} has {indices.shape} indices and {values.shape} values",
            vector=name,
        )
    ascending = bool(np.all(indices[1:] > indices[:-1]))
    if not (ascending and np.isfinite(values).all() and (values > 0).all()):
        raise InvalidRequest(
            f"sparse vector {name!r} needs ascending distinct indices and finite values above 0",
            vector=name,
        )


def _admit_payload(schema: IndexSchema, point: Point) -> None:
    for key, kind in schema.payload.items():
        value = point.payload.get(key)
        items = value if isinstance(value, list | tuple) else [] if value is None else [value]
        for item in items:
            if not _fits(item, VALUES[kind]):
                raise InvalidRequest(
                    f"payload field {key!r} takes {kind.value}; got {item!r}",
                    field=key,
                    id=str(point.id),
                )


def _fits(item: Any, types: tuple[type, ...]) -> bool:
    if isinstance(item, bool):  # a bool is an int to Python, not to an index
        return bool in types
    return isinstance(item, types) and not (isinstance(item, float) and not isfinite(item))


def _admit_condition(schema: IndexSchema, condition: models.Condition) -> None:
    match condition:
        case models.Filter():
            admit_filter(schema, condition)
        case models.FieldCondition():
            _admit_field_condition(schema, condition)
        case models.IsEmptyCondition():
            admit_field(schema, condition.is_empty.key)
        case models.IsNullCondition():
            admit_field(schema, condition.is_null.key)
        case models.HasVectorCondition():
            admit_vector_names(schema, (condition.has_vector,))
        case models.HasIdCondition():
            _admit_ids(condition)
        case _:
            raise InvalidRequest(
                f"{type(condition).__name__} is not supported: payloads here are flat",
                condition=type(condition).__name__,
            )


def _admit_ids(condition: models.HasIdCondition) -> None:
    for value in condition.has_id:
        try:
            UUID(str(value))
        except ValueError as error:
            raise InvalidRequest(f"{value!r} is no UUID", id=str(value)) from error


def _admit_field_condition(schema: IndexSchema, condition: models.FieldCondition) -> None:
    kind = admit_field(schema, condition.key)
    given = [name for name in PREDICATES if getattr(condition, name) is not None]
    refused = [name for name in UNSUPPORTED if getattr(condition, name) is not None]
    if refused or len(given) != 1:
        raise InvalidRequest(
            f"a condition on {condition.key!r} needs exactly one of {', '.join(PREDICATES)}; "
            f"got {', '.join(given + refused) or 'none'}",
            field=condition.key,
        )
    if condition.match is not None:
        _admit_match(condition.key, kind, condition.match)
    if condition.range is not None:
        _admit_range(condition.key, kind, condition.range)


def _admit_range(key: str, kind: PayloadType, span: models.RangeInterface) -> None:
    if kind not in RANGED or not isinstance(span, models.Range):
        raise InvalidRequest(f"field {key!r} is {kind.value}; ranges need a number", field=key)
    for side, bound in span:
        if bound is not None and not isfinite(bound):
            raise InvalidRequest(
                f"{side} of {key!r} is {bound}; it must be finite, or left out", field=key
            )


def _admit_match(key: str, kind: PayloadType, match: models.Match) -> None:
    match match:
        case models.MatchValue():
            values: Sequence[Any] = [match.value]
        case models.MatchAny():
            values = list(match.any)
        case models.MatchExcept():
            values = list(match.except_)
        case _:
            raise InvalidRequest(
                f"{type(match).__name__} on {key!r} is not supported; match a value or a set",
                field=key,
            )
    if not MATCHES[kind] or not all(_fits(value, MATCHES[kind]) for value in values):
        way_out = "use a range" if kind is PayloadType.FLOAT else "match values of its type"
        raise InvalidRequest(
            f"field {key!r} is {kind.value} and does not match {values!r}; {way_out}", field=key
        )

"""``qdrant_client.models.Filter`` in the embedded engine's own types, which take no pydantic."""

# Aliases of the engine's type stubs do not exist when the program runs.
from __future__ import annotations

from uuid import UUID

import qdrant_edge as edge
from qdrant_client import models

from animevec.index.admission import conditions
from animevec.index.ranges import tighter


def edge_filter(filter: models.Filter | None) -> edge.Filter | None:
    """An admitted filter, translated; None stays None."""
    if filter is None:
        return None
    minimum = filter.min_should
    return edge.Filter(
        must=_clause(filter.must),
        should=_clause(filter.should),
        must_not=_clause(filter.must_not),
        min_should=None
        if minimum is None
        else edge.MinShould([_condition(one) for one in minimum.conditions], minimum.min_count),
    )


def _clause(group: object) -> list[edge.ConditionType] | None:
    return [_condition(one) for one in conditions(group)] or None


def _condition(condition: models.Condition) -> edge.ConditionType:
    match condition:
        case models.FieldCondition():
            return _field(condition)
        case models.Filter():
            return edge_filter(condition) or edge.Filter()
        case models.IsEmptyCondition():
            return edge.IsEmptyCondition(condition.is_empty.key)
        case models.IsNullCondition():
            return edge.IsNullCondition(condition.is_null.key)
        case models.HasVectorCondition():
            return edge.HasVectorCondition(condition.has_vector)
        case models.HasIdCondition():
            return edge.HasIdCondition({UUID(str(value)) for value in condition.has_id})
    raise AssertionError(f"{type(condition).__name__} was admitted")


def _field(condition: models.FieldCondition) -> edge.FieldCondition:
    span, count = condition.range, condition.values_count
    return edge.FieldCondition(
        condition.key,
        match=None if condition.match is None else _match(condition.match),
        range=_range(span) if isinstance(span, models.Range) else None,
        values_count=None
        if count is None
        else edge.ValuesCount(lt=count.lt, gt=count.gt, lte=count.lte, gte=count.gte),
        is_empty=condition.is_empty,
        is_null=condition.is_null,
    )


def _range(span: models.Range) -> edge.RangeFloat:
    bounds = tighter(span)
    return edge.RangeFloat(gte=bounds.gte, gt=bounds.gt, lte=bounds.lte, lt=bounds.lt)


def _match(match: models.Match) -> edge.MatchType:
    match match:
        case models.MatchValue():
            value = match.value
            return edge.MatchValue(int(value) if isinstance(value, bool) else value)
        case models.MatchAny():
            return edge.MatchAny(match.any)
        case models.MatchExcept():
            return edge.MatchExcept(match.except_)
    raise AssertionError(f"{type(match).__name__} was admitted")

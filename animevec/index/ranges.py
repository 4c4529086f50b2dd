"""One bound on each side of a range: given two, Qdrant's payload indexes read only the open one."""

from typing import Any

from qdrant_client import models

from animevec.index.admission import conditions


def tighter(span: models.Range) -> models.Range:
    """The same range with the tighter bound of each side."""
    low, high = span.gt, span.lt
    gte = None if low is not None and (span.gte is None or low >= span.gte) else span.gte
    lte = None if high is not None and (span.lte is None or high <= span.lte) else span.lte
    return models.Range(
        gte=gte, gt=low if gte is None else None, lte=lte, lt=high if lte is None else None
    )


def tightened(filter: models.Filter | None) -> models.Filter | None:
    """The same filter with every range tightened."""
    if filter is None:
        return None
    minimum = filter.min_should
    return models.Filter(
        must=_clause(filter.must),
        should=_clause(filter.should),
        must_not=_clause(filter.must_not),
        min_should=minimum
        and models.MinShould(
            conditions=[_condition(one) for one in minimum.conditions],
            min_count=minimum.min_count,
        ),
    )


def _clause(group: object) -> list[models.Condition] | None:
    return [_condition(one) for one in conditions(group)] or None


def _condition(condition: models.Condition) -> Any:
    if isinstance(condition, models.Filter):
        return tightened(condition)
    if isinstance(condition, models.FieldCondition) and isinstance(condition.range, models.Range):
        return condition.model_copy(update={"range": tighter(condition.range)})
    return condition

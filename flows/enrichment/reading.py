"""Typed records out of untrusted data: a wrong value is lost with a fault, the rest is kept."""

from collections.abc import Mapping
from copy import deepcopy
from typing import Annotated, Any, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    ValidationError,
    model_validator,
)

from flows.enrichment.http.reply import RequestFailed
from flows.enrichment.types import Fault, OutcomeKind

MAX_PASSES = 30
MAX_FAULTS = 100

Model = TypeVar("Model", bound=BaseModel)
T = TypeVar("T")


def _listed(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value


Many = Annotated[tuple[T, ...], BeforeValidator(_listed)]


class Answer(BaseModel):
    """Base of what sources send: unknown fields are ignored, null is absence, types are strict."""

    model_config = ConfigDict(strict=True, extra="ignore", frozen=True, allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _without_nulls(cls, data: object) -> object:
        if not isinstance(data, dict):
            return data
        return {name: value for name, value in data.items() if value is not None}


def read(model: type[Model], data: object) -> tuple[Model, tuple[Fault, ...]]:
    """``data`` as ``model``, without the values that do not fit, and what was lost.

    Raises:
        RequestFailed: malformed, where what is left cannot be the model.
    """
    faults: list[Fault] = []
    data = deepcopy(data)
    for _ in range(MAX_PASSES):
        try:
            return model.model_validate(data), tuple(faults[:MAX_FAULTS])
        except ValidationError as error:
            # From the last to the first, so that the places of list items stay true.
            for found in reversed(error.errors(include_url=False, include_context=False)):
                missing = found["type"] == "missing"
                path = _remove(data, found["loc"][:-1] if missing else found["loc"])
                if path is None:
                    raise _malformed(model, found["loc"], found["msg"]) from error
                faults.append(Fault(path=path, message=found["msg"][:200]))
        except RecursionError as error:
            raise _malformed(model, (), "nested too deeply") from error
    raise _malformed(model, (), f"still wrong after {MAX_PASSES} corrections")


def _remove(data: Any, loc: tuple[str | int, ...]) -> str | None:
    """Remove the value at ``loc``, or the nearest above it that is there; its path, if any."""
    trail: list[tuple[Any, str | int]] = []
    for step in loc:
        if not _has(data, step):
            break
        trail.append((data, step))
        data = data[step]
    while trail:
        holder, step = trail.pop()
        if isinstance(holder, (dict, list)):
            del holder[step]  # type: ignore[arg-type]
            return ".".join(str(part) for _, part in [*trail, (holder, step)])
    return None


def _has(data: Any, step: str | int) -> bool:
    if isinstance(data, dict):
        return step in data
    return isinstance(data, (list, tuple)) and isinstance(step, int) and step < len(data)


def _malformed(model: type[BaseModel], loc: tuple[str | int, ...], message: str) -> RequestFailed:
    where = ".".join(str(step) for step in loc) or "the answer"
    return RequestFailed(OutcomeKind.MALFORMED, f"{model.__name__}: {where}: {message}")


def given(draft: Mapping[str, Any]) -> dict[str, Any]:
    """A draft without what says nothing."""
    return {name: value for name, value in draft.items() if value not in (None, "", [], (), {})}

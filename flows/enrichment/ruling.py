"""What operators decide about a title: a value stands, or another takes its place for good.

The id of a title at a provider is decided like a value, as the field ``keys.<provider>``.
"""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter, ValidationError

from animevec.catalog.ids import PROVIDERS
from animevec.catalog.record import Anime, Key
from animevec.catalog.store import Catalog
from animevec.errors import Conflict, InvalidRequest, NotFound
from flows.enrichment.enrich import enrich
from flows.enrichment.identity import FIELD
from flows.enrichment.merge import JOINED
from flows.enrichment.policy import Policy
from flows.enrichment.review import Item, Reviews, State
from flows.enrichment.sources import REGISTRY
from flows.enrichment.types import Override


def accept(reviews: Reviews, id: UUID, field: str, actor: str) -> Item:
    """The value in force is right; it is not asked about again until sources say otherwise."""
    reviews.close(id, field, State.ACCEPTED, actor)
    return reviews.find(id, field)


def reject(
    reviews: Reviews,
    catalog: Catalog,
    policy: Policy,
    id: UUID,
    field: str,
    value: Any,
    actor: str,
    reason: str | None = None,
) -> int:
    """Put ``value`` in place of the one in force, now and for every later run.

    Returns the catalogue's revision.

    Raises:
        NotFound: no such item, or its title is gone.
        InvalidRequest: the field cannot have that value.
        Conflict: the item was settled before.
    """
    item = reviews.find(id, field)
    if item.state is not State.OPEN:
        raise Conflict(f"{field} of {id} was {item.state} by {item.actor} already")
    revision = put(reviews, catalog, policy, id, field, value, actor, reason)
    reviews.close(id, field, State.REJECTED, actor)
    return revision


def put(
    reviews: Reviews,
    catalog: Catalog,
    policy: Policy,
    id: UUID,
    field: str,
    value: Any,
    actor: str,
    reason: str | None = None,
) -> int:
    """Store an operator's value and write it to the catalogue; returns its revision.

    Where it is another id than the one known, what the page under that one said is forgotten.

    Raises:
        NotFound: there is no such title.
        InvalidRequest: the field cannot have that value.
    """
    override = Override(
        field=field, value=_typed(field, value), actor=actor, at=datetime.now(UTC), reason=reason
    )
    sources: list[str] = []
    with catalog.writing() as transaction:
        existing = transaction.records([id]).get(id)
        if existing is None:
            raise NotFound(f"the catalogue has no title {id}")
        provider = field.removeprefix(FIELD)
        if field.startswith(FIELD) and existing.keys.get(provider) != override.value:
            sources = [name for name, (facts, _) in REGISTRY.items() if facts.provider == provider]
        overrides = {**reviews.overrides([id]).get(id, {}), field: override}
        changed = enrich([], _without(existing, sources), overrides, policy, stages=frozenset())
        if not changed.anime.keys:
            raise InvalidRequest(f"{field} is the only id of {id}; set another one first")
        revision = transaction.put([changed.anime], actor).revision
    reviews.override(id, override)
    reviews.forget(id, sources)
    return revision


def _without(record: Anime, sources: list[str]) -> Anime:
    """A record without the values that ``sources`` alone stand for."""
    silent = set(sources)
    alone = {
        name
        for name, origin in record.provenance.items()
        if name != "titles" and set(origin.source.split(JOINED)) <= silent
    }
    origins = {
        name: origin.model_copy(
            update={
                "alternatives": {s: v for s, v in origin.alternatives.items() if s not in silent}
            }
        )
        for name, origin in record.provenance.items()
        if name not in alone
    }
    kept = {name: value for name, value in record if name not in alone}
    return Anime.model_validate(kept | {"provenance": origins})


def _typed(field: str, value: Any) -> Any:
    """The value as JSON of the field's own type."""
    if field.startswith(FIELD):
        return _id(field, value)
    if field not in Anime.model_fields or field in {"id", "keys", "provenance"}:
        raise InvalidRequest(f"an operator cannot set {field}", field=field)
    annotation: Any = Anime.model_fields[field].annotation
    kind: TypeAdapter[Any] = TypeAdapter(annotation)
    try:
        return kind.dump_python(kind.validate_python(value), mode="json")
    except ValidationError as error:
        message = error.errors(include_url=False)[0]["msg"]
        raise InvalidRequest(f"{field} cannot be {value!r}: {message}", field=field) from error


def _id(field: str, value: Any) -> str | None:
    """An id of the title at a provider; None where it has no page there."""
    if field.removeprefix(FIELD) not in PROVIDERS:
        raise InvalidRequest(f"{field}: there are {', '.join(PROVIDERS)}", field=field)
    kind: TypeAdapter[str | None] = TypeAdapter(Key | None)
    try:
        return kind.validate_python(value if value is None else str(value))
    except ValidationError as error:
        raise InvalidRequest(f"{field} cannot be {value!r}", field=field) from error

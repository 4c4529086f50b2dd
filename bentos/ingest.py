"""Writing titles: validated one by one, stored, embedded and indexed before the answer."""

import json
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, JsonValue, TypeAdapter, ValidationError

from animevec.assembly import Assembly
from animevec.catalog import leftovers
from animevec.catalog.ids import anime_id
from animevec.catalog.record import Anime
from animevec.catalog.record import Picture as RecordPicture
from animevec.catalog.store import Catalog
from animevec.encoders.picture import decode
from animevec.errors import AnimevecError, Conflict, InvalidRequest, NotFound
from animevec.index.embedding import Skipped
from animevec.pictures import keep
from animevec.search.request import Picture
from animevec.settings import MAX_BATCH_ITEMS, Settings
from animevec.validation import refusal, told
from bentos import item as items

ACTOR = "api"
_PICTURE: TypeAdapter[bytes] = TypeAdapter(Picture)
_EXAMPLE: list[Any] = [
    [
        {
            "keys": {"animevec": "lighthouse-at-noon"},
            "titles": [{"text": "Lighthouse at Noon", "language": "en", "kind": "main"}],
            "synopsis": "A keeper who is afraid of the dark repairs a lighthouse that never shone.",
            "genres": ["Drama"],
            "type": "TV",
            "year": 2024,
        }
    ]
]


class Upsert(BaseModel):
    """Titles to write; each replaces the stored record of its id or keys."""

    model_config = ConfigDict(extra="forbid")

    items: list[dict[str, JsonValue]] = Field(
        min_length=1,
        max_length=MAX_BATCH_ITEMS,
        description="anime records; `id` may be left out, `cover` may hold a base64 picture",
        examples=_EXAMPLE,
    )


class Written(BaseModel):
    """What became of one item; ``error`` is the error object of the envelope."""

    item: int = Field(description="place in the request, from 0")
    id: UUID | None = None
    status: Literal["created", "updated", "unchanged", "failed"]
    warnings: list[str] = []
    error: dict[str, Any] | None = None


class UpsertAnswer(BaseModel):
    """One outcome per item; what did not fail is stored, indexed and searchable."""

    revision: int
    written: int
    failed: int
    results: list[Written]


class Deleted(BaseModel):
    """A title that is gone from the catalogue and the index."""

    id: UUID
    revision: int


def upsert(assembly: Assembly, body: Upsert) -> UpsertAnswer:
    """Write what is valid, index it, and say what became of each item."""
    catalog, settings = assembly.catalog, assembly.settings
    records: dict[UUID, Anime] = {}
    covers: list[bytes] = []
    results: list[Written] = []
    for place, item in enumerate(body.items):
        try:
            items.check(item, settings.limits)
            record, cover = _record(item, catalog, settings)
            if record.id in records:
                raise Conflict(f"title {record.id} is in this batch twice; the first was taken")
        except AnimevecError as error:
            results.append(Written(item=place, status="failed", error=dict(_error(error))))
            continue
        records[record.id] = record
        covers += [] if cover is None else [cover]
        results.append(Written(item=place, id=record.id, status="created"))
    stored = catalog.get_many(records)
    records |= {id: _with_files(records[id], before) for id, before in stored.items()}
    catalog.put(list(records.values()), actor=ACTOR)
    for cover in covers:
        keep(cover, settings.pictures_path)  # again: until it was named, a deletion could take it
    skipped = assembly.catch_up().skipped
    replaced = leftovers.files(stored.values()) - leftovers.files(records.values())
    leftovers.discard(catalog, replaced, settings.pictures_path)
    for result in results:
        if result.id is not None:
            result.status = _status(records[result.id], stored.get(result.id))
            result.warnings = [_warning(s) for s in skipped if s.id == result.id]
    failed = sum(result.status == "failed" for result in results)
    return UpsertAnswer(
        revision=catalog.revision(),
        written=len(results) - failed,
        failed=failed,
        results=results,
    )


def delete(assembly: Assembly, reference: str, reason: str) -> Deleted:
    """Remove a title from the catalogue and the live index, and its picture files unless another
    title has the same.

    Raises:
        NotFound: the catalogue has no such title.
    """
    catalog = assembly.catalog
    found = catalog.resolve(reference)
    record = None if found is None else catalog.get(found)
    if found is None or not catalog.delete([found], actor=ACTOR, reason=reason):
        raise NotFound(f"the catalogue has no title '{reference}'", reference=reference)
    assembly.catch_up()
    if record is not None:
        leftovers.discard(catalog, leftovers.files([record]), assembly.settings.pictures_path)
    return Deleted(id=found, revision=catalog.revision())


def _record(
    item: dict[str, JsonValue], catalog: Catalog, settings: Settings
) -> tuple[Anime, bytes | None]:
    """The record of an item, with its cover if that came as a file, and the file."""
    fields = {name: value for name, value in item.items() if name != "cover"}
    if fields.get("id") is None:
        fields["id"] = str(_identify(fields.get("keys"), catalog))
    try:
        record = Anime.model_validate_json(json.dumps(fields), strict=True)
    except ValidationError as error:
        raise refusal(error.errors()) from error
    data = _cover(item.get("cover"))
    return (record if data is None else _with_cover(record, data, settings)), data


def _cover(value: JsonValue) -> bytes | None:
    try:
        return None if value is None else _PICTURE.validate_python(value)
    except ValidationError as error:
        raise InvalidRequest(f"cover: {told(error.errors()[0])}", field="cover") from error


def _identify(keys: JsonValue, catalog: Catalog) -> UUID:
    if not isinstance(keys, dict) or not keys:
        raise InvalidRequest("a title without id needs keys, such as {'mal': '1'}", field="keys")
    named = {provider: str(key) for provider, key in keys.items()}
    known = (catalog.resolve(f"{provider}:{key}") for provider, key in named.items())
    return next((found for found in known if found is not None), None) or anime_id(named)


def _with_cover(record: Anime, data: bytes, settings: Settings) -> Anime:
    image = decode(data, settings.limits)
    digest = keep(data, settings.pictures_path)
    cover = RecordPicture(kind="cover", sha256=digest, width=image.width, height=image.height)
    others = tuple(picture for picture in record.pictures if picture.kind != "cover")
    return record.model_copy(update={"pictures": (cover, *others)})


def _with_files(record: Anime, before: Anime) -> Anime:
    """The record with the stored file of every picture it still names by URL alone."""
    held = {picture.url: picture for picture in before.pictures if picture.sha256}
    pictures = tuple(
        picture if picture.sha256 else held.get(picture.url, picture) for picture in record.pictures
    )
    return record.model_copy(update={"pictures": pictures})


def _status(
    record: Anime, before: Anime | None
) -> Literal["created", "updated", "unchanged", "failed"]:
    if before is None:
        return "created"
    return "unchanged" if before == record else "updated"


def _warning(skipped: Skipped) -> str:
    return f"no {skipped.channel} vector: {skipped.reason}"


def _error(error: AnimevecError) -> Any:
    return error.envelope()["error"]

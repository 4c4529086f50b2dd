"""Administration: what there is, writing, deleting, rebuilding."""

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel, JsonValue

from animevec.errors import InvalidRequest
from animevec.progress import Progress
from animevec.rebuilding import rebuild_apart
from bentos import ingest
from bentos.access import ADMIN
from bentos.answering import ERRORS, service_of
from bentos.jobs import Job
from bentos.routes.search import Reference
from bentos.serving import Health, Service

JobId = Annotated[str, Path(pattern=r"^[A-Za-z0-9]{1,40}$", description="as `reindex` gave it")]
router = APIRouter(prefix="/api/v1/admin", tags=["admin"], dependencies=ADMIN, responses=ERRORS)


class IndexInfo(BaseModel):
    """Size and state of one index."""

    name: str
    points: int
    watermark: int
    disk_bytes: int
    optimized: bool


class Collection(BaseModel):
    """The live index and the encoders its vectors come from."""

    alias: str
    live: IndexInfo
    vectors: dict[str, int]
    sparse: list[str]
    payload: dict[str, str]
    encoders: dict[str, dict[str, JsonValue]]
    others: list[str]


class Stats(BaseModel):
    """The catalogue and the index in figures."""

    catalog: dict[str, Any]
    index: IndexInfo
    lag: int


class Checks(Health):
    """Health with each dependency's own answer."""

    checks: dict[str, str]


@router.get("/stats")
async def stats(request: Request) -> Stats:
    """Titles by type, status, decade and genre; size and lag of the index."""
    service = service_of(request)
    return await service.queue.run(request, lambda: _stats(service))


@router.get("/health")
async def health(request: Request) -> Checks:
    """Every dependency asked; answers 200 whatever they say."""
    service = service_of(request)
    return await service.queue.run(request, lambda: _checks(service))


@router.get("/collection/info")
async def collection_info(request: Request) -> Collection:
    """Named vectors, payload indexes, encoders, and what else is stored."""
    service = service_of(request)
    return await service.queue.run(request, lambda: _collection(service))


@router.post("/vectors/upsert")
async def upsert(request: Request, body: ingest.Upsert) -> ingest.UpsertAnswer:
    """Write titles: stored, embedded and searchable when this answers; failures by item."""
    service = service_of(request)
    assembly, limit = service.assembly, service.settings.limits.batch_items
    if len(body.items) > limit:
        raise InvalidRequest(
            f"{len(body.items)} items; the limit is {limit} (configs: limits.batch_items)",
            limit=limit,
        )
    return await service.queue.run(request, lambda: ingest.upsert(assembly, body))


@router.delete("/vectors/{anime_id:path}")
async def delete(
    request: Request,
    anime_id: Reference,
    reason: Annotated[str, Query(min_length=1, max_length=500)] = "asked for by the API",
) -> ingest.Deleted:
    """Delete a title from the catalogue and the index."""
    service = service_of(request)
    assembly = service.assembly
    return await service.queue.run(request, lambda: ingest.delete(assembly, anime_id, reason))


@router.post("/reindex", status_code=202)
async def reindex(request: Request) -> Job:
    """Build a new index beside the live one and swap; the job tells how far it is."""
    service = service_of(request)
    assembly = service.assembly

    def work(progress: Progress) -> dict[str, JsonValue]:
        report = rebuild_apart(assembly, progress)
        return {
            "index": report.name,
            "points": report.points,
            "revision": report.revision,
            "seconds": round(report.seconds, 1),
            "resumed": report.resumed,
            "skipped": len(report.skipped),
        }

    return service.jobs.start("reindex", work)


@router.get("/jobs")
def jobs(request: Request) -> list[Job]:
    """Every job, newest first."""
    return service_of(request).jobs.list()


@router.get("/jobs/{job_id}")
def job(request: Request, job_id: JobId) -> Job:
    """One job: state, progress, result or error."""
    return service_of(request).jobs.get(job_id)


def _index(service: Service) -> IndexInfo:
    assembly = service.assembly
    found = assembly.store.stats(assembly.live)
    return IndexInfo(
        name=found.name,
        points=found.points,
        watermark=found.watermark,
        disk_bytes=found.disk_bytes,
        optimized=found.optimized,
    )


def _stats(service: Service) -> Stats:
    found = service.assembly.catalog.stats()
    index = _index(service)
    return Stats(catalog=asdict(found), index=index, lag=found.revision - index.watermark)


def _checks(service: Service) -> Checks:
    champion, catalog = service.champion, service.assembly.catalog
    follower, opened = champion.lineup.follower.status, champion.lineup.versions
    checks = {
        "catalog": f"ok: revision {catalog.revision()}",
        "index": f"ok: {_index(service).points} points",
        "follower": follower.error or f"ok: {follower.rounds} rounds, {follower.behind} behind",
        "registry": champion.registry_error or f"ok: open releases {', '.join(opened)}",
    }
    for version, reason in champion.refused.items():
        checks[f"release {version}"] = f"refused: {reason}"
    return Checks(**service.health().model_dump(), checks=checks)


def _collection(service: Service) -> Collection:
    assembly = service.assembly
    schema = assembly.store.schema(assembly.live)
    cards = {"text": assembly.encoders.text.card}
    if assembly.encoders.picture is not None:
        cards["picture"] = assembly.encoders.picture.card
    shown = {"name", "revision", "licence", "commercial_use", "dimensions", "heads", "max_tokens"}
    return Collection(
        alias=assembly.release.index,
        live=_index(service),
        vectors={name: spec.size for name, spec in schema.dense.items()},
        sparse=list(schema.sparse),
        payload={name: kind.value for name, kind in schema.payload.items()},
        encoders={k: card.model_dump(mode="json", include=shown) for k, card in cards.items()},
        others=[name for name in assembly.store.names() if name != assembly.live],
    )

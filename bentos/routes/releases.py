"""Releases: what is served, what could be, promotion, rollback and the audit trail."""

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Body, Path, Query, Request
from pydantic import BaseModel, ConfigDict, Field, JsonValue

from animevec.progress import Progress
from bentos.access import ADMIN
from bentos.answering import ERRORS, service_of
from bentos.jobs import Job
from registry.ledger import Promotion

router = APIRouter(prefix="/api/v1/admin", tags=["releases"], dependencies=ADMIN, responses=ERRORS)
Version = Annotated[str, Path(pattern=r"^\d{1,9}$", description="MLflow model version")]


class ReleaseInfo(BaseModel):
    """One release in the registry."""

    version: str
    created: datetime
    description: str
    gate: str
    tags: dict[str, str]


class ReleaseList(BaseModel):
    """Every release; ``refused`` maps a version that could not be opened to the reason."""

    serving: str | None
    open: list[str] = Field(description="open side by side, oldest first")
    refused: dict[str, str]
    aliases: dict[str, str]
    releases: list[ReleaseInfo]


class ServingInfo(BaseModel):
    """What is served now."""

    version: str | None
    refused: dict[str, str]


class ReadinessInfo(BaseModel):
    """What was found when a release was opened; ``problem`` null when it may serve."""

    points: int
    titles: int
    watermark: int
    revision: int
    probes: int
    probed: int
    problem: str | None


class DiffInfo(BaseModel):
    """What a promotion would change: label to (now, after)."""

    alias: str
    previous: str | None
    version: str
    changes: dict[str, tuple[str, str]]
    gate: str


class Reason(BaseModel):
    """Why; kept in the audit trail."""

    model_config = ConfigDict(extra="forbid")

    reason: str = Field("", max_length=2000, examples=["better on similarity"])


class AuditEntry(BaseModel):
    """One audit event."""

    id: int
    at: datetime
    event: str
    actor: str
    facts: dict[str, JsonValue]


@router.get("/releases")
def releases(request: Request) -> ReleaseList:
    """Releases, aliases and what is open."""
    champion = service_of(request).champion
    found = [
        ReleaseInfo(
            version=one.release.version,
            created=one.created,
            description=one.description,
            gate=one.gate,
            tags=dict(one.tags),
        )
        for one in champion.releases.list()
    ]
    return ReleaseList(
        serving=champion.serving_version,
        open=list(champion.lineup.versions),
        refused=champion.refused,
        aliases=champion.releases.aliases(),
        releases=found,
    )


@router.get("/releases/serving")
def serving(request: Request) -> ServingInfo:
    """What is served now, after a look at the alias."""
    return ServingInfo(**asdict(service_of(request).champion.serving()))


@router.get("/releases/{version}/diff")
def diff(request: Request, version: Version) -> DiffInfo:
    """The dry run of a promotion."""
    return DiffInfo(**asdict(service_of(request).champion.promoter.diff(version)))


@router.post("/releases/{version}/prepare")
def prepare(request: Request, version: Version) -> ReadinessInfo:
    """Open a release beside the running one, catch its index up, warm it."""
    found = service_of(request).champion.prepare(version)
    return ReadinessInfo(**asdict(found), problem=found.problem)


@router.post("/releases/{version}/promote", status_code=202)
def promote(request: Request, version: Version, body: Annotated[Reason, Body()]) -> Job:
    """Make a release the champion, as a job; whatever fails leaves the old one serving."""
    promoter = service_of(request).champion.promoter
    actor = _actor(request)
    return _job(request, lambda: promoter.promote(version, actor, body.reason))


@router.post("/releases/rollback", status_code=202)
def rollback(request: Request, body: Annotated[Reason, Body()]) -> Job:
    """Go back to the champion before this one, as a job."""
    promoter = service_of(request).champion.promoter
    actor = _actor(request)
    return _job(request, lambda: promoter.rollback(actor, body.reason or "rollback"))


@router.get("/audit")
def audit(
    request: Request,
    event: Annotated[str | None, Query(max_length=40)] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> list[AuditEntry]:
    """The newest audit events first."""
    entries = service_of(request).champion.audit.entries(event, limit)
    return [AuditEntry(**asdict(entry)) for entry in entries]


def _actor(request: Request) -> str:
    return f"api key {request.scope['caller'].key}"


def _job(request: Request, work: Any) -> Job:
    def run(progress: Progress) -> dict[str, JsonValue]:
        done: Promotion = work()
        progress(1, 1)
        return {"promotion": done.id, "version": done.version, "phase": done.phase}

    return service_of(request).jobs.start("promotion", run)

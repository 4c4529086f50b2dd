"""Flows ``promote`` and ``roll-back``: the promotion transaction, asked for from Prefect."""

from dataclasses import asdict
from typing import Any

from prefect import flow, task
from prefect.artifacts import create_link_artifact, create_markdown_artifact
from prefect.cache_policies import NO_CACHE

from animevec.settings import Settings
from flows.artifacts import facts_table, markdown_table, release_address
from flows.parameters import Promote, RollBack
from flows.workshop import Records, open_records
from registry.ledger import Promotion
from registry.promotion import Diff, Promoter
from registry.service import find_service

ACTOR = "prefect"


def promoter(records: Records) -> Promoter:
    """Promotions confirmed by the running service, or by the files where none runs."""
    service = find_service(records.settings, records.releases)
    return Promoter(records.releases, records.promotions, records.audit, service)


def diff(settings: Settings, version: str) -> Diff:
    """What promoting a release would change."""
    with open_records(settings) as records:
        return promoter(records).diff(version)


def promote(settings: Settings, version: str, reason: str, actor: str = ACTOR) -> Promotion:
    """Make a release the champion; raises like ``Promoter.promote``."""
    with open_records(settings) as records:
        return promoter(records).promote(version, actor, reason)


def roll_back(settings: Settings, reason: str, actor: str = ACTOR) -> Promotion:
    """Go back to the champion before; raises like ``Promoter.rollback``."""
    with open_records(settings) as records:
        return promoter(records).rollback(actor, reason)


def told(promotion: Promotion) -> dict[str, Any]:
    """A promotion as plain values."""
    facts = asdict(promotion)
    times = {name: facts[name].isoformat(timespec="seconds") for name in ("started", "updated")}
    return facts | times


# A promotion is not retried: one that failed put the old champion back, and a person looks.
@task(name="promote release", cache_policy=NO_CACHE)
def promote_task(settings: Settings, version: str, reason: str) -> dict[str, Any]:
    """The whole transaction."""
    return told(promote(settings, version, reason))


@task(name="roll back", cache_policy=NO_CACHE)
def roll_back_task(settings: Settings, reason: str) -> dict[str, Any]:
    """The whole transaction, to the champion before."""
    return told(roll_back(settings, reason))


def promote_and_tell(settings: Settings, version: str, reason: str) -> dict[str, Any]:
    """The task, and its outcome as artifacts."""
    return _tell(settings, promote_task(settings, version, reason))


@flow(name="promote")
def promote_flow(request: Promote) -> dict[str, Any]:
    """Make a release that passed its gate the champion, or show what that would change."""
    settings = Settings()
    found = diff(settings, request.release)
    rows = [{"label": k, "now": a, "after": b} for k, (a, b) in found.changes.items()]
    create_markdown_artifact(
        markdown_table(rows), key="promotion-diff", description=f"gate: {found.gate}"
    )
    if request.dry_run:
        return asdict(found)
    return promote_and_tell(settings, request.release, request.reason)


@flow(name="roll-back")
def roll_back_flow(request: RollBack) -> dict[str, Any]:
    """Go back to the champion before this one."""
    settings = Settings()
    return _tell(settings, roll_back_task(settings, request.reason))


def _tell(settings: Settings, facts: dict[str, Any]) -> dict[str, Any]:
    create_markdown_artifact(facts_table(facts), key="promotion", description="The promotion")
    link = release_address(settings, facts["version"])
    create_link_artifact(link, link_text=f"release {facts['version']}", key="champion")
    return facts

"""Flow ``embed``: vectors of what changed, or a whole new index as a candidate release."""

from dataclasses import asdict
from typing import Any

from prefect import flow, task
from prefect.artifacts import create_link_artifact, create_markdown_artifact
from prefect.cache_policies import NO_CACHE

from animevec.progress import Progress, silent
from animevec.settings import Settings
from flows.artifacts import facts_table, progress_artifact, release_address
from flows.candidate import Embedded, configured, embed, like, register
from flows.encoding import spread, task_runner
from flows.parameters import Embed
from flows.workshop import open_records, open_workshop


def embed_release(settings: Settings, version: str | None, progress: Progress = silent) -> Embedded:
    """Bring the index of a release (the champion's without a version) up to date."""
    with open_workshop(settings, spread(settings)) as workshop:
        found = version or workshop.records.release(None).release.version
        return embed(workshop, found, progress)


def register_again(settings: Settings, request: Embed) -> str:
    """The version of a new candidate with a release's encoders, or those of the settings."""
    with open_records(settings) as records:
        parent = records.release(request.release).release.version
        if request.encoders == "settings":
            made = configured(settings, parent, "The encoders of the settings, embedded anew.")
        else:
            made = like(records, parent, f"The encoders of release {parent}, embedded anew.")
        return register(records, made).version


@task(name="register candidate", retries=2, retry_delay_seconds=5, cache_policy=NO_CACHE)
def register_task(settings: Settings, request: Embed) -> str:
    """One candidate; a retry after a crash makes another and the first stays without a gate."""
    return register_again(settings, request)


@task(name="embed release", retries=3, retry_delay_seconds=10, cache_policy=NO_CACHE)
def embed_task(settings: Settings, version: str | None) -> dict[str, Any]:
    """A retry goes on where the last attempt stopped."""
    label = f"release {version}" if version else "the champion"
    return asdict(embed_release(settings, version, progress_artifact(f"embedding {label}")))


def embed_and_tell(settings: Settings, version: str | None) -> dict[str, Any]:
    """The task, and its figures as artifacts."""
    found = embed_task(settings, version)
    create_markdown_artifact(facts_table(found), key="embedded", description="What was embedded")
    link = release_address(settings, found["version"])
    create_link_artifact(link, link_text=f"release {found['version']}", key="release")
    return found


@flow(name="embed", task_runner=task_runner(Settings().flows))
def embed_flow(request: Embed) -> dict[str, Any]:
    """Bring vectors to the catalogue's revision, or make a candidate with an index of its own."""
    settings = Settings()
    version = register_task(settings, request) if request.what == "all" else request.release
    return embed_and_tell(settings, version)

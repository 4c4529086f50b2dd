"""The deployments: what Prefect's UI and API can start, and when it starts by itself.

``python -m flows.deployments`` registers them and stays to run what is asked for; ``animevec up``
keeps it running.  Work pools take its place in production (configs/production).
"""

import sys
import time
from typing import Any

import httpx
from prefect import Flow, serve
from prefect.client.schemas.objects import ConcurrencyLimitConfig, ConcurrencyLimitStrategy
from prefect.deployments.runner import RunnerDeployment
from prefect.settings import get_current_settings
from prefect.types.entrypoint import EntrypointType

from animevec import quiet
from animevec.errors import Unavailable
from animevec.settings import Settings
from flows.embedding import embed_flow
from flows.enrichment import flow as enrichment
from flows.evaluation import evaluate_flow
from flows.finetuning import finetune_flow
from flows.nightly import nightly_flow
from flows.parameters import Embed, Nightly
from flows.promotion import promote_flow, roll_back_flow
from flows.pruning import prune_flow

NAME = "animevec"
PATIENCE_S = 240.0
# Of each deployment one run at a time; the next one waits for it.
ALONE = ConcurrencyLimitConfig(limit=1, collision_strategy=ConcurrencyLimitStrategy.ENQUEUE)


def deployments(settings: Settings) -> list[RunnerDeployment]:
    """Every deployment of an installation."""
    changed = {"request": Embed(what="changed").model_dump()}
    nightly = {"request": Nightly().model_dump()}
    return [
        enrichment.deployment(),
        _deployment(embed_flow, "index", triggers=[enrichment.on_enriched(changed)]),
        _deployment(finetune_flow, "training"),
        _deployment(evaluate_flow, "evaluation"),
        _deployment(promote_flow, "release"),
        _deployment(roll_back_flow, "release"),
        _deployment(prune_flow, "release"),
        _deployment(nightly_flow, "evaluation", cron=settings.flows.nightly, parameters=nightly),
    ]


def await_server(url: str, patience_s: float = PATIENCE_S) -> None:
    """Wait until a Prefect API answers.

    Raises:
        Unavailable: it does not within ``patience_s``.
    """
    deadline = time.monotonic() + patience_s
    while time.monotonic() < deadline:
        try:
            if httpx.get(f"{url}/health", timeout=5.0).is_success:
                return
        except httpx.TransportError:
            time.sleep(0.5)
    raise Unavailable(f"no Prefect server answers at {url} after {patience_s:.0f} s")


def main() -> None:
    """Register, then run what is asked for until the process is ended."""
    quiet.apply()
    settings = Settings()
    url = get_current_settings().api.url
    if url is None:
        sys.exit("PREFECT_API_URL is not set; `animevec up` sets it, see docs/flows.md")
    await_server(url)
    # A pause at the end would outlast it: the next start would find its schedule off.
    serve(*deployments(settings), limit=settings.flows.runs, pause_on_shutdown=False)


def _deployment(flow: Flow[Any, Any], tag: str, **options: Any) -> RunnerDeployment:
    made = flow.to_deployment(
        NAME,
        concurrency_limit=ALONE,
        tags=[tag],
        entrypoint_type=EntrypointType.MODULE_PATH,
        **options,
    )
    if not isinstance(made, RunnerDeployment):
        raise TypeError("called on an event loop; flows here are not async")
    return made


if __name__ == "__main__":
    main()

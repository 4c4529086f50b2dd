"""Flow ``fine-tune``: train an adapter, make a candidate of it, embed, judge, promote if wanted."""

from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from prefect import flow, task
from prefect.artifacts import (
    create_image_artifact,
    create_link_artifact,
    create_markdown_artifact,
)
from prefect.cache_policies import NO_CACHE
from prefect.runtime import flow_run

from animevec.catalog.store import Catalog
from animevec.progress import Progress, silent
from animevec.settings import Settings
from flows.artifacts import artifact_address, facts_table, progress_artifact, run_address
from flows.candidate import adapted, register
from flows.curves import draw_curves
from flows.embedding import embed_and_tell
from flows.encoding import task_runner
from flows.evaluation import judge_and_tell
from flows.parameters import Evaluate, FineTune
from flows.promotion import promote_and_tell
from flows.workshop import open_records
from registry.tracking import Tracking
from training.finetune import Base, TrainingResult, train
from training.pairs import read_votes
from training.recipe import Recipe

CURVES = "curves.png"


@dataclass(frozen=True, slots=True)
class Trained:
    """A trained adapter and the candidate release made of it."""

    version: str
    adapter: str
    run_id: str
    verdict: str
    metrics: dict[str, float]


def recipe_of(request: FineTune) -> Recipe:
    """The named recipe with what the request changes; raises ``NotFound``."""
    recipe = Recipe.read(request.recipe)
    changes = {"steps": request.steps, "seed": request.seed}
    return recipe.model_copy(update={k: v for k, v in changes.items() if v is not None})


def make_candidate(
    settings: Settings, request: FineTune, out: Path, progress: Progress = silent
) -> Trained:
    """Train in ``out``, which keeps checkpoints to go on from, and register a candidate.

    Raises:
        InvalidRequest: the recipe's base is not the champion's, or the data lacks what it wants.
        ModelError: a loss that is not finite, or an adapter that changes nothing.
    """
    recipe = recipe_of(request)
    votes = read_votes(Path(request.votes)) if request.votes else []
    tracking = Tracking.of(settings)
    with Catalog.open(settings.catalog_url) as catalog:
        revision, titles = catalog.revision(), list(catalog.iterate())
    result = train(
        recipe,
        titles,
        votes,
        out,
        base=Base.of(recipe, settings),
        tracking=tracking,
        progress=progress,
        revision=revision,
    )
    _keep_curves(tracking, result)
    name = f"{recipe.name}-{result.sha256[:8]}"
    with open_records(settings) as records:
        made = adapted(records, result.adapter, name, result.verdict.line, result.lineage)
        release = register(records, made)
    return Trained(release.version, name, result.run_id, result.verdict.line, result.metrics)


def training_folder(settings: Settings, run: str) -> Path:
    """Where one flow run keeps its checkpoints, so that a retry goes on from the last one."""
    return settings.home / "training" / run


@task(name="train and register", retries=2, retry_delay_seconds=10, cache_policy=NO_CACHE)
def train_task(settings: Settings, request: FineTune, run: str) -> dict[str, Any]:
    """A retry goes on from the last checkpoint."""
    bar = progress_artifact(f"training {request.recipe}")
    return asdict(make_candidate(settings, request, training_folder(settings, run), bar))


@flow(name="fine-tune", task_runner=task_runner(Settings().flows))
def finetune_flow(request: FineTune) -> dict[str, Any]:
    """Train an adapter on the champion's encoder and see whether it makes a better release."""
    settings = Settings()
    trained = train_task(settings, request, str(flow_run.get_id()))
    _tell(settings, trained)
    version = trained["version"]
    embed_and_tell(settings, version)
    asked = Evaluate(release=version, gate=request.gate, judgements=request.judgements)
    judged = judge_and_tell(settings, asked)
    outcome = {"release": version, "gate": judged["gate"], "verdict": judged["verdict"]}
    if request.promote and judged["gate"] == "pass":
        outcome |= {"promotion": promote_and_tell(settings, version, request.reason)}
    return outcome


def _keep_curves(tracking: Tracking, result: TrainingResult) -> None:
    with TemporaryDirectory() as scratch:
        picture = Path(scratch) / CURVES
        draw_curves({"loss": result.losses}, picture)
        tracking.client.log_artifact(result.run_id, str(picture))


def _tell(settings: Settings, trained: dict[str, Any]) -> None:
    facts = {k: v for k, v in trained.items() if k != "metrics"} | trained["metrics"]
    create_markdown_artifact(facts_table(facts), key="trained", description=trained["verdict"])
    run, tracking = trained["run_id"], Tracking.of(settings)
    create_link_artifact(
        run_address(settings, tracking, run), link_text="the run in MLflow", key="training-run"
    )
    create_image_artifact(
        artifact_address(settings, run, CURVES), key="curves", description="Training curves"
    )

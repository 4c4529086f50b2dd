"""One training run from recipe to verdict: a plain function that flows and the CLI call."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from animevec.catalog.record import Anime
from animevec.encoders.card import ModelCard
from animevec.encoders.cards import find_card
from animevec.encoders.files import locate
from animevec.errors import Conflict, InvalidRequest
from animevec.progress import Progress, silent
from animevec.settings import Settings
from registry.adapters import adapter_sha256
from registry.lineage import Lineage, code_version
from registry.tracking import Run, Tracking
from training.dataset import Data, collect, rows
from training.negatives import mine
from training.pairs import Vote, canonical
from training.recipe import Recipe
from training.verdict import Verdict, exam, judge

if TYPE_CHECKING:
    from training.pictures import PictureData
    from training.trainer import Watch

EXPERIMENT = "training"
ARCHITECTURES = {"text": ("sentence-transformer", "bge-m3"), "picture": ("jina-clip",)}


@dataclass(frozen=True)
class TrainingResult:
    """What a run made.

    ``adapter`` is a PEFT folder that encoders load, ``sha256`` its content hash as releases name
    it; ``metrics`` holds the last loss, ``score``, ``baseline`` and ``delta`` on the held-out
    franchises (nDCG@10; for pictures the share whose nearest cover has their label);
    ``run_id`` is the MLflow run, "" where none was recorded.
    """

    adapter: Path
    sha256: str
    metrics: dict[str, float]
    baseline: float
    verdict: Verdict
    run_id: str
    lineage: Lineage
    losses: tuple[float, ...]


@dataclass(frozen=True)
class Base:
    """The base model: its card and the folder of its files."""

    card: ModelCard
    folder: Path

    @classmethod
    def of(cls, recipe: Recipe, settings: Settings) -> "Base":
        """The recipe's base as installed; raises ``NotFound`` or ``ModelError``."""
        card = find_card(recipe.base, settings.models_path)
        if card.architecture not in ARCHITECTURES[recipe.modality]:
            raise InvalidRequest(
                f"recipe {recipe.name} trains {recipe.modality} on {card.name} "
                f"({card.architecture}); its base can be a "
                f"{' or '.join(ARCHITECTURES[recipe.modality])}"
            )
        return cls(card, locate(card, settings.models_path))


def train(
    recipe: Recipe,
    records: Iterable[Anime],
    votes: Sequence[Vote],
    out: Path,
    *,
    base: Base,
    tracking: Tracking | None = None,
    progress: Progress = silent,
    revision: int = 0,
) -> TrainingResult:
    """Baseline, one-step smoke, training, verdict; goes on from the checkpoints in ``out``.

    ``records`` is the catalogue at ``revision``; the adapter ends in ``out/adapter``.  Under
    ``torchrun`` every process calls this, and the first one writes.

    Raises:
        InvalidRequest: the data lacks what the recipe wants.
        ModelError: a loss that is not finite, or an adapter that does not reach the model.
    """
    from accelerate import PartialState

    data = _data(recipe, records, votes)
    lineage = Lineage(
        data_sha256=data.sha256,
        code_version=code_version(),
        parent=f"{base.card.name}@{base.card.revision}",
        catalog_revision=revision,
    )
    team = PartialState(cpu=_on_cpu())
    with team.main_process_first():
        _refuse_other(recipe, data, out)
    recorded = tracking if team.is_main_process else None
    with _recording(recorded, recipe, base, data, lineage) as run:
        made = _make(recipe, data, base, out, run, progress)
        if run is not None:
            _record(run, recipe, base, made)
    run_id = run.id if run else ""
    return TrainingResult(
        adapter=made.folder,
        sha256=adapter_sha256(made.folder),
        metrics=made.metrics,
        baseline=made.verdict.baseline,
        verdict=made.verdict,
        run_id=run_id,
        lineage=lineage.model_copy(update={"training_run": run_id}),
        losses=made.losses,
    )


@dataclass(frozen=True)
class _Made:
    folder: Path
    verdict: Verdict
    losses: tuple[float, ...]
    read_first: Sequence[str]

    @property
    def metrics(self) -> dict[str, float]:
        found = self.verdict
        figures = {"score": found.score, "baseline": found.baseline, "delta": found.delta}
        return figures | ({"loss": self.losses[-1]} if self.losses else {})


def _data(recipe: Recipe, records: Iterable[Anime], votes: Sequence[Vote]) -> "Data | PictureData":
    if recipe.modality == "text":
        return collect(recipe, records, votes)
    from training.pictures import collect_pictures

    return collect_pictures(recipe, records)


def _make(
    recipe: Recipe,
    data: "Data | PictureData",
    base: Base,
    out: Path,
    run: Run | None,
    progress: Progress,
) -> _Made:
    import torch
    from accelerate import PartialState

    from training.trainer import Watch

    torch.set_num_threads(recipe.threads)
    logged = run.metrics if run else _unrecorded
    shown = progress if PartialState().is_main_process else silent
    watch = Watch(shown, logged)
    if isinstance(data, Data):
        return _make_text(recipe, data, base, out, watch)
    return _make_pictures(recipe, data, base, out, watch)


def _make_text(recipe: Recipe, data: Data, base: Base, out: Path, watch: "Watch") -> _Made:
    from accelerate import PartialState

    from training.adapter import keep_adapter
    from training.trainer import encoder_of, fit, open_model, smoke, soften

    model = open_model(recipe, base.card, base.folder)
    encode, questions = encoder_of(model, recipe), exam(recipe, data)
    before = questions.scores(encode)
    drawn = rows(recipe, data, mine(recipe, data, encode))
    smoke(recipe, model, drawn)
    fit(recipe, model, drawn, out / "checkpoints", watch)
    soften(recipe, model)
    verdict = judge(questions.scores(encode).tolist(), before.tolist())
    team, folder = PartialState(), out / "adapter"
    if team.is_main_process:
        keep_adapter(model, base.card, base.folder, recipe.loss.matryoshka, folder)
    team.wait_for_everyone()
    first = [json.dumps([canonical(row.pair), row.negative]) for row in drawn[: recipe.batch]]
    return _Made(folder, verdict, tuple(watch.losses), first)


def _make_pictures(
    recipe: Recipe, data: "PictureData", base: Base, out: Path, watch: "Watch"
) -> _Made:
    from training import pictures
    from training.adapter import keep_tensors

    tower = pictures.open_tower(recipe, base.folder)
    before = pictures.recognised(recipe, tower, data)
    pictures.smoke_pictures(recipe, tower, data)
    pictures.fit_pictures(recipe, tower, data, out / "checkpoints", watch)
    verdict = judge(pictures.recognised(recipe, tower, data), before)
    config, weights = pictures.lora_config(recipe), pictures.lora_weights(tower)
    folder = keep_tensors(weights, config, base.card, base.folder, out / "adapter")
    return _Made(folder, verdict, tuple(watch.losses), data.samples())


def _unrecorded(values: Mapping[str, float], step: int) -> None:
    """Where no run is recorded, curves go nowhere."""


def _on_cpu() -> bool:
    import torch

    return not torch.cuda.is_available()


def _refuse_other(recipe: Recipe, data: "Data | PictureData", out: Path) -> None:
    """Checkpoints go on only with the recipe and the data they began with."""
    out.mkdir(parents=True, exist_ok=True)
    state = {"recipe": recipe.model_dump(mode="json"), "data_sha256": data.sha256}
    path = out / "run.json"
    if path.is_file() and json.loads(path.read_text()) != state:
        raise Conflict(
            f"{out} holds a run of another recipe or other data; name another folder with --out, "
            "or remove it"
        )
    path.write_text(json.dumps(state, indent=2) + "\n")


@contextmanager
def _recording(
    tracking: Tracking | None,
    recipe: Recipe,
    base: Base,
    data: "Data | PictureData",
    lineage: Lineage,
) -> Iterator[Run | None]:
    if tracking is None:
        yield None
        return
    tags = {"kind": "training", "task": recipe.task, "base": base.card.name, **lineage.tags()}
    with tracking.run(EXPERIMENT, recipe.name, tags) as run:
        run.params(_flat(recipe.model_dump(mode="json")))
        run.params(data.figures)
        run.text("\n".join(data.samples()), "samples.jsonl")
        yield run


def _record(run: Run, recipe: Recipe, base: Base, made: _Made) -> None:
    run.metrics(made.metrics, step=recipe.steps)
    run.metrics({"delta_low": made.verdict.low, "delta_high": made.verdict.high}, recipe.steps)
    run.text("\n".join(made.read_first), "first_batch.jsonl")
    run.text(model_card(recipe, base, made.verdict), "model_card.md")
    run.file(made.folder, "adapter")


def model_card(recipe: Recipe, base: Base, verdict: Verdict) -> str:
    """What an adapter is, for people, in Markdown."""
    card, shares = base.card, ", ".join(f"{k} {v:g}" for k, v in recipe.pairs.items())
    measure = "nDCG@10" if recipe.modality == "text" else "nearest cover of the same label"
    sizes = ", ".join(map(str, recipe.loss.matryoshka)) or "none beside the full one"
    return f"""# {recipe.name}

LoRA adapter (rank {recipe.lora.rank}, alpha {recipe.lora.alpha:g}) for {recipe.task} on
{card.repository} at {card.revision}, whose licence is {card.licence}.

| | |
|---|---|
| pairs by share | {shares or "covers by label"} |
| steps x batch | {recipe.steps} x {recipe.batch} |
| tokens | {recipe.max_tokens} |
| sizes it may be cut to | {sizes} |
| seed | {recipe.seed} |
| {measure}, {verdict.questions} held-out questions | {verdict.score:.4f} |
| the base's | {verdict.baseline:.4f} |
| difference, 95 % interval | {verdict.low:+.4f} to {verdict.high:+.4f} |

Held out: {recipe.split.held_out:.0%} of the franchises. {verdict.line}
"""


def _flat(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in values.items():
        inner = (
            _flat(value, f"{prefix}{key}.") if isinstance(value, dict) else {prefix + key: value}
        )
        flat |= inner
    return flat

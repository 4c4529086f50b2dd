"""``animevec train``: fine-tune an encoder by a recipe."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from animevec.catalog.store import Catalog
    from animevec.progress import Progress
    from animevec.settings import Settings
    from training.finetune import TrainingResult
    from training.recipe import Recipe

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.argument("recipe")
@click.option("--votes", type=_FILE, help='Lines of {"a": "mal:1", "b": "mal:5", "weight": 3}.')
@click.option("--catalogue", type=_FILE, help="Titles to learn from instead of the catalogue's.")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), help="Working folder.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of words.")
def train(
    recipe: str, votes: Path | None, catalogue: Path | None, out: Path | None, as_json: bool
) -> None:
    """Fine-tune an encoder: baseline, one-step smoke, training, verdict.

    RECIPE is a name of configs/training or a YAML file. A run that was interrupted goes on when
    the command is given again. On several processes or machines, start it with
    `torchrun -m training.cli RECIPE ...`.
    """
    from animevec.settings import Settings
    from training.recipe import Recipe

    settings, chosen = Settings(), Recipe.read(recipe)
    folder = out or settings.home / "training" / chosen.name
    began = monotonic()
    with _bar(chosen, as_json) as progress, _titles(catalogue, settings) as titles:
        result = _train(chosen, titles, votes, folder, settings, progress)
    _say(result, monotonic() - began, as_json)


def _train(
    recipe: "Recipe",
    titles: "Catalog",
    votes: Path | None,
    folder: Path,
    settings: "Settings",
    progress: "Progress",
) -> "TrainingResult":
    from registry.tracking import Tracking
    from training.finetune import Base, train
    from training.pairs import read_votes

    return train(
        recipe,
        titles.iterate(),
        read_votes(votes) if votes else [],
        folder,
        base=Base.of(recipe, settings),
        tracking=Tracking.of(settings),
        progress=progress,
        revision=titles.revision(),
    )


@contextmanager
def _titles(file: Path | None, settings: "Settings") -> "Iterator[Catalog]":
    """The installation's catalogue, or one made of a file for this run."""
    from animevec.catalog.importers.job import import_file
    from animevec.catalog.store import Catalog

    if file is None:
        with Catalog.open(settings.catalog_url) as catalog:
            yield catalog
        return
    with TemporaryDirectory() as scratch, Catalog.open(f"sqlite:///{scratch}/titles.db") as made:
        import_file(made, file)
        yield made


@contextmanager
def _bar(recipe: "Recipe", as_json: bool) -> "Iterator[Progress]":
    from rich.console import Console
    from rich.progress import Progress as Bar
    from transformers.utils import logging

    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    with Bar(console=Console(stderr=True), disable=as_json) as bar:
        task = bar.add_task(f"training {recipe.name}", total=recipe.steps)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _say(result: "TrainingResult", seconds: float, as_json: bool) -> None:
    verdict = result.verdict
    facts = {
        "adapter": str(result.adapter),
        "sha256": result.sha256,
        "run": result.run_id,
        "data_sha256": result.lineage.data_sha256,
        "verdict": verdict.word,
        "interval": [verdict.low, verdict.high],
        **result.metrics,
    }
    if as_json:
        click.echo(json.dumps(facts))
        return
    click.echo(
        f"{result.adapter} after {seconds:.0f} s; difference {verdict.low:+.4f} to "
        f"{verdict.high:+.4f} over {verdict.questions} questions; run {result.run_id}"
    )
    click.echo(verdict.line)


if __name__ == "__main__":
    from animevec import quiet

    quiet.apply()
    train()

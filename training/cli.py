"""``animevec train``: fine-tune an encoder by a recipe."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic
from typing import TYPE_CHECKING

import click

from animevec.cli import terminal
from animevec.cli.terminal import json_option

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
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    show_default="training/RECIPE in the home",
    help="Working folder.",
)
@json_option
def train(
    recipe: str, votes: Path | None, catalogue: Path | None, out: Path | None, as_json: bool
) -> None:
    """Fine-tune an encoder: baseline, one-step smoke, training, verdict.

    RECIPE is a name of configs/training or a YAML file. A run that was interrupted goes on when
    the command is given again. On several processes or machines, start it with
    `torchrun -m training.cli RECIPE ...`.

    \b
    Examples:
      animevec train retrieval
      animevec train similarity --votes votes.jsonl
      animevec train my-recipe.yaml --catalogue titles.jsonl.gz --out runs/mine
    """
    from animevec.settings import Settings
    from training.recipe import Recipe

    settings, chosen = Settings(), Recipe.read(recipe)
    folder = out or settings.home / "training" / chosen.name
    began = monotonic()
    shown = terminal.bar(f"training {chosen.name}", as_json, total=chosen.steps)
    with shown as progress, _titles(catalogue, settings) as titles:
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
    from transformers.utils import logging

    from registry.tracking import Tracking
    from training.finetune import Base, train
    from training.pairs import read_votes

    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
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
    words = (
        f"{result.adapter} after {seconds:.0f} s; difference {verdict.low:+.4f} to "
        f"{verdict.high:+.4f} over {verdict.questions} questions; run {result.run_id}\n"
        f"{verdict.line}"
    )
    terminal.answer(facts, as_json, lambda: click.echo(words))


if __name__ == "__main__":
    from animevec import quiet

    quiet.apply()
    train()

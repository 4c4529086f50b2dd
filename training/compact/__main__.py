"""``python -m training.compact``: draw the scenes, train, write the model, say how it went."""

from pathlib import Path
from time import monotonic

import click
from rich.console import Console
from tokenizers import Tokenizer

from animevec.catalog.record import Anime
from animevec.progress import Progress
from training.compact.recipe import Recipe
from training.compact.scenes import Scenes, draw_scenes
from training.compact.trainer import resume, ship, start, train
from training.compact.verdict import recall_on_drawings, verdict
from training.compact.vocabulary import learn

ROOT = Path(__file__).resolve().parents[2]
RECIPE = ROOT / "configs" / "training" / "compact-picture.yaml"
SHIPPED = ROOT / "animevec" / "encoders" / "compact"
SAMPLE = ROOT / "animevec" / "catalog" / "sample" / "titles.jsonl"


@click.command()
@click.option("--recipe", "recipe_file", type=Path, default=RECIPE, show_default=True)
@click.option("--work", type=Path, default=ROOT / "var" / "compact", show_default=True)
@click.option("--out", type=Path, default=SHIPPED, show_default=True)
def main(recipe_file: Path, work: Path, out: Path) -> None:
    """Train the compact picture model; run again to go on from the last checkpoint."""
    console, began = Console(), monotonic()
    recipe = Recipe.read(recipe_file)
    scenes = draw_scenes(recipe, work / "scenes.npy", _progress(console, "drawing scenes", 512))
    tokenizer = _tokenizer(out / "tokenizer.json", scenes, recipe)
    run = resume(recipe, work / "checkpoint.pt")
    console.print(f"from step {run.step} of {recipe.steps}")

    def report(step: int, loss: float) -> None:
        if step % 20 == 0 or step == recipe.steps:
            took = monotonic() - began
            console.print(f"step {step}/{recipe.steps}  loss {loss:.4f}  {took:.0f} s")

    train(run, recipe, scenes, tokenizer, work / "checkpoint.pt", report)
    ship(run.model, tokenizer, out)
    score, floor = recall_on_drawings(run.model), recall_on_drawings(start(recipe).model.eval())
    console.print(
        f"wrote {out} in {monotonic() - began:.0f} s; next: python -m benchmarks.pictures"
    )
    console.print(verdict(score, floor))


def _tokenizer(kept: Path, scenes: Scenes, recipe: Recipe) -> Tokenizer:
    """The one already in the folder, else a new one: words added since do not move its ids."""
    if not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        learn(_own_words(scenes), recipe.architecture.vocabulary).save(str(kept))
    return Tokenizer.from_file(str(kept))


def _own_words(scenes: Scenes) -> list[str]:
    """Captions and the sample catalogue's synopses, which the project wrote itself."""
    lines = SAMPLE.read_text(encoding="utf-8").splitlines()
    records = [Anime.model_validate_json(line) for line in lines if line]
    titles = [title.text for record in records for title in record.titles]
    return [*scenes.captions, *titles, *(record.synopsis or "" for record in records)]


def _progress(console: Console, what: str, every: int) -> Progress:
    def tell(done: int, total: int | None) -> None:
        if done % every == 0 or done == total:
            console.print(f"{what}: {done}/{total}")

    return tell


if __name__ == "__main__":
    main()

"""Pictures found again: rank-1 retrieval of altered covers, beside pHash and an untrained model.

Run ``python -m benchmarks.pictures``. The index holds two vectors of each cover, its centre
square and its whole frame; see ``docs/compact-picture-model.md`` for the columns. Covers are the
posters in ``../shared/data/posters`` where they exist, else the sample catalogue's drawings.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from time import perf_counter

import click
import numpy as np
import torch
from imagehash import phash
from numpy.typing import NDArray
from PIL import Image
from torch.nn import functional as F

from animevec.artwork import draw_cover
from animevec.catalog.record import Anime
from animevec.encoders.base import View
from animevec.encoders.checkpoint import read_json
from animevec.encoders.jina_clip import load_vision_tower, read_config
from animevec.encoders.jina_vision import VisionTower
from animevec.encoders.picture import PictureTransform
from animevec.encoders.picture_views import Views, near_duplicate_hash
from evaluation.alterations import ALTERATIONS

ROOT = Path(__file__).resolve().parents[1]
POSTERS = ROOT.parent / "shared" / "data" / "posters" / "images"
SAMPLE = ROOT / "animevec" / "catalog" / "sample" / "titles.jsonl"
SHIPPED = ROOT / "animevec" / "encoders" / "compact"
COLUMNS = ("untrained", "untrained + views", "pHash", "pHash, both ways", "trained",
           "trained + thumbnail", "trained + views")  # fmt: skip

Scores = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Looker:
    """A picture tower with its preprocessing."""

    tower: VisionTower
    transform: PictureTransform

    @torch.inference_mode()
    def __call__(self, pictures: Sequence[Image.Image]) -> Scores:
        """Unit vectors [n, d]."""
        parts = []
        for first in range(0, len(pictures), 32):
            fitted = [self.transform.fit(one) for one in pictures[first : first + 32]]
            pixels = torch.from_numpy(self.transform.normalise(np.stack(fitted)))
            parts.append(F.normalize(self.tower(pixels), dim=-1))
        vectors: Scores = torch.cat(parts).numpy()
        return vectors


@dataclass(frozen=True, slots=True)
class Shelf:
    """An index of covers: vectors of the centre square and of the whole frame."""

    look: Looker
    square: Scores
    frame: Scores

    @classmethod
    def of(cls, look: Looker, covers: Sequence[Image.Image]) -> "Shelf":
        """Encode all covers."""
        return cls(look, look(covers), look([Views(one).of(View.FRAME) for one in covers]))

    def picture(self, asked: Sequence[Image.Image]) -> Scores:
        """Scores [queries, covers] by the picture vectors alone."""
        scores: Scores = self.look(asked) @ self.square.T
        return scores

    def both(self, asked: Sequence[Image.Image]) -> Scores:
        """Picture plus thumbnail, each against its own kind."""
        frames = self.look([Views(one).of(View.FRAME) for one in asked])
        scores: Scores = self.picture(asked) + frames @ self.frame.T
        return scores

    def views(self, asked: Sequence[Image.Image]) -> Scores:
        """The best view of the query in each channel, channels added."""
        views = [
            [looks.of(view) for view in (*looks.asked(), View.MIRRORED)]
            for looks in map(Views, asked)
        ]
        vectors = self.look([view for one in views for view in one])
        starts = np.cumsum([0, *map(len, views[:-1])])
        channels = [vectors @ known.T for known in (self.square, self.frame)]
        best = [np.maximum.reduceat(channel, starts) for channel in channels]
        return np.asarray(best[0] + best[1])


@dataclass(frozen=True, slots=True)
class Hashes:
    """An index of perceptual hashes."""

    plain: NDArray[np.bool_]
    mirrored: NDArray[np.bool_]

    @classmethod
    def of(cls, covers: Sequence[Image.Image]) -> "Hashes":
        """Hash all covers."""
        known = [near_duplicate_hash(Views(one).inner) for one in covers]
        return cls(np.stack([k.plain for k in known]), np.stack([k.mirrored for k in known]))

    def one_way(self, asked: Sequence[Image.Image]) -> Scores:
        """Minus the bits that differ [queries, covers]."""
        return -_differ([phash(one).hash.ravel() for one in asked], self.plain)

    def both_ways(self, asked: Sequence[Image.Image]) -> Scores:
        """The same without bars, whichever way round."""
        bits = [near_duplicate_hash(Views(one).inner).plain for one in asked]
        return -np.minimum(_differ(bits, self.plain), _differ(bits, self.mirrored))


def _differ(asked: Sequence[NDArray[np.bool_]], known: NDArray[np.bool_]) -> Scores:
    differ: Scores = (np.stack(asked)[:, None] != known).sum(-1).astype(np.float32)
    return differ


def load(folder: Path, trained: bool) -> Looker:
    """The shipped model, or the same architecture with the recipe's first random weights."""
    transform = PictureTransform.from_published(read_json(folder / "preprocessor_config.json"))
    if trained:
        return Looker(load_vision_tower(folder).eval(), transform)
    torch.manual_seed(20261123)
    return Looker(VisionTower(read_config(folder).vision).eval(), transform)


def covers(posters: Path, limit: int) -> tuple[str, list[Image.Image]]:
    """What they are, and the pictures."""
    if posters.is_dir():
        files = sorted(posters.iterdir())[:limit]
        return "real posters", [Image.open(file).convert("RGB") for file in files]
    lines = SAMPLE.read_text(encoding="utf-8").splitlines()[:limit]
    return "drawn covers", [draw_cover(Anime.model_validate_json(line)) for line in lines]


def rank_one(scores: Scores, right: Sequence[int]) -> float:
    """Share of queries whose own cover has the strictly highest score of [queries, covers]."""
    rows = np.arange(len(right))
    own = scores[rows, right]
    others = scores.copy()
    others[rows, right] = -np.inf
    return float((own > others.max(1)).mean())


@click.command()
@click.option("--posters", type=Path, default=POSTERS)
@click.option("--model", type=Path, default=SHIPPED)
@click.option("--limit", default=1_000, show_default=True, help="covers in the index")
@click.option("--queries", default=1_000, show_default=True, help="covers asked for")
@click.option("--only", multiple=True, help="alterations; all without it")
@click.option("--threads", default=2, show_default=True)
def main(
    posters: Path, model: Path, limit: int, queries: int, only: tuple[str, ...], threads: int
) -> None:
    """Print rank 1 by alteration and way of asking, as a Markdown table."""
    torch.set_num_threads(threads)
    began = perf_counter()
    name, pictures = covers(posters, limit)
    trained = Shelf.of(load(model, True), pictures)
    floor, hashes = Shelf.of(load(model, False), pictures), Hashes.of(pictures)
    ways = (floor.picture, floor.views, hashes.one_way, hashes.both_ways, trained.picture,
            trained.both, trained.views)  # fmt: skip
    asked_for = sorted(Random(0).sample(range(len(pictures)), min(queries, len(pictures))))
    print(f"{name}: {len(pictures)} in the index, {len(asked_for)} asked for; rank 1 in percent\n")
    print("| altered by | " + " | ".join(COLUMNS) + " |")
    print("|---|" + "---|" * len(COLUMNS))
    for title in only or ALTERATIONS:
        asked = [ALTERATIONS[title](pictures[k], Random(k)) for k in asked_for]
        figures = [rank_one(way(asked), asked_for) for way in ways]
        print(f"| {title} | " + " | ".join(f"{100 * f:.1f}" for f in figures) + " |", flush=True)
    print(f"\n{perf_counter() - began:.0f} s")


if __name__ == "__main__":
    main()

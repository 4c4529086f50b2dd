"""The training set: scenes drawn once, kept as one array, and batches that a seed decides."""

import json
from dataclasses import dataclass
from pathlib import Path
from random import Random

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from tokenizers import Tokenizer
from torch import Tensor

from animevec.artwork.scene import scene
from animevec.progress import Progress, silent
from training.compact.augment import found_view, stored_view
from training.compact.recipe import Recipe

MEAN = (0.48145466, 0.4578275, 0.40821073)
STD = (0.26862954, 0.26130258, 0.27577711)


@dataclass(frozen=True, slots=True)
class Scenes:
    """Pictures uint8 [n, height, width, 3], their captions, and their tags."""

    pictures: NDArray[np.uint8]
    captions: list[str]
    tags: list[tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Batch:
    """Two views of each scene, the captions' tokens, and which captions say the same thing."""

    stored: Tensor
    found: Tensor
    tokens: Tensor
    mask: Tensor
    same: Tensor


def draw_scenes(recipe: Recipe, cache: Path, progress: Progress = silent) -> Scenes:
    """All scenes of the recipe; read from ``cache`` (and the JSON beside it) when they fit."""
    width, height = recipe.scene_size
    shape, words = (recipe.scenes, height, width, 3), cache.with_suffix(".json")
    if cache.exists() and words.exists():
        kept = Scenes(np.load(cache, allow_pickle=False), *_read_words(words))
        if kept.pictures.shape == shape:
            return kept
    pictures, captions, tags = np.empty(shape, dtype=np.uint8), [], []
    for k in range(recipe.scenes):
        one = scene(k, size=recipe.scene_size)
        pictures[k] = np.asarray(one.picture)
        captions.append(one.caption)
        tags.append(one.tags)
        progress(k + 1, recipe.scenes)
    cache.parent.mkdir(parents=True, exist_ok=True)
    np.save(cache, pictures, allow_pickle=False)
    words.write_text(json.dumps([captions, tags]))
    return Scenes(pictures, captions, tags)


def _read_words(path: Path) -> tuple[list[str], list[tuple[str, ...]]]:
    captions, tags = json.loads(path.read_text())
    return captions, [tuple(one) for one in tags]


def batch_of(scenes: Scenes, recipe: Recipe, tokenizer: Tokenizer, step: int) -> Batch:
    """The batch of a step; whole families, so that every scene meets its nearest likeness."""
    rng = Random(f"{recipe.seed} {step}")
    families = rng.sample(range(len(scenes.captions) // 2), recipe.batch // 2)
    chosen = [2 * family + k for family in families for k in (0, 1)]
    edge = recipe.architecture.image_size
    originals = [Image.fromarray(scenes.pictures[k]) for k in chosen]
    stored = [stored_view(one, edge, rng) for one in originals]
    found = [found_view(one, edge, rng) for one in originals]
    tokens, mask = tokenise(tokenizer, [scenes.captions[k] for k in chosen])
    tags = [scenes.tags[k] for k in chosen]
    same = torch.tensor([[a == b for b in tags] for a in tags], dtype=torch.float32)
    return Batch(pixels_of(stored), pixels_of(found), tokens, mask, same)


def pixels_of(views: list[Image.Image]) -> Tensor:
    """Normalised pixels float32 [n, 3, edge, edge] of square views."""
    stack = np.stack([np.asarray(view, dtype=np.float32) for view in views]) / 255
    normal = (stack - np.array(MEAN, np.float32)) / np.array(STD, np.float32)
    return torch.from_numpy(np.ascontiguousarray(normal.transpose(0, 3, 1, 2)))


def tokenise(tokenizer: Tokenizer, texts: list[str]) -> tuple[Tensor, Tensor]:
    """Padded token ids and their mask, int64 [n, longest]."""
    ids = [one.ids for one in tokenizer.encode_batch(texts)]
    longest = max(map(len, ids))
    tokens = torch.full((len(ids), longest), 1, dtype=torch.int64)
    for row, line in enumerate(ids):
        tokens[row, : len(line)] = torch.tensor(line)
    return tokens, (tokens != 1).long()

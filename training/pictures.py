"""One picture run: LoRA on JinaCLIP's picture tower, taught on covers drawn for the catalogue.

Pictures of one label are near each other, all others far: supervised contrastive learning
(Khosla et al. 2020, arXiv 2004.11362).  The label is the franchise, whose people look alike on all
its covers (characters), or the decade and mood that a cover is drawn in (art style).
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from animevec.artwork.brief import Brief, brief_of
from animevec.artwork.composition import draw
from animevec.catalog.record import Anime
from animevec.encoders.jina_clip import load_vision_tower
from animevec.encoders.jina_vision import VisionTower
from animevec.errors import InvalidRequest, ModelError
from animevec.replacement import replaced
from training.compact.augment import found_view, stored_view
from training.compact.scenes import pixels_of
from training.recipe import Recipe
from training.split import sides, split
from training.trainer import Watch, refuse_infinite

SIZE = (128, 180)
EXAM = 120
CHECKPOINT = "pictures.pt"


@dataclass(frozen=True, slots=True)
class Subject:
    """What covers are drawn of, and the label they share with others."""

    label: str
    brief: Brief


@dataclass(frozen=True, slots=True)
class PictureData:
    """Subjects by side of the split, and the hash of all of them."""

    train: tuple[Subject, ...]
    held: tuple[Subject, ...]
    sha256: str

    @property
    def figures(self) -> dict[str, int]:
        """Sizes, for the run's parameters."""
        labels = len({one.label for one in self.train})
        return {"train_titles": len(self.train), "held_titles": len(self.held), "labels": labels}

    def samples(self) -> list[str]:
        """Some subjects, for reading."""
        return [repr(one) for one in self.train[:20]]


def collect_pictures(recipe: Recipe, records: Iterable[Anime]) -> PictureData:
    """What to draw on each side; raises ``InvalidRequest`` for fewer than two labels on one."""
    titles = sorted(records, key=lambda one: one.id)
    parts = split(titles, recipe.split)
    train, held = (tuple(_subjects(recipe, side)) for side in sides(titles, parts))
    if recipe.task == "character":
        hidden = {one.label for one in held}
        train = tuple(one for one in train if one.label not in hidden)
    for name, side in (("train on", train), ("hold out", held)):
        if len({one.label for one in side}) < 2:
            raise InvalidRequest(
                f"recipe {recipe.name} has fewer than two labels to {name}; "
                "give a larger catalogue or another split.held_out"
            )
    lines = "\n".join(map(repr, [*train, "held out", *held]))
    return PictureData(train, held, hashlib.sha256(lines.encode()).hexdigest())


def _subjects(recipe: Recipe, titles: Iterable[Anime]) -> Iterator[Subject]:
    for brief in map(brief_of, titles):
        style = f"{brief.era.value} {brief.mood.value}"
        yield Subject(str(brief.franchise) if recipe.task == "character" else style, brief)


def open_tower(recipe: Recipe, folder: Path) -> VisionTower:
    """The picture tower with a new adapter; raises ``ModelError`` where the target meets none."""
    from peft import inject_adapter_in_model

    torch.manual_seed(recipe.seed)
    tower = load_vision_tower(folder, torch.float32).requires_grad_(False)
    try:
        inject_adapter_in_model(lora_config(recipe), tower)
    except ValueError as error:
        raise ModelError(f"{recipe.lora.target!r} names no layer of the tower: {error}") from error
    return tower


def lora_config(recipe: Recipe) -> Any:
    """The recipe's adapter as PEFT describes it."""
    from peft import LoraConfig

    lora = recipe.lora
    return LoraConfig(
        r=lora.rank,
        lora_alpha=lora.alpha,
        lora_dropout=lora.dropout,
        target_modules=lora.target,
        base_model_name_or_path=recipe.base,
    )


def lora_weights(tower: VisionTower) -> dict[str, Tensor]:
    """The adapter's tensors under the names that PEFT writes."""
    found = {n: p.detach() for n, p in tower.named_parameters() if ".lora_" in n}
    return {name.replace(".default.", "."): one for name, one in found.items()}


def likeness_loss(features: Tensor, labels: Sequence[str], scale: float) -> Tensor:
    """Supervised contrastive loss, equation 2 of arXiv 2004.11362; features [n, d]."""
    unit = F.normalize(features.float(), dim=-1)
    itself = torch.eye(len(labels), dtype=torch.bool)
    logits = (scale * unit @ unit.T).masked_fill(itself, -torch.inf)
    same = torch.tensor([[a == b for b in labels] for a in labels]) & ~itself
    chances = F.log_softmax(logits, dim=-1).masked_fill(~same, 0.0)
    return -(chances.sum(-1) / same.sum(-1).clamp(min=1)).mean()


def step_loss(recipe: Recipe, tower: VisionTower, data: PictureData, step: int) -> Tensor:
    """The loss on the covers of one step: pairs of each of ``batch / 2`` labels."""
    rng = Random(f"{recipe.seed} {step}")
    by_label: dict[str, list[Subject]] = defaultdict(list)
    for subject in data.train:
        by_label[subject.label].append(subject)
    chosen = rng.sample(sorted(by_label), min(recipe.batch // 2, len(by_label)))
    drawn = [rng.choice(by_label[label]) for label in chosen for _ in (0, 1)]
    views = [found_view(_cover(one, rng), tower.config.image_size, rng) for one in drawn]
    low = recipe.precision == "bfloat16"
    with torch.autocast("cpu", torch.bfloat16, enabled=low):
        features = tower(pixels_of(views))
    return likeness_loss(features, [one.label for one in drawn], recipe.loss.scale)


def smoke_pictures(recipe: Recipe, tower: VisionTower, data: PictureData) -> None:
    """One step without an update; raises ``ModelError`` where the loss or a gradient is wrong."""
    loss = step_loss(recipe, tower, data, 0)
    refuse_infinite(float(loss.detach()), 0)
    torch.autograd.backward(loss)
    ups = {n: p for n, p in tower.named_parameters() if "lora_B" in n}
    dead = [n for n, p in ups.items() if p.grad is None or not bool(p.grad.abs().sum() > 0)]
    tower.zero_grad()
    if dead or not ups:
        raise ModelError(f"no gradient reaches {', '.join(dead[:3]) or 'any layer'}")


def fit_pictures(
    recipe: Recipe, tower: VisionTower, data: PictureData, folder: Path, watch: Watch
) -> None:
    """Train from the checkpoint in ``folder`` where there is one."""
    weights = [p for n, p in tower.named_parameters() if ".lora_" in n]
    optimiser = torch.optim.AdamW(weights, lr=recipe.learning_rate)
    first = _resume(folder / CHECKPOINT, weights, optimiser)
    tower.train()
    for step in range(first, recipe.steps):
        torch.manual_seed(recipe.seed + step)
        rise = min(1.0, (step + 1) / max(1, recipe.warmup))
        for group in optimiser.param_groups:
            group["lr"] = recipe.learning_rate * rise * (1 - step / recipe.steps)
        loss = step_loss(recipe, tower, data, step)
        optimiser.zero_grad()
        torch.autograd.backward(loss)
        optimiser.step()
        watch.seen(float(loss.detach()), step + 1, recipe.steps)
        if (step + 1) % recipe.checkpoint_steps == 0:
            _keep(folder / CHECKPOINT, weights, optimiser, step + 1)
    tower.eval()


def recognised(recipe: Recipe, tower: VisionTower, data: PictureData) -> list[float]:
    """1 for each held-out cover whose nearest other cover has its label, else 0.

    A style is to be found on another title's cover; people on another one of their own.
    """
    rng, covers = Random(recipe.seed), 2 if recipe.task == "character" else 1
    asked = rng.sample(data.held, min(EXAM, len(data.held)))
    drawn = [one for one in asked for _ in range(covers)]
    views = [stored_view(_cover(one, rng), tower.config.image_size, rng) for one in drawn]
    tower.eval()
    with torch.inference_mode():
        parts = [tower(part) for part in torch.split(pixels_of(views), 32)]
    unit = F.normalize(torch.cat(parts).float(), dim=-1)
    near = (unit @ unit.T).numpy()
    np.fill_diagonal(near, -np.inf)
    return [float(drawn[k].label == drawn[j].label) for k, j in enumerate(near.argmax(axis=1))]


def _cover(subject: Subject, rng: Random) -> Any:
    """Another cover of the same subject."""
    return draw(replace(subject.brief, seed=rng.getrandbits(62)), SIZE)


def _keep(path: Path, weights: Sequence[Tensor], optimiser: Any, step: int) -> None:
    state = {"weights": list(weights), "optimiser": optimiser.state_dict(), "step": step}
    path.parent.mkdir(parents=True, exist_ok=True)
    with replaced(path) as file:
        torch.save(state, file)


def _resume(path: Path, weights: Sequence[Tensor], optimiser: Any) -> int:
    if not path.is_file():
        return 0
    state = torch.load(path, map_location="cpu", weights_only=True)
    with torch.no_grad():
        for ours, kept in zip(weights, state["weights"], strict=True):
            ours.copy_(kept)
    optimiser.load_state_dict(state["optimiser"])
    return int(state["step"])

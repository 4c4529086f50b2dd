"""Training of the compact picture model: deterministic by seed, resumable, with a verdict."""

import json
import math
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer
from torch import Tensor
from torch.nn.attention import SDPBackend, sdpa_kernel

from animevec.encoders.jina_clip import JinaClip
from animevec.encoders.jina_keys import to_published
from animevec.replacement import replaced
from training.compact.objective import loss_of
from training.compact.recipe import Recipe
from training.compact.scenes import MEAN, STD, Batch, Scenes, batch_of

Report = Callable[[int, float], None]


@dataclass
class Run:
    """A training run between two steps."""

    model: JinaClip
    optimiser: torch.optim.AdamW
    step: int = 0


def start(recipe: Recipe) -> Run:
    """A run at step 0 with the recipe's own random weights."""
    torch.manual_seed(recipe.seed)
    model = JinaClip(recipe.architecture.config())
    matrices = [p for p in model.parameters() if p.ndim > 1]
    others = [p for p in model.parameters() if p.ndim <= 1]
    groups = [
        {"params": matrices, "weight_decay": recipe.weight_decay},
        {"params": others, "weight_decay": 0.0},
    ]
    return Run(model, torch.optim.AdamW(groups, lr=recipe.learning_rate, betas=(0.9, 0.98)))


def train(
    run: Run,
    recipe: Recipe,
    scenes: Scenes,
    tokenizer: Tokenizer,
    checkpoint: Path | None = None,
    report: Report = lambda step, loss: None,
) -> list[float]:
    """Train from ``run.step`` to the recipe's last; returns the losses.

    ``checkpoint`` is written every ``checkpoint_every`` steps; ``resume`` takes it up again.
    """
    torch.set_num_threads(recipe.threads)
    losses: list[float] = []
    for batch in _batches(scenes, recipe, tokenizer, run.step):
        losses.append(train_step(run, batch, recipe))
        report(run.step, losses[-1])
        if checkpoint and run.step % recipe.checkpoint_every == 0:
            save_run(run, checkpoint)
    run.model.eval()
    return losses


def train_step(run: Run, batch: Batch, recipe: Recipe) -> float:
    """One optimiser step; returns the loss before it."""
    run.model.train()
    for group in run.optimiser.param_groups:
        group["lr"] = learning_rate(recipe, run.step)
    low = recipe.precision == "bfloat16"
    # PyTorch's fused CPU attention is several times slower backwards in bfloat16.
    with sdpa_kernel(SDPBackend.MATH), torch.autocast("cpu", torch.bfloat16, enabled=low):
        loss = loss_of(run.model, batch, recipe, kept_patches(recipe, run.step))
    run.optimiser.zero_grad()
    torch.autograd.backward(loss)
    torch.nn.utils.clip_grad_norm_(run.model.parameters(), 1.0)
    run.optimiser.step()
    run.step += 1
    return float(loss.detach())


def learning_rate(recipe: Recipe, step: int) -> float:
    """Linear warm-up, a cosine towards a fiftieth at the horizon, at last a straight cool-down."""
    if step < recipe.warmup:
        return recipe.learning_rate * (step + 1) / recipe.warmup
    done = (step - recipe.warmup) / max(1, recipe.horizon - recipe.warmup)
    wave = 0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * min(done, 1.0)))
    left = (recipe.steps - step) / max(1, recipe.steps - recipe.cool_from)
    return recipe.learning_rate * wave * min(1.0, left)


def kept_patches(recipe: Recipe, step: int) -> Tensor:
    """The patches read at a step: a random share, all of them towards the end."""
    patches = recipe.architecture.config().vision.grid ** 2
    if step >= recipe.unmasked_from * recipe.steps:
        return torch.arange(patches)
    order = torch.randperm(patches, generator=torch.Generator().manual_seed(recipe.seed + step))
    return order[: round(patches * recipe.keep_patches)].sort().values


def _batches(scenes: Scenes, recipe: Recipe, tokenizer: Tokenizer, first: int) -> Iterator[Batch]:
    """Batches in order, the next one made while the last one is used."""
    with ThreadPoolExecutor(1) as pool:
        ahead = pool.submit(batch_of, scenes, recipe, tokenizer, first)
        for step in range(first, recipe.steps):
            batch = ahead.result()
            ahead = pool.submit(batch_of, scenes, recipe, tokenizer, step + 1)
            yield batch


def save_run(run: Run, path: Path) -> None:
    """Write a checkpoint, complete or not at all."""
    state = {"model": run.model.state_dict(), "optimiser": run.optimiser.state_dict()}
    path.parent.mkdir(parents=True, exist_ok=True)
    with replaced(path) as file:
        torch.save({**state, "step": run.step}, file)


def resume(recipe: Recipe, path: Path) -> Run:
    """The run of a checkpoint, or a new one where there is none."""
    run = start(recipe)
    if path.exists():
        state = torch.load(path, map_location="cpu", weights_only=True)
        run.model.load_state_dict(state["model"])
        run.optimiser.load_state_dict(state["optimiser"])
        run.step = state["step"]
    return run


def ship(model: JinaClip, tokenizer: Tokenizer, folder: Path) -> None:
    """Write the model in the published layout, weights in half precision."""
    folder.mkdir(parents=True, exist_ok=True)
    edge = model.config.vision.image_size
    preprocessor = {
        "image_processor_type": "JinaCLIPImageProcessor",
        "size": edge,
        "resize_mode": "shortest",
        "interpolation": "bicubic",
        "fill_color": 0,
        "mean": list(MEAN),
        "std": list(STD),
    }
    _write_json(folder / "config.json", model.config.to_published())
    _write_json(folder / "preprocessor_config.json", preprocessor)
    tokenizer.save(str(folder / "tokenizer.json"))
    half = {
        name: tensor.detach().to(torch.float16).contiguous()
        for name, tensor in model.state_dict().items()
    }
    save_file(to_published(half), folder / "model.safetensors", metadata={"format": "pt"})


def _write_json(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, indent=2) + "\n")

"""One text run on sentence-transformers: the model with its adapter, its loss, its steps."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn
from transformers import PrinterCallback, TrainerCallback
from transformers.trainer_utils import get_last_checkpoint

from animevec.encoders.base import Vector
from animevec.encoders.card import ModelCard
from animevec.encoders.pooling import unit
from animevec.errors import ModelError
from animevec.progress import Progress, silent
from training.dataset import Row
from training.recipe import Recipe

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

CURVES = ("grad_norm", "learning_rate")
COLUMNS = ("anchor", "positive", "negative")
# A frozen base has nothing to be regularised, and drawing its masks costs a third of a step.
NO_DROPOUT = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
Curve = Callable[[dict[str, float], int], None]


@dataclass
class Watch(TrainerCallback):
    """Refuses a loss that is no number, and passes the curves on."""

    progress: Progress = silent
    curve: Curve = lambda values, step: None
    losses: list[float] = field(default_factory=list)

    def on_log(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """One step's figures."""
        logs: dict[str, float] = kwargs.get("logs") or {}
        if "loss" in logs:
            others = {name: float(logs[name]) for name in CURVES if name in logs}
            self.seen(float(logs["loss"]), int(state.global_step), int(state.max_steps), others)

    def seen(self, loss: float, step: int, steps: int, others: Mapping[str, float] = {}) -> None:
        """Take note of a step; raises ``ModelError`` for a loss that is not finite."""
        refuse_infinite(loss, step)
        self.losses.append(loss)
        figures = {"loss": loss, **others}
        self.curve({f"train/{name}": value for name, value in figures.items()}, step)
        self.progress(step, steps)


def refuse_infinite(loss: float, step: int) -> None:
    """Raise ``ModelError`` for a loss that is NaN or infinite."""
    if not math.isfinite(loss):
        raise ModelError(
            f"the loss is {loss} at step {step}; lower learning_rate, or look at the rows of that "
            "step in the run's samples",
            step=step,
        )


def open_model(recipe: Recipe, card: ModelCard, folder: Path) -> "SentenceTransformer":
    """The base with a new adapter on every layer that the recipe names.

    Raises:
        ModelError: the recipe names no layer, or none of the encoder.
    """
    from peft import LoraConfig
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.base.modules import Normalize, Transformer
    from sentence_transformers.sentence_transformer.modules import Pooling

    torch.manual_seed(recipe.seed)
    # oneDNN's bfloat16 attention is twice as slow backwards as plain matrix products.
    attention = "sdpa" if torch.cuda.is_available() else "eager"
    body = Transformer(
        str(folder),
        model_kwargs={"attn_implementation": attention, "local_files_only": True},
        config_kwargs={"local_files_only": True, **NO_DROPOUT},
        processor_kwargs={"local_files_only": True},
        max_seq_length=recipe.max_tokens,
    )
    pooled = Pooling(card.dimensions, "cls" if card.pooling == "cls" else "mean")
    model = SentenceTransformer(modules=[body, pooled, Normalize()], device=_device())
    lora = recipe.lora
    try:
        model.add_adapter(
            LoraConfig(
                r=lora.rank,
                lora_alpha=lora.alpha,
                lora_dropout=lora.dropout,
                target_modules=lora.target,
                base_model_name_or_path=card.name,
            )
        )
    except ValueError as error:
        raise ModelError(f"{lora.target!r} names no layer of {card.name}: {error}") from error
    return model


def _device() -> str:
    return "cuda" if torch.cuda.is_available() else "cpu"


def build_loss(recipe: Recipe, model: "SentenceTransformer") -> nn.Module:
    """Cached multiple negatives ranking, inside Matryoshka where sizes are named."""
    from sentence_transformers.sentence_transformer.losses import (
        CachedMultipleNegativesRankingLoss,
        MatryoshkaLoss,
        MultipleNegativesRankingLoss,
    )

    wanted = recipe.loss
    # Caching costs a second forward; a batch that fits needs none, and the result is the same.
    ranking: nn.Module
    if recipe.batch <= wanted.mini_batch:
        ranking = MultipleNegativesRankingLoss(model, scale=wanted.scale)
    else:
        ranking = CachedMultipleNegativesRankingLoss(
            model, scale=wanted.scale, mini_batch_size=wanted.mini_batch
        )
    if not wanted.matryoshka:
        return ranking
    return MatryoshkaLoss(model, ranking, matryoshka_dims=list(wanted.matryoshka))


def smoke(recipe: Recipe, model: "SentenceTransformer", rows: Sequence[Row]) -> float:
    """One step without an update: the loss is finite and reaches every layer of the adapter.

    Returns the loss.  Raises ``ModelError`` naming what is not reached.
    """
    model.train()
    loss_of = build_loss(recipe, model)
    texts = zip(*map(_texts, rows[: recipe.batch]), strict=True)
    features = [model.preprocess(list(column)) for column in texts]
    placed = [{k: _moved(v, model.device) for k, v in one.items()} for one in features]
    with torch.autocast(model.device.type, torch.bfloat16, enabled=_low(recipe)):
        loss = loss_of(placed, torch.empty(0))
    refuse_infinite(float(loss.detach()), 0)
    torch.autograd.backward(loss)
    # B starts at zero, so that A gets its first gradient a step later (2106.09685, section 4.1).
    ups = {n: p for n, p in model.named_parameters() if "lora_B" in n}
    dead = [n for n, p in ups.items() if p.grad is None or not bool(p.grad.abs().sum() > 0)]
    model.zero_grad()
    if dead or not ups:
        named = ", ".join(dead[:3]) or "any layer"
        raise ModelError(f"no gradient reaches {named}; narrow lora.target to layers that are read")
    return float(loss.detach())


def fit(
    recipe: Recipe, model: "SentenceTransformer", rows: Sequence[Row], folder: Path, watch: Watch
) -> None:
    """Train, from the last checkpoint in ``folder`` where there is one.

    Under ``torchrun`` or ``accelerate launch`` each process takes its share of every batch's
    rows.  Raises ``ModelError`` for a loss that is not finite.
    """
    from datasets import Dataset
    from sentence_transformers import SentenceTransformerTrainer

    table = dict(zip(COLUMNS, zip(*map(_texts, rows), strict=True), strict=True))
    trainer = SentenceTransformerTrainer(
        model=model,
        args=_arguments(recipe, folder),
        train_dataset=Dataset.from_dict({name: list(column) for name, column in table.items()}),
        loss=build_loss(recipe, model),
        callbacks=[watch],
    )
    trainer.remove_callback(PrinterCallback)
    last = get_last_checkpoint(str(folder)) if folder.is_dir() else None  # type: ignore[no-untyped-call]
    trainer.train(resume_from_checkpoint=last)
    model.eval()


def soften(recipe: Recipe, model: "SentenceTransformer") -> None:
    """Keep ``lora.keep`` of the learnt change, before it is judged and written.

    Between the base's weights and the tuned ones lie models that have most of the gain and little
    of the forgetting (Wortsman et al. 2022, arXiv 2109.01903).
    """
    body: Any = model[0]
    body.model.peft_config["default"].lora_alpha *= recipe.lora.keep
    for module in model.modules():
        scaling = getattr(module, "scaling", None)
        if isinstance(scaling, dict) and "default" in scaling:
            scaling["default"] *= recipe.lora.keep


def encoder_of(model: "SentenceTransformer", recipe: Recipe) -> Callable[[Sequence[str]], Vector]:
    """The model as a function from texts to unit vectors [texts, dimensions]."""

    def encode(texts: Sequence[str]) -> Vector:
        model.eval()
        with torch.autocast(model.device.type, torch.bfloat16, enabled=_low(recipe)):
            found = model.encode(list(texts), batch_size=32, show_progress_bar=False)
        return unit(np.asarray(found, dtype=np.float32))

    return encode


def _arguments(recipe: Recipe, folder: Path) -> Any:
    from accelerate import PartialState
    from sentence_transformers import SentenceTransformerTrainingArguments

    processes = PartialState(cpu=_device() == "cpu").num_processes
    if recipe.batch % processes:
        raise ModelError(
            f"a batch of {recipe.batch} pairs cannot be shared by {processes} processes; "
            "make batch a multiple"
        )
    return SentenceTransformerTrainingArguments(
        output_dir=str(folder),
        seed=recipe.seed,
        data_seed=recipe.seed,
        per_device_train_batch_size=recipe.batch // processes,
        max_steps=recipe.steps,
        learning_rate=recipe.learning_rate,
        warmup_steps=recipe.warmup,
        lr_scheduler_type="linear",
        bf16=_low(recipe),
        use_cpu=_device() == "cpu",
        activation_checkpointing=recipe.gradient_checkpointing,
        batch_sampler=_in_order,
        save_steps=recipe.checkpoint_steps,
        save_total_limit=2,
        logging_steps=1,
        logging_nan_inf_filter=False,
        dataloader_drop_last=True,
        dataloader_pin_memory=False,
        ddp_find_unused_parameters=False,
        report_to="none",
        disable_tqdm=True,
    )


def _in_order(dataset: Any, batch_size: int, **options: Any) -> Any:
    """The rows as they were drawn: batches are composed before (training.dataset.rows)."""
    from sentence_transformers.base.sampler import DefaultBatchSampler
    from torch.utils.data import SequentialSampler

    make = partial(DefaultBatchSampler, SequentialSampler(dataset), batch_size=batch_size)
    return make(drop_last=True)


def _texts(row: Row) -> tuple[str, str, str]:
    return row.pair.anchor, row.pair.positive, row.negative


def _moved(value: Any, device: torch.device) -> Any:
    return value.to(device) if isinstance(value, torch.Tensor) else value


def _low(recipe: Recipe) -> bool:
    return recipe.precision == "bfloat16"

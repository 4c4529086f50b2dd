"""What the model is taught: the same picture is near, another is far, and words fit pictures."""

import torch
from torch import Tensor
from torch.nn import functional as F

from animevec.encoders.jina_clip import JinaClip, clip_loss
from animevec.encoders.jina_vision import VisionTower, picture_turns
from training.compact.recipe import Recipe
from training.compact.scenes import Batch


def masked_features(tower: VisionTower, pixels: Tensor, kept: Tensor) -> Tensor:
    """Features read from the ``kept`` patches only (FLIP, arXiv:2212.00794)."""
    seen = torch.cat((kept.new_zeros(1), 1 + kept))  # the class token and the patches
    turns = picture_turns(tower.config, pixels.device)
    return tower.features(tower.start(pixels)[:, seen], turns[seen])


def instance_loss(stored: Tensor, found: Tensor, temperature: float) -> Tensor:
    """CLIP's loss over pairs [n, d]; the rest of the batch, families included, is far."""
    return clip_loss(F.normalize(found, dim=-1) @ F.normalize(stored, dim=-1).T / temperature)


def words_loss(pictures: Tensor, texts: Tensor, same: Tensor, scale: Tensor) -> Tensor:
    """CLIP's loss where every caption of the same tags is right (``same`` [n, n])."""
    logits = scale * F.normalize(pictures, dim=-1) @ F.normalize(texts, dim=-1).T
    right = same / same.sum(-1, keepdim=True)
    there = torch.sum(-right * F.log_softmax(logits, dim=-1), dim=-1).mean()
    back = torch.sum(-right * F.log_softmax(logits.T, dim=-1), dim=-1).mean()
    return (there + back) / 2


def loss_of(model: JinaClip, batch: Batch, recipe: Recipe, kept: Tensor) -> Tensor:
    """The mean of both losses over all Matryoshka sizes."""
    views = masked_features(model.vision_model, torch.cat((batch.stored, batch.found)), kept)
    stored, found = views.float().chunk(2)
    texts = model.text_model(batch.tokens, batch.mask).float()
    scale = model.logit_scale.exp().clamp(max=50)
    total = torch.zeros(())
    for size in recipe.architecture.matryoshka:
        total = total + instance_loss(stored[:, :size], found[:, :size], recipe.temperature)
        words = words_loss(stored[:, :size], texts[:, :size], batch.same, scale)
        total = total + recipe.text_weight * words
    return total / len(recipe.architecture.matryoshka)

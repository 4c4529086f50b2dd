"""How well a model finds drawings it has never seen, against the same model untrained."""

from random import Random

import torch
from torch.nn import functional as F

from animevec.artwork.scene import scene
from animevec.encoders.jina_clip import JinaClip
from training.compact.augment import found_view, stored_view
from training.compact.scenes import pixels_of

_UNSEEN = 10_000_000  # scene seeds from here on belong to no training set


def recall_on_drawings(model: JinaClip, count: int = 256) -> float:
    """Share of unseen drawings whose altered view finds its own stored view first (rank 1)."""
    rng, edge = Random(0), model.config.vision.image_size
    originals = [scene(_UNSEEN + k, size=(128, 180)).picture for k in range(count)]
    stored = pixels_of([stored_view(one, edge, rng) for one in originals])
    found = pixels_of([found_view(one, edge, rng) for one in originals])
    with torch.inference_mode():
        near, asked = (
            torch.cat([model.vision_model(part) for part in torch.split(views, 32)])
            for views in (stored, found)
        )
    best = (F.normalize(asked, dim=-1) @ F.normalize(near, dim=-1).T).argmax(dim=1)
    return float((best == torch.arange(count)).float().mean())


def verdict(score: float, baseline: float) -> str:
    """``VERDICT: WIN | MARGINAL | REGRESSION`` with score, baseline and their difference."""
    delta = score - baseline
    word = "WIN" if delta >= 0.05 else "MARGINAL" if delta > 0 else "REGRESSION"
    return f"VERDICT: {word} score {score:.4f} baseline {baseline:.4f} delta {delta:+.4f}"

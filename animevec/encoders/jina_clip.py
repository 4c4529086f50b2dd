"""JinaCLIP v2: configuration, both towers, and loading of the published files.

Nothing of the publisher's code runs: ``model.safetensors`` is read by its published key names.
The repository leaves the text tower's sizes to another one (jina-embeddings-v3), so they come,
in this order, from ``hf_model_config_kwargs``, from the shapes in the file, from that model.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self, TypeVar

import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn import functional as F

from animevec.encoders.checkpoint import hollow, load_state, read_json, read_shapes, read_tensors
from animevec.encoders.jina_keys import from_published, to_published
from animevec.encoders.jina_text import TextConfig, TextTower
from animevec.encoders.jina_vision import VisionConfig, VisionTower
from animevec.errors import ModelError

WEIGHTS = "model.safetensors"
C = TypeVar("C")
M = TypeVar("M", bound=nn.Module)
Shapes = Mapping[str, tuple[int, ...]]

_LAYERS = "text_model.transformer.roberta.encoder.layers."
_ONLY = {
    "naive_swiglu": True,
    "subln": True,
    "rope_embeddings": True,
    "intp_freq": True,
    "qkv_bias": True,
    "post_norm": False,
    "ls_init_value": None,
    "proj_type": None,
}


@dataclass(frozen=True, slots=True)
class JinaClipConfig:
    """Both towers and what ties them; ``instructions`` maps a task to its text prefix."""

    text: TextConfig = field(default_factory=TextConfig)
    vision: VisionConfig = field(default_factory=VisionConfig)
    matryoshka: tuple[int, ...] = ()
    logit_scale: float = 2.6592
    instructions: tuple[tuple[str, str], ...] = ()

    @classmethod
    def from_published(cls, config: Mapping[str, Any], shapes: Shapes | None = None) -> Self:
        """Build from a published ``config.json``; see the module for where sizes come from."""
        vision = _vision(config)
        kwargs = config["text_config"].get("hf_model_config_kwargs") or {}
        return cls(
            text=_text(config, vision, shapes or {}),
            vision=vision,
            matryoshka=tuple(config.get("matryoshka_dimensions") or ()),
            logit_scale=config["logit_scale_init_value"],
            instructions=tuple((kwargs.get("task_instructions") or {}).items()),
        )

    def to_published(self) -> dict[str, Any]:
        """The same configuration in the published layout; ``from_published`` undoes it."""
        projection = self.text.projection or self.vision.projection
        return {
            "model_type": "jina_clip",
            "add_projections": projection is not None,
            "projection_dim": self.text.features,
            "logit_scale_init_value": self.logit_scale,
            "matryoshka_dimensions": list(self.matryoshka),
            "text_config": {
                "model_type": "jina_clip_text",
                "embed_dim": self.text.hidden,
                "pooler_type": "mean_pooler",
                "proj_type": None,
                "default_lora_task": self.text.tasks[0] if self.text.tasks else None,
                "hf_model_config_kwargs": {
                    "hidden_size": self.text.hidden,
                    "num_hidden_layers": self.text.layers,
                    "num_attention_heads": self.text.heads,
                    "intermediate_size": self.text.ffn,
                    "vocab_size": self.text.vocabulary,
                    "type_vocab_size": self.text.token_types,
                    "pad_token_id": self.text.pad_id,
                    "layer_norm_eps": self.text.norm_eps,
                    "rotary_emb_base": self.text.rope_base,
                    "lora_adaptations": list(self.text.tasks),
                    "lora_rank": self.text.lora_rank,
                    "lora_alpha": self.text.lora_alpha,
                    "task_instructions": dict(self.instructions),
                },
            },
            "vision_config": {
                "model_type": "jina_clip_vision",
                "embed_dim": self.vision.width,
                "width": self.vision.width,
                "layers": self.vision.layers,
                "head_width": self.vision.head_width,
                "image_size": self.vision.image_size,
                "patch_size": self.vision.patch_size,
                "mlp_ratio": self.vision.mlp_ratio,
                "pt_hw_seq_len": self.vision.rope_grid,
                **_ONLY,
            },
        }


class JinaClip(nn.Module):
    """Both towers and the learned temperature, for training and for scoring pairs."""

    def __init__(self, config: JinaClipConfig) -> None:
        super().__init__()
        if config.text.features != config.vision.features:
            raise ModelError(
                f"text features are {config.text.features} wide, "
                f"picture features {config.vision.features}: they must agree"
            )
        self.config = config
        self.text_model = TextTower(config.text)
        self.vision_model = VisionTower(config.vision)
        self.logit_scale = nn.Parameter(torch.tensor(config.logit_scale))

    def forward(self, input_ids: Tensor, attention_mask: Tensor | None, pixels: Tensor) -> Tensor:
        """Scaled cosines [texts, pictures]."""
        text = F.normalize(self.text_model(input_ids, attention_mask), dim=-1)
        picture = F.normalize(self.vision_model(pixels), dim=-1)
        return self.logit_scale.exp() * text @ picture.T


def clip_loss(logits: Tensor) -> Tensor:
    """Symmetric cross entropy over the diagonal of [n, n] logits (arXiv:2103.00020, figure 3)."""
    target = torch.arange(logits.shape[0], device=logits.device)
    return (F.cross_entropy(logits, target) + F.cross_entropy(logits.T, target)) / 2


def read_config(folder: Path) -> JinaClipConfig:
    """The configuration of the model in ``folder``."""
    path = folder / "config.json"
    published, shapes = read_json(path), read_shapes(folder / WEIGHTS)
    try:
        return JinaClipConfig.from_published(published, shapes)
    except KeyError as error:
        raise ModelError(f"{path} lacks {error}; fetch it again", path=str(path)) from error
    except ModelError as error:
        raise ModelError(f"{path} does not fit: {error.message}", path=str(path)) from error


def load_clip(folder: Path, dtype: torch.dtype = torch.float32) -> JinaClip:
    """Both towers of the published layout in ``folder``, in evaluation mode."""
    model = _build(JinaClip, read_config(folder))
    return _fill(model, folder, ("",), "", dtype)


def load_text_tower(folder: Path, dtype: torch.dtype = torch.float32) -> TextTower:
    """The text tower alone."""
    model = _build(TextTower, read_config(folder).text)
    return _fill(model, folder, ("text_model.", "text_projection."), "text_model.", dtype)


def load_vision_tower(folder: Path, dtype: torch.dtype = torch.float32) -> VisionTower:
    """The picture tower alone."""
    model = _build(VisionTower, read_config(folder).vision)
    return _fill(model, folder, ("vision_model.", "visual_projection."), "vision_model.", dtype)


def save_clip(model: JinaClip, path: Path) -> None:
    """Write a model under the published key names."""
    state = {name: tensor.detach().contiguous() for name, tensor in model.state_dict().items()}
    save_file(to_published(state), path, metadata={"format": "pt"})


def _build(kind: Callable[[C], M], config: C) -> M:
    with hollow():
        return kind(config)


def _fill(model: M, folder: Path, prefixes: tuple[str, ...], own: str, dtype: torch.dtype) -> M:
    path = folder / WEIGHTS
    published = from_published(read_tensors(path, prefixes, dtype))
    state = {key.removeprefix(own): value for key, value in published.items()}
    load_state(model, state, path)
    return model.eval()


def _vision(config: Mapping[str, Any]) -> VisionConfig:
    values = config["vision_config"]
    for name, only in _ONLY.items():
        if values.get(name, only) != only:
            raise ModelError(
                f"vision_config.{name} is {values[name]!r}; only {only!r} is supported", name=name
            )
    return VisionConfig(
        width=values["width"],
        layers=values["layers"],
        head_width=values["head_width"],
        image_size=values["image_size"],
        patch_size=values["patch_size"],
        mlp_ratio=values["mlp_ratio"],
        rope_grid=values["pt_hw_seq_len"],
        projection=_projection(config),
    )


def _text(config: Mapping[str, Any], vision: VisionConfig, shapes: Shapes) -> TextConfig:
    values = config["text_config"]
    given = values.get("hf_model_config_kwargs") or {}
    hidden = values["embed_dim"]
    default = TextConfig()
    seen = _seen(shapes)
    lora = not shapes or any(key.endswith("lora_A") for key in shapes)
    return TextConfig(
        hidden=hidden,
        layers=given.get("num_hidden_layers", seen.get("layers", default.layers)),
        # Neither file states the heads; both towers of the family share one head width.
        heads=given.get("num_attention_heads", hidden // vision.head_width),
        ffn=given.get("intermediate_size", seen.get("ffn", default.ffn)),
        vocabulary=given.get("vocab_size", seen.get("vocabulary", default.vocabulary)),
        token_types=given.get("type_vocab_size", seen.get("token_types", default.token_types)),
        pad_id=given.get("pad_token_id", default.pad_id),
        norm_eps=given.get("layer_norm_eps", default.norm_eps),
        rope_base=given.get("rotary_emb_base", default.rope_base),
        tasks=tuple(given.get("lora_adaptations") or ()) if lora else (),
        lora_rank=given.get("lora_rank", default.lora_rank),
        lora_alpha=given.get("lora_alpha", default.lora_alpha),
        projection=_projection(config),
    )


def _projection(config: Mapping[str, Any]) -> int | None:
    return config["projection_dim"] if config.get("add_projections") else None


def _seen(shapes: Shapes) -> dict[str, int]:
    """Sizes of the text tower that the file's own shapes tell."""
    own = {
        "vocabulary": "embeddings.word_embeddings.",
        "token_types": "embeddings.token_type_embeddings.",
        "ffn": "encoder.layers.0.mlp.fc1.",
    }
    sizes = {
        name: shape[0]
        for name, part in own.items()
        for key, shape in shapes.items()
        if part in key and key.endswith(("weight", "original"))
    }
    layers = {key[len(_LAYERS) :].split(".")[0] for key in shapes if key.startswith(_LAYERS)}
    return sizes | ({"layers": len(layers)} if layers else {})

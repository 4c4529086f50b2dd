"""Published JinaCLIP v2 key names, to and from the names of the towers' own modules.

The published file fuses query, key and value of the text tower (``Wqkv``) and stores its LoRA as
torch parametrisations; the towers keep plain linears.  Both directions are exact.
"""

import re
from collections.abc import Mapping

import torch
from torch import Tensor

_TO_OWN = (
    (re.compile(r"^text_model\.transformer\.roberta\.(encoder\.)?"), "text_model."),
    (re.compile(r"^text_projection\."), "text_model.projection."),
    (re.compile(r"^visual_projection\."), "vision_model.projection."),
    (re.compile(r"\.parametrizations\.weight\.original$"), ".weight"),
    (re.compile(r"\.parametrizations\.weight\.0\.(lora_[AB])$"), r".\1"),
    (re.compile(r"\.attn\.([qv])_bias$"), r".attn.\1_proj.bias"),
)
_TO_PUBLISHED = (
    (re.compile(r"^text_model\.projection\."), "text_projection."),
    (re.compile(r"^vision_model\.projection\."), "visual_projection."),
    (re.compile(r"^text_model\.layers\."), "text_model.transformer.roberta.encoder.layers."),
    (re.compile(r"^text_model\.(emb)"), r"text_model.transformer.roberta.\1"),
    (re.compile(r"\.attn\.([qv])_proj\.bias$"), r".attn.\1_bias"),
)
_FUSED = "Wqkv"
_PARTS = ("q_proj", "k_proj", "v_proj")


def from_published(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Own names and tensors of a published state."""
    own: dict[str, Tensor] = {}
    for key, tensor in state.items():
        name = _rename(key, _TO_OWN)
        if _FUSED in name:
            own.update(_split(name, tensor))
        else:
            own[name] = tensor
    return own


def to_published(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Published names and tensors of a state with own names."""
    published: dict[str, Tensor] = {}
    for key in state:
        name, tensor = key, state[key]
        if ".mixer.q_proj." in name:
            name, tensor = _fuse(name, state)
        elif ".mixer.k_proj." in name or ".mixer.v_proj." in name:
            continue
        stem, _, leaf = key.rpartition(".")
        if leaf in ("lora_A", "lora_B"):
            name = f"{name.rpartition('.')[0]}.parametrizations.weight.0.{leaf}"
        elif leaf == "weight" and f"{stem}.lora_A" in state:
            name = f"{name.rpartition('.')[0]}.parametrizations.weight.original"
        published[_rename(name, _TO_PUBLISHED)] = tensor
    return published


def _rename(key: str, rules: tuple[tuple[re.Pattern[str], str], ...]) -> str:
    for pattern, replacement in rules:
        key = pattern.sub(replacement, key)
    return key


def _split(name: str, tensor: Tensor) -> dict[str, Tensor]:
    names = [name.replace(_FUSED, part) for part in _PARTS]
    if name.endswith("lora_A"):
        return {part: tensor.clone() for part in names}
    axis = 1 if name.endswith("lora_B") else 0
    return {
        part: piece.contiguous()
        for part, piece in zip(names, tensor.chunk(3, dim=axis), strict=True)
    }


def _fuse(name: str, state: Mapping[str, Tensor]) -> tuple[str, Tensor]:
    fused = name.replace("q_proj", _FUSED)
    if name.endswith("lora_A"):
        return fused, state[name]
    axis = 1 if name.endswith("lora_B") else 0
    return fused, torch.cat([state[name.replace("q_proj", part)] for part in _PARTS], dim=axis)

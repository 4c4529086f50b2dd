"""LoRA adapters as files: PEFT folders, checked before they come near a model.

Hu et al. 2021 (arXiv 2106.09685): a linear layer's output gains ``scale * B A x``.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from animevec.encoders.checkpoint import read_json, read_tensors
from animevec.errors import ModelError

CONFIG, WEIGHTS = "adapter_config.json", "adapter_model.safetensors"
_KEY = re.compile(r"(?:base_model\.model\.)?(?P<module>.+)\.lora_(?P<side>[AB])\.weight")
# Nothing that this project pools reads the pooler; PEFT wraps it with target "dense" anyway.
_UNREAD = re.compile(r"(.*\.)?pooler\.dense")
_UNSUPPORTED = ("use_dora", "modules_to_save", "fan_in_fan_out", "lora_bias", "use_qalora")


@dataclass(frozen=True, slots=True)
class Delta:
    """What one linear layer gains: ``down`` [rank, in], ``up`` [out, rank] with the scale in it."""

    down: Tensor
    up: Tensor

    @property
    def rank(self) -> int:
        """Inner width."""
        return int(self.down.shape[0])

    def weight(self) -> Tensor:
        """The same as a change of the layer's weight [out, in]."""
        return self.up @ self.down


@dataclass(frozen=True, eq=False, slots=True)
class Adapter:
    """LoRA weights by module name; ``matryoshka`` are the sizes it was trained to be cut to."""

    name: str
    deltas: Mapping[str, Delta]
    matryoshka: tuple[int, ...] = ()
    base_sha256: str | None = None


def read_adapter(name: str, folder: Path) -> Adapter:
    """A PEFT LoRA folder; raises ``ModelError`` for other kinds, NaN, odd names and halves.

    The header of the weights may carry ``base_sha256`` and ``matryoshka`` (see ``stamp``).
    """
    config = read_json(folder / CONFIG)
    _refuse_unsupported(config, folder)
    header = _header(folder / WEIGHTS)
    sizes = tuple(int(size) for size in header.get("matryoshka", "").split(",") if size)
    deltas = _deltas(read_tensors(folder / WEIGHTS), config, folder)
    return Adapter(name, deltas, sizes, header.get("base_sha256"))


def stamp(folder: Path, base_sha256: str, matryoshka: tuple[int, ...] = ()) -> None:
    """Record in an adapter's weights which base file it belongs to and how it may be cut."""
    path = folder / WEIGHTS
    metadata = {"format": "pt", "base_sha256": base_sha256}
    if matryoshka:
        metadata["matryoshka"] = ",".join(map(str, matryoshka))
    tensors = read_tensors(path)
    save_file(tensors, path, metadata=metadata)


def _header(path: Path) -> Mapping[str, str]:
    if not path.is_file():
        raise ModelError(f"{path} does not exist; an adapter needs {CONFIG} and {WEIGHTS}")
    try:
        with safe_open(path, "pt") as file:
            return file.metadata() or {}
    except SafetensorError as error:
        raise ModelError(f"{path} is not a complete safetensors file ({error})") from error


def _refuse_unsupported(config: Mapping[str, Any], folder: Path) -> None:
    if config.get("peft_type") != "LORA":
        raise ModelError(f"{folder} is {config.get('peft_type')}; only LORA adapters are served")
    used = [key for key in _UNSUPPORTED if config.get(key)]
    used += ["bias"] if config.get("bias", "none") != "none" else []
    if used:
        raise ModelError(f"{folder} uses {', '.join(used)}; train a plain LoRA without it")


def _deltas(
    tensors: Mapping[str, Tensor], config: Mapping[str, Any], folder: Path
) -> dict[str, Delta]:
    sides: dict[str, dict[str, Tensor]] = {}
    for key, tensor in tensors.items():
        match = _KEY.fullmatch(key)
        if match is None:
            raise ModelError(f"{folder} has {key}, which is no LoRA weight of a linear layer")
        if not bool(torch.isfinite(tensor).all()):
            raise ModelError(f"{folder} has values in {key} that are not finite")
        sides.setdefault(match["module"], {})[match["side"]] = tensor.float()
    halves = [module for module, pair in sides.items() if len(pair) != 2]
    if halves:
        raise ModelError(f"{folder} has only one half of the LoRA pair of {halves[0]}")
    return {
        module: Delta(pair["A"], pair["B"] * _scale(module, pair["A"].shape[0], config))
        for module, pair in sides.items()
        if not _UNREAD.fullmatch(module)
    }


def _scale(module: str, rank: int, config: Mapping[str, Any]) -> float:
    """``alpha / r``, or ``alpha / sqrt(r)`` for rank-stabilised LoRA (arXiv 2312.03732)."""
    alpha = _pattern(config.get("alpha_pattern"), module, config["lora_alpha"])
    return float(alpha / (rank**0.5 if config.get("use_rslora") else rank))


def _pattern(patterns: Mapping[str, float] | None, module: str, default: float) -> float:
    """PEFT's rule: a pattern matches a whole name or its end after a dot."""
    for pattern, value in (patterns or {}).items():
        if re.fullmatch(rf"(.*\.)?({pattern})", module):
            return value
    return default

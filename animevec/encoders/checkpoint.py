"""Reading weight files safely: one clear ``ModelError`` for every way a file can be wrong."""

import json
import pickle
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from animevec.errors import ModelError

_TOGETHER = 32
_AGAIN = "fetch it again with `animevec models fetch`"


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object; a missing or damaged file raises ``ModelError``."""
    try:
        value = json.loads(_existing(path).read_text(encoding="utf-8"))
    except ValueError as error:
        raise _unusable(path, f"is not JSON ({error})") from error
    if not isinstance(value, dict):
        raise _unusable(path, f"holds a {type(value).__name__}, not an object")
    return value


def read_shapes(path: Path) -> dict[str, tuple[int, ...]]:
    """Names and shapes of a safetensors file, without reading its tensors."""
    try:
        with safe_open(_existing(path), "pt") as file:
            return {key: tuple(file.get_slice(key).get_shape()) for key in file.keys()}  # noqa: SIM118
    except SafetensorError as error:
        raise _unusable(path, f"is not a complete safetensors file ({error})") from error


def read_tensors(
    path: Path, prefixes: tuple[str, ...] = ("",), dtype: torch.dtype | None = None
) -> dict[str, Tensor]:
    """Tensors of a ``.safetensors`` file or of a PyTorch file, whose key starts with a prefix.

    Each is converted to ``dtype`` as it is read, so that two copies of a model never meet in
    memory.  PyTorch files are read with ``weights_only=True``: a pickle that carries code is
    refused.
    """
    read = _read_safetensors if path.suffix == ".safetensors" else _read_torch
    return read(_existing(path), prefixes, dtype)


@contextmanager
def hollow() -> Iterator[None]:
    """Modules made inside have shapes and no values, for ``load_state`` to give them theirs."""
    with torch.device("meta"), _Unfilled():
        yield


class _Unfilled(TorchFunctionMode):
    """Passes over the first values of parameters.

    There are none to fill, and torch would bring its compiler along for it: 80 MB.
    """

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        named = kwargs or {}
        if getattr(func, "__module__", None) == nn.init.__name__:
            return named.get("tensor", *args[:1])
        return func(*args, **named)


def load_state(module: nn.Module, state: Mapping[str, Tensor], path: Path) -> None:
    """Give ``module`` exactly the tensors of ``state``; ``path`` is named in errors.

    Works on a module made in ``hollow``.  Missing, unknown, misshapen and non-finite
    tensors raise ``ModelError``.
    """
    expected = module.state_dict()
    _refuse_names(expected.keys() - state.keys(), "lacks", path)
    _refuse_names(state.keys() - expected.keys(), "has unknown", path)
    for key, tensor in state.items():
        if tensor.shape != expected[key].shape:
            raise _unusable(
                path,
                f"has {key} of shape {list(tensor.shape)}; "
                f"the configuration needs {list(expected[key].shape)}",
            )
    refuse_infinite(state, path)
    frozen = [name for name, value in module.named_parameters() if not value.requires_grad]
    module.load_state_dict(dict(state), strict=True, assign=True)
    for name in frozen:
        module.get_parameter(name).requires_grad_(False)


def refuse_infinite(state: Mapping[str, Tensor], path: Path) -> None:
    """Raise ``ModelError`` for the first tensor that holds NaN or infinity."""
    for key, tensor in state.items():
        if tensor.is_floating_point() and tensor.numel() and not _is_finite(tensor):
            raise _unusable(path, f"has values in {key} that are not finite")


def _is_finite(tensor: Tensor) -> bool:
    # The extremes carry NaN and infinity on, and need no temporary of the tensor's size.
    return all(bool(torch.isfinite(extreme)) for extreme in torch.aminmax(tensor))


def _read_safetensors(
    path: Path, prefixes: tuple[str, ...], dtype: torch.dtype | None
) -> dict[str, Tensor]:
    wanted = [key for key in read_shapes(path) if key.startswith(prefixes)]
    found: dict[str, Tensor] = {}
    try:
        for start in range(0, len(wanted), _TOGETHER):
            # A file that is closed gives back the pages that were read through it.
            with safe_open(path, "pt") as file:
                for key in wanted[start : start + _TOGETHER]:
                    found[key] = _copied(file.get_tensor(key), dtype)
        return found
    except SafetensorError as error:
        raise _unusable(path, f"is not a complete safetensors file ({error})") from error


def _read_torch(
    path: Path, prefixes: tuple[str, ...], dtype: torch.dtype | None
) -> dict[str, Tensor]:
    try:
        state = torch.load(
            path, map_location="cpu", weights_only=True, mmap=zipfile.is_zipfile(path)
        )
    except pickle.UnpicklingError as error:
        raise _unusable(path, "holds more than weights (code is never executed)") from error
    except (RuntimeError, EOFError, OSError, ValueError, zipfile.BadZipFile) as error:
        raise _unusable(path, f"is not a complete PyTorch file ({error})") from error
    if not isinstance(state, dict) or not all(isinstance(v, Tensor) for v in state.values()):
        raise _unusable(path, "is not a dictionary of tensors")
    wanted = [key for key in state if key.startswith(prefixes)]
    return {key: _copied(state.pop(key), dtype) for key in wanted}


def _copied(tensor: Tensor, dtype: torch.dtype | None) -> Tensor:
    """The tensor in memory of its own, so that its file can be closed, and replaced."""
    return tensor.to(dtype or tensor.dtype, copy=True)


def _existing(path: Path) -> Path:
    if not path.is_file():
        raise ModelError(
            f"model file {path} does not exist; get it with `animevec models fetch`",
            path=str(path),
        )
    return path


def _refuse_names(names: set[str], verb: str, path: Path) -> None:
    if names:
        first = ", ".join(sorted(names)[:3])
        raise _unusable(path, f"{verb} {len(names)} tensor(s): {first}")


def _unusable(path: Path, fault: str) -> ModelError:
    return ModelError(f"model file {path} {fault}; {_AGAIN}", path=str(path))

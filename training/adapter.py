"""The adapter a run leaves behind: two files that the serving side loads and checks."""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from safetensors.torch import save_file
from torch import Tensor

from animevec.encoders.adapter import CONFIG, WEIGHTS, read_adapter, stamp
from animevec.encoders.bge_m3 import weights_file
from animevec.encoders.card import ModelCard
from animevec.encoders.files import file_sha256
from animevec.errors import ModelError

if TYPE_CHECKING:
    from peft import LoraConfig
    from sentence_transformers import SentenceTransformer

LIMIT = 10 * 1024 * 1024


def keep_adapter(
    model: "SentenceTransformer",
    card: ModelCard,
    base: Path,
    matryoshka: tuple[int, ...],
    out: Path,
) -> Path:
    """Write the model's adapter to ``out``; raises what ``bind`` raises."""
    out.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as scratch:
        body: Any = model[0]
        body.model.save_pretrained(scratch)
        for name in (CONFIG, WEIGHTS):
            shutil.copyfile(Path(scratch) / name, out / name)
    return bind(out, card, weights_file(base), matryoshka)


def keep_tensors(
    tensors: Mapping[str, Tensor], config: "LoraConfig", card: ModelCard, base: Path, out: Path
) -> Path:
    """Write an adapter that is no transformers model's; raises what ``bind`` raises."""
    out.mkdir(parents=True, exist_ok=True)
    config.save_pretrained(str(out))
    save_file({name: one.contiguous().clone() for name, one in tensors.items()}, out / WEIGHTS)
    return bind(out, card, base / "model.safetensors", ())


def bind(out: Path, card: ModelCard, weights: Path, matryoshka: tuple[int, ...]) -> Path:
    """Tie an adapter's files to their base, by the card's name and the hash of its weights.

    Raises:
        ModelError: it is over 10 MB, or what was written cannot be served.
    """
    config = json.loads((out / CONFIG).read_text())
    config["base_model_name_or_path"] = card.name
    (out / CONFIG).write_text(json.dumps(config, indent=2, sort_keys=True) + "\n")
    stamp(out, file_sha256(weights), matryoshka)
    _settle(out / WEIGHTS)
    size = (out / WEIGHTS).stat().st_size
    if size > LIMIT:
        raise ModelError(
            f"the adapter has {size:,} bytes; the limit is {LIMIT:,}: lower lora.rank or narrow "
            "lora.target"
        )
    read_adapter("kept", out)
    return out


def _settle(path: Path) -> None:
    """Sort the file's header: its writer orders metadata by chance, and hashes name adapters."""
    raw = path.read_bytes()
    end = 8 + int.from_bytes(raw[:8], "little")
    header = json.dumps(json.loads(raw[8:end]), sort_keys=True, separators=(",", ":")).encode()
    header += b" " * (-len(header) % 8)
    path.write_bytes(len(header).to_bytes(8, "little") + header + raw[end:])

"""Adapters by content: a few megabytes each, named by hash, never a copy of the base."""

import hashlib
import shutil
from pathlib import Path

from animevec.errors import ModelError

FILES = ("adapter_config.json", "adapter_model.safetensors")


def adapter_sha256(folder: Path) -> str:
    """Hash over the adapter's files and their names.

    Raises:
        ModelError: a file is missing.
    """
    digest = hashlib.sha256()
    for name in FILES:
        path = folder / name
        if not path.is_file():
            raise ModelError(f"{folder} is no adapter: {name} is missing", file=str(path))
        digest.update(name.encode() + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def install(folder: Path, adapters: Path) -> Path:
    """Copy an adapter to ``adapters/<sha256>`` and return that folder; twice is once."""
    sha256 = adapter_sha256(folder)
    target = adapters / sha256
    if not target.exists():
        part = target.with_suffix(".part")
        part.mkdir(parents=True, exist_ok=True)
        for name in FILES:
            shutil.copyfile(folder / name, part / name)
        part.rename(target)
    return verify(target, sha256)


def verify(folder: Path, sha256: str) -> Path:
    """The folder, when its content has this hash.

    Raises:
        ModelError: the content has another hash.
    """
    found = adapter_sha256(folder)
    if found != sha256:
        raise ModelError(
            f"adapter {folder} is damaged: SHA-256 {found[:12]}, registered {sha256[:12]}; "
            "remove the folder and it is fetched again",
            expected=sha256,
            found=found,
        )
    return folder

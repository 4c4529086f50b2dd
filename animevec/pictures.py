"""The pictures folder: files named by the SHA-256 of their content."""

import hashlib
import os
import tempfile
from pathlib import Path


def keep(data: bytes, folder: Path) -> str:
    """Store a picture, whole and on disk before this returns, and give its SHA-256."""
    digest = hashlib.sha256(data).hexdigest()
    target = folder / digest
    if not target.exists():
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder, delete=False) as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(file.name).chmod(0o644)
        Path(file.name).replace(target)
    return digest

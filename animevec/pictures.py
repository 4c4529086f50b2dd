"""The pictures folder: files named by the SHA-256 of their content."""

import hashlib
from pathlib import Path

from animevec.replacement import replaced


def keep(data: bytes, folder: Path) -> str:
    """Store a picture, whole and on disk before this returns, and give its SHA-256."""
    digest = hashlib.sha256(data).hexdigest()
    target = folder / digest
    if not target.exists():
        folder.mkdir(parents=True, exist_ok=True)
        with replaced(target) as file:
            file.write(data)
    return digest

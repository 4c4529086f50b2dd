"""Where a version comes from: data, code and parent."""

import hashlib
import subprocess
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from animevec.settings import ROOT


class Lineage(BaseModel):
    """What was used to make a version; every field becomes a tag in MLflow."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    data_sha256: str = Field("", description="hash of the training or evaluation data")
    code_version: str = Field("", description="commit, with -dirty for uncommitted changes")
    parent: str = Field("", description="version this one was made from")
    catalog_revision: int = 0
    training_run: str = ""

    def tags(self) -> dict[str, str]:
        """Field names to text, empty ones left out."""
        return {name: str(value) for name, value in self if value}


def code_version(root: Path = ROOT) -> str:
    """The checkout's commit, or a hash over the installed kernel where there is no git."""
    command = ["git", "-C", str(root), "describe", "--always", "--dirty", "--abbrev=12"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "tree-" + _tree_sha256(root / "animevec")[:12]


def _tree_sha256(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*.py")):
        digest.update(path.relative_to(folder).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()

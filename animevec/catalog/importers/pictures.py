"""Local pictures of titles: files named by a provider's id, kept by the hash of their content."""

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image, UnidentifiedImageError

from animevec.catalog.record import Anime, Picture
from animevec.errors import InvalidRequest
from animevec.pictures import keep

SUFFIXES = {".jpg", ".jpeg", ".png", ".webp"}
FORMATS = ("JPEG", "PNG", "WEBP")


@dataclass(frozen=True, slots=True)
class Pictures:
    """A folder of ``<provider id>.jpg|png|webp``, and the folder they are kept in by SHA-256."""

    folder: Path
    kept: Path
    provider: str = "mal"
    limit: int = 10 * 1024 * 1024
    files: dict[str, Path] = field(init=False)

    def __post_init__(self) -> None:
        if not self.folder.is_dir():
            raise InvalidRequest(f"there is no folder of pictures {self.folder}")
        found = (p for p in sorted(self.folder.iterdir()) if p.suffix.lower() in SUFFIXES)
        object.__setattr__(self, "files", {p.stem: p for p in found if p.is_file()})

    def digest(self) -> str:
        """Changes whenever a file of the folder does."""
        stats = [(path.name, path.stat()) for path in self.files.values()]
        lines = [f"{name} {stat.st_size} {stat.st_mtime_ns}" for name, stat in stats]
        return hashlib.sha256("\n".join([self.provider, *lines]).encode()).hexdigest()

    def attach(self, record: Anime) -> Anime:
        """``record`` with its file as the cover; as it is where the folder has none.

        Raises:
            InvalidRequest: the file is too large, no picture, or cannot be read or kept.
        """
        path = self.files.get(record.keys.get(self.provider, ""))
        if path is None:
            return record
        cover = next((p for p in record.pictures if p.kind == "cover"), None)
        others = tuple(p for p in record.pictures if p is not cover)
        try:
            held = self._keep(path, cover.url if cover else None)
        except OSError as error:
            raise InvalidRequest(f"picture {path.name} was not kept: {error.strerror}") from error
        return record.model_copy(update={"pictures": (held, *others)})

    def _keep(self, path: Path, url: str | None) -> Picture:
        size = path.stat().st_size
        if size > self.limit:
            raise InvalidRequest(
                f"picture {path.name} has {size} bytes; the limit is {self.limit} "
                "(configs: limits.image_bytes)"
            )
        content = path.read_bytes()
        width, height = _measure(path)
        digest = keep(content, self.kept)
        return Picture(kind="cover", url=url, sha256=digest, width=width, height=height)


def _measure(path: Path) -> tuple[int, int]:
    try:
        with Image.open(path, formats=FORMATS) as image:
            image.verify()
            return image.size
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, SyntaxError) as error:
        raise InvalidRequest(f"{path.name} is no JPEG, PNG or WebP picture: {error}") from error

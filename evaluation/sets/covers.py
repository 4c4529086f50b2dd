"""Covers of the catalogue as people send them, alone and with half-remembered words.

Made from the records that keep a picture file, so every installation can measure its own.
"""

import re
from collections.abc import Callable, Sequence
from io import BytesIO
from pathlib import Path
from random import Random

from PIL import Image, ImageFilter

from animevec.catalog.record import Anime
from animevec.index.document import cover
from evaluation.alterations import ALTERATIONS
from evaluation.qrels import Judged, QuerySet
from evaluation.sets.rows import drawn, hash_of

ASKED = (
    "flip",
    "crop to 70 % of each side",
    "crop to 70 % of the area",
    "black bars",
    "recompression",
    "subtitles",
)
KEPT_SIDE = 0.3
KEPT_WORDS = 3
QUALITY = 90
SENTENCE = re.compile(r"(?<=[.!?])\s+")
COMMON_WORD = re.compile(r"(?<![\w'’-])[a-z]{4,}(?![\w'’-])")


def altered_covers(records: Sequence[Anime], pictures: Path, most: int) -> QuerySet:
    """Up to ``most`` covers under every alteration; the title of each is the only right answer."""
    queries = [
        Judged(
            f"{name}-{record.id}",
            "",
            {record.id: 1.0},
            {"alteration": name},
            picture=_sent(record, pictures, ALTERATIONS[name], name),
        )
        for name in ASKED
        for record in _covered(records, pictures, most)
    ]
    return QuerySet("covers", "picture", tuple(queries), primary="success@1")


def glimpses(records: Sequence[Anime], pictures: Path, most: int) -> QuerySet:
    """A blurred tenth of a cover with three common words of the synopsis: both say something.

    The words are those of one sentence after the first, names and capitalised words masked.
    """
    queries = []
    for record in _covered(records, pictures, len(records)):
        words = remembered(record)
        if words:
            sent = _sent(record, pictures, _glimpse, "glimpse")
            queries.append(Judged(str(record.id), words, {record.id: 1.0}, picture=sent))
    return QuerySet("glimpses", "multimodal", tuple(queries[:most]))


def remembered(record: Anime) -> str | None:
    """Three words of a synopsis without its names; None where it has not so many."""
    rng = Random(hash_of(f"words {record.id}"))
    sentences = SENTENCE.split(record.synopsis or "")[1:]
    usable = [found for one in sentences if len(found := COMMON_WORD.findall(one)) >= KEPT_WORDS]
    if not usable:
        return None
    words = rng.choice(usable)
    kept = sorted(rng.sample(range(len(words)), KEPT_WORDS))
    return " ".join(words[at] for at in kept)


def _covered(records: Sequence[Anime], pictures: Path, most: int) -> list[Anime]:
    """Records with a picture file, drawn by id."""
    having = [(str(r.id), r) for r in records if _file(r, pictures) is not None]
    return drawn(having, most)


def _file(record: Anime, pictures: Path) -> Path | None:
    picture = cover(record)
    path = pictures / picture.sha256 if picture and picture.sha256 else None
    return path if path is not None and path.is_file() else None


def _sent(
    record: Anime,
    pictures: Path,
    alter: Callable[[Image.Image, Random], Image.Image],
    name: str,
) -> bytes:
    path = _file(record, pictures)
    assert path is not None  # only covered records are asked for
    with Image.open(path) as image:
        altered = alter(image.convert("RGB"), Random(hash_of(f"{name} {record.id}")))
    out = BytesIO()
    altered.save(out, "JPEG", quality=QUALITY)
    return out.getvalue()


def _glimpse(picture: Image.Image, rng: Random) -> Image.Image:
    """30 % of each side, anywhere, blurred."""
    width, height = round(picture.width * KEPT_SIDE), round(picture.height * KEPT_SIDE)
    left, top = rng.randrange(picture.width - width), rng.randrange(picture.height - height)
    part = picture.crop((left, top, left + width, top + height))
    return part.filter(ImageFilter.GaussianBlur(1.5))

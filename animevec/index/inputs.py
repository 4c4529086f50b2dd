"""The inputs of a title: what each channel encodes, read only when it must be."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256
from pathlib import Path

from animevec.catalog.record import Anime
from animevec.encoders.base import Encoder, Head, Item, PictureItem, TextItem, View
from animevec.errors import NotFound
from animevec.index.document import PICTURE, TEXT, THUMBNAIL, cover, embedding_text
from animevec.index.vector_cache import Source
from animevec.release import EncoderRef


@dataclass(frozen=True, slots=True)
class Channel:
    """An encoder and the version of it that a release names."""

    encoder: Encoder
    ref: EncoderRef


@dataclass(frozen=True, slots=True)
class Input:
    """Where an input comes from, and how to read it.

    ``read`` raises an ``AnimevecError`` where the input cannot be had.
    """

    source: Source
    read: Callable[[], Item] = field(repr=False)


def text_input(title: Anime, channel: Channel, heads: frozenset[Head]) -> Input:
    """The text of a title for the text encoder."""
    text, ref = embedding_text(title), channel.ref
    item = TextItem(text, heads=heads, dimensions=ref.dimensions, adapter=ref.adapter_sha256)
    source = Source(ref.version, TEXT, title.id, sha256(text.encode()).digest())
    return Input(source, lambda: item)


def picture_inputs(title: Anime, channel: Channel, pictures: Path) -> Iterator[Input]:
    """The cover of a title whole and as a thumbnail; none without a picture file."""
    picture = cover(title)
    if picture is None or picture.sha256 is None:
        return
    path, content = pictures / picture.sha256, bytes.fromhex(picture.sha256)
    for name, view in ((PICTURE, View.WHOLE), (THUMBNAIL, View.FRAME)):
        source = Source(channel.ref.version, name, title.id, content)
        yield Input(source, partial(_picture_item, path, view, channel.ref))


def _picture_item(path: Path, view: View, ref: EncoderRef) -> PictureItem:
    try:
        data = path.read_bytes()
    except FileNotFoundError as error:
        raise NotFound(f"there is no picture file {path}; import it again") from error
    return PictureItem(data, ref.dimensions, ref.adapter_sha256, view)

"""Picture bytes to pixels: validate and decode, then resize, crop and normalise.

Pillow and NumPy only; the result is bit-equal to the transform published with JinaCLIP v2.
"""

import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from animevec.errors import InvalidRequest, ModelError, TooLarge, UnsupportedMedia
from animevec.settings import LimitSettings

# A thin strip blows up when its short edge is scaled to the model's: 1 x 40,000,000 pixels
# would need 10 TB.
MAX_ASPECT = 50
_DAMAGED = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    LookupError,
    EOFError,
    OverflowError,
    struct.error,
    zlib.error,
)


def decode(
    data: bytes, limits: LimitSettings | None = None, least: int | None = None
) -> Image.Image:
    """The first frame as upright RGB; an alpha channel is dropped, as the models were trained.

    Where the shorter edge need have ``least`` pixels only, a JPEG may come at a half, a quarter or
    an eighth of its size, for a fraction of the time.

    Raises ``UnsupportedMedia`` for anything but JPEG, PNG and WebP, ``TooLarge`` beyond
    ``limits.image_bytes`` or ``limits.image_pixels`` (read from the header, before decoding),
    ``InvalidRequest`` for damaged files and for strips longer than 50 times their width.
    """
    limits = limits or LimitSettings()
    if len(data) > limits.image_bytes:
        raise TooLarge(
            f"image is {len(data) / 2**20:.1f} MB; the limit is {limits.image_bytes / 2**20:.1f} MB"
            " (configs: limits.image_bytes)",
            bytes=len(data),
            limit=limits.image_bytes,
        )
    kind = sniff(data)
    try:
        with Image.open(BytesIO(data), formats=(kind,)) as image:
            _check_size(image.width, image.height, limits)
            if least is not None:
                image.draft(None, (least, least))
            image.load()
            return _rgb(ImageOps.exif_transpose(image))
    except Image.DecompressionBombError as error:
        raise TooLarge(
            f"image has too many pixels ({error}); the limit is {limits.image_pixels:,} "
            "(configs: limits.image_pixels)",
            limit=limits.image_pixels,
        ) from error
    except _DAMAGED as error:
        raise InvalidRequest(f"the {kind} image is damaged or cut short: {error}") from error


def _rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith(
        "I"
    ):  # 16 bits of grey, of which Pillow would cut off what is over 255
        image = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    return image.convert("RGB")


def sniff(data: bytes) -> str:
    """``JPEG``, ``PNG`` or ``WEBP`` by the first bytes; raises ``UnsupportedMedia``."""
    if data.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WEBP"
    start = data[:8].hex(" ") or "nothing"
    raise UnsupportedMedia(f"image starts with {start}; send a JPEG, PNG or WebP file")


def _check_size(width: int, height: int, limits: LimitSettings) -> None:
    if width * height > limits.image_pixels:
        raise TooLarge(
            f"image is {width} x {height} = {width * height:,} pixels; the limit is "
            f"{limits.image_pixels:,} (configs: limits.image_pixels)",
            width=width,
            height=height,
            limit=limits.image_pixels,
        )
    if max(width, height) > MAX_ASPECT * min(width, height):
        raise InvalidRequest(
            f"image is {width} x {height}; one edge may be at most {MAX_ASPECT} times the other, "
            "crop it first",
            width=width,
            height=height,
        )


@dataclass(frozen=True, slots=True)
class PictureTransform:
    """Shortest edge to ``size`` (bicubic, antialiased), centre crop, scale to mean and std."""

    size: int
    mean: tuple[float, float, float] = (0.48145466, 0.4578275, 0.40821073)
    std: tuple[float, float, float] = (0.26862954, 0.26130258, 0.27577711)

    @classmethod
    def from_published(cls, config: Mapping[str, Any]) -> Self:
        """Build from ``preprocessor_config.json``; other resizing raises ``ModelError``."""
        way = (config.get("resize_mode", "shortest"), config.get("interpolation", "bicubic"))
        if way != ("shortest", "bicubic"):
            raise ModelError(f"preprocessor resizes by {way}; only shortest, bicubic is supported")
        return cls(config["size"], tuple(config["mean"]), tuple(config["std"]))

    def fit(self, image: Image.Image) -> NDArray[np.uint8]:
        """Resize and crop an RGB image to uint8 [size, size, 3]."""
        width, height = image.size
        short = min(width, height)
        scaled = (int(self.size * width / short), int(self.size * height / short))
        left, top = (round((edge - self.size) / 2) for edge in scaled)
        resized = image.resize(scaled, Image.Resampling.BICUBIC)
        box = (left, top, left + self.size, top + self.size)
        return np.asarray(resized.crop(box), dtype=np.uint8)

    def normalise(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Float32 [n, 3, size, size] of uint8 [n, size, size, 3]."""
        scaled = np.empty((len(pixels), 3, *pixels.shape[1:3]), np.float32)
        grey = np.arange(256, dtype=np.float32) / np.float32(255)
        for at, (mean, std) in enumerate(zip(self.mean, self.std, strict=True)):
            levels = (grey - np.float32(mean)) / np.float32(std)  # few values: looked up
            np.take(levels, pixels[..., at], out=scaled[:, at])
        return scaled

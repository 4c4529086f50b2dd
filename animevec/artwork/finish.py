"""The surface of an era: halftone, scan lines, film grain, bloom."""

from functools import cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageChops, ImageEnhance, ImageFilter

from animevec.artwork.palette import Era


@cache
def _noise(size: tuple[int, int], strength: int) -> NDArray[np.int16]:
    # RandomState's stream is frozen by NumPy's compatibility promise; Generator's is not.
    grey = np.random.RandomState(20240).randint(-strength, strength + 1, (size[1], size[0], 1))
    return grey.astype(np.int16)


def grain(picture: Image.Image, strength: int) -> Image.Image:
    """Grey noise of plus or minus ``strength`` levels."""
    pixels = np.asarray(picture, dtype=np.int16) + _noise(picture.size, strength)
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


@cache
def _dots(size: tuple[int, int], pitch: int) -> Image.Image:
    y, x = np.mgrid[0 : size[1], 0 : size[0]].astype(np.float32)
    u, v = (x + y) * np.float32(np.pi / pitch), (x - y) * np.float32(np.pi / pitch)
    level = 245 + 10 * np.cos(u) * np.cos(v)
    return Image.fromarray(level.astype(np.uint8)).convert("RGB")


@cache
def _scanlines(size: tuple[int, int], pitch: int) -> Image.Image:
    rows = np.where(np.arange(size[1]) % pitch == 0, 214, 255).astype(np.uint8)
    lines = np.broadcast_to(rows[:, None], (size[1], size[0]))
    return Image.fromarray(np.ascontiguousarray(lines)).convert("RGB")


def bloom(picture: Image.Image, share: float) -> Image.Image:
    """Light that bleeds: the picture screened with its own blur."""
    small = picture.reduce(4).filter(ImageFilter.GaussianBlur(3)).resize(picture.size)
    return Image.blend(picture, ImageChops.screen(picture, small), share)


def finish(picture: Image.Image, era: Era) -> Image.Image:
    """The picture with the surface of its era."""
    pitch = max(2, picture.width // 100)
    if era is Era.FILM:
        return grain(ImageChops.multiply(picture, _dots(picture.size, 2 * pitch)), 9)
    if era is Era.NEON:
        return bloom(ImageChops.multiply(picture, _scanlines(picture.size, pitch)), 0.4)
    if era is Era.CEL:
        return grain(ImageEnhance.Contrast(picture).enhance(1.12), 5)
    if era is Era.GLOSS:
        return bloom(picture, 0.35)
    if era is Era.VIVID:
        return ImageEnhance.Color(picture).enhance(1.15)
    return grain(bloom(picture, 0.22), 4)

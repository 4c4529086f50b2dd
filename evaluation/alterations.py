"""Pictures as people have them: each function alters one the way a user's copy is altered."""

from collections.abc import Callable
from io import BytesIO
from random import Random

import numpy as np
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageFont, ImageOps

Alteration = Callable[[Image.Image, Random], Image.Image]


def unchanged(picture: Image.Image, rng: Random) -> Image.Image:
    """The stored picture itself."""
    return picture


def flip(picture: Image.Image, rng: Random) -> Image.Image:
    """Mirrored."""
    return ImageOps.mirror(picture)


def crop(picture: Image.Image, rng: Random) -> Image.Image:
    """Cropped to 70 % of each side (49 % of the area), anywhere."""
    width, height = round(picture.width * 0.7), round(picture.height * 0.7)
    left, top = rng.randrange(picture.width - width), rng.randrange(picture.height - height)
    return picture.crop((left, top, left + width, top + height))


def crop_area(picture: Image.Image, rng: Random) -> Image.Image:
    """Cropped to 70 % of the area, anywhere."""
    width, height = round(picture.width * 0.7**0.5), round(picture.height * 0.7**0.5)
    left, top = rng.randrange(picture.width - width), rng.randrange(picture.height - height)
    return picture.crop((left, top, left + width, top + height))


def crop_centre(picture: Image.Image, rng: Random) -> Image.Image:
    """The middle 70 % of each side."""
    return ImageOps.crop(picture, (round(picture.width * 0.15), round(picture.height * 0.15)))


def bars(picture: Image.Image, rng: Random) -> Image.Image:
    """Black bars above and below, or beside, of 15 % each."""
    across, down = (0.15, 0.0) if rng.random() < 0.5 else (0.0, 0.15)
    border = round(picture.width * across), round(picture.height * down)
    return ImageOps.expand(picture, border, (0, 0, 0))


def widescreen(picture: Image.Image, rng: Random) -> Image.Image:
    """The whole cover in the middle of a black 16:9 frame."""
    frame = Image.new("RGB", (round(picture.height * 16 / 9), picture.height))
    frame.paste(picture, ((frame.width - picture.width) // 2, 0))
    return frame


def recompress(picture: Image.Image, rng: Random) -> Image.Image:
    """Halved in size, JPEG at quality 20."""
    return _jpeg(picture.resize((picture.width // 2, picture.height // 2)), 20)


def subtitles(picture: Image.Image, rng: Random) -> Image.Image:
    """Two outlined lines across the lower part."""
    drawn = picture.copy()
    pen, size = ImageDraw.Draw(drawn), max(10, picture.height // 16)
    letters = ImageFont.load_default(size)
    for line in range(2):
        text = "".join(rng.choices("abcdefghij klmnop rstuvw ", k=24))
        at = picture.width / 2, picture.height * 0.82 + line * size * 1.2
        pen.text(at, text, "white", letters, "ma", stroke_width=2, stroke_fill="black")
    return drawn


def recolour(picture: Image.Image, rng: Random) -> Image.Image:
    """Brighter or darker, duller or more vivid, up to 30 % each."""
    for change in (ImageEnhance.Brightness, ImageEnhance.Color, ImageEnhance.Contrast):
        picture = change(picture).enhance(rng.uniform(0.7, 1.3))
    return picture


def photo(picture: Image.Image, rng: Random) -> Image.Image:
    """Photographed from a screen: tilted, off axis, with glare, soft, on a dark ground."""
    width, height = picture.size
    corners = [(0, 0), (0, height), (width, height), (width, 0)]
    pull = 0.08 * width
    quad = [v + rng.uniform(-pull, pull * 0.4) * (1 if v == 0 else -1) for c in corners for v in c]
    ground = (rng.randrange(30, 70),) * 3
    tilted = picture.transform(
        (width, height), Image.Transform.QUAD, quad, Image.Resampling.BICUBIC, fillcolor=ground
    )
    y, x = np.mgrid[0 : 1 : height * 1j, 0 : 1 : width * 1j]
    far = (x - rng.random()) ** 2 + (y - rng.random()) ** 2
    lit = np.asarray(tilted) * 0.9 + 90 * np.exp(-far / 0.05)[..., None]
    soft = Image.fromarray(lit.clip(0, 255).astype(np.uint8)).filter(ImageFilter.GaussianBlur(0.8))
    return _jpeg(soft, 60)


def screenshot(picture: Image.Image, rng: Random) -> Image.Image:
    """Mirrored, cropped to 80 % of each side, subtitled, framed in black and recompressed."""
    width, height = round(picture.width * 0.8), round(picture.height * 0.8)
    left, top = rng.randrange(picture.width - width), rng.randrange(picture.height - height)
    part = picture.crop((left, top, left + width, top + height))
    return _jpeg(bars(subtitles(flip(part, rng), rng), rng), 40)


def _jpeg(picture: Image.Image, quality: int) -> Image.Image:
    file = BytesIO()
    picture.save(file, "JPEG", quality=quality)
    with Image.open(file) as read:
        return read.convert("RGB")


ALTERATIONS: dict[str, Alteration] = {
    "unchanged": unchanged,
    "flip": flip,
    "crop to 70 % of each side": crop,
    "crop to 70 % of the area": crop_area,
    "centre crop to 70 %": crop_centre,
    "black bars": bars,
    "16:9 frame": widescreen,
    "recompression": recompress,
    "subtitles": subtitles,
    "colours": recolour,
    "phone photo": photo,
    "flip + crop + subtitles + bars": screenshot,
}

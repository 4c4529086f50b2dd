"""How people have pictures: cropped, mirrored, framed, subtitled, recompressed, photographed."""

from io import BytesIO
from random import Random

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from animevec.artwork.lettering import font

Box = tuple[float, float, float, float]
_LINE = "where are you going we have to hurry I never said that it is only the wind"
_WORDS = tuple(_LINE.split())


def stored_view(picture: Image.Image, edge: int, rng: Random) -> Image.Image:
    """The picture as an index has it: whole and squashed, or its centre square."""
    box = _square(picture) if rng.random() < 0.5 else (0.0, 0.0, *picture.size)
    view = picture.resize((edge, edge), Image.Resampling.BILINEAR, box=box, reducing_gap=1.5)
    return _recompressed(view, rng) if rng.random() < 0.3 else view


def found_view(picture: Image.Image, edge: int, rng: Random) -> Image.Image:
    """The picture as somebody sends it: several of the changes above at once."""
    if rng.random() < 0.35:
        picture = _subtitled(picture, rng)
    view = _framed(picture, edge, rng)
    if rng.random() < 0.7:
        view = _recoloured(view, rng)
    if rng.random() < 0.2:
        view = view.filter(ImageFilter.GaussianBlur(rng.uniform(0.3, 1.4)))
    return _recompressed(view, rng) if rng.random() < 0.5 else view


def _square(picture: Image.Image) -> Box:
    width, height = picture.size
    edge = min(width, height)
    left, top = (width - edge) / 2, (height - edge) / 2
    return left, top, left + edge, top + edge


def _crop(picture: Image.Image, rng: Random) -> Box:
    """A box that keeps 50 to 100 % of each side, sometimes made square."""
    width, height = picture.size
    across, down = rng.uniform(0.5, 1), rng.uniform(0.5, 1)
    if rng.random() < 0.4:
        across = down = max(across, down)
    w, h = width * across, height * down
    if rng.random() < 0.5:
        w = h = min(w, h)
    left, top = rng.uniform(0, width - w), rng.uniform(0, height - h)
    return left, top, left + w, top + h


def _framed(picture: Image.Image, edge: int, rng: Random) -> Image.Image:
    """Crop, tilt, perspective and mirror in one resampling; then bars or a border."""
    box: Box = (0.0, 0.0, float(picture.width), float(picture.height))
    if rng.random() < 0.65:
        box = _crop(picture, rng)
    elif rng.random() < 0.5:
        box = _square(picture)
    x0, y0, x1, y1 = box
    corners = [(x0, y0), (x0, y1), (x1, y1), (x1, y0)]
    if rng.random() < 0.3:
        sway = 0.07 * min(x1 - x0, y1 - y0)
        corners = [(x + rng.uniform(-sway, sway), y + rng.uniform(-sway, sway)) for x, y in corners]
    if rng.random() < 0.5:
        corners = [corners[3], corners[2], corners[1], corners[0]]
    bars = rng.random() < 0.3
    across = round(edge * rng.uniform(0.6, 1)) if bars and rng.random() < 0.6 else edge
    down = (
        round(edge * rng.uniform(0.6, 1))
        if bars and (across == edge or rng.random() < 0.3)
        else edge
    )
    quad = [value for corner in corners for value in corner]
    small = rng.uniform(0.4, 1) if rng.random() < 0.3 else 1.0
    size = max(24, round(across * small)), max(24, round(down * small))
    view = picture.transform(size, Image.Transform.QUAD, quad, Image.Resampling.BILINEAR)
    view = view.resize((across, down), Image.Resampling.BILINEAR) if small < 1 else view
    if (across, down) == (edge, edge):
        return view
    shade = rng.choice((0, 0, 0, 16, 128, 245))
    frame = Image.new("RGB", (edge, edge), (shade,) * 3)
    frame.paste(view, ((edge - across) // 2, (edge - down) // 2))
    return frame


def _subtitled(picture: Image.Image, rng: Random) -> Image.Image:
    drawn = picture.copy()
    pen = ImageDraw.Draw(drawn, "RGBA")
    width, height = drawn.size
    size = rng.randrange(height // 22, height // 10)
    y = height * rng.choice((rng.uniform(0.72, 0.9), rng.uniform(0.72, 0.9), 0.03))
    if rng.random() < 0.3:
        pen.rectangle((0, y - 2, width, y + 2.4 * size), fill=(0, 0, 0, rng.randrange(90, 255)))
    ink = rng.choice(((255, 255, 255), (255, 255, 255), (255, 240, 60), (10, 10, 10)))
    for line in range(rng.randrange(1, 3)):
        words = " ".join(rng.choices(_WORDS, k=rng.randrange(3, 7)))
        at = width * rng.uniform(-0.05, 0.3), y + line * size * 1.15
        outline = (0, 0, 0) if ink[0] > 99 else (255, 255, 255)
        pen.text(at, words, fill=ink, font=font(size), stroke_width=1, stroke_fill=outline)
    return drawn


def _recoloured(view: Image.Image, rng: Random) -> Image.Image:
    """Brightness, contrast, saturation and tint; sometimes glare across the picture."""
    pixels: NDArray[np.floating] = np.asarray(view, dtype=np.float32) / 255
    grey = pixels.mean(-1, keepdims=True)
    pixels = grey + (pixels - grey) * rng.uniform(0.5, 1.5)
    pixels = (pixels - 0.5) * rng.uniform(0.7, 1.35) + 0.5 + rng.uniform(-0.15, 0.15)
    pixels = pixels * np.array([rng.uniform(0.86, 1.14) for _ in range(3)], dtype=np.float32)
    if rng.random() < 0.15:
        y, x = np.mgrid[-1 : 1 : view.height * 1j, -1 : 1 : view.width * 1j].astype(np.float32)
        far = (x - rng.uniform(-1, 1)) ** 2 + (y - rng.uniform(-1, 1)) ** 2
        pixels = pixels + rng.uniform(0.2, 0.7) * np.exp(-far / rng.uniform(0.1, 0.6))[..., None]
    return Image.fromarray((pixels.clip(0, 1) * 255).astype(np.uint8))


def _recompressed(view: Image.Image, rng: Random) -> Image.Image:
    file = BytesIO()
    view.save(file, "JPEG", quality=rng.randrange(15, 75))
    with Image.open(file) as read:
        return read.convert("RGB")

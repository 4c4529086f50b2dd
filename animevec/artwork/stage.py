"""The canvas: widths as units, twice the size while drawing, smooth when finished."""

from collections.abc import Iterable, Sequence
from functools import cache
from math import cos, pi, sin
from random import Random

import numpy as np
from PIL import Image, ImageDraw

from animevec.artwork.palette import Colour, Palette

Point = tuple[float, float]
Ink = Colour | tuple[int, int, int, int]
_OVERSAMPLE = 2


@cache
def _disc_of_light() -> Image.Image:
    """A 256 x 256 mask, white in the middle, smoothly black at the edge."""
    return Image.radial_gradient("L").point(lambda v: max(0, 255 - round(v * 1.42)))


class Stage:
    """A picture being drawn. Coordinates are in picture widths: x 0..1, y 0..``tall``."""

    def __init__(self, size: tuple[int, int], palette: Palette, rng: Random) -> None:
        self.size = size
        self.width, self.height = size[0] * _OVERSAMPLE, size[1] * _OVERSAMPLE
        self.tall = size[1] / size[0]
        self.palette = palette
        self.rng = rng
        self.image = Image.new("RGB", (self.width, self.height), palette.sky)
        self.pen = ImageDraw.Draw(self.image, "RGBA")

    def scaled(self, points: Iterable[Point]) -> list[Point]:
        """Points in pixels of the oversampled canvas."""
        return [(x * self.width, y * self.width) for x, y in points]

    def polygon(self, points: Iterable[Point], ink: Ink) -> None:
        """A filled polygon."""
        self.pen.polygon(self.scaled(points), fill=ink)

    def line(self, points: Iterable[Point], ink: Ink, width: float) -> None:
        """A line with round joints; ``width`` in picture widths."""
        pixels = max(1, round(width * self.width))
        self.pen.line(self.scaled(points), fill=ink, width=pixels, joint="curve")

    def oval(self, x: float, y: float, rx: float, ry: float, ink: Ink) -> None:
        """A filled ellipse round (x, y)."""
        (x0, y0), (x1, y1) = self.scaled([(x - rx, y - ry), (x + rx, y + ry)])
        self.pen.ellipse((x0, y0, x1, y1), fill=ink)

    def disc(self, x: float, y: float, r: float, ink: Ink) -> None:
        """A filled circle."""
        self.oval(x, y, r, r, ink)

    def ring(self, x: float, y: float, r: float, ink: Ink, width: float) -> None:
        """A circle's line."""
        (x0, y0), (x1, y1) = self.scaled([(x - r, y - r), (x + r, y + r)])
        pixels = max(1, round(width * self.width))
        self.pen.ellipse((x0, y0, x1, y1), outline=ink, width=pixels)

    def box(self, x0: float, y0: float, x1: float, y1: float, ink: Ink, round_: float = 0) -> None:
        """A filled rectangle, its corners rounded by ``round_`` widths."""
        (a, b), (c, d) = self.scaled([(min(x0, x1), min(y0, y1)), (max(x0, x1), max(y0, y1))])
        self.pen.rounded_rectangle((a, b, c, d), radius=round_ * self.width, fill=ink)

    def star(
        self, x: float, y: float, r: float, ink: Ink, spikes: int = 5, waist: float = 0.42
    ) -> None:
        """A star (or with a large ``waist`` a flower, a gear, a burst)."""
        steps = [(r if k % 2 == 0 else r * waist, pi * k / spikes) for k in range(2 * spikes)]
        self.polygon([(x + q * sin(turn), y - q * cos(turn)) for q, turn in steps], ink)

    def gradient(self, stops: Sequence[Colour], y0: float = 0.0, y1: float | None = None) -> None:
        """Vertical blend through ``stops`` between two heights."""
        top = round(y0 * self.width)
        bottom = self.height if y1 is None else min(self.height, round(y1 * self.width))
        if bottom <= top:
            return
        at = np.linspace(0, len(stops) - 1, bottom - top)
        column = np.stack(
            [np.interp(at, range(len(stops)), [s[c] for s in stops]) for c in range(3)], axis=-1
        )
        strip = Image.fromarray(np.round(column[:, None]).astype(np.uint8))
        self.image.paste(
            strip.resize((self.width, bottom - top), Image.Resampling.NEAREST), (0, top)
        )

    def glow(self, x: float, y: float, r: float, colour: Colour, strength: float = 1.0) -> None:
        """Light that fades to nothing at radius ``r``."""
        edge = max(2, round(2 * r * self.width))
        mask = _disc_of_light().resize((edge, edge), Image.Resampling.BILINEAR)
        if strength < 1:
            mask = mask.point(lambda v: round(v * strength))
        corner = round((x - r) * self.width), round((y - r) * self.width)
        self.image.paste(colour, (corner[0], corner[1], corner[0] + edge, corner[1] + edge), mask)

    def spread(self, low: float, high: float) -> float:
        """A random number between two bounds."""
        return low + (high - low) * self.rng.random()

    def finished(self) -> Image.Image:
        """The picture at its real size."""
        return self.image.reduce(_OVERSAMPLE)

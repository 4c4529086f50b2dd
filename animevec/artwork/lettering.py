"""Titles: Pillow's own font for Latin names, and brush strokes that only look like writing."""

from functools import cache
from random import Random

from PIL import ImageFont

from animevec.artwork.palette import Colour
from animevec.artwork.stage import Stage


@cache
def font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """The font inside Pillow, so that no system font changes a picture."""
    return ImageFont.load_default(size)


def wrapped(title: str, width: int) -> list[str]:
    """At most four lines of about ``width`` characters; what is left over is dropped."""
    lines: list[str] = []
    for word in title.split():
        if lines and len(lines[-1]) + len(word) < width:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines[:4]


def draw_title(
    stage: Stage, title: str, at: float, ink: Colour, edge: Colour, big: float = 0.12
) -> None:
    """The title in centred lines from height ``at`` down, moved up where it would not fit."""
    lines = wrapped(title.upper(), 14)
    longest = max(len(line) for line in lines)
    size = max(8, round(stage.width * min(big, 1.35 / longest)))
    letters, stroke = font(size), max(1, size // 9)
    room = stage.height - stage.width * 0.09 - len(lines) * size * 1.12
    y = min(at * stage.width, room)
    for line in lines:
        width = letters.getbbox(line, stroke_width=stroke)[2]
        corner = (stage.width - width) / 2, y
        stage.pen.text(corner, line, fill=ink, font=letters, stroke_width=stroke, stroke_fill=edge)
        stage.pen.text(
            corner, line, fill=ink, font=letters, stroke_width=stroke // 3, stroke_fill=ink
        )
        y += size * 1.12


def draw_glyphs(
    stage: Stage, x: float, y: float, size: float, count: int, ink: Colour, upright: bool = True
) -> None:
    """A row (or an ``upright`` column) of invented characters from (x, y), ``size`` widths each."""
    rng = Random(stage.rng.random())
    width = rng.uniform(0.09, 0.17) * size
    for k in range(count):
        left, top = (x, y + k * size * 1.12) if upright else (x + k * size * 1.08, y)
        for _ in range(rng.randrange(3, 7)):
            _stroke(stage, rng, left, top, size, ink, width)


def _stroke(
    stage: Stage, rng: Random, x: float, y: float, size: float, ink: Colour, width: float
) -> None:
    a, b = rng.random() * 0.5, rng.random() * 0.9
    kind = rng.randrange(4)
    ends = {
        0: ((a, b), (1.0 - a * 0.5, b)),
        1: ((b, a), (b, 1.0 - a * 0.5)),
        2: ((b, a * 0.4), (0.5 * b, 0.95)),
        3: ((a, b), (0.9, b), (0.85, 0.95)),
    }[kind]
    stage.line([(x + u * size, y + v * size) for u, v in ends], ink, width)

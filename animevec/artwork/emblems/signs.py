"""Signs of love, luck and magic."""

from math import pi

from animevec.artwork.emblems.shape import GOLD, WHITE, rim
from animevec.artwork.palette import mix
from animevec.artwork.stage import Stage


def circle(s: Stage, x: float, y: float, r: float) -> None:
    ink = mix(s.palette.spark, WHITE, 0.3)
    s.glow(x, y, r * 1.6, s.palette.spark, 0.5)
    for q in (1.0, 0.86, 0.45):
        s.ring(x, y, r * q, ink, r * 0.05)
    for turn in (0.0, pi / 3):
        corners = rim(x, y, r * 0.86, 3, turn)
        s.line([*corners, corners[0]], ink, r * 0.045)
    for px, py in rim(x, y, r * 0.93, 12):
        s.disc(px, py, r * 0.04, ink)


def heart(s: Stage, x: float, y: float, r: float) -> None:
    ink = s.palette.accent
    for side in (-1, 1):
        s.disc(x + side * r * 0.48, y - r * 0.3, r * 0.56, ink)
    s.polygon(
        ((x - r * 0.98, y - 0.05 * r), (x, y + r), (x + r * 0.98, y - 0.05 * r), (x, y - r * 0.5)),
        ink,
    )
    s.oval(x - r * 0.5, y - r * 0.45, r * 0.2, r * 0.14, (*WHITE, 200))


def portal(s: Stage, x: float, y: float, r: float) -> None:
    s.glow(x, y, r * 1.9, s.palette.spark, 0.9)
    for k in range(4):
        ink = mix(s.palette.accent, WHITE, 0.22 * k)
        s.oval(x, y, r * (0.8 - 0.15 * k), r * (1.15 - 0.22 * k), ink)


def splash(s: Stage, x: float, y: float, r: float) -> None:
    ink = (150, 8, 18)
    s.star(x, y, r * 1.1, ink, 13, 0.55)
    s.disc(x, y, r * 0.7, ink)
    for _ in range(14):
        s.disc(x + s.spread(-2, 2) * r, y + s.spread(-2, 2) * r, r * s.spread(0.04, 0.16), ink)
    s.polygon(((x - r * 0.3, y), (x - r * 0.22, y + r * 2), (x - r * 0.1, y)), ink)


def star(s: Stage, x: float, y: float, r: float) -> None:
    s.star(x, y, r * 1.1, s.palette.ink)
    s.star(x, y, r, mix(s.palette.spark, GOLD, 0.5))


def wand(s: Stage, x: float, y: float, r: float) -> None:
    s.line(
        ((x - r * 0.8, y + r * 1.1), (x + r * 0.2, y - r * 0.2)),
        mix(s.palette.accent, WHITE, 0.4),
        r * 0.14,
    )
    s.glow(x + r * 0.35, y - r * 0.4, r, s.palette.spark, 0.7)
    s.star(x + r * 0.35, y - r * 0.4, r * 0.6, GOLD)
    for _ in range(6):
        s.star(x + s.spread(-1.2, 1.2) * r, y + s.spread(-1.2, 1.2) * r, r * 0.14, WHITE, 4, 0.3)

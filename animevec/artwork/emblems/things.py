"""Things of school, home and travel."""

from math import cos, pi, sin

from animevec.artwork.emblems.shape import GOLD, WHITE, rim
from animevec.artwork.palette import mix
from animevec.artwork.stage import Stage


def balloon(s: Stage, x: float, y: float, r: float) -> None:
    for dx, dy, ink in (
        (-0.6, 0.1, s.palette.spark),
        (0.6, 0.0, s.palette.far),
        (0.0, -0.4, s.palette.accent),
    ):
        s.line(((x + dx * r, y + dy * r), (x, y + r * 1.6)), s.palette.ink, r * 0.03)
        s.oval(x + dx * r, y + dy * r, r * 0.5, r * 0.62, ink)
        s.oval(x + dx * r - r * 0.18, y + dy * r - r * 0.25, r * 0.1, r * 0.16, (*WHITE, 190))


def book(s: Stage, x: float, y: float, r: float) -> None:
    for side, ink in ((-1, WHITE), (1, s.palette.paper)):
        s.polygon(
            (
                (x, y - r * 0.5),
                (x + side * r, y - r * 0.7),
                (x + side * r, y + r * 0.5),
                (x, y + r * 0.7),
            ),
            s.palette.accent,
        )
        s.polygon(
            (
                (x, y - r * 0.45),
                (x + side * r * 0.9, y - r * 0.65),
                (x + side * r * 0.9, y + r * 0.4),
                (x, y + r * 0.6),
            ),
            ink,
        )
        for k in range(4):
            yy = y - r * 0.35 + k * r * 0.2
            s.line(
                ((x + side * r * 0.15, yy), (x + side * r * 0.75, yy - r * 0.12)),
                (*s.palette.ink, 150),
                r * 0.04,
            )


def bowl(s: Stage, x: float, y: float, r: float) -> None:
    s.oval(x, y, r, r * 0.34, mix((246, 214, 150), s.palette.spark, 0.2))
    for k in range(6):
        s.line(
            ((x - r * 0.7 + k * r * 0.26, y - r * 0.1), (x - r * 0.5 + k * r * 0.2, y + r * 0.14)),
            (236, 180, 80),
            r * 0.06,
        )
    s.disc(x + r * 0.3, y - r * 0.05, r * 0.22, WHITE)
    s.disc(x + r * 0.3, y - r * 0.05, r * 0.11, (250, 170, 50))
    half = [(x + r * cos(pi * t / 10), y + r * 0.95 * sin(pi * t / 10)) for t in range(11)]
    s.polygon(half, s.palette.accent)
    s.line(((x + r * 0.1, y - r * 0.1), (x + r * 1.1, y - r * 1.1)), (120, 70, 40), r * 0.07)
    s.line(((x + r * 0.3, y - r * 0.05), (x + r * 1.25, y - r)), (120, 70, 40), r * 0.07)


def brush(s: Stage, x: float, y: float, r: float) -> None:
    s.oval(x, y, r, r * 0.75, (206, 160, 110))
    for k, (px, py) in enumerate(rim(x, y, r * 0.55, 5, 0.4)):
        s.disc(
            px,
            py,
            r * 0.16,
            (s.palette.accent, s.palette.spark, s.palette.sky, WHITE, s.palette.near)[k],
        )
    s.line(((x - r * 0.9, y + r), (x + r * 0.9, y - r)), (120, 70, 40), r * 0.1)


def clock(s: Stage, x: float, y: float, r: float) -> None:
    s.disc(x, y, r, GOLD)
    s.disc(x, y, r * 0.85, s.palette.paper)
    for px, py in rim(x, y, r * 0.7, 12):
        s.disc(px, py, r * 0.06, s.palette.ink)
    s.line(((x, y - r * 0.6), (x, y), (x + r * 0.38, y + r * 0.24)), s.palette.ink, r * 0.08)


def compass(s: Stage, x: float, y: float, r: float) -> None:
    s.disc(x, y, r, GOLD)
    s.disc(x, y, r * 0.84, s.palette.paper)
    s.star(x, y, r * 0.75, s.palette.far, 4, 0.3)
    s.polygon(((x, y - r * 0.72), (x + r * 0.16, y), (x - r * 0.16, y)), s.palette.accent)


def cross(s: Stage, x: float, y: float, r: float) -> None:
    s.disc(x, y, r, WHITE)
    s.box(x - r * 0.18, y - r * 0.65, x + r * 0.18, y + r * 0.65, (214, 44, 56))
    s.box(x - r * 0.65, y - r * 0.18, x + r * 0.65, y + r * 0.18, (214, 44, 56))


def cup(s: Stage, x: float, y: float, r: float) -> None:
    s.ring(x + r * 0.7, y + r * 0.1, r * 0.35, s.palette.accent, r * 0.12)
    s.polygon(
        (
            (x - r * 0.75, y - r * 0.4),
            (x + r * 0.75, y - r * 0.4),
            (x + r * 0.5, y + r * 0.8),
            (x - r * 0.5, y + r * 0.8),
        ),
        s.palette.accent,
    )
    s.oval(x, y - r * 0.4, r * 0.75, r * 0.2, (100, 62, 40))
    for k in (-1, 0, 1):
        s.line(
            [(x + k * r * 0.3 + r * 0.1 * sin(t), y - r * 0.6 - r * 0.13 * t) for t in range(6)],
            (*WHITE, 170),
            r * 0.07,
        )


def kite(s: Stage, x: float, y: float, r: float) -> None:
    s.line([(x + r * 0.2 * sin(t), y + r + r * 0.2 * t) for t in range(7)], s.palette.ink, r * 0.04)
    s.polygon(((x, y - r), (x + r * 0.7, y), (x, y + r), (x - r * 0.7, y)), s.palette.accent)
    s.polygon(((x, y - r), (x + r * 0.7, y), (x, y)), s.palette.spark)


def lens(s: Stage, x: float, y: float, r: float) -> None:
    s.line(((x + r * 0.4, y + r * 0.4), (x + r * 1.15, y + r * 1.15)), (110, 70, 44), r * 0.24)
    s.disc(x, y, r * 0.72, (*mix(s.palette.haze, WHITE, 0.5), 170))
    s.ring(x, y, r * 0.78, GOLD, r * 0.14)

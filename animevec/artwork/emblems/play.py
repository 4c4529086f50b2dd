"""Games, stages and ceremonies."""

from math import cos, pi, sin

from animevec.artwork.emblems.shape import GOLD, STEEL, WHITE, rim
from animevec.artwork.emblems.signs import heart
from animevec.artwork.palette import mix
from animevec.artwork.stage import Stage


def ball(s: Stage, x: float, y: float, r: float) -> None:
    kind = s.rng.randrange(4)
    if kind == 1:
        basketball(s, x, y, r)
        return
    s.disc(x, y, r, (WHITE, WHITE, (250, 246, 236), (210, 230, 70))[kind])
    if kind == 0:
        for px, py in [(x, y), *rim(x, y, r * 0.8, 5)]:
            s.polygon(rim(px, py, r * 0.28, 5), (24, 24, 30))
    else:
        seam = (210, 40, 40) if kind == 2 else WHITE
        for side in (-1, 1):
            s.line(
                [
                    (x + side * r * (0.9 - 0.45 * sin(pi * t / 8)), y - r * 0.8 + 1.6 * r * t / 8)
                    for t in range(9)
                ],
                seam,
                r * 0.09,
            )
    s.ring(x, y, r, s.palette.ink, r * 0.06)


def basketball(s: Stage, x: float, y: float, r: float) -> None:
    s.disc(x, y, r, (236, 130, 50))
    s.line(((x - r, y), (x + r, y)), (60, 30, 20), r * 0.07)
    s.line(((x, y - r), (x, y + r)), (60, 30, 20), r * 0.07)
    s.ring(x, y, r * 0.6, (60, 30, 20), r * 0.07)
    s.ring(x, y, r, s.palette.ink, r * 0.06)


def cards(s: Stage, x: float, y: float, r: float) -> None:
    for k in (-1, 0, 1):
        lean = k * 0.35 * r
        s.polygon(
            (
                (x + lean - r * 0.5, y - r * 0.8 + abs(k) * r * 0.12),
                (x + lean + r * 0.3, y - r * 0.8 + abs(k) * r * 0.12),
                (x + lean * 0.3 + r * 0.3, y + r * 0.6),
                (x + lean * 0.3 - r * 0.5, y + r * 0.6),
            ),
            mix(WHITE, s.palette.ink, 0.04 + 0.1 * (k + 1)),
        )
    heart(s, x + r * 0.2, y - r * 0.2, r * 0.3)


def crown(s: Stage, x: float, y: float, r: float) -> None:
    s.polygon(
        (
            (x - r, y + r * 0.6),
            (x - r, y - r * 0.5),
            (x - r * 0.45, y),
            (x, y - r * 0.8),
            (x + r * 0.45, y),
            (x + r, y - r * 0.5),
            (x + r, y + r * 0.6),
        ),
        GOLD,
    )
    for dx in (-0.6, 0, 0.6):
        s.disc(x + dx * r, y + r * 0.35, r * 0.13, s.palette.accent)


def dice(s: Stage, x: float, y: float, r: float) -> None:
    s.box(x - r * 0.75, y - r * 0.75, x + r * 0.75, y + r * 0.75, WHITE, r * 0.2)
    for dx, dy in ((-0.4, -0.4), (0.4, 0.4), (0, 0), (-0.4, 0.4), (0.4, -0.4)):
        s.disc(x + dx * r, y + dy * r, r * 0.15, s.palette.accent)


def fan(s: Stage, x: float, y: float, r: float) -> None:
    for k in range(9):
        a, b = pi + pi * k / 9, pi + pi * (k + 1) / 9
        s.polygon(
            (
                (x, y + r * 0.6),
                (x + r * 1.1 * cos(a), y + r * 0.6 + r * 1.3 * sin(a)),
                (x + r * 1.1 * cos(b), y + r * 0.6 + r * 1.3 * sin(b)),
            ),
            s.palette.accent if k % 2 else mix(s.palette.paper, s.palette.accent, 0.25),
        )
    s.disc(x, y + r * 0.6, r * 0.12, GOLD)


def gamepad(s: Stage, x: float, y: float, r: float) -> None:
    s.box(x - r * 1.1, y - r * 0.55, x + r * 1.1, y + r * 0.5, s.palette.paper, r * 0.45)
    s.box(x - r * 0.85, y - r * 0.1, x - r * 0.3, y + r * 0.08, s.palette.ink)
    s.box(x - r * 0.66, y - r * 0.28, x - r * 0.48, y + r * 0.27, s.palette.ink)
    for px, py in rim(x + r * 0.55, y, r * 0.26, 4):
        s.disc(px, py, r * 0.12, s.palette.accent)


def mask(s: Stage, x: float, y: float, r: float) -> None:
    s.oval(x, y, r * 0.75, r, WHITE)
    for side in (-1, 1):
        s.polygon(
            (
                (x + side * r * 0.15, y - r * 0.2),
                (x + side * r * 0.55, y - r * 0.35),
                (x + side * r * 0.45, y - r * 0.08),
            ),
            (16, 12, 20),
        )
        s.disc(x + side * r * 0.4, y + r * 0.2, r * 0.12, (*s.palette.accent, 200))
    s.line(
        [(x - r * 0.4 + r * 0.8 * t / 8, y + r * (0.4 + 0.22 * sin(pi * t / 8))) for t in range(9)],
        s.palette.accent,
        r * 0.09,
    )


def microphone(s: Stage, x: float, y: float, r: float) -> None:
    s.polygon(
        (
            (x - r * 0.25, y - r * 0.1),
            (x + r * 0.25, y - r * 0.1),
            (x + r * 0.12, y + r * 1.2),
            (x - r * 0.12, y + r * 1.2),
        ),
        (40, 40, 52),
    )
    s.disc(x, y - r * 0.5, r * 0.5, STEEL)
    s.line(((x - r * 0.5, y - r * 0.5), (x + r * 0.5, y - r * 0.5)), s.palette.accent, r * 0.12)


def note(s: Stage, x: float, y: float, r: float) -> None:
    ink = s.palette.accent
    for dx in (-0.55, 0.45):
        s.oval(x + dx * r, y + r * 0.6, r * 0.3, r * 0.22, ink)
        s.line(
            ((x + dx * r + r * 0.24, y + r * 0.55), (x + dx * r + r * 0.24, y - r * 0.75)),
            ink,
            r * 0.1,
        )
    s.line(((x - r * 0.31, y - r * 0.7), (x + r * 0.69, y - r * 0.7)), ink, r * 0.24)

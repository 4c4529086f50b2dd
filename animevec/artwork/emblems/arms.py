"""Weapons, machines and what fighters wear."""

from animevec.artwork.emblems.shape import GOLD, STEEL, WHITE, rim
from animevec.artwork.palette import mix, shade
from animevec.artwork.stage import Stage


def badge(s: Stage, x: float, y: float, r: float) -> None:
    s.polygon(
        (
            (x - r * 0.8, y - r * 0.7),
            (x, y - r),
            (x + r * 0.8, y - r * 0.7),
            (x + r * 0.7, y + r * 0.3),
            (x, y + r),
            (x - r * 0.7, y + r * 0.3),
        ),
        GOLD,
    )
    s.star(x, y - r * 0.1, r * 0.5, (40, 60, 120))


def car(s: Stage, x: float, y: float, r: float) -> None:
    ink = s.palette.accent
    s.polygon(
        (
            (x - r * 1.4, y + r * 0.3),
            (x - r * 1.3, y - r * 0.1),
            (x - r * 0.6, y - r * 0.18),
            (x - r * 0.2, y - r * 0.6),
            (x + r * 0.6, y - r * 0.6),
            (x + r * 1.0, y - r * 0.1),
            (x + r * 1.4, y),
            (x + r * 1.4, y + r * 0.3),
        ),
        ink,
    )
    s.polygon(
        (
            (x - r * 0.45, y - r * 0.18),
            (x - r * 0.12, y - r * 0.5),
            (x + r * 0.52, y - r * 0.5),
            (x + r * 0.78, y - r * 0.14),
        ),
        mix(s.palette.sky, WHITE, 0.6),
    )
    for side in (-1, 1):
        s.disc(x + side * r * 0.85, y + r * 0.3, r * 0.3, (24, 24, 28))
        s.disc(x + side * r * 0.85, y + r * 0.3, r * 0.14, STEEL)


def fist(s: Stage, x: float, y: float, r: float) -> None:
    skin = (240, 196, 160)
    s.star(x, y, r * 1.5, (*s.palette.spark, 230), 12, 0.6)
    for k in range(4):
        s.box(
            x - r * 0.6 + k * r * 0.3,
            y - r * 0.55,
            x - r * 0.32 + k * r * 0.3,
            y + r * 0.15,
            skin,
            r * 0.12,
        )
    s.box(x - r * 0.6, y - r * 0.1, x + r * 0.6, y + r * 0.6, shade(skin, 0.93), r * 0.15)
    s.box(x - r * 0.7, y - r * 0.05, x + r * 0.15, y + r * 0.22, skin, r * 0.12)


def gear(s: Stage, x: float, y: float, r: float) -> None:
    s.star(x, y, r, STEEL, 11, 0.8)
    s.disc(x, y, r * 0.72, shade(STEEL, 0.8))
    s.disc(x, y, r * 0.3, s.palette.accent)


def glove(s: Stage, x: float, y: float, r: float) -> None:
    ink = mix((206, 36, 40), s.palette.accent, 0.3)
    s.oval(x, y - r * 0.2, r * 0.8, r * 0.75, ink)
    s.oval(x - r * 0.65, y + r * 0.05, r * 0.35, r * 0.5, shade(ink, 0.85))
    s.box(x - r * 0.5, y + r * 0.4, x + r * 0.5, y + r, WHITE, 0.015)


def katana(s: Stage, x: float, y: float, r: float) -> None:
    curve = [(x - r + 2 * r * t / 8, y + r * 0.9 - 1.8 * r * (t / 8) ** 1.15) for t in range(9)]
    s.line(curve, STEEL, r * 0.13)
    s.line(curve[2:], WHITE, r * 0.04)
    s.line(curve[:3], s.palette.ink, r * 0.16)
    s.disc(*curve[2], r * 0.17, GOLD)


def revolver(s: Stage, x: float, y: float, r: float) -> None:
    s.polygon(
        (
            (x + r * 0.3, y),
            (x + r * 0.8, y),
            (x + r * 1.1, y + r * 0.9),
            (x + r * 0.65, y + r * 0.95),
        ),
        (110, 66, 44),
    )
    s.box(x - r * 1.2, y - r * 0.4, x + r * 0.8, y - r * 0.12, (70, 74, 84))
    s.box(x - r * 0.1, y - r * 0.45, x + r * 0.5, y + r * 0.1, (96, 100, 112), r * 0.1)
    s.ring(x + r * 0.15, y + r * 0.2, r * 0.2, (70, 74, 84), r * 0.06)


def robot(s: Stage, x: float, y: float, r: float) -> None:
    body, dark = mix(STEEL, s.palette.haze, 0.35), mix(s.palette.ink, s.palette.mid, 0.3)
    trim = s.palette.accent
    for side in (-1, 1):
        s.box(
            x + side * r * 0.15,
            y + r * 0.55,
            x + side * r * 0.5,
            y + r * 1.7,
            shade(body, 0.82),
            r * 0.06,
        )
        s.polygon(
            (
                (x + side * r * 0.1, y + r * 1.7),
                (x + side * r * 0.62, y + r * 1.7),
                (x + side * r * 0.5, y + r * 1.3),
                (x + side * r * 0.2, y + r * 1.3),
            ),
            dark,
        )
        s.box(
            x + side * r * 0.72,
            y - r * 0.25,
            x + side * r * 1.05,
            y + r * 0.85,
            shade(body, 0.75),
            r * 0.06,
        )
        s.polygon(
            (
                (x + side * r * 0.5, y - r * 0.55),
                (x + side * r * 1.3, y - r * 0.85),
                (x + side * r * 1.15, y - r * 0.05),
                (x + side * r * 0.55, y),
            ),
            trim,
        )
        s.polygon(
            (
                (x + side * r * 0.4, y - r * 0.3),
                (x + side * r * 1.5, y - r * 1.6),
                (x + side * r * 0.75, y - r * 0.35),
            ),
            shade(trim, 0.7),
        )
    s.polygon(
        (
            (x - r * 0.62, y - r * 0.55),
            (x + r * 0.62, y - r * 0.55),
            (x + r * 0.36, y + r * 0.45),
            (x - r * 0.36, y + r * 0.45),
        ),
        body,
    )
    s.polygon(
        ((x - r * 0.2, y - r * 0.4), (x + r * 0.2, y - r * 0.4), (x, y + r * 0.1)), s.palette.spark
    )
    s.box(x - r * 0.42, y + r * 0.42, x + r * 0.42, y + r * 0.66, dark, r * 0.05)
    s.box(x - r * 0.26, y - r * 1.05, x + r * 0.26, y - r * 0.55, body, r * 0.08)
    s.box(x - r * 0.2, y - r * 0.88, x + r * 0.2, y - r * 0.74, (90, 255, 200))
    for side in (-1, 1):
        s.polygon(
            (
                (x, y - r * 1.0),
                (x + side * r * 0.62, y - r * 1.45),
                (x + side * r * 0.12, y - r * 1.14),
            ),
            GOLD,
        )


def sword(s: Stage, x: float, y: float, r: float) -> None:
    s.polygon(
        (
            (x - r * 0.13, y + r * 0.4),
            (x - r * 0.13, y - r * 0.9),
            (x, y - r * 1.3),
            (x + r * 0.13, y - r * 0.9),
            (x + r * 0.13, y + r * 0.4),
        ),
        STEEL,
    )
    s.polygon(
        (
            (x, y + r * 0.4),
            (x, y - r * 1.3),
            (x + r * 0.13, y - r * 0.9),
            (x + r * 0.13, y + r * 0.4),
        ),
        WHITE,
    )
    s.box(x - r * 0.45, y + r * 0.4, x + r * 0.45, y + r * 0.53, GOLD, 0.01)
    s.box(x - r * 0.09, y + r * 0.53, x + r * 0.09, y + r * 1.05, s.palette.near)
    s.disc(x, y + r * 1.1, r * 0.13, s.palette.accent)


def target(s: Stage, x: float, y: float, r: float) -> None:
    ink = s.palette.accent
    for q in (1.0, 0.6):
        s.ring(x, y, r * q, ink, r * 0.07)
    for px, py in rim(x, y, r * 1.25, 4):
        s.line(((px, py), (x + (px - x) * 0.3, y + (py - y) * 0.3)), ink, r * 0.06)

"""Living things, light and weather."""

from math import cos, pi, sin

from animevec.artwork.emblems.shape import GOLD, WHITE, rim
from animevec.artwork.palette import mix, shade
from animevec.artwork.stage import Stage


def bat(s: Stage, x: float, y: float, r: float) -> None:
    for px, py, q in (
        (x, y, r),
        (x - r * 1.1, y - r * 0.7, r * 0.5),
        (x + r * 1.2, y - r * 0.4, r * 0.4),
    ):
        for side in (-1, 1):
            s.polygon(
                (
                    (px, py),
                    (px + side * q * 0.4, py - q * 0.5),
                    (px + side * q * 1.3, py - q * 0.45),
                    (px + side * q, py),
                    (px + side * q * 0.7, py - q * 0.05),
                    (px + side * q * 0.5, py + q * 0.3),
                    (px + side * q * 0.2, py + q * 0.12),
                    (px, py + q * 0.45),
                ),
                (22, 10, 26),
            )


def bolt(s: Stage, x: float, y: float, r: float) -> None:
    s.glow(x, y, r * 1.7, s.palette.spark, 0.8)
    s.polygon(
        (
            (x + r * 0.2, y - r * 1.3),
            (x - r * 0.6, y + r * 0.15),
            (x - r * 0.05, y + r * 0.1),
            (x - r * 0.3, y + r * 1.3),
            (x + r * 0.65, y - r * 0.25),
            (x + r * 0.08, y - r * 0.2),
        ),
        mix(GOLD, WHITE, 0.4),
    )


def cat(s: Stage, x: float, y: float, r: float) -> None:
    fur = s.rng.choice(((40, 36, 44), (236, 160, 80), (240, 236, 228), (150, 140, 140)))
    s.oval(x, y + r * 0.55, r * 0.6, r * 0.7, fur)
    s.line(
        [(x + r * (0.5 + 0.1 * t), y + r * (0.9 - 0.16 * t) + r * 0.1 * sin(t)) for t in range(7)],
        fur,
        r * 0.16,
    )
    for side in (-1, 1):
        s.polygon(
            (
                (x + side * r * 0.62, y - r * 0.95),
                (x + side * r * 0.1, y - r * 0.6),
                (x + side * r * 0.6, y - r * 0.25),
            ),
            fur,
        )
    s.oval(x, y - r * 0.25, r * 0.65, r * 0.52, fur)
    for side in (-1, 1):
        s.oval(x + side * r * 0.26, y - r * 0.28, r * 0.13, r * 0.17, s.palette.spark)
        s.oval(x + side * r * 0.26, y - r * 0.28, r * 0.05, r * 0.15, (16, 12, 16))
    s.polygon(
        ((x - r * 0.06, y - r * 0.1), (x + r * 0.06, y - r * 0.1), (x, y - r * 0.02)),
        (236, 130, 140),
    )


def crystal(s: Stage, x: float, y: float, r: float) -> None:
    ink = s.palette.spark
    s.glow(x, y, r * 1.7, ink, 0.6)
    s.polygon(
        (
            (x, y - r * 1.2),
            (x + r * 0.55, y - r * 0.3),
            (x, y + r * 1.2),
            (x - r * 0.55, y - r * 0.3),
        ),
        ink,
    )
    s.polygon(
        ((x, y - r * 1.2), (x + r * 0.55, y - r * 0.3), (x, y - r * 0.05)), mix(ink, WHITE, 0.6)
    )
    s.polygon(((x, y - r * 0.05), (x, y + r * 1.2), (x - r * 0.55, y - r * 0.3)), shade(ink, 0.7))


def eye(s: Stage, x: float, y: float, r: float) -> None:
    top = [(x - r * 1.2 + 2.4 * r * t / 12, y - r * 0.7 * sin(pi * t / 12)) for t in range(13)]
    low = [(x + r * 1.2 - 2.4 * r * t / 12, y + r * 0.55 * sin(pi * t / 12)) for t in range(13)]
    s.polygon([*top, *low], WHITE)
    s.disc(x, y - r * 0.05, r * 0.5, s.palette.accent)
    s.disc(x, y - r * 0.05, r * 0.24, (12, 8, 14))
    s.disc(x - r * 0.16, y - r * 0.22, r * 0.12, WHITE)
    s.line(top, s.palette.ink, r * 0.13)


def flame(s: Stage, x: float, y: float, r: float) -> None:
    for scale, ink in ((1.0, (226, 62, 30)), (0.68, (250, 150, 40)), (0.38, (255, 232, 140))):
        q = r * scale
        base = y + r * 0.7
        s.polygon(
            (
                (x, base - q * 1.9),
                (x + q * 0.35, base - q * 1.1),
                (x + q * 0.62, base - q * 1.3),
                (x + q * 0.7, base - q * 0.4),
                (x + q * 0.35, base),
                (x - q * 0.35, base),
                (x - q * 0.7, base - q * 0.45),
                (x - q * 0.5, base - q * 1.15),
                (x - q * 0.25, base - q * 0.95),
            ),
            ink,
        )


def ghost(s: Stage, x: float, y: float, r: float) -> None:
    s.glow(x, y, r * 1.8, s.palette.haze, 0.6)
    hem = [(x + r * 0.7 - 1.4 * r * t / 6, y + r * (1.0 if t % 2 else 0.75)) for t in range(7)]
    s.polygon([(x - r * 0.7, y - r * 0.2), (x + r * 0.7, y - r * 0.2), *hem], (*WHITE, 225))
    s.oval(x, y - r * 0.25, r * 0.7, r * 0.7, (*WHITE, 225))
    for side in (-1, 1):
        s.oval(x + side * r * 0.25, y - r * 0.25, r * 0.12, r * 0.2, (20, 14, 30))
    s.oval(x, y + r * 0.18, r * 0.1, r * 0.15, (20, 14, 30))


def horns(s: Stage, x: float, y: float, r: float) -> None:
    ink = mix((120, 10, 30), s.palette.accent, 0.4)
    for side in (-1, 1):
        s.polygon(
            (
                (x + side * r * 0.2, y + r * 0.4),
                (x + side * r * 0.75, y + r * 0.2),
                (x + side * r, y - r),
                (x + side * r * 0.62, y - r * 0.25),
            ),
            ink,
        )
        s.oval(x + side * r * 0.35, y + r * 0.65, r * 0.2, r * 0.09, (255, 220, 60))


def leaf(s: Stage, x: float, y: float, r: float) -> None:
    ink = mix((96, 170, 80), s.palette.spark, 0.3)
    s.polygon(
        (
            (x - r, y + r),
            (x - r * 0.7, y - r * 0.1),
            (x + r * 0.2, y - r * 0.9),
            (x + r, y - r),
            (x + r * 0.8, y - r * 0.1),
            (x, y + r * 0.7),
        ),
        ink,
    )
    s.line(((x - r, y + r), (x + r * 0.7, y - r * 0.7)), shade(ink, 0.7), r * 0.08)


def lily(s: Stage, x: float, y: float, r: float) -> None:
    for k, (px, py) in enumerate(rim(x, y, r, 6)):
        turn = 2 * pi * k / 6
        dx, dy = 0.25 * r * cos(turn), 0.25 * r * sin(turn)
        s.polygon(
            (
                (x, y),
                ((x + px) / 2 + dx, (y + py) / 2 + dy),
                (px, py),
                ((x + px) / 2 - dx, (y + py) / 2 - dy),
            ),
            mix(WHITE, s.palette.accent, 0.2 + 0.12 * (k % 2)),
        )
    s.disc(x, y, r * 0.16, GOLD)


def planet(s: Stage, x: float, y: float, r: float) -> None:
    s.disc(x, y, r * 0.8, s.palette.accent)
    s.glow(x - r * 0.3, y - r * 0.3, r * 0.6, mix(s.palette.spark, WHITE, 0.5), 0.7)
    ring = [
        (
            x + r * 1.5 * cos(t / 12 * pi),
            y + r * 0.35 * sin(t / 12 * pi) - r * 0.35 * cos(t / 12 * pi),
        )
        for t in range(13)
    ]
    s.line(ring, (*s.palette.paper, 220), r * 0.12)


def rose(s: Stage, x: float, y: float, r: float) -> None:
    s.line(((x, y), (x + r * 0.1, y + r * 1.4)), (56, 120, 60), r * 0.1)
    s.oval(x + r * 0.35, y + r, r * 0.3, r * 0.13, (70, 140, 70))
    ink = mix((214, 40, 70), s.palette.accent, 0.4)
    for ring in range(4):
        for px, py in rim(x, y, r * (0.62 - 0.17 * ring), 6 - ring, ring * 0.5):
            s.disc(px, py, r * (0.36 - 0.05 * ring), shade(ink, 0.7 + 0.18 * ring))


def sun(s: Stage, x: float, y: float, r: float) -> None:
    s.star(x, y, r * 1.25, GOLD, 14, 0.72)
    s.disc(x, y, r * 0.78, mix(GOLD, WHITE, 0.5))
    s.ring(x, y, r * 0.6, s.palette.accent, r * 0.06)


def wisp(s: Stage, x: float, y: float, r: float) -> None:
    for px, py in rim(x, y, r, 5, 0.3):
        s.glow(px, py, r * 0.8, s.palette.spark, 0.9)
        s.disc(px, py, r * 0.2, mix(s.palette.spark, WHITE, 0.8))

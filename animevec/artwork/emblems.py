"""What a picture is about: one small drawing per object, found by name in ``EMBLEMS``."""

from collections.abc import Callable
from math import cos, pi, sin

from animevec.artwork.palette import mix, shade
from animevec.artwork.stage import Point, Stage

Emblem = Callable[[Stage, float, float, float], None]
WHITE = (250, 250, 250)
STEEL = (196, 204, 216)
GOLD = (240, 190, 60)


def _rim(x: float, y: float, r: float, count: int, turn: float = 0.0) -> list[Point]:
    return [
        (x + r * sin(turn + 2 * pi * k / count), y - r * cos(turn + 2 * pi * k / count))
        for k in range(count)
    ]


def heart(s: Stage, x: float, y: float, r: float) -> None:
    ink = s.palette.accent
    for side in (-1, 1):
        s.disc(x + side * r * 0.48, y - r * 0.3, r * 0.56, ink)
    s.polygon(
        ((x - r * 0.98, y - 0.05 * r), (x, y + r), (x + r * 0.98, y - 0.05 * r), (x, y - r * 0.5)),
        ink,
    )
    s.oval(x - r * 0.5, y - r * 0.45, r * 0.2, r * 0.14, (*WHITE, 200))


def star(s: Stage, x: float, y: float, r: float) -> None:
    s.star(x, y, r * 1.1, s.palette.ink)
    s.star(x, y, r, mix(s.palette.spark, GOLD, 0.5))


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


def katana(s: Stage, x: float, y: float, r: float) -> None:
    curve = [(x - r + 2 * r * t / 8, y + r * 0.9 - 1.8 * r * (t / 8) ** 1.15) for t in range(9)]
    s.line(curve, STEEL, r * 0.13)
    s.line(curve[2:], WHITE, r * 0.04)
    s.line(curve[:3], s.palette.ink, r * 0.16)
    s.disc(*curve[2], r * 0.17, GOLD)


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


def compass(s: Stage, x: float, y: float, r: float) -> None:
    s.disc(x, y, r, GOLD)
    s.disc(x, y, r * 0.84, s.palette.paper)
    s.star(x, y, r * 0.75, s.palette.far, 4, 0.3)
    s.polygon(((x, y - r * 0.72), (x + r * 0.16, y), (x - r * 0.16, y)), s.palette.accent)


def eye(s: Stage, x: float, y: float, r: float) -> None:
    top = [(x - r * 1.2 + 2.4 * r * t / 12, y - r * 0.7 * sin(pi * t / 12)) for t in range(13)]
    low = [(x + r * 1.2 - 2.4 * r * t / 12, y + r * 0.55 * sin(pi * t / 12)) for t in range(13)]
    s.polygon([*top, *low], WHITE)
    s.disc(x, y - r * 0.05, r * 0.5, s.palette.accent)
    s.disc(x, y - r * 0.05, r * 0.24, (12, 8, 14))
    s.disc(x - r * 0.16, y - r * 0.22, r * 0.12, WHITE)
    s.line(top, s.palette.ink, r * 0.13)


def rose(s: Stage, x: float, y: float, r: float) -> None:
    s.line(((x, y), (x + r * 0.1, y + r * 1.4)), (56, 120, 60), r * 0.1)
    s.oval(x + r * 0.35, y + r, r * 0.3, r * 0.13, (70, 140, 70))
    ink = mix((214, 40, 70), s.palette.accent, 0.4)
    for ring in range(4):
        for px, py in _rim(x, y, r * (0.62 - 0.17 * ring), 6 - ring, ring * 0.5):
            s.disc(px, py, r * (0.36 - 0.05 * ring), shade(ink, 0.7 + 0.18 * ring))


def lily(s: Stage, x: float, y: float, r: float) -> None:
    for k, (px, py) in enumerate(_rim(x, y, r, 6)):
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


def ghost(s: Stage, x: float, y: float, r: float) -> None:
    s.glow(x, y, r * 1.8, s.palette.haze, 0.6)
    hem = [(x + r * 0.7 - 1.4 * r * t / 6, y + r * (1.0 if t % 2 else 0.75)) for t in range(7)]
    s.polygon([(x - r * 0.7, y - r * 0.2), (x + r * 0.7, y - r * 0.2), *hem], (*WHITE, 225))
    s.oval(x, y - r * 0.25, r * 0.7, r * 0.7, (*WHITE, 225))
    for side in (-1, 1):
        s.oval(x + side * r * 0.25, y - r * 0.25, r * 0.12, r * 0.2, (20, 14, 30))
    s.oval(x, y + r * 0.18, r * 0.1, r * 0.15, (20, 14, 30))


def lens(s: Stage, x: float, y: float, r: float) -> None:
    s.line(((x + r * 0.4, y + r * 0.4), (x + r * 1.15, y + r * 1.15)), (110, 70, 44), r * 0.24)
    s.disc(x, y, r * 0.72, (*mix(s.palette.haze, WHITE, 0.5), 170))
    s.ring(x, y, r * 0.78, GOLD, r * 0.14)


def gear(s: Stage, x: float, y: float, r: float) -> None:
    s.star(x, y, r, STEEL, 11, 0.8)
    s.disc(x, y, r * 0.72, shade(STEEL, 0.8))
    s.disc(x, y, r * 0.3, s.palette.accent)


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


def ball(s: Stage, x: float, y: float, r: float) -> None:
    kind = s.rng.randrange(4)
    ink = (WHITE, (236, 130, 50), (250, 246, 236), (210, 230, 70))[kind]
    s.disc(x, y, r, ink)
    if kind == 0:
        for px, py in [(x, y), *_rim(x, y, r * 0.8, 5)]:
            s.polygon(_rim(px, py, r * 0.28, 5), (24, 24, 30))
    elif kind == 1:
        s.line(((x - r, y), (x + r, y)), (60, 30, 20), r * 0.07)
        s.line(((x, y - r), (x, y + r)), (60, 30, 20), r * 0.07)
        s.ring(x, y, r * 0.6, (60, 30, 20), r * 0.07)
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


def wisp(s: Stage, x: float, y: float, r: float) -> None:
    for px, py in _rim(x, y, r, 5, 0.3):
        s.glow(px, py, r * 0.8, s.palette.spark, 0.9)
        s.disc(px, py, r * 0.2, mix(s.palette.spark, WHITE, 0.8))


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


def kite(s: Stage, x: float, y: float, r: float) -> None:
    s.line([(x + r * 0.2 * sin(t), y + r + r * 0.2 * t) for t in range(7)], s.palette.ink, r * 0.04)
    s.polygon(((x, y - r), (x + r * 0.7, y), (x, y + r), (x - r * 0.7, y)), s.palette.accent)
    s.polygon(((x, y - r), (x + r * 0.7, y), (x, y)), s.palette.spark)


def glove(s: Stage, x: float, y: float, r: float) -> None:
    ink = mix((206, 36, 40), s.palette.accent, 0.3)
    s.oval(x, y - r * 0.2, r * 0.8, r * 0.75, ink)
    s.oval(x - r * 0.65, y + r * 0.05, r * 0.35, r * 0.5, shade(ink, 0.85))
    s.box(x - r * 0.5, y + r * 0.4, x + r * 0.5, y + r, WHITE, 0.015)


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


def dice(s: Stage, x: float, y: float, r: float) -> None:
    s.box(x - r * 0.75, y - r * 0.75, x + r * 0.75, y + r * 0.75, WHITE, r * 0.2)
    for dx, dy in ((-0.4, -0.4), (0.4, 0.4), (0, 0), (-0.4, 0.4), (0.4, -0.4)):
        s.disc(x + dx * r, y + dy * r, r * 0.15, s.palette.accent)


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


def splash(s: Stage, x: float, y: float, r: float) -> None:
    ink = (150, 8, 18)
    s.star(x, y, r * 1.1, ink, 13, 0.55)
    s.disc(x, y, r * 0.7, ink)
    for _ in range(14):
        s.disc(x + s.spread(-2, 2) * r, y + s.spread(-2, 2) * r, r * s.spread(0.04, 0.16), ink)
    s.polygon(((x - r * 0.3, y), (x - r * 0.22, y + r * 2), (x - r * 0.1, y)), ink)


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


def portal(s: Stage, x: float, y: float, r: float) -> None:
    s.glow(x, y, r * 1.9, s.palette.spark, 0.9)
    for k in range(4):
        ink = mix(s.palette.accent, WHITE, 0.22 * k)
        s.oval(x, y, r * (0.8 - 0.15 * k), r * (1.15 - 0.22 * k), ink)


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


def balloon(s: Stage, x: float, y: float, r: float) -> None:
    for dx, dy, ink in (
        (-0.6, 0.1, s.palette.spark),
        (0.6, 0.0, s.palette.far),
        (0.0, -0.4, s.palette.accent),
    ):
        s.line(((x + dx * r, y + dy * r), (x, y + r * 1.6)), s.palette.ink, r * 0.03)
        s.oval(x + dx * r, y + dy * r, r * 0.5, r * 0.62, ink)
        s.oval(x + dx * r - r * 0.18, y + dy * r - r * 0.25, r * 0.1, r * 0.16, (*WHITE, 190))


def circle(s: Stage, x: float, y: float, r: float) -> None:
    ink = mix(s.palette.spark, WHITE, 0.3)
    s.glow(x, y, r * 1.6, s.palette.spark, 0.5)
    for q in (1.0, 0.86, 0.45):
        s.ring(x, y, r * q, ink, r * 0.05)
    for turn in (0.0, pi / 3):
        corners = _rim(x, y, r * 0.86, 3, turn)
        s.line([*corners, corners[0]], ink, r * 0.045)
    for px, py in _rim(x, y, r * 0.93, 12):
        s.disc(px, py, r * 0.04, ink)


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


def cross(s: Stage, x: float, y: float, r: float) -> None:
    s.disc(x, y, r, WHITE)
    s.box(x - r * 0.18, y - r * 0.65, x + r * 0.18, y + r * 0.65, (214, 44, 56))
    s.box(x - r * 0.65, y - r * 0.18, x + r * 0.65, y + r * 0.18, (214, 44, 56))


def target(s: Stage, x: float, y: float, r: float) -> None:
    ink = s.palette.accent
    for q in (1.0, 0.6):
        s.ring(x, y, r * q, ink, r * 0.07)
    for px, py in _rim(x, y, r * 1.25, 4):
        s.line(((px, py), (x + (px - x) * 0.3, y + (py - y) * 0.3)), ink, r * 0.06)


def sun(s: Stage, x: float, y: float, r: float) -> None:
    s.star(x, y, r * 1.25, GOLD, 14, 0.72)
    s.disc(x, y, r * 0.78, mix(GOLD, WHITE, 0.5))
    s.ring(x, y, r * 0.6, s.palette.accent, r * 0.06)


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


def gamepad(s: Stage, x: float, y: float, r: float) -> None:
    s.box(x - r * 1.1, y - r * 0.55, x + r * 1.1, y + r * 0.5, s.palette.paper, r * 0.45)
    s.box(x - r * 0.85, y - r * 0.1, x - r * 0.3, y + r * 0.08, s.palette.ink)
    s.box(x - r * 0.66, y - r * 0.28, x - r * 0.48, y + r * 0.27, s.palette.ink)
    for px, py in _rim(x + r * 0.55, y, r * 0.26, 4):
        s.disc(px, py, r * 0.12, s.palette.accent)


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


def clock(s: Stage, x: float, y: float, r: float) -> None:
    s.disc(x, y, r, GOLD)
    s.disc(x, y, r * 0.85, s.palette.paper)
    for px, py in _rim(x, y, r * 0.7, 12):
        s.disc(px, py, r * 0.06, s.palette.ink)
    s.line(((x, y - r * 0.6), (x, y), (x + r * 0.38, y + r * 0.24)), s.palette.ink, r * 0.08)


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


def brush(s: Stage, x: float, y: float, r: float) -> None:
    s.oval(x, y, r, r * 0.75, (206, 160, 110))
    for k, (px, py) in enumerate(_rim(x, y, r * 0.55, 5, 0.4)):
        s.disc(
            px,
            py,
            r * 0.16,
            (s.palette.accent, s.palette.spark, s.palette.sky, WHITE, s.palette.near)[k],
        )
    s.line(((x - r * 0.9, y + r), (x + r * 0.9, y - r)), (120, 70, 40), r * 0.1)


EMBLEMS: dict[str, Emblem] = {
    f.__name__: f
    for f in (
        badge,
        ball,
        balloon,
        bat,
        bolt,
        book,
        bowl,
        brush,
        car,
        cards,
        cat,
        circle,
        clock,
        compass,
        cross,
        crown,
        crystal,
        cup,
        dice,
        eye,
        fan,
        fist,
        flame,
        gamepad,
        gear,
        ghost,
        glove,
        heart,
        horns,
        katana,
        kite,
        leaf,
        lens,
        lily,
        mask,
        microphone,
        note,
        planet,
        portal,
        revolver,
        robot,
        rose,
        sun,
        splash,
        star,
        sword,
        target,
        wand,
        wisp,
    )
}

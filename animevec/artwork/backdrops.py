"""Where a picture takes place: one function per setting, found by name in ``BACKDROPS``."""

from collections.abc import Callable
from math import cos, pi, sin

from animevec.artwork.palette import Colour, mix, shade
from animevec.artwork.stage import Point, Stage

Backdrop = Callable[[Stage], None]


def _sky(stage: Stage, low: float = 0.75) -> float:
    """Sky down to the horizon; returns its height."""
    p = stage.palette
    horizon = stage.tall * low
    stage.gradient((p.sky, mix(p.sky, p.haze, 0.55), p.haze), 0, horizon + 0.01)
    stage.gradient((p.mid, p.near), horizon, stage.tall)
    return horizon


def _ridge(stage: Stage, y: float, rough: float, ink: Colour, peaks: int = 7) -> None:
    points: list[Point] = [(-0.05, stage.tall), (-0.05, y)]
    for k in range(peaks + 1):
        x = -0.05 + 1.1 * (k + stage.spread(-0.25, 0.25)) / peaks
        points.append((x, y - rough * stage.rng.random() * (1.6 if k % 2 else 0.4)))
    stage.polygon([*points, (1.05, y), (1.05, stage.tall)], ink)


def _cloud(stage: Stage, x: float, y: float, r: float, ink: Colour) -> None:
    for k in range(6):
        size = r * stage.spread(0.35, 0.7)
        stage.oval(x + r * (k - 2.5) * 0.5, y - size * 0.35, size, size * 0.75, (*ink, 200))
    stage.box(x - 1.5 * r, y - 0.1 * r, x + 1.5 * r, y + 0.12 * r, (*ink, 200), 0.1 * r)


def _clouds(stage: Stage, count: int, low: float) -> None:
    for _ in range(count):
        ink = mix(stage.palette.paper, stage.palette.haze, stage.spread(0, 0.5))
        _cloud(stage, stage.spread(0, 1), stage.spread(0.1, low), stage.spread(0.07, 0.22), ink)


def _stars(stage: Stage, count: int, low: float) -> None:
    for _ in range(count):
        r = stage.spread(0.001, 0.004)
        stage.disc(stage.spread(0, 1), stage.spread(0, low), r, (255, 255, 255, 190))


def _sun(stage: Stage, y: float) -> None:
    x, r = stage.spread(0.2, 0.8), stage.spread(0.08, 0.2)
    stage.glow(x, y, r * 2.6, stage.palette.spark, 0.7)
    stage.disc(x, y, r, mix(stage.palette.spark, (255, 255, 255), 0.45))


def _ball_of_leaves(stage: Stage, x: float, y: float, r: float, ink: Colour) -> None:
    for _ in range(9):
        dx, dy = stage.spread(-r, r), stage.spread(-r, r) * 0.8
        stage.disc(x + dx, y + dy, r * stage.spread(0.35, 0.6), shade(ink, stage.spread(0.85, 1.2)))


def mountains(stage: Stage) -> None:
    """Ridges behind each other under a low sun."""
    horizon = _sky(stage, 0.7)
    _sun(stage, horizon - stage.spread(0.2, 0.5))
    _clouds(stage, 3, horizon * 0.7)
    p = stage.palette
    for k, ink in enumerate((p.far, mix(p.far, p.mid, 0.6), p.mid, p.near)):
        _ridge(stage, horizon - 0.16 + 0.14 * k, 0.3 - 0.06 * k, ink, 5 + 2 * k)


def sea(stage: Stage) -> None:
    """A horizon of water with a path of light."""
    horizon = _sky(stage, stage.spread(0.45, 0.6))
    _sun(stage, horizon - 0.12)
    _clouds(stage, 4, horizon - 0.1)
    p = stage.palette
    stage.gradient((mix(p.far, p.haze, 0.3), p.mid, p.near), horizon, stage.tall)
    for k in range(34):
        y = horizon + (stage.tall - horizon) * (k / 34) ** 1.4
        x, reach = stage.spread(0, 1), stage.spread(0.03, 0.16)
        stage.line(((x - reach, y), (x + reach, y)), (*p.paper, 130), 0.003 + 0.004 * k / 34)


def desert(stage: Stage) -> None:
    """Dunes under a burning sky."""
    horizon = _sky(stage, 0.6)
    _sun(stage, horizon - 0.25)
    p = stage.palette
    for k in range(4):
        ink = mix(mix(p.spark, p.haze, 0.5), p.near, 0.16 + 0.2 * k)
        phase = stage.spread(0, 2 * pi)
        top = [
            (x / 20, horizon + 0.12 * k + 0.05 * sin(phase + x / (4 + k))) for x in range(-1, 22)
        ]
        stage.polygon([(-0.1, stage.tall), *top, (1.1, stage.tall)], ink)


def meadow(stage: Stage) -> None:
    """A hill with grass and flowers under clouds."""
    horizon = _sky(stage, 0.66)
    _clouds(stage, 6, horizon - 0.1)
    p = stage.palette
    green = mix((96, 176, 74), p.mid, 0.45)
    stage.oval(stage.spread(0.1, 0.9), horizon + 0.45, 0.9, 0.55, shade(green, 1.15))
    stage.oval(stage.spread(0.1, 0.9), horizon + 0.62, 1.0, 0.55, green)
    for _ in range(70):
        x, y = stage.spread(0, 1), stage.spread(horizon + 0.1, stage.tall)
        stage.line(((x, y), (x + 0.01, y - 0.03)), (*shade(green, 0.7), 160), 0.004)
    for _ in range(26):
        x, y = stage.spread(0, 1), stage.spread(horizon + 0.15, stage.tall)
        stage.star(x, y, 0.018, stage.rng.choice((p.accent, p.spark, p.paper)), 5, 0.6)


def forest(stage: Stage) -> None:
    """Trunks in mist, light from above."""
    p = stage.palette
    stage.gradient((p.sky, p.far, p.mid))
    stage.glow(stage.spread(0.2, 0.8), 0.2, 0.7, p.haze, 0.8)
    for layer, ink in enumerate((p.far, p.mid, p.near)):
        dark = mix(ink, (26, 60, 40), 0.4)
        for _ in range(5):
            x, w = stage.spread(0, 1), stage.spread(0.02, 0.035) * (1 + layer)
            stage.polygon(
                ((x - w, stage.tall), (x - w * 0.5, 0), (x + w * 0.5, 0), (x + w, stage.tall)), dark
            )
        for _ in range(4):
            _ball_of_leaves(stage, stage.spread(0, 1), stage.spread(-0.05, 0.25), 0.14, dark)
    _ridge(stage, stage.tall - 0.1, 0.08, shade(p.near, 0.8), 14)


def city(stage: Stage) -> None:
    """Towers with lit windows at night."""
    p = stage.palette
    stage.gradient((shade(p.sky, 0.5), p.sky, mix(p.accent, p.sky, 0.5)))
    _stars(stage, 40, 0.6)
    stage.disc(stage.spread(0.15, 0.85), 0.3, stage.spread(0.06, 0.14), mix(p.paper, p.spark, 0.4))
    for layer, ink in enumerate((p.far, p.mid, p.near)):
        x = -0.02
        while x < 1:
            w = stage.spread(0.09, 0.2)
            top = stage.tall * (0.42 + 0.13 * layer) + stage.spread(-0.2, 0.16)
            stage.box(x, top, x + w - 0.008, stage.tall, shade(ink, 0.75))
            _windows(stage, x, top, w, layer)
            x += w


def _windows(stage: Stage, x: float, top: float, w: float, layer: int) -> None:
    step = 0.024 + 0.008 * layer
    for row in range(int((stage.tall - top) / step / 1.3)):
        for column in range(int(w / step)):
            if stage.rng.random() < 0.34:
                x0, y0 = x + 0.008 + column * step, top + 0.02 + row * step * 1.3
                ink = stage.rng.choice((stage.palette.spark, (255, 232, 170)))
                stage.box(x0, y0, x0 + step * 0.5, y0 + step * 0.7, (*ink, 210))


def space(stage: Stage) -> None:
    """Stars, nebulae and planets."""
    p = stage.palette
    dark = mix(shade(p.sky, 0.35), (6, 6, 24), 0.5)
    stage.gradient((dark, shade(p.sky, 0.55), dark))
    for _ in range(5):
        colour = stage.rng.choice((p.accent, p.far, p.spark, p.haze))
        stage.glow(
            stage.spread(0, 1), stage.spread(0, stage.tall), stage.spread(0.3, 0.7), colour, 0.4
        )
    _stars(stage, 150, stage.tall)
    for _ in range(stage.rng.randrange(1, 4)):
        x, y, r = stage.spread(0, 1), stage.spread(0, stage.tall), stage.spread(0.05, 0.3)
        ink = stage.rng.choice((p.far, p.accent, p.mid))
        stage.disc(x, y, r, ink)
        stage.glow(x - r * 0.4, y - r * 0.4, r * 0.7, mix(ink, (255, 255, 255), 0.7), 0.6)


def school(stage: Stage) -> None:
    """A school front with clock and cherry trees."""
    horizon = _sky(stage, 0.72)
    _clouds(stage, 5, 0.5)
    p = stage.palette
    wall = mix(p.paper, p.haze, 0.35)
    top = horizon - stage.spread(0.42, 0.56)
    stage.box(0.02, top, 0.98, horizon, wall)
    stage.box(0.38, top - 0.14, 0.62, horizon, shade(wall, 0.93))
    stage.box(0.0, top - 0.02, 1.0, top, shade(wall, 0.7))
    stage.disc(0.5, top - 0.06, 0.05, p.paper)
    stage.ring(0.5, top - 0.06, 0.05, p.ink, 0.008)
    stage.line(((0.5, top - 0.09), (0.5, top - 0.06), (0.52, top - 0.05)), p.ink, 0.007)
    for row in range(3):
        for column in range(9):
            x, y = 0.05 + column * 0.103, top + 0.05 + row * 0.14
            if not 0.36 < x < 0.6:
                stage.box(x, y, x + 0.075, y + 0.08, mix(p.sky, p.far, 0.4))
    stage.box(0.45, horizon - 0.12, 0.55, horizon, shade(p.near, 0.8))
    for x in (stage.spread(-0.05, 0.15), stage.spread(0.85, 1.05)):
        stage.line(((x, horizon + 0.06), (x, horizon - 0.2)), (92, 62, 52), 0.035)
        _ball_of_leaves(stage, x, horizon - 0.28, 0.16, mix((248, 176, 200), p.accent, 0.3))


def petals(stage: Stage) -> None:
    """Soft light with drifting petals."""
    p = stage.palette
    stage.gradient((p.paper, p.haze, mix(p.accent, p.haze, 0.6)))
    for _ in range(9):
        colour = stage.rng.choice((p.paper, p.spark, p.accent))
        stage.glow(
            stage.spread(0, 1), stage.spread(0, stage.tall), stage.spread(0.1, 0.3), colour, 0.5
        )
    for _ in range(46):
        x, y, r = stage.spread(0, 1), stage.spread(0, stage.tall), stage.spread(0.012, 0.034)
        turn = stage.spread(0, pi)
        dx, dy = r * cos(turn), r * sin(turn)
        ink = (*mix(p.accent, p.paper, stage.spread(0.2, 0.7)), 210)
        stage.polygon(
            (
                (x - dx, y - dy),
                (x - dy * 0.5, y + dx * 0.5),
                (x + dx, y + dy),
                (x + dy * 0.5, y - dx * 0.5),
            ),
            ink,
        )


def confetti(stage: Stage) -> None:
    """A light ground with bouncing shapes."""
    p = stage.palette
    stage.gradient((p.paper, mix(p.paper, p.haze, 0.8)))
    for _ in range(54):
        x, y, r = stage.spread(0, 1), stage.spread(0, stage.tall), stage.spread(0.012, 0.05)
        ink = stage.rng.choice((p.accent, p.spark, p.sky, p.far))
        kind = stage.rng.randrange(4)
        if kind == 0:
            stage.disc(x, y, r, ink)
        elif kind == 1:
            stage.star(x, y, r * 1.3, ink)
        elif kind == 2:
            stage.ring(x, y, r, ink, 0.01)
        else:
            stage.polygon(((x, y - r), (x + r, y + r * 0.7), (x - r, y + r * 0.5)), ink)


def burst(stage: Stage) -> None:
    """Rays from behind the hero."""
    p = stage.palette
    stage.gradient((p.sky, p.far))
    x, y = stage.spread(0.35, 0.65), stage.tall * stage.spread(0.35, 0.6)
    rays = stage.rng.randrange(10, 26)
    inks = (p.accent, p.haze)
    for k in range(rays):
        a, b = 2 * pi * k / rays, 2 * pi * (k + stage.spread(0.3, 0.6)) / rays
        ends = [(x + 2 * cos(turn), y + 2 * sin(turn)) for turn in (a, b)]
        stage.polygon([(x, y), *ends], (*inks[k % 2], 220))
    stage.glow(x, y, 0.75, mix(p.spark, (255, 255, 255), 0.5), 0.95)


def dusk(stage: Stage) -> None:
    """A wide evening sky over low ground."""
    p = stage.palette
    horizon = stage.tall * stage.spread(0.72, 0.84)
    stage.gradient((shade(p.sky, 0.7), p.sky, mix(p.accent, p.haze, 0.5), p.spark), 0, horizon)
    _sun(stage, horizon - 0.1)
    for _ in range(7):
        y, x = stage.spread(0.1, horizon), stage.spread(0, 1)
        stage.oval(x, y, stage.spread(0.2, 0.5), 0.018, (*mix(p.accent, p.haze, 0.4), 130))
    _ridge(stage, horizon, 0.1, p.mid, 9)
    _ridge(stage, horizon + 0.1, 0.06, p.near, 16)


def rain(stage: Stage) -> None:
    """Slanting rain before blurred lights."""
    p = stage.palette
    stage.gradient((shade(p.sky, 0.55), p.sky, p.mid))
    for _ in range(14):
        colour = stage.rng.choice((p.accent, p.haze, p.spark))
        x, y = stage.spread(0, 1), stage.spread(0.3, stage.tall)
        stage.glow(x, y, stage.spread(0.04, 0.16), colour, 0.75)
    for _ in range(120):
        x, y, reach = stage.spread(0, 1.1), stage.spread(-0.1, stage.tall), stage.spread(0.05, 0.14)
        stage.line(((x, y), (x - reach * 0.3, y + reach)), (225, 235, 255, 90), 0.003)


def castle(stage: Stage) -> None:
    """Towers on a hill."""
    horizon = _sky(stage, 0.72)
    p = stage.palette
    stage.glow(0.5, horizon - 0.4, 0.6, p.haze, 0.7)
    _ridge(stage, horizon - 0.05, 0.22, p.far, 6)
    wall = mix(p.far, p.near, 0.55)
    stage.box(0.26, horizon - 0.3, 0.74, horizon + 0.1, wall)
    for k in range(5):
        x, w = 0.24 + 0.13 * k, stage.spread(0.035, 0.055)
        top = horizon - stage.spread(0.34, 0.66)
        stage.box(x - w, top, x + w, horizon + 0.1, shade(wall, stage.spread(0.85, 1.15)))
        roof = ((x - w * 1.4, top), (x, top - stage.spread(0.12, 0.22)), (x + w * 1.4, top))
        stage.polygon(roof, p.accent)
        stage.box(x - 0.012, top + 0.05, x + 0.012, top + 0.1, p.spark)
    _ridge(stage, horizon + 0.12, 0.14, p.near, 5)


def graveyard(stage: Stage) -> None:
    """Stones and bare trees under a huge moon."""
    p = stage.palette
    horizon = stage.tall * 0.74
    stage.gradient((shade(p.sky, 0.6), p.sky, p.haze), 0, horizon)
    x = stage.spread(0.25, 0.75)
    stage.glow(x, 0.45, 0.6, p.accent, 0.6)
    stage.disc(x, 0.45, stage.spread(0.18, 0.3), mix(p.accent, p.paper, 0.55))
    _ridge(stage, horizon, 0.08, p.near, 7)
    for _ in range(3):
        _bare_tree(stage, stage.spread(0, 1), horizon + 0.1, stage.spread(0.25, 0.5))
    for _ in range(7):
        x, y, h = stage.spread(0.02, 0.94), stage.spread(horizon, stage.tall - 0.1), 0.12
        stage.box(x, y - h, x + 0.075, y, shade(p.far, 0.9), 0.035)


def _bare_tree(stage: Stage, x: float, y: float, h: float, turn: float = -pi / 2) -> None:
    end = x + h * 0.5 * cos(turn), y + h * 0.5 * sin(turn)
    stage.line(((x, y), end), shade(stage.palette.near, 0.5), h * 0.07)
    if h > 0.07:
        for fork in (-0.55, 0.5):
            _bare_tree(stage, *end, h * 0.68, turn + fork + stage.spread(-0.2, 0.2))


def kitchen(stage: Stage) -> None:
    """A tiled wall, shelves and a counter."""
    p = stage.palette
    stage.gradient((mix(p.paper, p.haze, 0.4), p.haze))
    for k in range(12):
        stage.line(((k / 11, 0), (k / 11, stage.tall)), (*p.paper, 190), 0.006)
        stage.line(((0, k / 8), (1, k / 8)), (*p.paper, 190), 0.006)
    for y in (0.3, 0.56):
        stage.box(0, y, 1, y + 0.03, (158, 106, 66))
        for k in range(8):
            h, ink = stage.spread(0.06, 0.14), stage.rng.choice((p.accent, p.spark, p.mid, p.far))
            stage.box(
                0.04 + k * 0.12, y - h, 0.04 + k * 0.12 + stage.spread(0.05, 0.09), y, ink, 0.015
            )
    stage.box(0, stage.tall * 0.8, 1, stage.tall, (176, 120, 74))
    stage.box(0, stage.tall * 0.8, 1, stage.tall * 0.8 + 0.03, (206, 156, 104))


def street(stage: Stage) -> None:
    """Houses along a road with poles and wires."""
    horizon = _sky(stage, 0.62)
    _clouds(stage, 5, 0.5)
    p = stage.palette
    for side in (0.0, 1.0):
        for k in range(4):
            depth = 0.46 * (1 - k / 4.6)
            x0, x1 = (
                (0.5 - depth, 0.5 - depth * 0.72)
                if side == 0
                else (0.5 + depth * 0.72, 0.5 + depth)
            )
            h = 0.75 * depth + 0.05
            wall = mix(stage.rng.choice((p.paper, p.haze, p.far)), p.mid, stage.spread(0.05, 0.3))
            stage.box(x0 - 0.04, horizon - h, x1 + 0.04, horizon + depth, wall)
            roof = (
                (x0 - 0.06, horizon - h),
                ((x0 + x1) / 2, horizon - h * 1.3),
                (x1 + 0.06, horizon - h),
            )
            stage.polygon(roof, stage.rng.choice((p.accent, p.near, p.mid)))
            stage.box(x0, horizon - h * 0.6, x1, horizon - h * 0.3, p.sky)
    road = ((0.46, horizon), (0.54, horizon), (1.0, stage.tall), (0.0, stage.tall))
    stage.polygon(road, mix((120, 120, 128), p.mid, 0.4))
    for k in range(3):
        x = 0.08 + 0.4 * k
        stage.line(((x, horizon + 0.2), (x, 0.25)), p.ink, 0.012)
        stage.line(((x - 0.06, 0.3), (x + 0.06, 0.3)), p.ink, 0.01)
    for y in (0.3, 0.34, 0.37):
        stage.line([(k / 10, y + 0.04 * sin(pi * ((k / 4) % 1))) for k in range(11)], p.ink, 0.003)


def rails(stage: Stage) -> None:
    """A railway towards the horizon, and a train."""
    horizon = _sky(stage, 0.58)
    _clouds(stage, 6, 0.5)
    p = stage.palette
    _ridge(stage, horizon, 0.16, p.far, 8)
    stage.gradient((mix((110, 168, 90), p.mid, 0.5), p.near), horizon, stage.tall)
    x = stage.spread(0.3, 0.7)
    for k in range(14):
        t = (k / 14) ** 2
        y, reach = horizon + (stage.tall - horizon) * t, 0.02 + 0.4 * t
        stage.line(((x - reach, y), (x + reach, y)), (120, 84, 60), 0.004 + 0.02 * t)
    for side in (-1, 1):
        stage.line(((x, horizon), (x + side * 0.36, stage.tall)), (190, 194, 205), 0.012)
    stage.box(x - 0.11, horizon - 0.2, x + 0.11, horizon + 0.06, p.accent, 0.025)
    stage.box(x - 0.09, horizon - 0.17, x + 0.09, horizon - 0.08, mix(p.sky, p.paper, 0.5), 0.01)
    for side in (-1, 1):
        stage.disc(x + side * 0.07, horizon + 0.02, 0.015, p.paper)


def stadium(stage: Stage) -> None:
    """Stands, floodlights and a field."""
    p = stage.palette
    horizon = stage.tall * stage.spread(0.5, 0.6)
    stage.gradient((p.sky, p.haze), 0, horizon)
    stage.gradient((mix((60, 160, 80), p.mid, 0.35), mix((30, 110, 60), p.near, 0.35)), horizon)
    stage.box(0, horizon - 0.3, 1, horizon, p.mid)
    for _ in range(420):
        ink = stage.rng.choice((p.paper, p.accent, p.spark, p.far, p.near))
        stage.disc(stage.spread(0, 1), stage.spread(horizon - 0.29, horizon - 0.02), 0.008, ink)
    for x in (0.1, 0.9):
        stage.line(((x, horizon - 0.25), (x, 0.2)), p.ink, 0.014)
        stage.box(x - 0.08, 0.14, x + 0.08, 0.22, p.ink)
        stage.glow(x, 0.18, 0.34, (255, 255, 240), 0.85)
    for k in range(4):
        y = horizon + (stage.tall - horizon) * (k / 4) ** 1.3
        stage.line(((0, y), (1, y)), (255, 255, 255, 150), 0.006 + 0.003 * k)
    stage.line(((0.5, horizon), (stage.spread(0.1, 0.9), stage.tall)), (255, 255, 255, 150), 0.01)


def shrine(stage: Stage) -> None:
    """A red gate before a pale moon."""
    p = stage.palette
    horizon = _sky(stage, 0.76)
    stage.glow(0.5, 0.5, 0.6, p.haze, 0.8)
    stage.disc(0.5, 0.5, 0.24, mix(p.paper, p.spark, 0.25))
    _ridge(stage, horizon - 0.04, 0.12, p.far, 11)
    red = mix((196, 44, 34), p.accent, 0.25)
    for x in (0.2, 0.8):
        stage.polygon(
            (
                (x - 0.03, horizon + 0.1),
                (x - 0.022, 0.42),
                (x + 0.022, 0.42),
                (x + 0.03, horizon + 0.1),
            ),
            red,
        )
    stage.box(0.1, 0.54, 0.9, 0.59, red)
    stage.polygon(((0.02, 0.34), (0.5, 0.385), (0.98, 0.34), (0.93, 0.44), (0.07, 0.44)), red)
    stage.polygon(
        ((0.0, 0.31), (0.5, 0.355), (1.0, 0.31), (0.98, 0.35), (0.5, 0.395), (0.02, 0.35)), p.ink
    )
    for k in range(7):
        reach, y = 0.14 + 0.07 * k, horizon + 0.02 + 0.06 * k
        stage.box(0.5 - reach, y, 0.5 + reach, y + 0.065, shade(p.near, 1.5 - 0.1 * k))


def temple(stage: Stage) -> None:
    """A pagoda with curved roofs among pines."""
    horizon = _sky(stage, 0.74)
    p = stage.palette
    _sun(stage, stage.spread(0.3, 0.5))
    _ridge(stage, horizon - 0.1, 0.2, p.far, 6)
    x = stage.spread(0.3, 0.7)
    for k in range(4):
        y, w = horizon - 0.14 * k, 0.26 - 0.05 * k
        stage.box(x - w * 0.6, y - 0.12, x + w * 0.6, y, mix((230, 214, 190), p.far, 0.3))
        roof = (
            (x - w - 0.05, y - 0.12),
            (x - w * 0.6, y - 0.17),
            (x + w * 0.6, y - 0.17),
            (x + w + 0.05, y - 0.12),
            (x + w * 0.8, y - 0.105),
            (x - w * 0.8, y - 0.105),
        )
        stage.polygon(roof, mix(p.accent, p.near, 0.45))
    stage.line(((x, horizon - 0.56), (x, horizon - 0.74)), p.ink, 0.012)
    _ridge(stage, horizon + 0.05, 0.1, p.near, 12)


def ruins(stage: Stage) -> None:
    """Broken walls and smoke."""
    p = stage.palette
    horizon = stage.tall * 0.72
    stage.gradient((shade(p.sky, 0.8), mix(p.sky, p.accent, 0.35), p.haze), 0, horizon)
    for _ in range(10):
        r = stage.spread(0.12, 0.3)
        stage.glow(stage.spread(0, 1), stage.spread(0.1, horizon), r, shade(p.far, 0.6), 0.7)
    for layer, ink in enumerate((p.far, p.mid, p.near)):
        for _ in range(5):
            x, w = stage.spread(-0.1, 1), stage.spread(0.08, 0.2)
            top = horizon - stage.spread(0.05, 0.5) + 0.12 * layer
            jag = [(x + w * t / 4, top + stage.spread(-0.06, 0.06)) for t in range(5)]
            stage.polygon([(x, stage.tall), *jag, (x + w, stage.tall)], shade(ink, 0.8))
    for _ in range(40):
        stage.disc(stage.spread(0, 1), stage.spread(0, stage.tall), 0.005, (*p.spark, 220))


def lights(stage: Stage) -> None:
    """Stage beams over a crowd."""
    p = stage.palette
    stage.gradient((shade(p.sky, 0.4), shade(p.sky, 0.7), p.mid))
    for k in range(7):
        x, lean = k / 6, stage.spread(-0.5, 0.5)
        ink = stage.rng.choice((p.accent, p.spark, p.haze))
        beam = (
            (x - 0.02, 0),
            (x + 0.02, 0),
            (x + lean + 0.16, stage.tall),
            (x + lean - 0.16, stage.tall),
        )
        stage.polygon(beam, (*ink, 85))
        stage.glow(x, 0.02, 0.14, ink, 0.9)
    for k in range(24):
        x, y = k / 23, stage.tall - stage.spread(0.02, 0.12)
        stage.disc(x, y, 0.035, shade(p.near, 0.4))
        stage.line(
            ((x, y), (x + 0.02, y - 0.11)), (*stage.rng.choice((p.accent, p.spark)), 240), 0.009
        )


def grid(stage: Stage) -> None:
    """A glowing plane towards a striped sun."""
    p = stage.palette
    horizon = stage.tall * 0.6
    stage.gradient((shade(p.sky, 0.5), p.sky, p.accent), 0, horizon)
    stage.gradient((shade(p.near, 0.4), shade(p.near, 0.8)), horizon)
    x, r = stage.spread(0.35, 0.65), stage.spread(0.2, 0.3)
    stage.disc(x, horizon - 0.1, r, p.spark)
    for k in range(6):
        y = horizon - 0.1 + r * (k / 6)
        stage.box(x - r, y, x + r, y + 0.008 + 0.004 * k, mix(p.sky, p.accent, 0.7))
    stage.box(0, horizon, 1, horizon + 0.25, shade(p.near, 0.5))
    for k in range(11):
        y = horizon + (stage.tall - horizon) * (k / 11) ** 2
        stage.line(((0, y), (1, y)), (*p.accent, 200), 0.004)
        stage.line(((x, horizon), (x + (k - 5) * 0.35, stage.tall)), (*p.accent, 200), 0.004)


def abstract(stage: Stage) -> None:
    """Shards, circles and lines without a place."""
    p = stage.palette
    inks = (p.sky, p.haze, p.far, p.mid, p.near, p.accent, p.spark)
    stage.gradient((stage.rng.choice(inks), stage.rng.choice(inks)))
    for _ in range(9):
        x, y, r = stage.spread(0, 1), stage.spread(0, stage.tall), stage.spread(0.15, 0.5)
        corners = [(x + r * stage.spread(-1, 1), y + r * stage.spread(-1, 1)) for _ in range(3)]
        stage.polygon(corners, (*stage.rng.choice(inks), 190))
    x, y = stage.spread(0.2, 0.8), stage.spread(0.3, 1.0)
    for k in range(stage.rng.randrange(3, 9)):
        stage.ring(x, y, 0.07 * (k + 1), (*stage.rng.choice(inks), 200), 0.012)


BACKDROPS: dict[str, Backdrop] = {
    f.__name__: f
    for f in (
        abstract,
        burst,
        castle,
        city,
        confetti,
        desert,
        dusk,
        forest,
        graveyard,
        grid,
        kitchen,
        lights,
        meadow,
        mountains,
        petals,
        rails,
        rain,
        ruins,
        school,
        sea,
        shrine,
        space,
        stadium,
        street,
        temple,
    )
}

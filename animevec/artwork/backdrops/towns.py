"""Places that people built."""

from math import pi, sin

from animevec.artwork.backdrops.pieces import ball_of_leaves, clouds, ridge, sky, stars, sun
from animevec.artwork.palette import mix, shade
from animevec.artwork.stage import Stage


def castle(stage: Stage) -> None:
    """Towers on a hill."""
    horizon = sky(stage, 0.72)
    p = stage.palette
    stage.glow(0.5, horizon - 0.4, 0.6, p.haze, 0.7)
    ridge(stage, horizon - 0.05, 0.22, p.far, 6)
    wall = mix(p.far, p.near, 0.55)
    stage.box(0.26, horizon - 0.3, 0.74, horizon + 0.1, wall)
    for k in range(5):
        x, w = 0.24 + 0.13 * k, stage.spread(0.035, 0.055)
        top = horizon - stage.spread(0.34, 0.66)
        stage.box(x - w, top, x + w, horizon + 0.1, shade(wall, stage.spread(0.85, 1.15)))
        roof = ((x - w * 1.4, top), (x, top - stage.spread(0.12, 0.22)), (x + w * 1.4, top))
        stage.polygon(roof, p.accent)
        stage.box(x - 0.012, top + 0.05, x + 0.012, top + 0.1, p.spark)
    ridge(stage, horizon + 0.12, 0.14, p.near, 5)


def city(stage: Stage) -> None:
    """Towers with lit windows at night."""
    p = stage.palette
    stage.gradient((shade(p.sky, 0.5), p.sky, mix(p.accent, p.sky, 0.5)))
    stars(stage, 40, 0.6)
    stage.disc(stage.spread(0.15, 0.85), 0.3, stage.spread(0.06, 0.14), mix(p.paper, p.spark, 0.4))
    for layer, ink in enumerate((p.far, p.mid, p.near)):
        x = -0.02
        while x < 1:
            w = stage.spread(0.09, 0.2)
            top = stage.tall * (0.42 + 0.13 * layer) + stage.spread(-0.2, 0.16)
            stage.box(x, top, x + w - 0.008, stage.tall, shade(ink, 0.75))
            _windows(stage, x, top, w, layer)
            x += w


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


def rails(stage: Stage) -> None:
    """A railway towards the horizon, and a train."""
    horizon = sky(stage, 0.58)
    clouds(stage, 6, 0.5)
    p = stage.palette
    ridge(stage, horizon, 0.16, p.far, 8)
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


def school(stage: Stage) -> None:
    """A school front with clock and cherry trees."""
    horizon = sky(stage, 0.72)
    clouds(stage, 5, 0.5)
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
        ball_of_leaves(stage, x, horizon - 0.28, 0.16, mix((248, 176, 200), p.accent, 0.3))


def shrine(stage: Stage) -> None:
    """A red gate before a pale moon."""
    p = stage.palette
    horizon = sky(stage, 0.76)
    stage.glow(0.5, 0.5, 0.6, p.haze, 0.8)
    stage.disc(0.5, 0.5, 0.24, mix(p.paper, p.spark, 0.25))
    ridge(stage, horizon - 0.04, 0.12, p.far, 11)
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


def street(stage: Stage) -> None:
    """Houses along a road with poles and wires."""
    horizon = sky(stage, 0.62)
    clouds(stage, 5, 0.5)
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


def temple(stage: Stage) -> None:
    """A pagoda with curved roofs among pines."""
    horizon = sky(stage, 0.74)
    p = stage.palette
    sun(stage, stage.spread(0.3, 0.5))
    ridge(stage, horizon - 0.1, 0.2, p.far, 6)
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
    ridge(stage, horizon + 0.05, 0.1, p.near, 12)


def _windows(stage: Stage, x: float, top: float, w: float, layer: int) -> None:
    step = 0.024 + 0.008 * layer
    for row in range(int((stage.tall - top) / step / 1.3)):
        for column in range(int(w / step)):
            if stage.rng.random() < 0.34:
                x0, y0 = x + 0.008 + column * step, top + 0.02 + row * step * 1.3
                ink = stage.rng.choice((stage.palette.spark, (255, 232, 170)))
                stage.box(x0, y0, x0 + step * 0.5, y0 + step * 0.7, (*ink, 210))

"""Land, water, weather and the sky."""

from math import cos, pi, sin

from animevec.artwork.backdrops.pieces import ball_of_leaves, clouds, ridge, sky, stars, sun
from animevec.artwork.palette import mix, shade
from animevec.artwork.stage import Stage


def desert(stage: Stage) -> None:
    """Dunes under a burning sky."""
    horizon = sky(stage, 0.6)
    sun(stage, horizon - 0.25)
    p = stage.palette
    for k in range(4):
        ink = mix(mix(p.spark, p.haze, 0.5), p.near, 0.16 + 0.2 * k)
        phase = stage.spread(0, 2 * pi)
        top = [
            (x / 20, horizon + 0.12 * k + 0.05 * sin(phase + x / (4 + k))) for x in range(-1, 22)
        ]
        stage.polygon([(-0.1, stage.tall), *top, (1.1, stage.tall)], ink)


def dusk(stage: Stage) -> None:
    """A wide evening sky over low ground."""
    p = stage.palette
    horizon = stage.tall * stage.spread(0.72, 0.84)
    stage.gradient((shade(p.sky, 0.7), p.sky, mix(p.accent, p.haze, 0.5), p.spark), 0, horizon)
    sun(stage, horizon - 0.1)
    for _ in range(7):
        y, x = stage.spread(0.1, horizon), stage.spread(0, 1)
        stage.oval(x, y, stage.spread(0.2, 0.5), 0.018, (*mix(p.accent, p.haze, 0.4), 130))
    ridge(stage, horizon, 0.1, p.mid, 9)
    ridge(stage, horizon + 0.1, 0.06, p.near, 16)


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
            ball_of_leaves(stage, stage.spread(0, 1), stage.spread(-0.05, 0.25), 0.14, dark)
    ridge(stage, stage.tall - 0.1, 0.08, shade(p.near, 0.8), 14)


def graveyard(stage: Stage) -> None:
    """Stones and bare trees under a huge moon."""
    p = stage.palette
    horizon = stage.tall * 0.74
    stage.gradient((shade(p.sky, 0.6), p.sky, p.haze), 0, horizon)
    x = stage.spread(0.25, 0.75)
    stage.glow(x, 0.45, 0.6, p.accent, 0.6)
    stage.disc(x, 0.45, stage.spread(0.18, 0.3), mix(p.accent, p.paper, 0.55))
    ridge(stage, horizon, 0.08, p.near, 7)
    for _ in range(3):
        _bare_tree(stage, stage.spread(0, 1), horizon + 0.1, stage.spread(0.25, 0.5))
    for _ in range(7):
        x, y, h = stage.spread(0.02, 0.94), stage.spread(horizon, stage.tall - 0.1), 0.12
        stage.box(x, y - h, x + 0.075, y, shade(p.far, 0.9), 0.035)


def meadow(stage: Stage) -> None:
    """A hill with grass and flowers under clouds."""
    horizon = sky(stage, 0.66)
    clouds(stage, 6, horizon - 0.1)
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


def mountains(stage: Stage) -> None:
    """Ridges behind each other under a low sun."""
    horizon = sky(stage, 0.7)
    sun(stage, horizon - stage.spread(0.2, 0.5))
    clouds(stage, 3, horizon * 0.7)
    p = stage.palette
    for k, ink in enumerate((p.far, mix(p.far, p.mid, 0.6), p.mid, p.near)):
        ridge(stage, horizon - 0.16 + 0.14 * k, 0.3 - 0.06 * k, ink, 5 + 2 * k)


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


def sea(stage: Stage) -> None:
    """A horizon of water with a path of light."""
    horizon = sky(stage, stage.spread(0.45, 0.6))
    sun(stage, horizon - 0.12)
    clouds(stage, 4, horizon - 0.1)
    p = stage.palette
    stage.gradient((mix(p.far, p.haze, 0.3), p.mid, p.near), horizon, stage.tall)
    for k in range(34):
        y = horizon + (stage.tall - horizon) * (k / 34) ** 1.4
        x, reach = stage.spread(0, 1), stage.spread(0.03, 0.16)
        stage.line(((x - reach, y), (x + reach, y)), (*p.paper, 130), 0.003 + 0.004 * k / 34)


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
    stars(stage, 150, stage.tall)
    for _ in range(stage.rng.randrange(1, 4)):
        x, y, r = stage.spread(0, 1), stage.spread(0, stage.tall), stage.spread(0.05, 0.3)
        ink = stage.rng.choice((p.far, p.accent, p.mid))
        stage.disc(x, y, r, ink)
        stage.glow(x - r * 0.4, y - r * 0.4, r * 0.7, mix(ink, (255, 255, 255), 0.7), 0.6)


def _bare_tree(stage: Stage, x: float, y: float, h: float, turn: float = -pi / 2) -> None:
    end = x + h * 0.5 * cos(turn), y + h * 0.5 * sin(turn)
    stage.line(((x, y), end), shade(stage.palette.near, 0.5), h * 0.07)
    if h > 0.07:
        for fork in (-0.55, 0.5):
            _bare_tree(stage, *end, h * 0.68, turn + fork + stage.spread(-0.2, 0.2))

"""Pieces that several backdrops are made of."""

from animevec.artwork.palette import Colour, mix, shade
from animevec.artwork.stage import Point, Stage


def sky(stage: Stage, low: float = 0.75) -> float:
    """Sky down to the horizon at ``low`` of the height, ground below; returns the horizon."""
    p = stage.palette
    horizon = stage.tall * low
    stage.gradient((p.sky, mix(p.sky, p.haze, 0.55), p.haze), 0, horizon + 0.01)
    stage.gradient((p.mid, p.near), horizon, stage.tall)
    return horizon


def ridge(stage: Stage, y: float, rough: float, ink: Colour, peaks: int = 7) -> None:
    """A jagged line of land at height ``y``, filled to the bottom."""
    points: list[Point] = [(-0.05, stage.tall), (-0.05, y)]
    for k in range(peaks + 1):
        x = -0.05 + 1.1 * (k + stage.spread(-0.25, 0.25)) / peaks
        points.append((x, y - rough * stage.rng.random() * (1.6 if k % 2 else 0.4)))
    stage.polygon([*points, (1.05, y), (1.05, stage.tall)], ink)


def cloud(stage: Stage, x: float, y: float, r: float, ink: Colour) -> None:
    """One cloud of about ``r``."""
    for k in range(6):
        size = r * stage.spread(0.35, 0.7)
        stage.oval(x + r * (k - 2.5) * 0.5, y - size * 0.35, size, size * 0.75, (*ink, 200))
    stage.box(x - 1.5 * r, y - 0.1 * r, x + 1.5 * r, y + 0.12 * r, (*ink, 200), 0.1 * r)


def clouds(stage: Stage, count: int, low: float) -> None:
    """Clouds above height ``low``."""
    for _ in range(count):
        ink = mix(stage.palette.paper, stage.palette.haze, stage.spread(0, 0.5))
        cloud(stage, stage.spread(0, 1), stage.spread(0.1, low), stage.spread(0.07, 0.22), ink)


def stars(stage: Stage, count: int, low: float) -> None:
    """Small stars above height ``low``."""
    for _ in range(count):
        r = stage.spread(0.001, 0.004)
        stage.disc(stage.spread(0, 1), stage.spread(0, low), r, (255, 255, 255, 190))


def sun(stage: Stage, y: float) -> None:
    """A glowing disc at height ``y``."""
    x, r = stage.spread(0.2, 0.8), stage.spread(0.08, 0.2)
    stage.glow(x, y, r * 2.6, stage.palette.spark, 0.7)
    stage.disc(x, y, r, mix(stage.palette.spark, (255, 255, 255), 0.45))


def ball_of_leaves(stage: Stage, x: float, y: float, r: float, ink: Colour) -> None:
    """A tree's crown."""
    for _ in range(9):
        dx, dy = stage.spread(-r, r), stage.spread(-r, r) * 0.8
        stage.disc(x + dx, y + dy, r * stage.spread(0.35, 0.6), shade(ink, stage.spread(0.85, 1.2)))

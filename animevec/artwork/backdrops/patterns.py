"""Grounds that are no place: light, rays, shapes."""

from math import cos, pi, sin

from animevec.artwork.palette import mix, shade
from animevec.artwork.stage import Stage


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

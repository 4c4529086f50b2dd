"""What all emblems share: three colours and points on a circle."""

from math import cos, pi, sin

from animevec.artwork.stage import Point

WHITE = (250, 250, 250)
STEEL = (196, 204, 216)
GOLD = (240, 190, 60)


def rim(x: float, y: float, r: float, count: int, turn: float = 0.0) -> list[Point]:
    """``count`` points evenly round a circle, the first above its middle, ``turn`` radians on."""
    return [
        (x + r * sin(turn + 2 * pi * k / count), y - r * cos(turn + 2 * pi * k / count))
        for k in range(count)
    ]

"""The people of a picture: designs that a franchise keeps, drawn as busts or small bodies."""

from dataclasses import dataclass
from math import pi, sin
from random import Random

from animevec.artwork.palette import Colour, Mood, hls, mix, shade
from animevec.artwork.stage import Point, Stage

HAIR = ("spiky", "long", "bob", "twin tails", "ponytail", "short", "wavy", "hime")
OUTFITS = ("uniform", "jacket", "kimono", "armour", "dress", "suit", "hoodie", "cloak")
_NATURAL = ((36, 28, 34), (74, 46, 34), (128, 82, 48), (226, 186, 104), (232, 230, 236))


@dataclass(frozen=True, slots=True)
class Design:
    """What stays the same about a character from picture to picture."""

    hair: str
    hair_colour: Colour
    eyes: Colour
    outfit: str
    cloth: Colour
    trim: Colour
    skin: Colour
    feminine: bool


def design(seed: int, hue: float, outfit: str | None = None) -> Design:
    """The character of a seed; ``hue`` ties the clothes to the franchise's colours."""
    rng = Random(seed)
    vivid = hls(rng.random(), rng.uniform(0.35, 0.7), rng.uniform(0.5, 0.9))
    return Design(
        hair=rng.choice(HAIR),
        hair_colour=rng.choice(_NATURAL) if rng.random() < 0.5 else vivid,
        eyes=hls(rng.random(), 0.42, 0.8),
        outfit=outfit or rng.choice(OUTFITS),
        cloth=hls(hue + rng.uniform(-0.08, 0.08), rng.uniform(0.16, 0.62), rng.uniform(0.25, 0.8)),
        trim=hls(hue + 0.5, rng.uniform(0.5, 0.9), 0.7),
        skin=mix((255, 228, 208), (206, 148, 108), rng.random() ** 2),
        feminine=rng.random() < 0.5,
    )


@dataclass(frozen=True, slots=True)
class _Pose:
    """Where the head is: middle, size (half a face's width), the way it looks (-1..1)."""

    x: float
    y: float
    r: float
    turn: float
    mood: Mood


def draw_bust(stage: Stage, d: Design, x: float, y: float, r: float, mood: Mood) -> None:
    """Head and shoulders; (x, y) is the middle of a face ``r`` widths in radius."""
    pose = _Pose(x, y, r, stage.spread(-0.35, 0.35), mood)
    _back_hair(stage, d, pose)
    _shoulders(stage, d, pose)
    _face(stage, d, pose)
    _fringe(stage, d, pose)


def draw_body(stage: Stage, d: Design, x: float, y: float, r: float, mood: Mood) -> None:
    """A small standing figure; (x, y) is its face, about eight ``r`` above its feet."""
    pose = _Pose(x, y, r, stage.spread(-0.3, 0.3), mood)
    _back_hair(stage, d, pose)
    dark, stride = shade(d.cloth, 0.6), stage.spread(0.15, 0.5) * r
    for side in (-1, 1):
        foot = x + side * (0.35 * r + stride)
        leg = d.skin if d.outfit in ("dress", "uniform") and d.feminine else dark
        stage.line(((x + side * 0.4 * r, y + 3.6 * r), (foot, y + 6.7 * r)), leg, 0.5 * r)
        stage.oval(foot + side * 0.1 * r, y + 6.9 * r, 0.5 * r, 0.26 * r, shade(d.trim, 0.5))
        reach = stage.spread(1.2, 2.0) * r
        hand = x + side * reach, y + stage.spread(1.2, 4.0) * r
        stage.line(((x + side * 0.8 * r, y + 1.5 * r), hand), shade(d.cloth, 0.85), 0.5 * r)
        stage.disc(*hand, 0.26 * r, d.skin)
    hem = 1.5 * r if d.outfit in ("dress", "kimono", "cloak") or d.feminine else 0.85 * r
    torso = (
        (x - 0.85 * r, y + 1.15 * r),
        (x + 0.85 * r, y + 1.15 * r),
        (x + hem, y + 4.3 * r),
        (x - hem, y + 4.3 * r),
    )
    stage.polygon(torso, d.cloth)
    stage.box(x - 0.8 * r, y + 2.7 * r, x + 0.8 * r, y + 3.0 * r, d.trim)
    _collar(stage, d, pose)
    _face(stage, d, pose)
    _fringe(stage, d, pose)


def draw_silhouette(stage: Stage, d: Design, x: float, y: float, r: float, ink: Colour) -> None:
    """The same figure as one dark shape, seen from behind."""
    flat = Design(d.hair, ink, ink, d.outfit, ink, ink, ink, d.feminine)
    pose = _Pose(x, y, r, 0.0, Mood.DARK)
    _back_hair(stage, flat, pose)
    stage.oval(x, y, 0.95 * r, 1.1 * r, ink)
    hem = 1.6 * r if d.outfit in ("dress", "kimono", "cloak") else 0.9 * r
    stage.polygon(
        (
            (x - 0.9 * r, y + 1.1 * r),
            (x + 0.9 * r, y + 1.1 * r),
            (x + hem, y + 4.4 * r),
            (x - hem, y + 4.4 * r),
        ),
        ink,
    )
    for side in (-1, 1):
        stage.line(
            ((x + side * 0.8 * r, y + 1.5 * r), (x + side * 1.5 * r, y + 4 * r)), ink, 0.5 * r
        )
        stage.line(((x + side * 0.4 * r, y + 4 * r), (x + side * 0.6 * r, y + 7 * r)), ink, 0.5 * r)


def _at(p: _Pose, *points: Point) -> list[Point]:
    return [(p.x + u * p.r, p.y + v * p.r) for u, v in points]


def _back_hair(stage: Stage, d: Design, p: _Pose) -> None:
    ink = shade(d.hair_colour, 0.74)
    stage.oval(p.x, p.y - 0.2 * p.r, 1.18 * p.r, 1.2 * p.r, ink)
    if d.hair in ("long", "hime", "wavy"):
        low = 3.2 if d.hair != "wavy" else 2.6
        flow = 0.3 * p.turn + 0.12
        stage.polygon(
            _at(
                p,
                (-1.15, -0.3),
                (1.15, -0.3),
                (1.35 + flow, low),
                (0.5, low + 0.25),
                (-0.4, low),
                (-1.3 + flow, low + 0.2),
            ),
            ink,
        )
        if d.hair == "wavy":
            for side in (-1, 1):
                for k in range(4):
                    stage.disc(
                        p.x + side * 1.15 * p.r, p.y + (0.3 + 0.62 * k) * p.r, 0.38 * p.r, ink
                    )
    elif d.hair == "bob":
        stage.polygon(
            _at(p, (-1.2, -0.3), (1.2, -0.3), (1.28, 1.0), (0.6, 1.3), (-0.6, 1.3), (-1.28, 1.0)),
            ink,
        )
    elif d.hair == "twin tails":
        for side in (-1, 1):
            stage.polygon(
                _at(
                    p,
                    (side * 0.9, -0.9),
                    (side * 2.0, -0.5),
                    (side * 2.25, 1.0),
                    (side * 1.7, 2.7),
                    (side * 1.45, 0.8),
                ),
                ink,
            )
            stage.disc(p.x + side * 1.1 * p.r, p.y - 0.75 * p.r, 0.22 * p.r, d.trim)
    elif d.hair == "ponytail":
        side = -1 if p.turn > 0 else 1
        stage.polygon(
            _at(
                p,
                (side * 0.5, -1.1),
                (side * 1.7, -1.2),
                (side * 2.2, 0.2),
                (side * 1.8, 1.9),
                (side * 1.35, 0.2),
            ),
            ink,
        )
    elif d.hair == "spiky":
        spikes = [
            (1.0, -0.1),
            (1.7, -0.6),
            (1.15, -0.75),
            (1.5, -1.5),
            (0.75, -1.2),
            (0.45, -1.95),
            (0.0, -1.3),
            (-0.6, -1.9),
            (-0.75, -1.2),
            (-1.5, -1.4),
            (-1.15, -0.7),
            (-1.7, -0.4),
            (-1.0, 0.1),
        ]
        stage.polygon(_at(p, *spikes), ink)


def _shoulders(stage: Stage, d: Design, p: _Pose) -> None:
    wide = 1.75 if d.feminine else 2.15
    stage.box(
        p.x - 0.33 * p.r, p.y + 0.7 * p.r, p.x + 0.33 * p.r, p.y + 1.7 * p.r, shade(d.skin, 0.88)
    )
    low = stage.tall / p.r
    stage.polygon(
        _at(
            p,
            (-0.45, 1.3),
            (0.45, 1.3),
            (wide * 0.85, 1.65),
            (wide, 2.3),
            (wide * 1.12, low),
            (-wide * 1.12, low),
            (-wide, 2.3),
            (-wide * 0.85, 1.65),
        ),
        d.cloth,
    )
    stage.polygon(
        _at(
            p,
            (wide * 0.3, 1.45),
            (wide * 0.85, 1.65),
            (wide, 2.3),
            (wide * 1.12, low),
            (wide * 0.5, low),
        ),
        shade(d.cloth, 0.8),
    )
    if d.outfit == "armour":
        for side in (-1, 1):
            stage.oval(
                p.x + side * wide * 0.85 * p.r, p.y + 2.0 * p.r, 0.65 * p.r, 0.55 * p.r, d.trim
            )
    elif d.outfit == "hoodie":
        stage.oval(p.x, p.y + 1.4 * p.r, 1.1 * p.r, 0.36 * p.r, shade(d.cloth, 1.2))
    elif d.outfit == "cloak":
        stage.polygon(_at(p, (-1.2, 1.3), (1.2, 1.3), (0.3, 2.1), (-0.3, 2.1)), d.trim)
    _collar(stage, d, p)


def _collar(stage: Stage, d: Design, p: _Pose) -> None:
    stage.polygon(_at(p, (-0.33, 1.15), (0.33, 1.15), (0, 1.95)), shade(d.skin, 0.95))
    if d.outfit == "uniform":
        for side in (-1, 1):
            stage.polygon(
                _at(p, (side * 0.3, 1.1), (side * 1.1, 1.45), (side * 0.85, 2.1), (0, 2.0)),
                (246, 246, 250),
            )
        stage.polygon(_at(p, (0, 1.95), (-0.45, 2.5), (0, 2.25), (0.45, 2.5)), d.trim)
    elif d.outfit == "suit":
        stage.polygon(_at(p, (-0.4, 1.2), (0.4, 1.2), (0, 3.0)), (246, 246, 250))
        stage.polygon(_at(p, (-0.12, 1.6), (0.12, 1.6), (0.16, 2.9), (-0.16, 2.9)), d.trim)
    elif d.outfit == "kimono":
        stage.line(_at(p, (-0.6, 1.2), (0.35, 2.9)), (246, 246, 250), 0.16 * p.r)
        stage.line(_at(p, (0.6, 1.2), (-0.35, 2.9)), d.trim, 0.18 * p.r)
    elif d.outfit == "jacket":
        stage.line(_at(p, (0, 1.9), (0, 4.4)), d.trim, 0.16 * p.r)


def _face(stage: Stage, d: Design, p: _Pose) -> None:
    stage.oval(p.x, p.y - 0.1 * p.r, 0.94 * p.r, 0.96 * p.r, d.skin)
    stage.polygon(
        _at(
            p,
            (-0.93, 0.0),
            (0.93, 0.0),
            (0.72, 0.62),
            (0.1 + p.turn * 0.3, 1.16),
            (-0.1 + p.turn * 0.3, 1.16),
            (-0.72, 0.62),
        ),
        d.skin,
    )
    for side in (-1, 1):
        _eye(stage, d, p, p.x + (side * 0.44 + p.turn * 0.3) * p.r, side)
    nose = shade(d.skin, 0.82)
    tip = p.turn * 0.36
    stage.line(_at(p, (tip, 0.4), (tip + 0.05, 0.5)), nose, 0.05 * p.r)
    lip = mix(d.skin, (170, 40, 50), 0.7)
    bend = 0.12 if p.mood in (Mood.BRIGHT, Mood.PASTEL) else -0.03
    mouth = [(p.turn * 0.3 - 0.2 + 0.4 * t / 6, 0.72 + bend * sin(pi * t / 6)) for t in range(7)]
    if p.mood is Mood.BRIGHT:
        stage.polygon(
            _at(p, (p.turn * 0.3 - 0.24, 0.62), (p.turn * 0.3 + 0.24, 0.62), (p.turn * 0.3, 0.9)),
            lip,
        )
    else:
        stage.line(_at(p, *mouth), lip, 0.06 * p.r)
    if p.mood is Mood.DARK:
        stage.polygon(
            _at(p, (0.1, -0.9), (0.93, -0.2), (0.7, 0.65), (0.15, 1.15)), (20, 10, 40, 90)
        )


def _eye(stage: Stage, d: Design, p: _Pose, x: float, side: int) -> None:
    y, r = p.y + 0.16 * p.r, p.r
    sharp = 0.6 if p.mood in (Mood.DARK, Mood.EPIC) and not d.feminine else 1.0
    stage.oval(x, y, 0.27 * r, 0.33 * r * sharp, (252, 252, 255))
    stage.oval(x + 0.03 * p.turn, y, 0.215 * r, 0.31 * r * sharp, shade(d.eyes, 0.7))
    stage.oval(
        x + 0.03 * p.turn, y + 0.09 * r * sharp, 0.18 * r, 0.2 * r * sharp, shade(d.eyes, 1.35)
    )
    stage.oval(x, y + 0.02 * r, 0.1 * r, 0.17 * r * sharp, (16, 10, 20))
    stage.disc(x - 0.07 * r, y - 0.12 * r * sharp, 0.075 * r, (255, 255, 255))
    lid = y - 0.3 * r * sharp
    stage.line(
        ((x - 0.29 * r, lid + 0.1 * r), (x, lid - 0.02 * r), (x + 0.29 * r, lid + 0.1 * r)),
        (30, 20, 28),
        0.085 * r,
    )
    slant = (0.1 if p.mood in (Mood.DARK, Mood.EPIC) else -0.04) * side * r
    stage.line(
        ((x - 0.24 * r, lid - 0.2 * r + slant), (x + 0.24 * r, lid - 0.2 * r - slant)),
        shade(d.hair_colour, 0.6),
        0.055 * r,
    )
    if p.mood in (Mood.BRIGHT, Mood.PASTEL):
        stage.oval(x + side * 0.12 * r, y + 0.38 * r, 0.17 * r, 0.08 * r, (250, 120, 120, 110))


def _fringe(stage: Stage, d: Design, p: _Pose) -> None:
    ink = d.hair_colour
    rng = Random(f"{d.hair}{ink}")  # the cut belongs to the design, not to the picture
    low = -0.12 if d.hair == "hime" else -0.3
    teeth = 4 if d.hair == "hime" else rng.randrange(5, 9)
    points: list[Point] = [
        (-1.06, 0.25),
        (-1.1, -0.5),
        (-0.8, -1.15),
        (0.0, -1.42),
        (0.8, -1.15),
        (1.1, -0.5),
        (1.06, 0.25),
    ]
    for k in range(teeth * 2, -1, -1):
        u = 0.98 * (k / teeth - 1)
        jag = 0.0 if d.hair == "hime" else rng.uniform(0.1, 0.42)
        points.append((u + p.turn * 0.12, low + (jag if k % 2 else -0.34)))
    stage.polygon(_at(p, *points), ink)
    for side in (-1, 1):
        stage.polygon(
            _at(
                p,
                (side * 1.08, -0.5),
                (side * 0.78, -0.4),
                (side * 0.9, 0.9 if d.feminine else 0.45),
                (side * 1.14, 0.5),
            ),
            ink,
        )
    shine = mix(ink, (255, 255, 255), 0.45)
    arc = [(-0.7 + 1.4 * t / 8, -0.72 - 0.2 * sin(pi * t / 8)) for t in range(9)]
    stage.line(_at(p, *arc), (*shine, 110), 0.09 * p.r)

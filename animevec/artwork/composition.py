"""How a brief becomes a picture: backdrop, figures, emblem and title in one of eight layouts."""

from collections.abc import Callable
from random import Random

from PIL import Image

from animevec.artwork.backdrops import BACKDROPS
from animevec.artwork.brief import Brief
from animevec.artwork.emblems import EMBLEMS
from animevec.artwork.figure import Design, design, draw_body, draw_bust, draw_silhouette
from animevec.artwork.finish import finish
from animevec.artwork.lettering import draw_glyphs, draw_title
from animevec.artwork.palette import Mood, mix, palette, shade
from animevec.artwork.stage import Stage

Layout = Callable[[Stage, Brief, list[Design]], None]


def draw(brief: Brief, size: tuple[int, int]) -> Image.Image:
    """The picture of a brief as RGB pixels; equal briefs and sizes give equal pixels."""
    shared, rng = Random(brief.franchise), Random(brief.seed)
    hue, contrast = shared.random(), shared.choice((0.08, 0.33, 0.42, 0.5, 0.58))
    stage = Stage(size, palette(hue, contrast, brief.mood, brief.era), rng)
    people = [
        design(shared.getrandbits(48), hue + contrast, shared.choice(brief.outfits or (None,)))
        for _ in range(5)
    ]
    rng.choice(LAYOUTS[brief.mood])(stage, brief, people)
    return finish(stage.finished(), brief.era)


def _place(stage: Stage, brief: Brief) -> None:
    BACKDROPS[stage.rng.choice(brief.backdrops[:3])](stage)


def _emblem(stage: Stage, brief: Brief, x: float, y: float, r: float) -> None:
    EMBLEMS[stage.rng.choice(brief.emblems[:3])](stage, x, y, r)


def _title(stage: Stage, brief: Brief, top: float, big: float = 0.13) -> None:
    p = stage.palette
    dark = brief.mood in (Mood.DARK, Mood.COOL)
    ink = stage.rng.choice((p.paper, p.spark) if dark else (p.accent, p.paper, p.ink))
    edge = p.ink if sum(ink) > 330 else p.paper
    if brief.title:
        draw_title(stage, brief.title, top, ink, edge, big)
    else:
        draw_glyphs(stage, 0.1, top, 0.14, 5, ink, upright=False)


def _credits(stage: Stage) -> None:
    for k in range(2):
        y = stage.tall - 0.055 + 0.022 * k
        ink = mix(stage.palette.paper, stage.palette.haze, 0.3)
        draw_glyphs(stage, 0.14 + 0.08 * k, y, 0.016, 34 - 8 * k, ink, upright=False)


def portrait(stage: Stage, brief: Brief, people: list[Design]) -> None:
    """One large face."""
    _place(stage, brief)
    _emblem(stage, brief, stage.rng.choice((0.18, 0.82)), stage.spread(0.2, 0.4), 0.13)
    draw_bust(stage, people[0], stage.spread(0.4, 0.6), stage.tall * 0.5, 0.19, brief.mood)
    _title(stage, brief, stage.tall - 0.34)
    _credits(stage)


def pair(stage: Stage, brief: Brief, people: list[Design]) -> None:
    """Two people side by side, one nearer."""
    _place(stage, brief)
    draw_bust(stage, people[1], stage.spread(0.64, 0.74), stage.tall * 0.38, 0.13, brief.mood)
    draw_bust(stage, people[0], stage.spread(0.28, 0.36), stage.tall * 0.5, 0.16, brief.mood)
    _emblem(stage, brief, 0.5, stage.tall - 0.42, 0.11)
    _title(stage, brief, stage.tall - 0.3, 0.11)


def crowd(stage: Stage, brief: Brief, people: list[Design]) -> None:
    """A row of small figures under the title."""
    _place(stage, brief)
    count = stage.rng.randrange(3, 6)
    for k in sorted(range(count), key=lambda k: k % 2 == 0):
        x = (k + 0.5) / count
        y = stage.tall * (0.5 if k % 2 else 0.57)
        draw_body(stage, people[k], x, y, 0.062 + 0.02 * (4 - count), brief.mood)
    _emblem(stage, brief, stage.rng.choice((0.15, 0.85)), 0.42, 0.11)
    _title(stage, brief, 0.05)


def landscape(stage: Stage, brief: Brief, people: list[Design]) -> None:
    """A wide place and a small figure seen from behind."""
    _place(stage, brief)
    x, r = stage.spread(0.25, 0.75), stage.spread(0.03, 0.055)
    ink = shade(stage.palette.near, 0.35)
    draw_silhouette(stage, people[0], x, stage.tall - 0.3 - 5 * r, r, ink)
    _emblem(stage, brief, 1 - x, stage.spread(0.45, 0.7), 0.1)
    side = 0.86 if x < 0.5 else 0.06
    draw_glyphs(stage, side, 0.12, 0.08, stage.rng.randrange(4, 8), stage.palette.paper)
    _title(stage, brief, stage.tall - 0.26, 0.1)


def symbol(stage: Stage, brief: Brief, people: list[Design]) -> None:
    """The emblem large, a figure before it."""
    _place(stage, brief)
    stage.glow(0.5, stage.tall * 0.4, 0.6, stage.palette.haze, 0.6)
    _emblem(stage, brief, 0.5, stage.tall * 0.38, 0.27)
    draw_body(stage, people[0], stage.spread(0.3, 0.7), stage.tall * 0.52, 0.065, brief.mood)
    _title(stage, brief, 0.05, 0.11)
    _credits(stage)


def white(stage: Stage, brief: Brief, people: list[Design]) -> None:
    """Figures on paper with a burst of colour, as magazines and discs have them."""
    p = stage.palette
    stage.gradient((p.paper, mix(p.paper, p.haze, 0.4)))
    x, y = stage.spread(0.3, 0.7), stage.tall * 0.5
    stage.star(x, y, 0.75, mix(p.accent, p.paper, 0.3), stage.rng.randrange(8, 20), 0.6)
    stage.disc(x, y, 0.36, p.spark)
    _emblem(stage, brief, stage.rng.choice((0.16, 0.84)), stage.tall * 0.34, 0.13)
    for k in range(stage.rng.randrange(1, 4)):
        draw_body(
            stage,
            people[k],
            0.5 + (0, -0.3, 0.3)[k],
            stage.tall * (0.44, 0.5, 0.5)[k],
            0.085,
            brief.mood,
        )
    _title(stage, brief, stage.rng.choice((0.05, stage.tall - 0.3)))


def split(stage: Stage, brief: Brief, people: list[Design]) -> None:
    """The picture cut by diagonal panels, a face in each."""
    _place(stage, brief)
    p, count = stage.palette, stage.rng.randrange(2, 4)
    for k in range(count):
        y = stage.tall * k / count
        lean = stage.spread(0.06, 0.16)
        if k:
            panel = ((0, y + lean), (1, y - lean), (1, stage.tall), (0, stage.tall))
            stage.polygon(panel, (p.sky, p.accent, p.mid)[k])
            stage.line(panel[:2], p.paper, 0.018)
        x = stage.spread(0.25, 0.45) if k % 2 else stage.spread(0.55, 0.75)
        draw_bust(stage, people[k], x, y + stage.tall / count * 0.42, 0.15, brief.mood)
    _emblem(stage, brief, 0.18, 0.26, 0.12)
    _title(stage, brief, stage.tall - 0.28, 0.12)


def tower(stage: Stage, brief: Brief, people: list[Design]) -> None:
    """A great face above, small figures below it."""
    _place(stage, brief)
    draw_bust(stage, people[1], 0.5, stage.tall * 0.32, 0.2, brief.mood)
    veil = mix(stage.palette.near, stage.palette.sky, 0.3)
    for k in range(8):
        stage.box(0, stage.tall * (0.56 + 0.055 * k), 1, stage.tall, (*veil, 70))
    for k, x in enumerate((0.24, 0.5, 0.76)):
        draw_body(stage, people[(0, 2, 3)[k]], x, stage.tall * 0.6, 0.05, brief.mood)
    _emblem(stage, brief, stage.rng.choice((0.14, 0.86)), 0.24, 0.1)
    _title(stage, brief, stage.tall - 0.2, 0.1)
    _credits(stage)


LAYOUTS: dict[Mood, tuple[Layout, ...]] = {
    Mood.DARK: (portrait, landscape, symbol, tower, pair),
    Mood.COOL: (portrait, symbol, landscape, tower, split),
    Mood.EPIC: (symbol, tower, split, pair, portrait, white, crowd),
    Mood.BRIGHT: (crowd, white, pair, split, portrait),
    Mood.PASTEL: (pair, landscape, portrait, crowd, white),
}

"""Where a picture takes place: one function per setting, found by name in ``BACKDROPS``."""

from collections.abc import Callable

from animevec.artwork.backdrops import nature, patterns, towns
from animevec.artwork.stage import Stage

Backdrop = Callable[[Stage], None]

BACKDROPS: dict[str, Backdrop] = {
    f.__name__: f
    for f in (
        nature.desert,
        nature.dusk,
        nature.forest,
        nature.graveyard,
        nature.meadow,
        nature.mountains,
        nature.rain,
        nature.sea,
        nature.space,
        patterns.abstract,
        patterns.burst,
        patterns.confetti,
        patterns.grid,
        patterns.lights,
        patterns.petals,
        towns.castle,
        towns.city,
        towns.kitchen,
        towns.rails,
        towns.ruins,
        towns.school,
        towns.shrine,
        towns.stadium,
        towns.street,
        towns.temple,
    )
}

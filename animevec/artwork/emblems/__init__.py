"""What a picture is about: one small drawing per object, found by name in ``EMBLEMS``."""

from collections.abc import Callable

from animevec.artwork.emblems import arms, nature, play, signs, things
from animevec.artwork.stage import Stage

Emblem = Callable[[Stage, float, float, float], None]

EMBLEMS: dict[str, Emblem] = {
    f.__name__: f
    for f in (
        nature.bat,
        nature.bolt,
        nature.cat,
        nature.crystal,
        nature.eye,
        nature.flame,
        nature.ghost,
        nature.horns,
        nature.leaf,
        nature.lily,
        nature.planet,
        nature.rose,
        nature.sun,
        nature.wisp,
        arms.badge,
        arms.car,
        arms.fist,
        arms.gear,
        arms.glove,
        arms.katana,
        arms.revolver,
        arms.robot,
        arms.sword,
        arms.target,
        things.balloon,
        things.book,
        things.bowl,
        things.brush,
        things.clock,
        things.compass,
        things.cross,
        things.cup,
        things.kite,
        things.lens,
        play.ball,
        play.basketball,
        play.cards,
        play.crown,
        play.dice,
        play.fan,
        play.gamepad,
        play.mask,
        play.microphone,
        play.note,
        signs.circle,
        signs.heart,
        signs.portal,
        signs.splash,
        signs.star,
        signs.wand,
    )
}

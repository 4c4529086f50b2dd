"""Pictures to train on: random briefs, richer surfaces, and a caption that says what is there."""

from dataclasses import dataclass, replace
from random import Random

import numpy as np
from PIL import Image, ImageFilter

from animevec.artwork.brief import Brief
from animevec.artwork.composition import draw
from animevec.artwork.finish import grain
from animevec.artwork.palette import Era, Mood
from animevec.artwork.tags import LOOKS, look_of

SCENE_SIZE = (160, 226)
_WORDS = (
    "moon river garden knight echo summer iron blossom wolf signal paper tiger silent comet winter "
    "clover empire mirror falcon lantern thunder melody orchard crimson ocean shadow parade atlas"
)
_NAMES = tuple(_WORDS.split())
_MOOD_WORDS = {
    Mood.DARK: "dark, frightening",
    Mood.COOL: "cool, serious",
    Mood.EPIC: "epic, dramatic",
    Mood.BRIGHT: "bright, funny",
    Mood.PASTEL: "gentle, pastel",
}


@dataclass(frozen=True, slots=True)
class Scene:
    """A drawn picture, the words for it, and the tags it was drawn from."""

    picture: Image.Image
    caption: str
    tags: tuple[str, ...]


def scene(
    seed: int, tags: tuple[str, ...] | None = None, size: tuple[int, int] = SCENE_SIZE
) -> Scene:
    """The training picture of a seed; ``tags`` (genres, themes) are drawn at random if absent.

    Seeds 2n and 2n + 1 are a family: same tags, palette, mood, era and people, another picture.
    They are each other's hard negatives when a model learns to tell pictures apart.
    """
    family, rng = Random(f"family {seed // 2}"), Random(f"scene {seed}")
    chosen = tags or tuple(family.sample(sorted(LOOKS), family.randrange(1, 4)))
    looks = [look for look in map(look_of, chosen) if look]
    mood = family.choice([look.mood for look in looks] or list(Mood))
    era = family.choice(list(Era))
    brief = Brief(
        seed=rng.getrandbits(62),
        franchise=family.getrandbits(62),
        title=" ".join(rng.sample(_NAMES, rng.randrange(1, 4))) if rng.random() < 0.6 else "",
        era=era,
        mood=mood,
        backdrops=tuple({b: None for look in looks for b in look.backdrops}) or ("dusk",),
        emblems=tuple({e: None for look in looks for e in look.emblems}) or ("star",),
    )
    picture = _worked(_collage(draw(brief, size), brief, rng), rng)
    return Scene(picture, caption(chosen, mood, era, rng), chosen)


def _collage(picture: Image.Image, brief: Brief, rng: Random) -> Image.Image:
    """Sometimes a second picture of the same family shows through a soft patch, as posters do."""
    if rng.random() < 0.6:
        return picture
    other = draw(replace(brief, seed=rng.getrandbits(62), title=""), picture.size)
    state = np.random.RandomState(rng.getrandbits(31))
    blobs = Image.fromarray(state.randint(0, 256, (4, 3)).astype(np.uint8))
    mask = blobs.resize(picture.size, Image.Resampling.BICUBIC).point(lambda v: min(255, v * 2))
    return Image.composite(picture, other, mask)


def caption(tags: tuple[str, ...], mood: Mood, era: Era, rng: Random) -> str:
    """One of several ways to say the tags, the mood and the era."""
    words = ", ".join(tags)
    return rng.choice(
        (
            f"{words}",
            f"a {_MOOD_WORDS[mood]} anime about {words}",
            f"poster of a {era} anime: {words}",
            f"{era} {words}, {_MOOD_WORDS[mood]}",
        )
    )


def _worked(picture: Image.Image, rng: Random) -> Image.Image:
    """Photo-like statistics: uneven light, soft texture, grain."""
    if rng.random() < 0.6:
        picture = _textured(picture, rng)
    if rng.random() < 0.3:
        picture = picture.filter(ImageFilter.GaussianBlur(rng.uniform(0.3, 0.9)))
    return grain(picture, rng.randrange(2, 12)) if rng.random() < 0.5 else picture


def _textured(picture: Image.Image, rng: Random) -> Image.Image:
    state = np.random.RandomState(rng.getrandbits(31))
    light = np.zeros((picture.height, picture.width, 3), dtype=np.float32)
    for cells, strength in ((3, 46), (9, 30), (30, 20)):
        coarse = state.randint(0, 256, (cells * 3 // 2, cells, 3)).astype(np.uint8)
        field = Image.fromarray(coarse).resize(picture.size, Image.Resampling.BICUBIC)
        light += (np.asarray(field, dtype=np.float32) / 255 - 0.5) * strength * rng.random()
    pixels = np.asarray(picture, dtype=np.float32) + light * 1.6
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))

"""Colours of a picture: chosen by hue, mood and era."""

from colorsys import hls_to_rgb, rgb_to_hls
from dataclasses import dataclass, fields, replace
from enum import StrEnum

Colour = tuple[int, int, int]


class Mood(StrEnum):
    """What the picture feels like."""

    DARK = "dark"
    COOL = "cool"
    EPIC = "epic"
    BRIGHT = "bright"
    PASTEL = "pastel"


class Era(StrEnum):
    """Decade of production, which decides saturation and surface."""

    FILM = "1970s"
    NEON = "1980s"
    CEL = "1990s"
    GLOSS = "2000s"
    VIVID = "2010s"
    SOFT = "2020s"

    @classmethod
    def of(cls, year: int | None) -> "Era":
        """The era of a year; an unknown year looks recent."""
        if year is None:
            return cls.VIVID
        bounds = {1980: cls.FILM, 1990: cls.NEON, 2000: cls.CEL, 2010: cls.GLOSS, 2020: cls.VIVID}
        return next((era for end, era in bounds.items() if year < end), cls.SOFT)


@dataclass(frozen=True, slots=True)
class Palette:
    """Eight colours, from the sky downwards to the ink of the lettering."""

    sky: Colour
    haze: Colour
    far: Colour
    mid: Colour
    near: Colour
    accent: Colour
    spark: Colour
    ink: Colour
    paper: Colour


def hls(hue: float, light: float, saturation: float) -> Colour:
    """A colour from hue (turns, any real), lightness and saturation (clipped to 0..1)."""
    turn = hue % 1.0
    # Pure green and cyan glare on a screen long before other hues do.
    most = 0.62 if 0.2 < turn < 0.52 else 0.92
    clipped = turn, min(max(light, 0.0), 1.0), min(max(saturation, 0.0), most)
    red, green, blue = hls_to_rgb(*clipped)
    return round(red * 255), round(green * 255), round(blue * 255)


def shade(colour: Colour, light: float, saturation: float = 1.0) -> Colour:
    """The same hue, lightness and saturation multiplied."""
    hue, old_light, old_saturation = rgb_to_hls(*(channel / 255 for channel in colour))
    return hls(hue, old_light * light, old_saturation * saturation)


def mix(first: Colour, second: Colour, share: float) -> Colour:
    """``share`` of the second colour, the rest of the first."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(first, second, strict=True))
    return red, green, blue


# Lightness and saturation of (sky, haze, far, mid, near), then where accent and spark sit.
_LEVELS: dict[Mood, tuple[tuple[float, float], ...]] = {
    Mood.DARK: ((0.08, 0.45), (0.26, 0.5), (0.16, 0.4), (0.1, 0.35), (0.04, 0.3)),
    Mood.COOL: ((0.2, 0.65), (0.6, 0.5), (0.42, 0.38), (0.28, 0.38), (0.13, 0.4)),
    Mood.EPIC: ((0.36, 0.75), (0.8, 0.85), (0.52, 0.5), (0.36, 0.5), (0.18, 0.5)),
    Mood.BRIGHT: ((0.58, 0.9), (0.9, 0.9), (0.7, 0.7), (0.56, 0.65), (0.4, 0.65)),
    Mood.PASTEL: ((0.8, 0.6), (0.95, 0.7), (0.84, 0.45), (0.74, 0.4), (0.6, 0.35)),
}
_ACCENTS: dict[Mood, tuple[float, float]] = {
    Mood.DARK: (0.42, 0.9),
    Mood.COOL: (0.55, 0.9),
    Mood.EPIC: (0.5, 0.95),
    Mood.BRIGHT: (0.55, 0.95),
    Mood.PASTEL: (0.68, 0.75),
}
_SATURATION: dict[Era, float] = {
    Era.FILM: 0.55,
    Era.NEON: 1.25,
    Era.CEL: 1.0,
    Era.GLOSS: 0.95,
    Era.VIVID: 1.15,
    Era.SOFT: 0.9,
}
_TINT: dict[Era, tuple[Colour, float]] = {
    Era.FILM: ((196, 160, 104), 0.2),
    Era.NEON: ((190, 30, 150), 0.1),
    Era.CEL: ((255, 226, 170), 0.05),
    Era.GLOSS: ((255, 255, 255), 0.1),
    Era.VIVID: ((70, 150, 255), 0.05),
    Era.SOFT: ((255, 214, 226), 0.1),
}


def palette(hue: float, contrast: float, mood: Mood, era: Era) -> Palette:
    """The colours of a picture.

    ``hue`` and ``contrast`` are turns of the colour wheel: the ground hue, and how far from it the
    horizon and the accents lie (0.08 is analogous, 0.5 complementary).
    """
    drift = (0.0, contrast * 0.5, 0.02, -0.03, -0.06)
    body = [
        hls(hue + turn, light, saturation * _SATURATION[era])
        for turn, (light, saturation) in zip(drift, _LEVELS[mood], strict=True)
    ]
    light, saturation = _ACCENTS[mood]
    accent = hls(hue + contrast, light, saturation * _SATURATION[era])
    spark = hls(hue + contrast * 1.6 + 0.08, min(light + 0.2, 0.9), saturation)
    sky, haze, far, mid, near = body
    ink, paper = hls(hue + 0.03, 0.09, 0.5), hls(hue, 0.965, 0.5)
    raw = Palette(sky, haze, far, mid, near, accent, spark, ink, paper)
    return _tinted(raw, era)


def _tinted(raw: Palette, era: Era) -> Palette:
    colour, share = _TINT[era]
    dyed = {f.name: mix(getattr(raw, f.name), colour, share) for f in fields(raw)}
    return replace(raw, **dyed)

"""What each genre, theme and demographic looks like: a backdrop, an emblem and a mood."""

from dataclasses import dataclass

from animevec.artwork.palette import Mood


@dataclass(frozen=True, slots=True)
class Look:
    """Backdrops and emblems by name (either may be empty), and how strongly a mood is meant."""

    backdrops: tuple[str, ...]
    emblems: tuple[str, ...]
    mood: Mood
    weight: int = 1


def _look(backdrops: str, emblems: str, mood: Mood, weight: int = 1) -> Look:
    return Look(tuple(backdrops.split()), tuple(emblems.split()), mood, weight)


LOOKS: dict[str, Look] = {
    "action": _look("burst ruins city", "sword flame", Mood.EPIC),
    "adventure": _look("mountains sea desert", "compass", Mood.EPIC),
    "avant garde": _look("abstract", "eye", Mood.COOL, 2),
    "award winning": _look("", "", Mood.EPIC, 0),
    "boys love": _look("petals", "rose", Mood.PASTEL, 2),
    "comedy": _look("confetti meadow", "star", Mood.BRIGHT, 2),
    "drama": _look("dusk rain", "", Mood.COOL),
    "ecchi": _look("confetti sea", "heart", Mood.BRIGHT),
    "erotica": _look("petals", "rose", Mood.DARK),
    "fantasy": _look("castle mountains forest", "crystal", Mood.EPIC),
    "girls love": _look("petals", "lily", Mood.PASTEL, 2),
    "gourmet": _look("kitchen", "bowl", Mood.BRIGHT, 2),
    "horror": _look("graveyard forest", "ghost", Mood.DARK, 4),
    "mystery": _look("rain city", "lens", Mood.DARK, 2),
    "romance": _look("petals dusk", "heart", Mood.PASTEL, 2),
    "sci-fi": _look("city space", "gear", Mood.COOL, 2),
    "slice of life": _look("meadow street rails", "cup", Mood.PASTEL, 3),
    "sports": _look("stadium", "ball", Mood.BRIGHT, 2),
    "supernatural": _look("shrine dusk", "wisp", Mood.DARK),
    "suspense": _look("rain city", "eye", Mood.DARK, 3),
    "thriller": _look("rain city", "eye", Mood.DARK, 3),
    "psychological": _look("abstract", "eye", Mood.DARK, 2),
    "shounen ai": _look("petals", "rose", Mood.PASTEL, 2),
    "shoujo ai": _look("petals", "lily", Mood.PASTEL, 2),
    "adult cast": _look("street", "", Mood.COOL),
    "anthropomorphic": _look("meadow forest", "cat", Mood.BRIGHT),
    "cars": _look("street", "car", Mood.COOL),
    "cgdct": _look("meadow street", "cup", Mood.PASTEL, 3),
    "childcare": _look("meadow", "kite", Mood.PASTEL, 2),
    "combat sports": _look("stadium", "glove", Mood.EPIC, 2),
    "crossdressing": _look("confetti", "mask", Mood.BRIGHT),
    "delinquents": _look("street", "flame", Mood.COOL),
    "dementia": _look("abstract", "eye", Mood.DARK, 2),
    "demons": _look("ruins graveyard", "horns", Mood.DARK, 2),
    "detective": _look("rain city", "lens", Mood.DARK),
    "educational": _look("school", "book", Mood.BRIGHT),
    "gag humor": _look("confetti", "star", Mood.BRIGHT, 3),
    "game": _look("grid", "dice", Mood.BRIGHT),
    "gore": _look("graveyard", "splash", Mood.DARK, 4),
    "harem": _look("confetti petals", "heart", Mood.BRIGHT),
    "reverse harem": _look("petals", "rose", Mood.PASTEL),
    "high stakes game": _look("abstract", "cards", Mood.DARK, 2),
    "historical": _look("temple mountains", "fan", Mood.EPIC),
    "idols (female)": _look("lights", "microphone", Mood.BRIGHT, 2),
    "idols (male)": _look("lights", "microphone", Mood.COOL, 2),
    "isekai": _look("castle meadow", "portal", Mood.EPIC),
    "iyashikei": _look("meadow sea", "leaf", Mood.PASTEL, 4),
    "josei": _look("street", "cup", Mood.PASTEL),
    "kids": _look("meadow confetti", "balloon", Mood.BRIGHT, 3),
    "love polygon": _look("petals", "heart", Mood.PASTEL),
    "love status quo": _look("petals", "heart", Mood.PASTEL),
    "magic": _look("castle forest", "circle", Mood.EPIC),
    "magical sex shift": _look("confetti", "circle", Mood.BRIGHT),
    "mahou shoujo": _look("petals confetti", "wand", Mood.PASTEL, 2),
    "martial arts": _look("temple burst", "fist", Mood.EPIC, 2),
    "mecha": _look("space city ruins", "robot", Mood.COOL, 2),
    "medical": _look("street", "cross", Mood.COOL),
    "military": _look("ruins desert", "target", Mood.COOL, 2),
    "music": _look("lights", "note", Mood.BRIGHT),
    "mythology": _look("temple mountains", "sun", Mood.EPIC),
    "organized crime": _look("city rain", "revolver", Mood.DARK, 2),
    "otaku culture": _look("street grid", "gamepad", Mood.BRIGHT),
    "parody": _look("confetti burst", "star", Mood.BRIGHT),
    "performing arts": _look("lights", "mask", Mood.EPIC),
    "pets": _look("meadow", "cat", Mood.BRIGHT, 2),
    "police": _look("city", "badge", Mood.COOL),
    "racing": _look("stadium street", "car", Mood.EPIC),
    "reincarnation": _look("castle", "portal", Mood.EPIC),
    "samurai": _look("temple dusk", "katana", Mood.EPIC, 2),
    "school": _look("school", "book", Mood.PASTEL),
    "seinen": _look("", "", Mood.COOL),
    "shoujo": _look("petals", "rose", Mood.PASTEL, 2),
    "shounen": _look("burst", "", Mood.EPIC),
    "showbiz": _look("lights", "star", Mood.BRIGHT),
    "space": _look("space", "planet", Mood.COOL, 3),
    "strategy game": _look("grid", "cards", Mood.COOL),
    "super power": _look("burst city", "bolt", Mood.EPIC),
    "survival": _look("ruins forest", "target", Mood.DARK, 2),
    "team sports": _look("stadium", "ball", Mood.BRIGHT),
    "time travel": _look("abstract dusk", "clock", Mood.COOL),
    "urban fantasy": _look("city", "wisp", Mood.COOL),
    "vampire": _look("castle graveyard", "bat", Mood.DARK, 3),
    "video game": _look("grid", "gamepad", Mood.BRIGHT),
    "villainess": _look("castle petals", "crown", Mood.PASTEL),
    "visual arts": _look("abstract", "brush", Mood.PASTEL),
    "workplace": _look("street city", "cup", Mood.COOL),
}


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Words of a synopsis that move the mood; a title with no genres is still not drawn blind.
MOOD_WORDS: dict[Mood, frozenset[str]] = {
    Mood.DARK: _words(
        "murder death dead kill killer blood corpse curse despair nightmare ghost horror revenge "
        "demon monster prison"
    ),
    Mood.COOL: _words("war army robot space machine future colony police detective"),
    Mood.EPIC: _words("hero sword kingdom battle quest legend dragon power tournament"),
    Mood.BRIGHT: _words("funny comedy hilarious antics chaos cheerful laugh club"),
    Mood.PASTEL: _words("love gentle everyday quiet summer spring heart sweet girl"),
}


def look_of(tag: str) -> Look | None:
    """The look of one genre, theme or demographic, whatever its capitals."""
    return LOOKS.get(tag.strip().lower())

"""Jikan's answers; fields are named as it names them."""

from pydantic import Field

from flows.enrichment.reading import Answer, Many


class Named(Answer):
    mal_id: int | None = None
    type: str | None = None
    name: str
    url: str | None = None


class TitleEntry(Answer):
    type: str = "Synonym"
    title: str


class Day(Answer):
    day: int | None = None
    month: int | None = None
    year: int | None = None


class Prop(Answer):
    from_: Day = Field(Day(), alias="from")
    to: Day = Day()


class Aired(Answer):
    prop: Prop = Prop()
    string: str | None = None


class ImageSet(Answer):
    image_url: str | None = None
    small_image_url: str | None = None
    large_image_url: str | None = None


class Images(Answer):
    jpg: ImageSet = ImageSet()
    webp: ImageSet = ImageSet()


class Trailer(Answer):
    youtube_id: str | None = None
    embed_url: str | None = None
    url: str | None = None


class RelationEntry(Answer):
    relation: str
    entry: Many[Named] = ()


class Link(Answer):
    name: str
    url: str | None = None


class Full(Answer):
    """``data`` of ``/anime/{id}/full``."""

    mal_id: int
    url: str | None = None
    images: Images = Images()
    trailer: Trailer = Trailer()
    titles: Many[TitleEntry] = ()
    title: str | None = None
    title_english: str | None = None
    title_japanese: str | None = None
    title_synonyms: Many[str] = ()
    type: str | None = None
    source: str | None = None
    episodes: int | None = None
    status: str | None = None
    aired: Aired = Aired()
    duration: str | None = None
    rating: str | None = None
    score: float | None = None
    scored_by: int | None = None
    rank: int | None = None
    popularity: int | None = None
    members: int | None = None
    favorites: int | None = None
    synopsis: str | None = None
    background: str | None = None
    season: str | None = None
    year: int | None = None
    producers: Many[Named] = ()
    licensors: Many[Named] = ()
    studios: Many[Named] = ()
    genres: Many[Named] = ()
    explicit_genres: Many[Named] = ()
    themes: Many[Named] = ()
    demographics: Many[Named] = ()
    relations: Many[RelationEntry] = ()
    external: Many[Link] = ()
    streaming: Many[Link] = ()


class EpisodeEntry(Answer):
    mal_id: int
    title: str | None = None
    title_japanese: str | None = None
    title_romanji: str | None = None
    aired: str | None = None
    score: float | None = None
    filler: bool | None = None
    recap: bool | None = None


class Who(Answer):
    mal_id: int | None = None
    name: str
    images: Images = Images()


class Voice(Answer):
    person: Who
    language: str | None = None


class CharacterEntry(Answer):
    character: Who
    role: str | None = None
    voice_actors: Many[Voice] = ()


class StaffEntry(Answer):
    person: Who
    positions: Many[str] = ()


class FullAnswer(Answer):
    data: Full


class Characters(Answer):
    data: Many[CharacterEntry] = ()


class Staff(Answer):
    data: Many[StaffEntry] = ()


class Pages(Answer):
    has_next_page: bool = False


class Episodes(Answer):
    data: Many[EpisodeEntry] = ()
    pagination: Pages = Pages()

"""Kitsu's answers, JSON:API; fields are named as it names them."""

from pydantic import Field

from flows.enrichment.reading import Answer, Many


class Image(Answer):
    tiny: str | None = None
    small: str | None = None
    large: str | None = None
    original: str | None = None


class Attributes(Answer):
    slug: str | None = None
    updatedAt: str | None = None
    synopsis: str | None = None
    titles: dict[str, str | None] = Field({})
    canonicalTitle: str | None = None
    abbreviatedTitles: Many[str | None] = ()
    averageRating: str | None = None
    ratingFrequencies: dict[str, str] = Field({})
    userCount: int | None = None
    favoritesCount: int | None = None
    startDate: str | None = None
    endDate: str | None = None
    popularityRank: int | None = None
    ratingRank: int | None = None
    ageRating: str | None = None
    subtype: str | None = None
    status: str | None = None
    posterImage: Image = Image()
    coverImage: Image = Image()
    episodeCount: int | None = None
    episodeLength: int | None = None
    youtubeVideoId: str | None = None
    nsfw: bool | None = None
    # of what may be included
    name: str | None = None
    names: dict[str, str | None] = Field({})
    otherNames: Many[str | None] = ()
    title: str | None = None
    role: str | None = None
    externalSite: str | None = None
    externalId: str | None = None
    number: int | None = None
    airdate: str | None = None
    length: int | None = None
    url: str | None = None
    image: Image = Image()


class Pointer(Answer):
    type: str
    id: str


class Relationship(Answer):
    data: Pointer | Many[Pointer] | None = None


class Resource(Answer):
    id: str
    type: str
    attributes: Attributes = Attributes()
    relationships: dict[str, Relationship] = Field({})


class Document(Answer):
    data: Resource | Many[Resource] = ()
    included: Many[Resource] = ()

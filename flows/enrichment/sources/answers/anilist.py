"""AniList's answers; fields are named as it names them."""

from flows.enrichment.reading import Answer, Many


class Names(Answer):
    romaji: str | None = None
    english: str | None = None
    native: str | None = None
    userPreferred: str | None = None


class FuzzyDate(Answer):
    year: int | None = None
    month: int | None = None
    day: int | None = None


class Cover(Answer):
    extraLarge: str | None = None
    large: str | None = None
    medium: str | None = None


class Trailer(Answer):
    id: str | None = None
    site: str | None = None


class Tag(Answer):
    name: str
    rank: int | None = None
    isMediaSpoiler: bool | None = None
    isGeneralSpoiler: bool | None = None
    isAdult: bool | None = None


class RelatedNode(Answer):
    id: int
    idMal: int | None = None
    type: str | None = None
    format: str | None = None
    title: Names = Names()


class RelationEdge(Answer):
    relationType: str | None = None
    node: RelatedNode


class Relations(Answer):
    edges: Many[RelationEdge] = ()


class StudioNode(Answer):
    name: str
    isAnimationStudio: bool | None = None


class StudioEdge(Answer):
    isMain: bool | None = None
    node: StudioNode


class Studios(Answer):
    edges: Many[StudioEdge] = ()


class Link(Answer):
    site: str | None = None
    url: str | None = None
    type: str | None = None


class Ranking(Answer):
    rank: int
    type: str | None = None
    allTime: bool | None = None


class Share(Answer):
    score: int | None = None
    amount: int


class Stats(Answer):
    scoreDistribution: Many[Share] = ()


class PersonName(Answer):
    full: str | None = None
    native: str | None = None
    alternative: Many[str | None] = ()


class Person(Answer):
    id: int | None = None
    name: PersonName = PersonName()
    image: Cover = Cover()
    language: str | None = None


class CharacterEdge(Answer):
    role: str | None = None
    node: Person
    voiceActors: Many[Person] = ()


class CharacterList(Answer):
    edges: Many[CharacterEdge] = ()


class StaffEdge(Answer):
    role: str | None = None
    node: Person


class StaffList(Answer):
    edges: Many[StaffEdge] = ()


class Media(Answer):
    id: int
    idMal: int | None = None
    title: Names = Names()
    description: str | None = None
    source: str | None = None
    format: str | None = None
    episodes: int | None = None
    duration: int | None = None
    status: str | None = None
    season: str | None = None
    seasonYear: int | None = None
    countryOfOrigin: str | None = None
    isAdult: bool | None = None
    updatedAt: int | None = None
    startDate: FuzzyDate = FuzzyDate()
    endDate: FuzzyDate = FuzzyDate()
    coverImage: Cover = Cover()
    bannerImage: str | None = None
    trailer: Trailer = Trailer()
    averageScore: int | None = None
    popularity: int | None = None
    favourites: int | None = None
    genres: Many[str] = ()
    synonyms: Many[str] = ()
    tags: Many[Tag] = ()
    relations: Relations = Relations()
    studios: Studios = Studios()
    externalLinks: Many[Link] = ()
    rankings: Many[Ranking] = ()
    stats: Stats = Stats()
    characters: CharacterList = CharacterList()
    characterPreview: CharacterList = CharacterList()
    staff: StaffList = StaffList()
    staffPreview: StaffList = StaffList()

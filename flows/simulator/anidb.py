"""Invented answers of AniDB's XML interface."""

from xml.etree.ElementTree import Element, SubElement, tostring

from flows.simulator.world import Work, World

TYPES = {"TV": "TV Series", "Movie": "Movie", "OVA": "OVA", "ONA": "Web"}
ROLES = {True: "main character in", False: "secondary cast in"}
SENTINEL = "2030-06-01"
MISSING = b'<error code="330">Anime not found</error>'
LANG = "xml:lang"


def answer(world: World, id: str) -> bytes:
    """The answer of ``request=anime``."""
    work = world.find("anidb", "anidb", id)
    return MISSING if work is None else tostring(_document(work), "utf-8", xml_declaration=True)


def _document(work: Work) -> Element:
    root = Element("anime", id=work.id("anidb"), restricted="false")
    _text(root, "type", TYPES[work.kind])
    _text(root, "episodecount", str(work.episodes))
    _text(root, "startdate", work.start.isoformat())
    _text(root, "enddate", work.end.isoformat() if work.end else SENTINEL)
    titles = SubElement(root, "titles")
    for text, language, kind in (
        (work.romaji, "x-jat", "main"),
        (work.native, "ja", "official"),
        (work.english, "en", "official"),
    ):
        _text(titles, "title", text, **{LANG: language, "type": kind})
    _text(root, "description", work.synopsis.replace("'", "`"))
    _text(SubElement(root, "ratings"), "permanent", f"{work.score - 0.4:.2f}", count="50")
    _text(root, "picture", f"{work.number}.jpg")
    _resources(root, work)
    creators = SubElement(root, "creators")
    _text(creators, "name", work.studio, id="1", type="Animation Work")
    for place, (name, role) in enumerate(work.staff):
        _text(creators, "name", name, id=str(9_000 + place), type=role)
    _tags(root, work)
    _cast(root, work)
    _episodes(root, work)
    return root


def _text(parent: Element, tag: str, text: str, **attributes: str) -> None:
    SubElement(parent, tag, attributes).text = text


def _resources(root: Element, work: Work) -> None:
    """Type 2 carries MyAnimeList's ids; some pages here stand for several titles there."""
    resource = SubElement(SubElement(root, "resources"), "resource", type="2")
    ids = [work.id("mal")]
    if work.off("anidb several", 10):
        ids.append(str(int(ids[0]) + 1))
    for id in ids:
        _text(SubElement(resource, "externalentity"), "identifier", id)


def _tags(root: Element, work: Work) -> None:
    tags = SubElement(root, "tags")
    for genre in work.genres:
        _text(SubElement(tags, "tag", weight="600"), "name", genre.lower())


def _cast(root: Element, work: Work) -> None:
    cast = SubElement(root, "characters")
    for one in work.cast:
        node = SubElement(cast, "character", id=str(one.number), type=ROLES[one.main])
        _text(node, "name", f"{one.last} {one.first}")
        _text(node, "seiyuu", one.voice, id=str(one.number))


def _episodes(root: Element, work: Work) -> None:
    """Lengths are rounded to five minutes."""
    episodes = SubElement(root, "episodes")
    for number in range(1, work.listed_episodes + 1):
        episode = SubElement(episodes, "episode", id=str(number))
        _text(episode, "epno", str(number), type="1")
        _text(episode, "length", str(5 * round(work.minutes / 5)))
        title = f"Chapter {number} of {work.english}"
        _text(episode, "title", title, **{LANG: "en"})

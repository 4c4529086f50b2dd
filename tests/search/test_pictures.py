"""Picture and multimodal search: the same picture, a similar look, and both inputs weighed."""

from collections.abc import Callable, Sequence
from io import BytesIO

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps

from animevec.catalog.record import Picture as StoredPicture
from animevec.encoders.base import Outcome, PictureItem, View
from animevec.encoders.picture import decode
from animevec.errors import AnimevecError, InvalidRequest
from animevec.pictures import keep
from animevec.search.engine import SearchEngine
from animevec.search.request import MultimodalSearch, PictureSearch, TextSearch
from tests.search.conftest import World

WORDS = "giant robots fight a war in space"


def jpeg(image: Image.Image, quality: int = 90) -> bytes:
    out = BytesIO()
    image.convert("RGB").save(out, "JPEG", quality=quality)
    return out.getvalue()


def framed(image: Image.Image) -> Image.Image:
    return ImageOps.expand(image, (0, image.height // 5), fill="black")


def cropped(image: Image.Image, side: float = 0.84) -> Image.Image:
    dx, dy = (round(edge * (1 - side) / 2) for edge in image.size)
    return image.crop((dx, dy, image.width - dx, image.height - dy))


@pytest.fixture(scope="module")
def cover(world: World) -> Callable[[str], Image.Image]:
    return lambda title: decode(world.picture(world.named(title)))


@pytest.mark.parametrize(
    "change",
    [lambda i: i, ImageOps.mirror, framed, lambda i: i.resize((120, 170))],
    ids=["itself", "mirrored", "black bars", "small"],
)
def test_a_stored_picture_is_found_again_and_known_as_the_same(
    world: World,
    cover: Callable[[str], Image.Image],
    change: Callable[[Image.Image], Image.Image],
) -> None:
    sent = jpeg(change(cover("Akage no Anne")), 70)
    best = world.engine.picture(PictureSearch(picture=sent)).hits[0]
    assert (best.record.title, best.match) == ("Akage no Anne", "exact")
    assert best.channels[-1].name == "same"


@pytest.mark.parametrize("side", [0.84, 0.7, 0.6])
@pytest.mark.parametrize("mirrored", [False, True])
def test_a_part_of_a_stored_picture_is_known_as_the_same(
    world: World, cover: Callable[[str], Image.Image], side: float, mirrored: bool
) -> None:
    part = cropped(cover("Akage no Anne"), side)
    sent = jpeg(ImageOps.mirror(part) if mirrored else part, 60)
    best = world.engine.picture(PictureSearch(picture=sent)).hits[0]
    assert (best.record.title, best.match) == ("Akage no Anne", "exact")


def test_a_picture_from_elsewhere_is_nobodys(world: World) -> None:
    noise = np.random.default_rng(1).integers(0, 255, (300, 200, 3), dtype=np.uint8)
    found = world.engine.picture(PictureSearch(picture=jpeg(Image.fromarray(noise))))
    assert found.match == "none"
    assert "exact" not in {hit.match for hit in found.hits}


@pytest.mark.parametrize("dark", [1, 6])
@pytest.mark.parametrize("gradient", [Image.linear_gradient, Image.radial_gradient])
def test_a_gradient_is_no_picture_found_again(
    small: World, gradient: Callable[[str], Image.Image], dark: int
) -> None:
    sent = jpeg(gradient("L").point(lambda level: level // dark), 60)
    title = next(small.catalog.iterate())
    stored = keep(jpeg(gradient("L")), small.settings.pictures_path)
    shown = title.model_copy(update={"pictures": (StoredPicture(sha256=stored),)})
    small.catalog.put([shown], actor="test")
    small.index([shown])
    small.engine.refresh()
    found = small.engine.picture(PictureSearch(picture=sent))
    assert [hit.id for hit in found.hits] == [title.id]
    assert found.match == "none"


@pytest.mark.parametrize(
    ("change", "mirrored"),
    [(lambda i: i, 0), (framed, 0), (ImageOps.mirror, 1), (cropped, 1)],
    ids=["itself", "black bars", "mirrored", "cropped"],
)
def test_a_picture_is_asked_mirrored_only_where_it_is_not_found_as_it_is(
    world: World,
    cover: Callable[[str], Image.Image],
    monkeypatch: pytest.MonkeyPatch,
    change: Callable[[Image.Image], Image.Image],
    mirrored: int,
) -> None:
    encode, asked = world.eye.encode, list[View]()

    def seen(items: Sequence[PictureItem]) -> list[Outcome]:
        asked.extend(item.view for item in items)
        return encode(items)

    monkeypatch.setattr(world.eye, "encode", seen)
    world.engine.picture(PictureSearch(picture=jpeg(change(cover("Akage no Anne")))))
    assert asked[:1] == [View.WHOLE]
    assert asked.count(View.MIRRORED) == mirrored
    assert len(set(asked)) == len(asked)


def test_what_is_asked_later_counts_as_if_asked_at_once(world: World) -> None:
    stranger = jpeg(Image.radial_gradient("L").crop((0, 40, 150, 256)))
    asked = PictureSearch(picture=stranger, limit=100)
    later = world.engine.picture(asked)
    at_once = world.engine.picture(asked.model_copy(update={"weights": {"same": 0.0}}))
    once = world.engine.picture(asked.model_copy(update={"views": False}))
    assert all(hit.match != "exact" for hit in later.hits)
    assert later.hits == at_once.hits != once.hits


def test_pictures_are_filtered_too(world: World, cover: Callable[[str], Image.Image]) -> None:
    sent = jpeg(cover("Akage no Anne"))
    found = world.engine.picture(PictureSearch(picture=sent, filters={"type": "MOVIE"}))
    assert found.hits
    assert all(hit.record.type == "MOVIE" for hit in found.hits)


@pytest.mark.parametrize("data", [b"plain text", b"\xff\xd8\xff broken", b"\x89PNG\r\n\x1a\n"])
def test_what_is_no_picture_is_refused(engine: SearchEngine, data: bytes) -> None:
    with pytest.raises(AnimevecError) as caught:
        engine.picture(PictureSearch(picture=data))
    assert caught.value.status in (415, 422)


def test_a_release_without_pictures_says_so(world: World) -> None:
    blind = world.engine_without_pictures(world.settings)
    sent = world.picture(world.named("Akage no Anne"))
    with pytest.raises(InvalidRequest, match="release test has no picture encoder"):
        blind.picture(PictureSearch(picture=sent))


def test_base64_goes_in_and_comes_out(world: World) -> None:
    asked = PictureSearch(picture=world.picture(world.named("Akage no Anne")))
    assert PictureSearch.model_validate_json(asked.model_dump_json()) == asked
    with pytest.raises(ValueError, match="not valid base64"):
        PictureSearch.model_validate({"picture": "abc"})


def order(engine: SearchEngine, sent: bytes, weight: float) -> list[str]:
    asked = MultimodalSearch(query=WORDS, picture=sent, weight=weight, limit=100)
    return [str(hit.id) for hit in engine.multimodal(asked).hits]


def test_the_ends_of_the_weight_are_the_single_inputs(
    world: World, cover: Callable[[str], Image.Image]
) -> None:
    sent = jpeg(cropped(cover("Akage no Anne")))
    words = world.engine.text(TextSearch(query=WORDS, limit=100))
    looks = world.engine.picture(PictureSearch(picture=sent, limit=100))
    assert order(world.engine, sent, 0) == [str(hit.id) for hit in words.hits]
    assert order(world.engine, sent, 1) == [str(hit.id) for hit in looks.hits]


def test_one_input_is_enough(world: World) -> None:
    sent = world.picture(world.named("Akage no Anne"))
    assert world.engine.multimodal(MultimodalSearch(query="Cowboy Bebop")).match == "exact"
    assert world.engine.multimodal(MultimodalSearch(picture=sent)).match == "exact"
    with pytest.raises(ValueError, match="give a query, a picture or both"):
        MultimodalSearch()


@settings(max_examples=15, deadline=None)
@given(pair=st.tuples(st.floats(0, 1), st.floats(0, 1)).map(sorted))
def test_more_weight_on_the_picture_never_pushes_its_best_down(
    world: World, pair: list[float]
) -> None:
    sent = jpeg(cropped(decode(world.picture(world.named("Akage no Anne")))))
    low, high = (order(world.engine, sent, weight) for weight in pair)
    target = str(world.named("Akage no Anne").id)
    place = [found.index(target) if target in found else len(found) for found in (low, high)]
    assert place[1] <= place[0]


@pytest.mark.parametrize(
    ("off", "ranker"),
    [
        ({"text": 0, "lexical": 0, "title": 0}, "blend"),
        ({"picture": 0, "thumbnail": 0, "same": 0}, "blend"),
        ({}, "title"),
    ],
)
def test_a_side_without_weight_leaves_the_answer_to_the_other(
    world: World, cover: Callable[[str], Image.Image], off: dict[str, float], ranker: str
) -> None:
    sent = jpeg(cover("Akage no Anne"))
    both = world.engine.multimodal(
        MultimodalSearch(query=WORDS, picture=sent, weights=off, ranker=ranker)
    )
    one = (
        world.engine.text(TextSearch(query=WORDS, weights=off))
        if "picture" in off
        else world.engine.picture(PictureSearch(picture=sent))
    )
    assert [hit.id for hit in both.hits] == [hit.id for hit in one.hits]
    assert [hit.score for hit in both.hits] == pytest.approx([hit.score for hit in one.hits])


@pytest.mark.parametrize("query", ["Cowboy Bebop", WORDS])
def test_a_little_weight_on_the_picture_changes_little(
    world: World, cover: Callable[[str], Image.Image], query: str
) -> None:
    sent = jpeg(cropped(cover("Akage no Anne"), 0.4))
    asked = MultimodalSearch(query=query, picture=sent, weight=0)
    none, little = (
        [hit.id for hit in world.engine.multimodal(one).hits]
        for one in (asked, asked.model_copy(update={"weight": 0.01}))
    )
    assert len({*none} - {*little}) <= 1
    assert little[0] == none[0]

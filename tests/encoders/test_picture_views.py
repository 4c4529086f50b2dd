"""Views of pictures: bars go, mirrors meet, and the same picture is told from another."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps

from animevec.artwork import scene
from animevec.encoders.base import View
from animevec.encoders.picture_views import PictureHash, Views, near_duplicate_hash, without_bars

PICTURE = scene(2, ("School", "Comedy"), (150, 212)).picture


@pytest.mark.parametrize("border", [(0, 40), (30, 0), (25, 35)])
@pytest.mark.parametrize("shade", [(0, 0, 0), (250, 250, 250), (20, 24, 60)])
def test_even_bars_are_taken_off(border: tuple[int, int], shade: tuple[int, int, int]) -> None:
    inner = without_bars(ImageOps.expand(PICTURE, border, shade))
    assert abs(inner.width - PICTURE.width) <= 4
    assert abs(inner.height - PICTURE.height) <= 4


def test_a_picture_without_bars_is_left_alone() -> None:
    assert without_bars(PICTURE) is PICTURE


@pytest.mark.parametrize("size", [(40, 60), (1, 1), (300, 2)])
def test_one_even_colour_is_no_bar(size: tuple[int, int]) -> None:
    even = Image.new("RGB", size, (9, 9, 9))
    assert without_bars(even) is even


@given(
    st.integers(1, 90), st.integers(1, 90), st.sampled_from(["RGB", "L", "RGBA", "P"]), st.randoms()
)
@settings(max_examples=40, deadline=None)
def test_any_picture_has_views(width: int, height: int, mode: str, rng: object) -> None:
    picture = Image.effect_noise((width, height), 60).convert(mode)
    looks = Views(picture)
    views = [looks.of(view) for view in (*looks.asked(), View.MIRRORED)]
    assert 3 <= len(views) <= 4
    assert all(view.mode == "RGB" and min(view.size) >= 1 for view in views)
    assert views[0].size == picture.size


def test_the_thumbnail_keeps_the_whole_frame() -> None:
    tall = Image.new("RGB", (100, 200), "white")
    tall.paste((255, 0, 0), (0, 0, 100, 20))
    view = Views(tall).of(View.FRAME)
    assert view.size == (256, 256)
    assert view.getpixel((128, 10)) == (255, 0, 0)


def test_a_frame_has_the_edge_asked_for_but_no_more_than_a_thumbnail() -> None:
    sizes = [Views(PICTURE, edge).of(View.INNER_FRAME).size for edge in (112, 512)]
    assert sizes == [(112, 112), (256, 256)]


def hashed(picture: Image.Image) -> PictureHash:
    return near_duplicate_hash(Views(picture).inner)


def test_a_hash_knows_a_mirror_from_the_picture_as_it_is() -> None:
    one, mirror = hashed(PICTURE), hashed(ImageOps.mirror(PICTURE))
    assert one.upright(one) == 0
    assert one.distance(mirror) <= 2 < 10 < one.upright(mirror)


def test_copies_differ_in_few_bits_and_strangers_in_many() -> None:
    pictures = [scene(2 * k, size=(150, 212)).picture for k in range(12)]
    hashes = [hashed(one) for one in pictures]
    copies = [
        hashed(copy).distance(known)
        for one, known in zip(pictures, hashes, strict=True)
        for copy in (one.resize((75, 106)), ImageOps.mirror(one), ImageOps.expand(one, (0, 30)))
    ]
    strangers = [a.distance(b) for a in hashes for b in hashes if a is not b]
    assert sum(bits <= 10 for bits in copies) >= 0.9 * len(copies)
    assert sum(bits > 10 for bits in strangers) >= 0.99 * len(strangers)

"""Pictures: what is refused and why, upright decoding, and pixels that never surprise."""

import struct
import zlib
from io import BytesIO

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from animevec.encoders.picture import PictureTransform, decode
from animevec.errors import AnimevecError, InvalidRequest, ModelError, TooLarge, UnsupportedMedia
from animevec.settings import LimitSettings


def encoded(
    kind: str, size: tuple[int, int] = (40, 30), mode: str = "RGB", **options: object
) -> bytes:
    pixels = np.random.default_rng(0).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    out = BytesIO()
    Image.fromarray(pixels).convert(mode).save(out, kind, **options)
    return out.getvalue()


def huge_png(width: int, height: int) -> bytes:
    """A few bytes whose header claims any size."""

    def chunk(name: bytes, data: bytes) -> bytes:
        check = zlib.crc32(name + data)
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", check)

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = chunk(b"IDAT", zlib.compress(b"\0" * 64)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + body


@pytest.mark.parametrize(
    ("kind", "mode"),
    [("JPEG", "RGB"), ("JPEG", "L"), ("JPEG", "CMYK")]
    + [(kind, mode) for kind in ("PNG", "WEBP") for mode in ("RGB", "L", "RGBA", "P")],
)
def test_every_supported_file_becomes_rgb(kind: str, mode: str) -> None:
    image = decode(encoded(kind, mode=mode))
    assert (image.mode, image.size) == ("RGB", (40, 30))


@pytest.mark.parametrize(
    ("data", "error", "said"),
    [
        (b"", UnsupportedMedia, "nothing"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", UnsupportedMedia, "JPEG, PNG or WebP"),
        (encoded("GIF"), UnsupportedMedia, "47 49 46"),
        (encoded("BMP"), UnsupportedMedia, "JPEG, PNG or WebP"),
        (encoded("JPEG")[:300], InvalidRequest, "cut short"),
        (encoded("PNG")[:300], InvalidRequest, "cut short"),
        (encoded("WEBP")[:100], InvalidRequest, "cut short"),
        (b"\xff\xd8\xff" + b"\0" * 100, InvalidRequest, "damaged"),
        (encoded("PNG", (300, 2)), InvalidRequest, "300 x 2"),
        (huge_png(9_000, 9_000), TooLarge, "81,000,000 pixels; the limit is 40,000,000"),
        (huge_png(60_000, 60_000), TooLarge, "limits.image_pixels"),
        (b"\x89PNG" + b"\0" * (11 * 2**20), TooLarge, "11.0 MB; the limit is 10.0 MB"),
    ],
)
def test_unusable_bytes_are_refused_with_the_reason(
    data: bytes, error: type[AnimevecError], said: str
) -> None:
    with pytest.raises(error) as raised:
        decode(data)
    assert said in raised.value.message


def test_limits_are_the_callers() -> None:
    with pytest.raises(TooLarge, match="limit is 100 "):
        decode(encoded("PNG"), LimitSettings(image_pixels=100))


@pytest.mark.parametrize(
    ("least", "size"), [(150, (200, 150)), (151, (400, 300)), (999, (800, 600))]
)
def test_a_jpeg_may_come_smaller_but_not_too_small(least: int, size: tuple[int, int]) -> None:
    assert decode(encoded("JPEG", (800, 600)), least=least).size == size
    assert decode(encoded("PNG", (800, 600)), least=least).size == (800, 600)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_in_the_file_is_applied(orientation: int) -> None:
    upright = Image.new("RGB", (32, 16))
    upright.paste((255, 0, 0), (0, 0, 16, 8))
    undo = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    stored = upright.transpose(undo[orientation]) if orientation > 1 else upright
    exif = Image.Exif()
    exif[0x0112] = orientation
    out = BytesIO()
    stored.save(out, "PNG", exif=exif)
    assert np.array_equal(np.asarray(decode(out.getvalue())), np.asarray(upright))


def test_sixteen_bits_of_grey_are_eight_of_each_colour() -> None:
    grey = np.arange(256, dtype=np.uint8).reshape(16, 16)
    out = BytesIO()
    Image.fromarray(grey.astype(np.uint16) * 257).save(out, "PNG")
    assert np.array_equal(np.asarray(decode(out.getvalue())), np.stack([grey] * 3, axis=-1))


def test_alpha_is_dropped_as_the_models_were_trained() -> None:
    image = Image.new("RGBA", (8, 8), (10, 20, 30, 0))
    out = BytesIO()
    image.save(out, "PNG")
    assert decode(out.getvalue()).getpixel((0, 0)) == (10, 20, 30)


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_an_animation_is_its_first_frame(kind: str) -> None:
    frames = [Image.new("RGB", (16, 16), colour) for colour in ("red", "blue")]
    out = BytesIO()
    frames[0].save(out, kind, save_all=True, append_images=frames[1:], duration=50, lossless=True)
    red, _, blue = decode(out.getvalue()).getpixel((8, 8))
    assert red > 200 and blue < 50


@given(st.sampled_from(["JPEG", "PNG", "WEBP"]), st.data())
def test_damaged_bytes_raise_nothing_but_our_errors(kind: str, data: st.DataObject) -> None:
    whole = bytearray(encoded(kind))
    for _ in range(data.draw(st.integers(1, 6))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    del whole[data.draw(st.integers(1, len(whole))) :]
    try:
        image = decode(bytes(whole))
    except AnimevecError as error:
        assert error.status in (413, 415, 422)
    else:
        assert image.mode == "RGB"


@given(st.integers(1, 400), st.integers(1, 400), st.integers(8, 64))
def test_any_shape_fits(width: int, height: int, size: int) -> None:
    pixels = PictureTransform(size).fit(Image.new("RGB", (width, height), (255, 0, 0)))
    assert pixels.shape == (size, size, 3)
    assert (pixels == (255, 0, 0)).all()


def test_normalising_is_linear_in_the_pixels() -> None:
    transform = PictureTransform(2, mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5))
    pixels = np.array([[[[0, 255, 51]] * 2] * 2], dtype=np.uint8)
    found = transform.normalise(pixels)
    assert found.shape == (1, 3, 2, 2)
    assert np.allclose(found[0, :, 0, 0], [-1, 1, -0.6])


def test_another_way_of_resizing_is_refused() -> None:
    config = {"size": 8, "resize_mode": "squash", "mean": [0] * 3, "std": [1] * 3}
    with pytest.raises(ModelError, match="squash"):
        PictureTransform.from_published(config)

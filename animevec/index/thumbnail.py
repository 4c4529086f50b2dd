"""The thumbnail view of a cover: its centre, square, as a site's card would crop it."""

from io import BytesIO

from PIL import Image, ImageOps, UnidentifiedImageError

from animevec.errors import UnsupportedMedia

EDGE = 256


def thumbnail_view(data: bytes) -> bytes:
    """The centre square of a picture as PNG, 256 pixels wide.

    Raises:
        UnsupportedMedia: the bytes are no picture.
    """
    try:
        with Image.open(BytesIO(data), formats=("JPEG", "PNG", "WEBP")) as picture:
            upright = ImageOps.exif_transpose(picture).convert("RGB")
            square = ImageOps.fit(upright, (EDGE, EDGE))
    except (UnidentifiedImageError, OSError, Image.DecompressionBombError) as error:
        raise UnsupportedMedia(f"the picture cannot be read: {error}") from error
    out = BytesIO()
    square.save(out, "PNG", compress_level=1)
    return out.getvalue()

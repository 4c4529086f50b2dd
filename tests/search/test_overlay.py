"""A part laid over whole pictures: found wherever it is, at any size, and nowhere else."""

import numpy as np
import pytest
from PIL import Image

from animevec.artwork import draw_cover
from animevec.catalog.record import Anime
from animevec.search.lookalikes import SAME_FIT
from animevec.search.overlay import Copy, Overlay


@pytest.fixture(scope="module")
def covers(sample: list[Anime]) -> list[Image.Image]:
    return [draw_cover(title).convert("RGB") for title in sample[:12]]


@pytest.mark.parametrize("corner", [(0.0, 0.0), (0.3, 0.0), (0.1, 0.25)])
@pytest.mark.parametrize("size", [0.3, 1.0])
def test_a_part_fits_its_own_picture_best(
    covers: list[Image.Image], corner: tuple[float, float], size: float
) -> None:
    overlay = Overlay([Copy.of(cover) for cover in covers])
    sure = 0
    for at, cover in enumerate(covers):
        left, top = round(corner[0] * cover.width), round(corner[1] * cover.height)
        part = cover.crop((left, top, left + cover.width * 7 // 10, top + cover.height * 7 // 10))
        sent = part.resize((round(part.width * size), round(part.height * size)))
        fits = overlay.fits(sent)
        assert int(np.argmax(fits)) == at
        sure += fits[at] >= SAME_FIT
        assert max(fit for other, fit in enumerate(fits) if other != at) < SAME_FIT
    assert sure >= 10  # fine patterns drawn small lose their texture


def test_an_even_picture_fits_nothing(covers: list[Image.Image]) -> None:
    grey = Image.new("RGB", (90, 120), (90, 90, 90))
    overlay = Overlay([Copy.of(cover) for cover in covers])
    assert overlay.fits(grey) == [0.0] * len(covers)


def test_noise_fits_nothing(covers: list[Image.Image]) -> None:
    noise = np.random.default_rng(3).integers(0, 255, (200, 140, 3), dtype=np.uint8)
    fits = Overlay([Copy.of(cover) for cover in covers]).fits(Image.fromarray(noise))
    assert max(fits) < SAME_FIT
    assert Overlay([]).fits(Image.fromarray(noise)) == []

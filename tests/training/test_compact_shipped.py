"""The shipped compact model: its files load, its vectors are the stated ones, it finds copies."""

from io import BytesIO
from pathlib import Path
from random import Random

import numpy as np
import pytest
from PIL import Image

from animevec.artwork import draw_cover, scene
from animevec.catalog.record import Anime
from animevec.encoders import canonical
from animevec.encoders.base import Embedding, Encoder, Item, PictureItem, TextItem, View
from animevec.encoders.load import load_encoder
from animevec.settings import Settings
from evaluation.alterations import ALTERATIONS

ROOT = Path(__file__).resolve().parents[2]
COMPACT = ROOT / "animevec" / "encoders" / "compact"
SAMPLE = ROOT / "animevec" / "catalog" / "sample" / "titles.jsonl"
STATED = {
    modality: vector
    for (card, modality), vector in canonical.CANONICAL.items()
    if card == "jina-clip-compact"
}


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return load_encoder("jina-clip-compact", Settings(), COMPACT)


def png(picture: Image.Image, view: View = View.WHOLE) -> PictureItem:
    out = BytesIO()
    picture.save(out, "PNG", compress_level=1)
    return PictureItem(out.getvalue(), view=view)


def vectors(encoder: Encoder, items: list[Item]) -> np.ndarray:
    outcomes = encoder.encode(items)
    assert all(isinstance(one, Embedding) for one in outcomes), outcomes
    return np.stack([one.dense for one in outcomes if isinstance(one, Embedding)])


@pytest.mark.parametrize(
    ("item", "stated"),
    [
        (PictureItem(canonical.picture()), STATED["picture"]),
        (TextItem(canonical.TEXT), STATED["text"]),
    ],
)
def test_the_vectors_are_the_stated_ones(
    encoder: Encoder, item: Item, stated: tuple[float, ...]
) -> None:
    (vector,) = vectors(encoder, [item])
    assert vector.shape == (512,)
    assert vector[: len(stated)] == pytest.approx(stated, abs=1e-3)


def test_the_weights_are_small() -> None:
    assert (COMPACT / "model.safetensors").stat().st_size < 12 * 2**20


@pytest.mark.parametrize("name", ["flip", "black bars", "recompression", "subtitles", "colours"])
def test_an_altered_cover_is_nearest_to_its_own(encoder: Encoder, name: str) -> None:
    lines = SAMPLE.read_text(encoding="utf-8").splitlines()[:60]
    covers = [draw_cover(Anime.model_validate_json(line)) for line in lines]
    asked = [ALTERATIONS[name](one, Random(k)) for k, one in enumerate(covers)]
    stored = vectors(encoder, [png(one, View.FRAME) for one in covers])
    found = vectors(encoder, [png(one, View.FRAME) for one in asked])
    best = (found @ stored.T).argmax(1)
    assert (best == np.arange(len(covers))).mean() >= 0.9


def test_a_caption_is_nearer_to_its_drawing_than_chance(encoder: Encoder) -> None:
    """The mean rank among 40 is 19.5 by chance, with a standard error of 1.8."""
    scenes = [scene(20_000_000 + 2 * k) for k in range(40)]
    pictures = vectors(encoder, [png(one.picture) for one in scenes])
    texts = vectors(encoder, [TextItem(one.caption) for one in scenes])
    scores = texts @ pictures.T
    ranks = (scores > np.diag(scores)[:, None]).sum(1)
    assert ranks.mean() < 19.5 - 4 * 1.8

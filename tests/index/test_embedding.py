"""Titles to points: failures stay with their own input, and nothing is encoded twice."""

import hashlib
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from animevec.catalog.record import Anime
from animevec.encoders.base import SparseVector
from animevec.encoders.lexical import LexicalEncoder
from animevec.encoders.load import load_encoder
from animevec.errors import NotFound
from animevec.index.embedding import Embedder
from animevec.index.inputs import Channel
from animevec.index.vector_cache import Encoded, Source, VectorCache
from animevec.release import EncoderRef
from animevec.settings import Settings
from tests.index.titles import PICTURE_SIZE, TEXT_SIZE, HashEncoder, make_embedder, make_title


def store_picture(folder: Path, data: bytes) -> str:
    digest = hashlib.sha256(data).hexdigest()
    (folder / "pictures").mkdir(exist_ok=True)
    (folder / "pictures" / digest).write_bytes(data)
    return digest


def draw(colour: str) -> bytes:
    out = BytesIO()
    Image.new("RGB", (60, 90), colour).save(out, "PNG")
    return out.getvalue()


def with_pictures(folder: Path) -> list[Anime]:
    """A drawn cover, a poisoned one, one whose file is missing, and none."""
    return [
        make_title(1, picture=store_picture(folder, draw("red"))),
        make_title(2, picture=store_picture(folder, b"poison")),
        make_title(3, picture="f" * 64),
        make_title(4),
    ]


def test_a_bad_picture_costs_only_its_own_vectors(tmp_path: Path) -> None:
    titles = with_pictures(tmp_path)
    embedder = make_embedder(tmp_path, picture=HashEncoder(PICTURE_SIZE, "pictures"))
    points, skipped = embedder.points(titles)
    assert [set(point.vectors) for point in points] == [
        {"text", "lexical", "picture", "thumbnail"},
        *[{"text", "lexical"}] * 3,
    ]
    assert [point.id for point in points] == [title.id for title in titles]
    assert {(one.id, one.channel) for one in skipped} == {
        (titles[number].id, channel) for number in (1, 2) for channel in ("picture", "thumbnail")
    }
    assert any("no picture file" in one.reason for one in skipped)


def test_only_what_changed_is_encoded_again(tmp_path: Path) -> None:
    text, picture = HashEncoder(TEXT_SIZE), HashEncoder(PICTURE_SIZE, "pictures")
    titles = with_pictures(tmp_path)[:1] + [make_title(number) for number in (5, 6)]
    first, _ = make_embedder(tmp_path, text, picture).points(titles)
    again, _ = make_embedder(tmp_path, text, picture).points(titles)
    assert (text.encoded, picture.encoded) == (3, 2)
    for before, after in zip(first, again, strict=True):
        for name, vector in before.vectors.items():
            if not isinstance(vector, SparseVector):
                assert np.array_equal(vector, after.vectors[name])
    changed = make_title(5, "Another story.")
    make_embedder(tmp_path, text, picture).points([titles[0], changed])
    assert (text.encoded, picture.encoded) == (4, 2)


def test_a_forgotten_title_leaves_no_vector(tmp_path: Path) -> None:
    text = HashEncoder(TEXT_SIZE)
    embedder = make_embedder(tmp_path, text)
    embedder.points([make_title(1), make_title(2)])
    embedder.forget([make_title(1).id])
    embedder.points([make_title(1), make_title(2)])
    assert text.encoded == 3


def test_vectors_of_other_versions_can_be_dropped(tmp_path: Path) -> None:
    cache = VectorCache(tmp_path / "v.db")
    id = make_title(1).id
    old, new = (Source(version, "text", id, b"x") for version in ("old", "new"))
    sparse = SparseVector(np.array([3], np.uint32), np.array([0.5], np.float32))
    cache.put({old: Encoded(np.ones(2, np.float32)), new: Encoded(np.ones(2, np.float32), sparse)})
    assert cache.keep_versions(["new"]) == 1
    found = cache.get([old, new])
    assert set(found) == {new}
    kept = found[new].sparse
    assert kept is not None and (kept.indices.tolist(), kept.values.tolist()) == ([3], [0.5])


def test_without_its_adapter_nothing_is_made_rather_than_titles_without_vectors(
    tmp_path: Path,
) -> None:
    encoder = load_encoder("minilm", Settings(home=tmp_path))
    ref = EncoderRef(
        card="minilm",
        revision=encoder.card.revision,
        dimensions=384,
        adapter="themes",
        adapter_sha256="a" * 64,
    )
    cache = VectorCache(tmp_path / "v.db")
    embedder = Embedder(Channel(encoder, ref), None, LexicalEncoder(), tmp_path, cache)
    with pytest.raises(NotFound, match="is not loaded"):
        embedder.points([make_title(1)])


def test_a_title_longer_than_the_encoder_reads_loses_only_its_end(tmp_path: Path) -> None:
    encoder = load_encoder("minilm", Settings(home=tmp_path))
    ref = EncoderRef(card="minilm", revision=encoder.card.revision, dimensions=384)
    cache = VectorCache(tmp_path / "v.db")
    embedder = Embedder(Channel(encoder, ref), None, LexicalEncoder(), tmp_path, cache)
    story = "A lighthouse keeper counts the waves and the dark. "
    titles = [make_title(1, story * 200), make_title(2, story * 20), make_title(3)]
    points, skipped = embedder.points(titles)
    long, short, bare = (point.vectors["text"] for point in points)
    assert skipped == []
    assert isinstance(long, np.ndarray) and isinstance(short, np.ndarray)
    assert long @ short > long @ bare

"""The int8 export: near fp32, the same in every batch, loaded without torch, refused when wrong."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from animevec.encoders.base import Embedding, Failure, Head, TextItem
from animevec.encoders.bge_m3 import BgeM3
from animevec.encoders.card import ModelCard, ModelFile
from animevec.encoders.quantized import GRAPH, HEADS, MANIFEST, QuantizedEncoder
from animevec.encoders.runtime import Runtime
from animevec.encoders.scoring import mixed_score
from animevec.errors import ModelError, NotFound, TooLarge
from tests.encoders.conftest import find_reference
from tests.encoders.test_adapter import TEXTS, dense, train
from tests.encoders.test_bge_parity import ALL, card

pytest.importorskip("openvino", reason="needs the extra quantize")
pytest.importorskip("nncf", reason="needs the extra quantize")

from animevec.encoders.export import export_int8


@pytest.fixture(scope="module")
def folder(reference: Path) -> Path:
    return find_reference(reference, "bge-m3")


@pytest.fixture(scope="module")
def exported(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("models") / "openvino-int8"
    export_int8(folder, target, card(folder))
    return target


@pytest.fixture(scope="module")
def int8(exported: Path, folder: Path) -> QuantizedEncoder:
    return QuantizedEncoder.load(exported, card(folder), Runtime(dtype="int8", threads=1))


@pytest.fixture(scope="module")
def fp32(folder: Path) -> BgeM3:
    return BgeM3.load(folder, card(folder))


def test_every_head_is_near_fp32(int8: QuantizedEncoder, fp32: BgeM3) -> None:
    items = [TextItem(text, heads=ALL) for text in TEXTS]
    for one, exact in zip(int8.encode(items), fp32.encode(items), strict=True):
        assert isinstance(one, Embedding) and isinstance(exact, Embedding)
        assert one.dense @ exact.dense > 0.999
        assert one.colbert.shape == exact.colbert.shape
        assert (one.colbert * exact.colbert).sum(axis=1).min() > 0.999
        assert mixed_score(one, exact) == pytest.approx(mixed_score(exact, exact), rel=0.02)


def test_a_vector_does_not_depend_on_its_batch(int8: QuantizedEncoder) -> None:
    items = [TextItem(text) for text in (*TEXTS, "the white rabbit " * 20)]
    alone = np.concatenate([dense(int8, item) for item in items])
    assert (dense(int8, *items) * alone).sum(axis=1).min() > 0.9999


def test_only_the_heads_asked_for_come_back(int8: QuantizedEncoder) -> None:
    (one,) = int8.encode([TextItem("a", heads=frozenset({Head.SPARSE}))])
    assert isinstance(one, Embedding) and one.dense is None and one.colbert is None


def test_a_bad_item_fails_alone(int8: QuantizedEncoder) -> None:
    good, long, adapter = int8.encode(
        [TextItem("a"), TextItem("a " * 9000), TextItem("a", adapter="x")]
    )
    assert isinstance(good, Embedding)
    assert isinstance(long, Failure) and isinstance(long.error, TooLarge)
    assert isinstance(adapter, Failure) and isinstance(adapter.error, NotFound)


def test_an_adapter_is_merged_into_its_export(folder: Path, fp32: BgeM3, tmp_path: Path) -> None:
    lora = train(tmp_path / "lora", folder, 7)
    export_int8(folder, tmp_path / "out", card(folder), ("themes", lora))
    encoder = QuantizedEncoder.load(tmp_path / "out", card(folder))
    twin = BgeM3.load(folder, card(folder))
    twin.adapters.load("themes", lora)
    item = TextItem("a pilot", adapter="themes")
    assert (dense(encoder, item) @ dense(twin, item).T).item() > 0.999
    (bare,) = encoder.encode([TextItem("a pilot")])
    assert isinstance(bare, Failure) and isinstance(bare.error, NotFound)


def test_it_is_loaded_without_torch(exported: Path, folder: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from animevec.encoders.card import ModelCard\n"
        "from animevec.encoders.quantized import QuantizedEncoder\n"
        "from animevec.encoders.base import TextItem\n"
        f"card = ModelCard.model_validate_json({card(folder).model_dump_json()!r})\n"
        f"encoder = QuantizedEncoder.load(Path({str(exported)!r}), card)\n"
        "assert encoder.encode([TextItem('a')])[0].dense is not None\n"
        "assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def other_weights(folder: Path) -> ModelCard:
    files = (ModelFile(path="model.safetensors", sha256="0" * 64),)
    return card(folder).model_copy(update={"files": files})


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda path: shutil.rmtree(path), "animevec models export bge-m3"),
        (lambda path: (path / MANIFEST).write_text("{}"), "damaged"),
        (lambda path: (path / GRAPH).write_text("<net/>"), "OpenVINO cannot load"),
        (lambda path: (path / HEADS).unlink(), "missing"),
    ],
)
def test_a_wrong_export_is_one_clear_error(
    exported: Path, folder: Path, tmp_path: Path, spoil, says: str
) -> None:  # type: ignore[no-untyped-def]
    copy = Path(shutil.copytree(exported, tmp_path / "copy"))
    spoil(copy)
    with pytest.raises(ModelError, match=says):
        QuantizedEncoder.load(copy, card(folder))


def test_an_export_of_other_weights_is_refused(exported: Path, folder: Path) -> None:
    with pytest.raises(ModelError, match="made from weights"):
        QuantizedEncoder.load(exported, other_weights(folder))


def test_the_manifest_says_what_was_exported(exported: Path) -> None:
    manifest = json.loads((exported / MANIFEST).read_text())
    assert manifest["card"] == "bge-m3" and manifest["cosine"] > 0.999

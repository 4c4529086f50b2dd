"""Adapters: as PEFT computes them, mixed in a batch, swapped while serving, refused if wrong."""

import json
import shutil
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file

from animevec.encoders.adapter import CONFIG, WEIGHTS, stamp
from animevec.encoders.base import Embedding, Failure, Head, TextItem
from animevec.encoders.bge_m3 import BgeM3
from animevec.encoders.files import file_sha256, packaged
from animevec.encoders.runtime import Runtime
from animevec.encoders.sentence import SentenceEncoder
from animevec.errors import AnimevecError, Conflict, InvalidRequest, ModelError, NotFound
from tests.encoders.conftest import find_reference
from tests.encoders.test_bge_parity import card
from tests.encoders.test_sentence import CARD

TARGETS = r".*encoder\.layer\.\d+\.(attention\.self\.(query|key|value)|.*dense)"
TEXTS = ["a pilot", "the white rabbit", "what is dense retrieval of models?", "a"]


def train(folder: Path, base: Path, seed: int, **options: object) -> Path:
    """A LoRA folder as PEFT writes it, its weights drawn instead of trained."""
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModel

    torch.manual_seed(seed)
    config = {"r": 4, "lora_alpha": 8, "target_modules": TARGETS} | options
    model = get_peft_model(AutoModel.from_pretrained(base), LoraConfig(**config))
    for name, weight in model.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(weight, std=0.2)
    model.save_pretrained(str(folder))
    return folder


@pytest.fixture(scope="module")
def base(reference: Path) -> Path:
    return find_reference(reference, "bge-m3")


@pytest.fixture(scope="module")
def folders(base: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("adapters")
    return {
        "themes": train(root / "themes", base, 1),
        "titles": train(root / "titles", base, 2, r=8, use_rslora=True),
        "queries": train(
            root / "queries",
            base,
            3,
            target_modules=["query", "dense"],
            rank_pattern={"query": 2},
            alpha_pattern={"query": 3},
        ),
    }


@pytest.fixture
def bge(base: Path) -> BgeM3:
    return BgeM3.load(base, card(base))


@pytest.fixture(scope="module")
def adapted(base: Path, folders: dict[str, Path]) -> BgeM3:
    encoder = BgeM3.load(base, card(base))
    for name, folder in folders.items():
        encoder.adapters.load(name, folder)
    return encoder


def dense(encoder: BgeM3 | SentenceEncoder, *items: TextItem) -> np.ndarray:
    outcomes = encoder.encode(items)
    assert all(isinstance(one, Embedding) for one in outcomes), outcomes
    return np.stack([one.dense for one in outcomes])  # type: ignore[union-attr]


@pytest.mark.parametrize("name", ["themes", "titles", "queries"])
def test_an_adapter_does_what_peft_says(
    adapted: BgeM3, base: Path, folders: dict[str, Path], name: str
) -> None:
    from peft import PeftModel
    from transformers import AutoModel

    peer = PeftModel.from_pretrained(AutoModel.from_pretrained(base), str(folders[name])).eval()
    for text in TEXTS:
        ids = torch.tensor([adapted.tokenizer.encode([text])[0]])
        with torch.inference_mode():
            expected = torch.nn.functional.normalize(peer(ids).last_hidden_state[0, 0], dim=-1)
        (found,) = dense(adapted, TextItem(text, adapter=name))
        assert abs(found - expected.numpy()).max() < 2e-6


@given(st.lists(st.sampled_from([None, "themes", "titles", "queries"]), min_size=2, max_size=8))
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
def test_a_mixed_batch_equals_runs_of_one_adapter(adapted: BgeM3, names: list[str | None]) -> None:
    items = [TextItem(TEXTS[i % 4], adapter=name) for i, name in enumerate(names)]
    alone = np.concatenate([dense(adapted, item) for item in items])
    assert abs(dense(adapted, *items) - alone).max() < 2e-6


def test_adapters_differ_and_the_base_stays_itself(adapted: BgeM3, bge: BgeM3) -> None:
    vectors = dense(
        adapted, *(TextItem("a pilot", adapter=name) for name in (None, *adapted.adapters.names))
    )
    assert (vectors @ vectors.T)[~np.eye(4, dtype=bool)].max() < 0.999
    assert abs(vectors[0] - dense(bge, TextItem("a pilot"))[0]).max() < 2e-6


def test_every_head_reads_the_adapted_states(adapted: BgeM3) -> None:
    base, one = adapted.encode(
        [TextItem("a pilot", heads=frozenset(Head), adapter=name) for name in (None, "themes")]
    )
    assert isinstance(base, Embedding) and isinstance(one, Embedding)
    assert abs(base.colbert - one.colbert).max() > 1e-3


def test_minilm_takes_adapters_too(tmp_path: Path) -> None:
    encoder = SentenceEncoder.load(packaged(), CARD)
    encoder.adapters.load("anime", train(tmp_path / "anime", packaged(), 5))
    plain, changed = dense(encoder, TextItem("a pilot"), TextItem("a pilot", adapter="anime"))
    assert plain @ changed < 0.99


def test_a_merged_adapter_gives_the_same_vectors(bge: BgeM3, folders: dict[str, Path]) -> None:
    bge.adapters.load("themes", folders["themes"])
    before = dense(bge, *(TextItem(text, adapter="themes") for text in TEXTS))
    assert bge.adapters.merge("themes") < 1e-5
    assert abs(dense(bge, *(TextItem(t, adapter="themes") for t in TEXTS)) - before).max() < 1e-5
    (bare,) = bge.encode([TextItem("a pilot")])
    assert isinstance(bare, Failure) and isinstance(bare.error, InvalidRequest)
    for change in (
        lambda: bge.adapters.load("titles", folders["titles"]),
        lambda: bge.adapters.unload("themes"),
        lambda: bge.adapters.merge("themes"),
    ):
        with pytest.raises(Conflict):
            change()


def test_merging_leaves_the_file_alone(bge: BgeM3, base: Path, folders: dict[str, Path]) -> None:
    before = file_sha256(base / "pytorch_model.bin")
    bge.adapters.load("themes", folders["themes"])
    bge.adapters.merge("themes")
    assert file_sha256(base / "pytorch_model.bin") == before


def test_an_unloaded_adapter_is_not_found(bge: BgeM3, folders: dict[str, Path]) -> None:
    bge.adapters.load("themes", folders["themes"])
    bge.adapters.unload("themes")
    (outcome,) = bge.encode([TextItem("a", adapter="themes")])
    assert isinstance(outcome, Failure) and isinstance(outcome.error, NotFound)
    with pytest.raises(NotFound):
        bge.adapters.unload("themes")


def test_adapters_come_and_go_while_others_encode(bge: BgeM3, folders: dict[str, Path]) -> None:
    bge.adapters.load("themes", folders["themes"])
    expected = dense(bge, TextItem("a pilot"), TextItem("a pilot", adapter="themes"))
    worst: list[float] = []

    def serve() -> None:
        for _ in range(40):
            found = dense(bge, TextItem("a pilot"), TextItem("a pilot", adapter="themes"))
            worst.append(float(abs(found - expected).max()))

    threads = [threading.Thread(target=serve) for _ in range(3)]
    for thread in threads:
        thread.start()
    for _ in range(10):
        bge.adapters.load("titles", folders["titles"])
        bge.adapters.unload("titles")
    for thread in threads:
        thread.join()
    assert len(worst) == 120 and max(worst) < 2e-6


def test_matryoshka_sizes_travel_with_the_adapter(
    bge: BgeM3, base: Path, folders: dict[str, Path], tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(folders["themes"], tmp_path / "cut"))
    stamp(folder, file_sha256(base / "pytorch_model.bin"), (16, 32))
    bge.adapters.load("cut", folder)
    full, short = (
        bge.encode([TextItem("a pilot", adapter="cut", dimensions=size)])[0] for size in (None, 16)
    )
    assert isinstance(full, Embedding) and isinstance(short, Embedding)
    assert short.dense == pytest.approx(full.dense[:16] / np.linalg.norm(full.dense[:16]), abs=1e-6)
    (refused,) = bge.encode([TextItem("a pilot", dimensions=16)])
    assert isinstance(refused, Failure)


def _weights(change: Callable[[str, torch.Tensor], torch.Tensor]) -> Callable[[Path], None]:
    def apply(folder: Path) -> None:
        tensors = load_file(folder / WEIGHTS)
        save_file({k: change(k, v).contiguous() for k, v in tensors.items()}, folder / WEIGHTS)

    return apply


def _keys(rename: Callable[[str], str | None]) -> Callable[[Path], None]:
    def apply(folder: Path) -> None:
        tensors = load_file(folder / WEIGHTS)
        renamed = {rename(key): value.clone() for key, value in tensors.items()}
        save_file({k: v for k, v in renamed.items() if k is not None}, folder / WEIGHTS)

    return apply


def _config(**changes: object) -> Callable[[Path], None]:
    def apply(folder: Path) -> None:
        config = json.loads((folder / CONFIG).read_text())
        (folder / CONFIG).write_text(json.dumps(config | changes))

    return apply


ONLY_POOLER = _keys(
    lambda key: (
        key.replace("encoder.layer.0.attention.output.dense", "pooler.dense")
        if "layer.0.attention.output" in key
        else None
    )
)


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (_weights(lambda k, v: v * torch.nan if "lora_A" in k else v), "not finite"),
        (_weights(lambda k, v: v * 0 if "lora_B" in k else v), "changes nothing"),
        (_weights(lambda k, v: v * 1e38), "infinite or NaN"),
        (_weights(lambda k, v: v[:, :-1] if "lora_A" in k else v), "fits .* of shape"),
        (ONLY_POOLER, "never meets"),
        (_keys(lambda key: key.replace("encoder.layer", "layers")), "no linear layer"),
        (_keys(lambda key: key.replace("query", "LayerNorm")), "no linear layer"),
        (_keys(lambda key: None if "lora_A" in key else key), "one half"),
        (_keys(lambda key: key.replace("lora_A", "lora_magnitude")), "no LoRA weight"),
        (_config(use_dora=True), "use_dora"),
        (_config(bias="all"), "bias"),
        (_config(peft_type="IA3"), "IA3"),
        (lambda folder: stamp(folder, "0" * 64), "trained on a base"),
        (lambda folder: (folder / CONFIG).unlink(), "does not exist"),
        (lambda folder: (folder / WEIGHTS).unlink(), "does not exist"),
        (lambda folder: (folder / WEIGHTS).write_bytes(b"x" * 64), "complete safetensors"),
    ],
)
def test_a_wrong_adapter_is_refused_and_nothing_changes(
    bge: BgeM3, folders: dict[str, Path], tmp_path: Path, spoil, says: str
) -> None:  # type: ignore[no-untyped-def]
    folder = Path(shutil.copytree(folders["themes"], tmp_path / "bad"))
    before = dense(bge, TextItem("a pilot"))
    spoil(folder)
    with pytest.raises(ModelError, match=says):
        bge.adapters.load("bad", folder)
    assert bge.adapters.names == ()
    assert np.array_equal(dense(bge, TextItem("a pilot")), before)


def test_modules_the_forward_never_meets_are_found_by_running_it(folders: dict[str, Path]) -> None:
    """A layer may exist in the model, fit the adapter, and still never run."""
    from animevec.encoders.lora import AdapterSet

    class Idle(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.used, self.idle = torch.nn.Linear(4, 4), torch.nn.Linear(4, 4)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.used(x)

    model = Idle().requires_grad_(False)
    adapters = AdapterSet(model, lambda: model(torch.ones(1, 4)), lambda: "")
    for module, error in (("used", None), ("idle", "never meets: idle")):
        _save(folders["themes"].parent / module, module)
        _expect(
            lambda module=module: adapters.load(module, folders["themes"].parent / module), error
        )
    assert adapters.names == ("used",)


def _save(folder: Path, module: str) -> None:
    folder.mkdir()
    (folder / CONFIG).write_text(json.dumps({"peft_type": "LORA", "r": 2, "lora_alpha": 2}))
    pair = {"A": torch.ones(2, 4), "B": torch.ones(4, 2)}
    save_file({f"{module}.lora_{k}.weight": v for k, v in pair.items()}, folder / WEIGHTS)


def _expect(call: Callable[[], object], error: str | None) -> None:
    if error is None:
        call()
    else:
        with pytest.raises(AnimevecError, match=error):
            call()


def test_a_compiled_model_takes_no_adapter(base: Path, folders: dict[str, Path]) -> None:
    compiled = BgeM3.load(base, card(base), Runtime(compile=True))
    with pytest.raises(Conflict, match="compile"):
        compiled.adapters.load("themes", folders["themes"])

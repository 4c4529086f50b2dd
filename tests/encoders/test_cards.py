"""The cards: pinned, honest, extended by the operator, and loaded by what they say."""

import re
from pathlib import Path

import pytest

from animevec.encoders.base import Embedding, TextItem
from animevec.encoders.canonical import CANONICAL, TEXT, check
from animevec.encoders.card import ModelCard
from animevec.encoders.cards import CARDS, MINILM, find_card
from animevec.encoders.files import locate, verify
from animevec.encoders.load import load_encoder
from animevec.errors import ModelError, NotFound
from animevec.settings import EncoderSettings, Settings


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.name)
def test_cards_are_pinned_and_consistent(card: ModelCard) -> None:
    assert find_card(card.name) is card
    if card.repository != "animevec":
        assert re.fullmatch(r"[0-9a-f]{40}", card.revision)
    assert all(re.fullmatch(r"[0-9a-f]{64}", file.sha256 or "0" * 64) for file in card.files)
    assert card.matryoshka == tuple(sorted(card.matryoshka))
    assert not card.matryoshka or card.matryoshka[-1] == card.dimensions
    assert any("tokenizer" in file.path for file in card.files)


def test_non_commercial_weights_say_so() -> None:
    assert {card.name for card in CARDS if not card.commercial_use} == {
        "jina-clip-v2",
        "clip-vit-b32",
    }


@pytest.mark.parametrize("profile", ["compact", "full"])
def test_profiles_name_known_cards(profile: str) -> None:
    from animevec.settings import CONFIGS

    text = (CONFIGS / "profiles" / f"{profile}.yaml").read_text()
    names = re.findall(r"^  (?:text|picture): (\S+)$", text, re.MULTILINE)
    defaults = [EncoderSettings().text, EncoderSettings().picture]
    assert all(find_card(name) for name in names or defaults)


def test_an_unknown_card_names_the_known_ones() -> None:
    with pytest.raises(NotFound, match=r"'nothing'.*minilm, bge-m3"):
        find_card("nothing")


def test_an_operator_adds_a_model_with_a_card(tmp_path: Path) -> None:
    own = MINILM.model_copy(update={"name": "ours"})
    (tmp_path / "ours").mkdir()
    (tmp_path / "ours" / "card.json").write_text(own.model_dump_json())
    assert find_card("ours", tmp_path) == own


@pytest.mark.parametrize("text", ["", "{}", '{"name": "ours"}'])
def test_a_wrong_card_is_one_clear_error(tmp_path: Path, text: str) -> None:
    (tmp_path / "ours").mkdir()
    (tmp_path / "ours" / "card.json").write_text(text)
    with pytest.raises(ModelError, match=r"ours/card\.json"):
        find_card("ours", tmp_path)


def test_a_card_under_another_name_is_refused(tmp_path: Path) -> None:
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs" / "card.json").write_text(MINILM.model_dump_json())
    with pytest.raises(ModelError, match="folder must be named so"):
        find_card("theirs", tmp_path)


def test_minilm_is_the_published_file_and_computes_the_canonical_vector(tmp_path: Path) -> None:
    from sentence_transformers import SentenceTransformer

    folder = locate(MINILM, tmp_path)
    verify(MINILM, folder)
    peer = SentenceTransformer(str(folder), device="cpu")
    stored = CANONICAL["minilm", "text"]
    assert abs(peer.encode([TEXT], normalize_embeddings=True)[0][: len(stored)] - stored).max() < (
        1e-4
    )
    exact = EncoderSettings(dtype="float32")
    (finding,) = check(load_encoder("minilm", Settings(home=tmp_path, encoders=exact)))
    assert finding.passed and finding.difference is not None and finding.difference < 1e-4


def test_a_model_that_computes_something_else_fails_its_check(tmp_path: Path) -> None:
    import shutil

    from safetensors.torch import load_file, save_file

    copy = tmp_path / "models" / "minilm"
    shutil.copytree(locate(MINILM, tmp_path), copy)
    state = load_file(copy / "model.safetensors")
    state["embeddings.word_embeddings.weight"] = state["embeddings.word_embeddings.weight"].flip(0)
    save_file(state, copy / "model.safetensors", metadata={"format": "pt"})
    (finding,) = check(load_encoder(MINILM, Settings(home=tmp_path)))
    assert not finding.passed
    with pytest.raises(ModelError, match=r"another SHA-256|bytes"):
        verify(MINILM, copy)


def test_a_card_without_files_says_how_to_get_them(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="animevec models fetch bge-m3"):
        load_encoder("bge-m3", Settings(home=tmp_path))


def test_an_unknown_architecture_is_refused(tmp_path: Path) -> None:
    card = MINILM.model_copy(update={"architecture": "word2vec"})
    with pytest.raises(ModelError, match="word2vec"):
        load_encoder(card, Settings(home=tmp_path))


def test_dimensions_on_the_card_are_what_comes_out(tmp_path: Path) -> None:
    (outcome,) = load_encoder(MINILM, Settings(home=tmp_path)).encode([TextItem("sea")])
    assert isinstance(outcome, Embedding) and outcome.dense is not None
    assert outcome.dense.shape == (MINILM.dimensions,)

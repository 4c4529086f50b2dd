"""The sample catalogue, and a tiny random BERT that learns in seconds."""

import json
import shutil

import pytest
import torch

from animevec.catalog.record import Anime
from animevec.encoders.cards import MINILM
from animevec.encoders.files import packaged
from animevec.settings import ROOT
from training.finetune import Base
from training.pairs import Vote
from training.recipe import Recipe

SAMPLE = ROOT / "animevec" / "catalog" / "sample" / "titles.jsonl"
WIDTH = 32


@pytest.fixture(scope="session")
def records() -> list[Anime]:
    return [Anime.model_validate_json(line) for line in SAMPLE.read_text().splitlines() if line]


@pytest.fixture(scope="session")
def votes(records: list[Anime]) -> list[Vote]:
    """Titles with a theme in common, as if people had recommended them."""
    keyed = [one for one in records if "mal" in one.keys and one.themes]
    return [
        Vote(a=f"mal:{a.keys['mal']}", b=f"mal:{b.keys['mal']}", weight=3)
        for a in keyed
        for b in keyed
        if a.id != b.id and a.themes[0] == b.themes[0]
    ]


@pytest.fixture(scope="session")
def base(tmp_path_factory: pytest.TempPathFactory) -> Base:
    """Two random layers with MiniLM's tokenizer, in the sentence-transformers layout."""
    from transformers import BertConfig, BertModel

    folder = tmp_path_factory.mktemp("tiny-bert")
    torch.manual_seed(0)
    torch.set_num_threads(1)
    config = BertConfig(
        hidden_size=WIDTH,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        vocab_size=30_522,
    )
    BertModel(config).save_pretrained(folder)
    for name in ("tokenizer.json", "tokenizer_config.json", "vocab.txt", "modules.json"):
        shutil.copy(packaged() / name, folder)
    shutil.copytree(packaged() / "1_Pooling", folder / "1_Pooling")
    pooling = folder / "1_Pooling" / "config.json"
    pooling.write_text(
        json.dumps(json.loads(pooling.read_text()) | {"word_embedding_dimension": 32})
    )
    card = MINILM.model_copy(update={"name": "tiny-bert", "dimensions": WIDTH, "files": ()})
    return Base(card, folder)


@pytest.fixture
def recipe() -> Recipe:
    """Four small steps; fp32, so that equal means equal."""
    return Recipe.model_validate(
        {
            "name": "tiny",
            "task": "retrieval",
            "base": "tiny-bert",
            "pairs": {"title": 2, "alias": 1, "halves": 1},
            "lora": {"rank": 2, "alpha": 4, "dropout": 0.1},
            "negatives": {"pool": 40, "skip": 1, "depth": 10},
            "batch": 4,
            "steps": 4,
            "checkpoint_steps": 2,
            "warmup": 1,
            "learning_rate": 0.01,
            "max_tokens": 24,
            "precision": "float32",
            "threads": 1,
        }
    )

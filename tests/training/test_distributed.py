"""Two processes on the CPU share every batch, as torchrun starts them on several machines."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from training.finetune import Base
from training.recipe import Recipe

SCRIPT = """
import json, sys
from pathlib import Path
from animevec import quiet
quiet.apply()
from animevec.catalog.record import Anime
from animevec.encoders.card import ModelCard
from training.finetune import Base, train
from training.recipe import Recipe

said = json.loads(Path(sys.argv[1]).read_text())
lines = Path(said["titles"]).read_text().splitlines()
records = [Anime.model_validate_json(line) for line in lines]
base = Base(ModelCard.model_validate(said["card"]), Path(said["base"]))
result = train(Recipe.model_validate(said["recipe"]), records, [], Path(said["out"]), base=base)
print(json.dumps({"sha256": result.sha256, "losses": result.losses}), flush=True)
"""


@pytest.mark.slow
def test_two_processes_train_one_adapter(recipe: Recipe, base: Base, tmp_path: Path) -> None:
    from tests.training.conftest import SAMPLE

    script, said = tmp_path / "run.py", tmp_path / "said.json"
    script.write_text(SCRIPT)
    said.write_text(
        json.dumps(
            {
                "titles": str(SAMPLE),
                "card": base.card.model_dump(mode="json"),
                "base": str(base.folder),
                "recipe": recipe.model_dump(mode="json"),
                "out": str(tmp_path / "out"),
            }
        )
    )
    launch = ["-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2", str(script)]
    done = subprocess.run(
        [sys.executable, *launch, str(said)], capture_output=True, text=True, timeout=280
    )
    assert done.returncode == 0, done.stderr[-2000:]
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    assert len(lines) == 2
    assert lines[0]["sha256"] == lines[1]["sha256"]
    assert len(lines[0]["losses"]) == recipe.steps

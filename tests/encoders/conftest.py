"""Reference checkpoints: tiny weights in published layouts, and their makers' own results."""

from pathlib import Path

import pytest
import torch

# The models here are tiny: a second thread only waits for the first.
torch.set_num_threads(1)
HERE = Path(__file__).parent / "reference"


@pytest.fixture(scope="session")
def reference(request: pytest.FixtureRequest) -> Path:
    """The folder of reference checkpoints; ``--reference DIR`` names another one."""
    chosen = request.config.getoption("--reference")
    return Path(chosen) if chosen else HERE


def find_reference(folder: Path, prefix: str) -> Path:
    """The checkpoint of one model: the folder itself, or the first below it named so."""
    found = [folder, *sorted(folder.glob("*"))]
    named = [one for one in found if one.name.startswith(prefix) and one.is_dir()]
    if not named:
        pytest.skip(f"{folder} holds no {prefix}* checkpoint")
    return named[0]

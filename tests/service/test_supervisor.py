"""BentoML's supervisor reads the service's definition and nothing behind it."""

import os
import subprocess
import sys

import pytest

HEAVY = ("bentos.app", "animevec.assembly", "qdrant_client", "sqlalchemy", "torch")


def read(topology: str, program: str) -> str:
    """What a program prints that has read the definition."""
    env = {**os.environ, "ANIMEVEC_SERVE__TOPOLOGY": topology}
    command = [sys.executable, "-c", f"import sys; from bentos.service import Gateway; {program}"]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.mark.parametrize("topology", ["own_process", "in_process"])
def test_the_definition_alone_loads_no_engine(topology: str) -> None:
    found = f"print([name for name in {HEAVY} if name in sys.modules], [*Gateway.dependencies])"
    assert read(topology, found) == "[] []"


def test_encoders_apart_are_dependencies_of_the_gateway() -> None:
    assert read("services", "print(sorted(Gateway.dependencies))") == "['picture', 'text']"

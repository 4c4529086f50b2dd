"""``animevec up`` from nothing, again, and down; a port that is taken is told."""

import json
import os
import re
import shlex
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.stack.test_process import free_port

NAMES = ("service", "mlflow", "prefect", "flows")
PORTS = {
    f"ANIMEVEC_{name}": str(free_port())
    for name in ("REGISTRY__PORT", "FLOWS__PORT", "FLOWS__RUNNER_PORT")
}


def animevec(home: Path, port: int, *words: str) -> subprocess.CompletedProcess[str]:
    env = {
        **os.environ,
        **PORTS,
        "ANIMEVEC_HOME": str(home),
        "ANIMEVEC_SERVE__PORT": str(port),
        "ANIMEVEC_ENCODERS__PICTURE": "",
    }
    command = [str(Path(sys.executable).with_name("animevec")), *words]
    return subprocess.run(command, env=env, capture_output=True, text=True, timeout=280)


@pytest.mark.slow
def test_up_from_nothing_again_and_down(tmp_path: Path) -> None:
    port = free_port()
    try:
        first = animevec(tmp_path, port, "up")
        assert first.returncode == 0, first.stdout + first.stderr
        query = re.search(r"^  (curl .*)$", first.stdout, re.MULTILINE)
        assert query is not None
        answer = subprocess.run(shlex.split(query[1]), capture_output=True, text=True, check=True)
        assert len(json.loads(answer.stdout)["hits"]) == 3
        started = time.monotonic()
        assert animevec(tmp_path, port, "up").returncode == 0
        assert time.monotonic() - started < 20
        state = json.loads(animevec(tmp_path, port, "status", "--json").stdout)
        assert {name: state[name]["state"] for name in NAMES} == dict.fromkeys(NAMES, "ready")
    finally:
        down = animevec(tmp_path, port, "down")
    assert all(f"{name}: stopped" in down.stdout for name in NAMES)
    assert animevec(tmp_path, port, "status").returncode == 1
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        taken = holder.getsockname()[1]
        refused = animevec(tmp_path, taken, "up")
    assert refused.returncode == 1
    assert f"port {taken} is taken" in refused.stderr

"""Processes are started once, found again, stopped whole, and their failures are told."""

import json
import socket
import sys
import time
from pathlib import Path

import psutil
import pytest

from animevec.errors import Conflict, Unavailable
from animevec.stack.process import Process, Supervisor
from animevec.stack.readiness import wait_ready

SERVER = """
import http.server, subprocess, sys
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
class Ready(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers()
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Ready).serve_forever()
"""
FAILING = """
import http.server, json, sys
class Failed(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(503); self.end_headers()
        details = {"state": "failed", "reason": "no such index"}
        error = {"error": {"code": "unavailable", "message": "failed", "details": details}}
        self.wfile.write(json.dumps(error).encode())
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Failed).serve_forever()
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def process(tmp_path: Path, code: str, patience_s: float = 20) -> Process:
    port = free_port()
    command = (sys.executable, "-c", code, str(port))
    return Process(
        "demo", command, "127.0.0.1", port, "/readyz", "X_PORT", tmp_path, patience_s=patience_s
    )


@pytest.fixture
def supervisor(tmp_path: Path) -> Supervisor:
    return Supervisor(tmp_path / "run")


def test_started_found_again_and_stopped_with_its_children(
    tmp_path: Path, supervisor: Supervisor
) -> None:
    demo = process(tmp_path, SERVER)
    try:
        supervisor.start(demo)
        wait_ready(demo, supervisor, lambda state: None)
        found = Supervisor(tmp_path / "run").running(demo)
        assert found is not None
        children = found.children()
        assert children
    finally:
        stopped = supervisor.stop(demo)
    assert stopped and supervisor.running(demo) is None
    assert not any(child.is_running() for child in children)
    assert supervisor.stop(demo) is False


def test_a_taken_port_is_named_with_the_way_out(tmp_path: Path, supervisor: Supervisor) -> None:
    demo = process(tmp_path, SERVER)
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", demo.port))
        holder.listen()
        with pytest.raises(Conflict, match=f"port {demo.port} is taken.*X_PORT={demo.port + 1}"):
            supervisor.start(demo)


def test_a_stale_pid_file_is_not_believed(tmp_path: Path, supervisor: Supervisor) -> None:
    demo = process(tmp_path, SERVER)
    (tmp_path / "run").mkdir()
    own = psutil.Process()
    for record in (
        json.dumps({"pid": own.pid, "created": own.create_time() - 100}),
        json.dumps({"pid": 2**22 - 1, "created": time.time()}),
        "{broken",
        "[]",
    ):
        (tmp_path / "run" / "demo.json").write_text(record)
        assert supervisor.running(demo) is None


def test_one_that_ends_early_tells_the_end_of_its_log(
    tmp_path: Path, supervisor: Supervisor
) -> None:
    demo = process(tmp_path, "raise SystemExit('no module named moon')")
    supervisor.start(demo)
    with pytest.raises(Unavailable, match=r"(?s)ended before.*no module named moon.*demo\.log"):
        wait_ready(demo, supervisor, lambda state: None)


@pytest.mark.parametrize(
    ("code", "patience_s", "message"),
    [(FAILING, 20, "no such index"), ("import time; time.sleep(60)", 0.6, "was not ready after")],
)
def test_one_that_never_gets_ready_is_given_up(
    tmp_path: Path, supervisor: Supervisor, code: str, patience_s: float, message: str
) -> None:
    demo = process(tmp_path, code, patience_s)
    supervisor.start(demo)
    try:
        with pytest.raises(Unavailable, match=message):
            wait_ready(demo, supervisor, lambda state: None)
    finally:
        supervisor.stop(demo)

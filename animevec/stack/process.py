"""One supervised process: started detached, found again by its pid file, stopped as a group."""

import json
import os
import signal
import socket
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from animevec.errors import Conflict, Unavailable

TAIL_LINES = 25
KEEP_LOG_BYTES = 20_000_000


@dataclass(frozen=True, slots=True)
class Process:
    """What to run and how to tell that it is ready.

    ``ready`` is a path that answers 200 once it is; ``patience_s`` is how long that may take;
    ``setting`` names the setting to change where the port is taken.
    """

    name: str
    command: Sequence[str]
    host: str
    port: int
    ready: str
    setting: str
    cwd: Path
    env: Mapping[str, str] = field(default_factory=dict)
    patience_s: float = 300.0

    @property
    def url(self) -> str:
        """Where it answers."""
        host = "127.0.0.1" if self.host in ("0.0.0.0", "::") else self.host
        return f"http://{host}:{self.port}"


class Supervisor:
    """Starts, finds and stops processes by the pid files in ``folder``, where logs are too."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def log(self, process: Process) -> Path:
        """The file that holds what the process prints."""
        return self._folder / f"{process.name}.log"

    def running(self, process: Process) -> psutil.Process | None:
        """The live process of the pid file; a stale file is removed."""
        record = self._record(process)
        if record is None:
            return None
        with suppress(psutil.Error):
            found = psutil.Process(record["pid"])
            same = abs(found.create_time() - record["created"]) < 1
            if same and found.status() != psutil.STATUS_ZOMBIE:
                return found
        self._pid_file(process).unlink(missing_ok=True)
        return None

    def start(self, process: Process) -> psutil.Process:
        """Start it in a session of its own.

        Raises:
            Conflict: something else listens on its port.
        """
        _check_port(process)
        self._folder.mkdir(parents=True, exist_ok=True)
        log = self.log(process)
        if log.is_file() and log.stat().st_size > KEEP_LOG_BYTES:
            log.replace(log.with_suffix(".log.1"))
        with log.open("ab") as sink:
            child = subprocess.Popen(
                process.command,
                cwd=process.cwd,
                env={**os.environ, **process.env},
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        found = psutil.Process(child.pid)
        record = {"pid": child.pid, "created": found.create_time(), "port": process.port}
        self._pid_file(process).write_text(json.dumps(record))
        return found

    def stop(self, process: Process, grace_s: float = 20.0) -> bool:
        """Ask it to end, then end it; False if it was not running."""
        found = self.running(process)
        if found is None:
            return False
        family = [found, *found.children(recursive=True)]
        _signal_group(found.pid, signal.SIGTERM)
        _, alive = psutil.wait_procs(family, timeout=grace_s)
        for survivor in alive:
            survivor.kill()
        psutil.wait_procs(alive, timeout=5)
        self._pid_file(process).unlink(missing_ok=True)
        return True

    def ended(self, process: Process) -> Unavailable:
        """The error of a process that ended before it was ready, with the tail of its log."""
        return Unavailable(
            f"{process.name} ended before it was ready.\n\n{self.tail(process)}\n\n"
            f"The whole log is {self.log(process)}; mend what it says, then run it again."
        )

    def tail(self, process: Process) -> str:
        """The last lines of its log."""
        log = self.log(process)
        lines = log.read_text(errors="replace").splitlines() if log.is_file() else []
        return "\n".join(f"    {line[:400]}" for line in lines[-TAIL_LINES:])

    def _pid_file(self, process: Process) -> Path:
        return self._folder / f"{process.name}.json"

    def _record(self, process: Process) -> dict[str, Any] | None:
        try:
            record = json.loads(self._pid_file(process).read_text())
        except (FileNotFoundError, ValueError):
            return None
        return record if isinstance(record, dict) and {"pid", "created"} <= set(record) else None


def _check_port(process: Process) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((process.host, process.port))
        except OSError as error:
            raise Conflict(
                f"port {process.port} is taken{_holder(process.port)}, so {process.name} cannot "
                f"start; stop that program, or choose another port: {process.setting}="
                f"{process.port + 1} make up",
                port=process.port,
            ) from error


def _holder(port: int) -> str:
    """`` by NAME (pid N)`` where the system tells."""
    with suppress(psutil.Error):
        for connection in psutil.net_connections("tcp"):
            if connection.status == psutil.CONN_LISTEN and connection.laddr.port == port:
                name = psutil.Process(connection.pid).name() if connection.pid else "a program"
                return f" by {name} (pid {connection.pid})"
    return ""


def _signal_group(pid: int, number: int) -> None:
    with suppress(ProcessLookupError):
        os.killpg(pid, number)

"""A private PostgreSQL server for the tests, where its programs are installed."""

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import psycopg

UNPRIVILEGED = "nobody"  # initdb refuses to run as root


def programs() -> Path | None:
    """Folder of ``initdb`` and ``postgres``; None where there is none."""
    found = shutil.which("initdb")
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return Path(found).parent if found else installed[-1].parent if installed else None


@contextmanager
def server(binaries: Path) -> Iterator[str]:
    """URL of a fresh cluster's ``postgres`` database; the cluster is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="animevec-pg-") as name:
        folder, port = Path(name), _free_port()
        if os.geteuid() == 0:
            shutil.chown(folder, UNPRIVILEGED)
        _run([binaries / "initdb", "-D", folder / "data", "-U", "animevec", "-A", "trust", "-N"])
        options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off"
        control = [binaries / "pg_ctl", "-D", folder / "data", "-w", "-l", folder / "log"]
        _run([*control, "-o", options, "start"])
        try:
            yield f"postgresql://animevec@127.0.0.1:{port}/postgres"
        finally:
            _run([*control, "-m", "immediate", "stop"])


def schema(url: str) -> str:
    """URL of a new, empty schema of a server."""
    name = f"test_{uuid4().hex}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"CREATE SCHEMA {name}")
    return f"{url}?options=-csearch_path%3D{name}"


def _run(command: Sequence[str | Path]) -> None:
    user = UNPRIVILEGED if os.geteuid() == 0 else None
    environment = {"PATH": os.defpath, "LC_ALL": "C.UTF-8"}
    subprocess.run(
        [str(part) for part in command],
        user=user,
        group="nogroup" if user else None,
        extra_groups=[] if user else None,
        env=environment,
        cwd="/",
        check=True,
        timeout=60,
        stdout=subprocess.DEVNULL,
    )


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])

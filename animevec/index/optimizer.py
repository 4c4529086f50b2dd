"""Optimising a shard in a process of its own.

The engine holds the interpreter lock for the whole of ``optimize()``: in the serving process it
would stop every request, health checks included.  Run as
``python -m animevec.index.optimizer FOLDER POINTS PARENT < settings-and-schema.json``.
"""

import ctypes
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

from animevec import cores
from animevec.errors import Unavailable
from animevec.index.base import IndexSchema
from animevec.index.schema_json import dump_schema, load_schema
from animevec.settings import IndexSettings

NICENESS = 10
PR_SET_PDEATHSIG = 1  # linux/prctl.h


def optimize_apart(folder: Path, schema: IndexSchema, settings: IndexSettings, points: int) -> None:
    """Optimise a shard nobody holds, in a child process; the folder is safe at every moment.

    Raises:
        Unavailable: the child failed; its last words are in the message.
    """
    request = {
        "schema": dump_schema(schema),
        "settings": settings.model_dump(mode="json", exclude={"api_key"}),
    }
    done = subprocess.run(
        [sys.executable, "-m", __name__, str(folder), str(points), str(os.getpid())],
        input=json.dumps(request),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        words = done.stderr.strip().splitlines()[-1:] or [f"exit status {done.returncode}"]
        raise Unavailable(f"optimising {folder} failed: {words[0]}; run it again", path=str(folder))


def optimize_here(folder: Path, schema: IndexSchema, settings: IndexSettings, points: int) -> None:
    """Optimise a shard in this process; old segments go only at the flush."""
    import qdrant_edge as edge

    from animevec.index.edge_config import edge_config

    shard = edge.EdgeShard.load(str(folder), edge_config(schema, settings, points))
    shard.optimize()
    shard.flush()
    shard.close()


def main() -> None:
    """Entry of the child process; it yields the processor to whoever serves."""
    _end_with(int(sys.argv[3]))
    cores.spread()
    os.nice(NICENESS)
    request = json.load(sys.stdin)
    optimize_here(
        Path(sys.argv[1]),
        load_schema(request["schema"]),
        IndexSettings.model_validate(request["settings"]),
        int(sys.argv[2]),
    )


def _end_with(parent: int) -> None:
    """Let Linux end this process with its parent; no thread could, for the engine locks it out."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it ended before
        sys.exit(1)


if __name__ == "__main__":
    main()

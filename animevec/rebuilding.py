"""Rebuilding the index of a release that is being served, in a process of its own.

Reading, encoding and writing a whole catalogue would hold the interpreter lock of the serving
process most of the time.  The child, ``python -m animevec.rebuilding``, takes its order as one
line of JSON on standard input and answers with lines of JSON: progress, then the report or an
error.  It ends when its input does, so it never outlives the service.
"""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

from pydantic import BaseModel, SecretStr, TypeAdapter

from animevec import cores, quiet
from animevec.assembly import Assembly, build_beside, discard_older
from animevec.errors import AnimevecError, Unavailable, from_envelope
from animevec.index.build import BuildReport
from animevec.lineup import open_lineup
from animevec.progress import Progress, silent
from animevec.release import Release
from animevec.settings import Settings

NICENESS = 10
REPORT = TypeAdapter(BuildReport)


class Order(BaseModel):
    """What the child is to build."""

    settings: Settings
    release: Release
    adapters: dict[str, Path]


def rebuild_apart(assembly: Assembly, progress: Progress = silent) -> BuildReport:
    """Build an index beside the one being served, or resume a build that was cut off, and swap.

    This process only opens the finished index and brings it up to date.  The index that was
    served before stays for a rollback; older ones of this alias are dropped.

    Raises:
        AnimevecError: what the build raised; the served index is unchanged.
    """
    room, alias = assembly.room, assembly.release.index
    before = room.store.resolve(alias)
    report = _built(order(assembly), progress)
    room.synchroniser.reconcile(report.name)
    room.store.switch(alias, report.name)
    # What was written while the alias moved went to the index before.
    assembly.catch_up()
    discard_older(room, alias, {report.name, before})
    return report


def order(assembly: Assembly) -> str:
    """The line of JSON that tells a child to rebuild the index of this assembly."""
    content = {
        "settings": assembly.settings.model_dump(),
        "release": assembly.release.model_dump(),
        "adapters": dict(assembly.adapters),
    }
    return json.dumps(content, default=_plain)


def _plain(value: object) -> object:
    """Secrets too: the pipe to the child is private, its environment would not be."""
    return value.get_secret_value() if isinstance(value, SecretStr) else str(value)


def _built(line: str, progress: Progress) -> BuildReport:
    command = [sys.executable, "-m", __name__]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as child:
        assert child.stdin is not None and child.stdout is not None
        child.stdin.write(line + "\n")
        child.stdin.flush()
        answer = _last(child.stdout, progress)
        child.stdin.close()
    if "error" in answer:
        raise from_envelope(answer["error"])
    if "report" not in answer:
        raise Unavailable(
            f"the process that built the index ended with status {child.returncode} and no "
            "report; its log says why, and a new reindex goes on where it stopped"
        )
    return REPORT.validate_python(answer["report"])


def _last(lines: IO[str], progress: Progress) -> Mapping[str, Any]:
    """The last answer; those before it are progress."""
    answer: dict[str, Any] = {}
    for line in lines:
        answer = json.loads(line)
        if "done" in answer:
            progress(answer["done"], answer["total"])
    return answer


def main() -> None:
    """Entry of the child; it yields the processor to whoever serves."""
    quiet.apply()
    cores.spread()
    os.nice(NICENESS)
    # Whatever a library prints goes to the log.
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    asked = Order.model_validate_json(sys.stdin.readline())
    threading.Thread(target=_end_with_input, daemon=True).start()

    def tell(answer: Mapping[str, Any]) -> None:
        answers.write(json.dumps(answer) + "\n")

    try:
        report = _build(asked, lambda done, total: tell({"done": done, "total": total}))
    except AnimevecError as error:
        tell({"error": error.envelope()["error"]})
    else:
        tell({"report": REPORT.dump_python(report, mode="json")})


def _build(order: Order, progress: Progress) -> BuildReport:
    with open_lineup(order.settings) as lineup:
        room = lineup.room(order.release, order.adapters)
        return build_beside(room, progress, order.release.index)


def _end_with_input() -> None:
    sys.stdin.read()
    os._exit(1)


if __name__ == "__main__":
    main()

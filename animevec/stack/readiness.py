"""Waiting until a process answers, and saying why it does not."""

import json
import time
from collections.abc import Callable
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

from animevec.errors import Unavailable
from animevec.stack.process import Process, Supervisor

POLL_S = 0.2


def probe(process: Process) -> tuple[int, dict[str, Any]]:
    """Status and body of its readiness path; status 0 if nothing answers."""
    try:
        with urlopen(process.url + process.ready, timeout=2) as answer:
            return answer.status, _body(answer.read())
    except HTTPError as error:
        return error.code, _body(error.read())
    except (URLError, OSError):
        return 0, {}


def wait_ready(process: Process, supervisor: Supervisor, say: Callable[[str], None]) -> float:
    """Seconds until it was ready.

    Raises:
        Unavailable: it ended, says that it failed, or took longer than its patience.
    """
    started = time.monotonic()
    while (waited := time.monotonic() - started) < process.patience_s:
        status, body = probe(process)
        if status == 200:
            return waited
        error = body.get("error", {})
        details = error.get("details", {})
        if supervisor.running(process) is None:
            raise supervisor.ended(process)
        if details.get("state") == "failed":
            raise Unavailable(f"{process.name} failed: {details.get('reason', error['message'])}")
        say(details.get("state", "starting") if status else "starting")
        time.sleep(POLL_S)
    raise Unavailable(
        f"{process.name} was not ready after {process.patience_s:.0f} s.\n\n"
        f"{supervisor.tail(process)}\n\nThe whole log is {supervisor.log(process)}."
    )


def _body(data: bytes) -> dict[str, Any]:
    try:
        body = json.loads(data)
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}

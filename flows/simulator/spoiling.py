"""How a fault turns a good answer into a bad one."""

import asyncio
import json
import re
from typing import Any

from starlette.responses import Response

from flows.simulator.faults import Fault, FaultKind

BLOCK_PAGE = b"<html><head><title>Just a moment...</title></head><body>challenge-platform</body>"
GARBAGE = bytes(range(255, 0, -1)) * 8
MOVED_BY = 500_000
_IDS = re.compile(rb"\b(6[1-9]\d{3}|21\d{4}|5[1-9]\d{3}|2[1-9]\d{3})\b")


async def spoil(answer: Response, fault: Fault) -> Response:
    """What the client gets in place of ``answer``."""
    match fault.kind:
        case FaultKind.RATE_LIMITED:
            return Response(status_code=429, headers={"retry-after": f"{fault.seconds:g}"})
        case FaultKind.DOWN:
            return Response(b"upstream is away", 503)
        case FaultKind.SLOW:
            await asyncio.sleep(fault.seconds)
            return answer
        case FaultKind.TRUNCATED:
            return _with(answer, bytes(answer.body)[: len(answer.body) // 2])
        case FaultKind.WRONG_TYPE:
            return _with(answer, _retyped(bytes(answer.body)))
        case FaultKind.GARBAGE:
            return _with(answer, GARBAGE)
        case FaultKind.BLOCK_PAGE:
            return Response(BLOCK_PAGE, 403, media_type="text/html")
        case FaultKind.EMPTY:
            return _with(answer, b"")
        case FaultKind.MOVED:
            moved = _IDS.sub(lambda found: b"%d" % (int(found[0]) + MOVED_BY), bytes(answer.body))
            return _with(answer, moved)


def _with(answer: Response, body: bytes) -> Response:
    return Response(body, answer.status_code, media_type=answer.media_type)


def _retyped(body: bytes) -> bytes:
    """Every value of another type, XML's numbers as words; ids stay, or nothing is left to read."""
    if body.lstrip()[:1] == b"<":
        return re.sub(rb">(\d[\d.-]*)<", b">many<", body)
    return json.dumps(_other(json.loads(body))).encode()


def _other(value: Any, name: str = "") -> Any:
    match value:
        case dict():
            return {key: _other(item, key) for key, item in value.items()}
        case list():
            return [_other(item, name) for item in value]
        case bool() | None:
            return value
        case int() | float():
            return value if name in {"mal_id", "id", "idMal"} else [value]
        case str() if name in {"id", "type", "title", "text", "name", "route", "romaji"}:
            return value
        case _:
            return 17

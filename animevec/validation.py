"""What pydantic finds wrong, and text that cannot be sent or stored, in the platform's terms."""

import json
from collections.abc import Mapping, Sequence, Sized
from itertools import islice
from typing import Any

from animevec.errors import InvalidRequest

SHOWN_PROBLEMS = 20
SHOWN = 60  # characters of a value in a message
_JSON = json.JSONEncoder(ensure_ascii=False, default=str, skipkeys=True)
# The message says it all, or the value is the whole of what was sent, a picture or a secret.
_NOT_SHOWN = frozenset({"missing", "value_error", "string_unicode", "bytes_too_short"})


def refusal(problems: Sequence[Mapping[str, Any]], within: int = 0) -> InvalidRequest:
    """The error that tells the first of pydantic's ``problems`` and lists the others.

    ``within`` is how many outer parts of their locations mean nothing to the caller.
    """
    shown = [_problem(problem, within) for problem in problems[:SHOWN_PROBLEMS]]
    field = shown[0]["field"]
    where = f"{field}: " if field else ""
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    return InvalidRequest(f"{where}{shown[0]['problem']}{more}", field=field, problems=shown)


def told(problem: Mapping[str, Any]) -> str:
    """One of pydantic's problems with what was given instead; of a field that there is not, whose
    name may be a misspelt secret's, nothing.
    """
    kind, message = problem["type"], problem["msg"].removeprefix("Value error, ")
    if kind == "extra_forbidden":
        return "there is no such field"
    if kind == "json_invalid":
        place = "".join(f" from character {part}" for part in problem["loc"] if type(part) is int)
        return f"not JSON{place}: {problem['ctx']['error']}"
    if kind in _NOT_SHOWN:
        return str(message)
    given = problem["input"]
    if kind.endswith("too_long") and isinstance(given, Sized):
        return f"{message}, not {len(given):,}"
    return f"{message}, not {shown(given)}"


def shown(value: Any) -> str:
    """``value`` as JSON writes it, cut where it is long."""
    # written only as far as it is shown: a value may be nested deeper than Python can follow
    written = "".join(islice(_JSON.iterencode(value), SHOWN + 1))
    cut = written if len(written) <= SHOWN else f"{written[:SHOWN]}..."
    return cut.encode(errors="backslashreplace").decode()


def encodable(text: str) -> bool:
    """Whether UTF-8 has the text; it has no half of a surrogate pair, which JSON can write."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _problem(problem: Mapping[str, Any], within: int) -> dict[str, str]:
    kind, parts = problem["type"], problem["loc"][within:]
    field = "" if kind == "json_invalid" else ".".join(map(str, parts))
    return {"field": field, "problem": told(problem), "type": kind}

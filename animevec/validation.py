"""What pydantic finds wrong, and text that cannot be sent or stored, in the platform's terms."""

from collections.abc import Mapping, Sequence
from typing import Any

from animevec.errors import InvalidRequest

SHOWN_PROBLEMS = 20


def refusal(problems: Sequence[Mapping[str, Any]], within: int = 0) -> InvalidRequest:
    """The error that tells the first of pydantic's ``problems`` and lists the others.

    ``within`` is how many outer parts of their locations mean nothing to the caller.  The
    offending input, which may be a picture or a secret, is not in it.
    """
    shown = [_problem(problem, within) for problem in problems[:SHOWN_PROBLEMS]]
    field = shown[0]["field"]
    where = f"{field}: " if field else ""
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    return InvalidRequest(f"{where}{shown[0]['problem']}{more}", field=field, problems=shown)


def encodable(text: str) -> bool:
    """Whether UTF-8 has the text; it has no half of a surrogate pair, which JSON can write."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _problem(problem: Mapping[str, Any], within: int) -> dict[str, str]:
    field = ".".join(str(part) for part in problem["loc"][within:])
    return {"field": field, "problem": problem["msg"], "type": problem["type"]}

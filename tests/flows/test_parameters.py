"""Forms: every field says what it is, and nonsense is refused before anything runs."""

from typing import Any

import pytest
from pydantic import ValidationError

from flows.parameters import (
    Embed,
    Evaluate,
    FineTune,
    Nightly,
    Promote,
    Prune,
    Request,
    RollBack,
)

FORMS: list[type[Request]] = [Embed, Evaluate, FineTune, Nightly, Promote, Prune, RollBack]


@pytest.mark.parametrize("form", FORMS)
def test_every_field_has_a_title_and_a_description(form: type[Request]) -> None:
    for name, field in form.model_fields.items():
        assert field.title, name
        assert field.description and len(field.description) > 10, name


@pytest.mark.parametrize(
    ("form", "values"),
    [
        (Embed, {"what": "some"}),
        (Embed, {"release": "champion"}),
        (FineTune, {"recipe": "../../etc/passwd"}),
        (FineTune, {"recipe": "similarity", "steps": 0}),
        (Evaluate, {}),
        (Promote, {"release": "-1"}),
        (Promote, {"release": "1", "reason": "x" * 2001}),
        (Prune, {"keep": 0}),
        (Nightly, {"tolerance": 1.5}),
        (RollBack, {"reasons": "typo"}),
    ],
)
def test_nonsense_is_refused(form: type[Request], values: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        form.model_validate(values)

"""What a run of enrichment is asked to do; Prefect's UI makes a form of it."""

import hashlib
from typing import Annotated

from pydantic import Field, StringConstraints, field_validator

from flows.enrichment.sources import DEFAULT, REGISTRY
from flows.enrichment.types import Stage
from flows.parameters import Request

Key = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]{1,40}:[^\s]{1,150}$")]
Count = Annotated[int, Field(ge=0, le=1_000_000)]


class Enrich(Request):
    """Ask sources about titles and merge what they say into the catalogue."""

    titles: tuple[Key, ...] = Field(
        (),
        title="Titles",
        description="provider keys such as mal:1, also of titles not yet in the catalogue; "
        "empty: whatever is due",
        max_length=100_000,
        examples=[["mal:1", "anilist:21"]],
    )
    sources: tuple[str, ...] = Field(
        DEFAULT,
        title="Sources",
        description="whom to ask",
        min_length=1,
        json_schema_extra={"items": {"type": "string", "enum": list(REGISTRY)}},
    )
    stages: tuple[Stage, ...] = Field(
        tuple(Stage), title="Stages", description="which parts of a record", min_length=1
    )
    limit: int = Field(
        1_000, ge=1, le=1_000_000, title="Limit", description="most titles of this run"
    )
    limits: dict[str, Count] = Field(
        {"anidb": 100},
        title="Limits of sources",
        description="most titles a source is asked about in this run; the rest waits for the next",
    )
    dry_run: bool = Field(
        False,
        title="Dry run",
        description="show what would change; neither catalogue nor ledger is written",
    )

    @field_validator("sources", "limits")
    @classmethod
    def _registered(cls, value: tuple[str, ...] | dict[str, int]) -> object:
        if unknown := [name for name in value if name not in REGISTRY]:
            raise ValueError(f"no source {', '.join(unknown)}; there are {', '.join(REGISTRY)}")
        return value

    @property
    def digest(self) -> str:
        """Equal for requests that ask for the same work."""
        return hashlib.sha256(self.model_dump_json(exclude={"dry_run"}).encode()).hexdigest()

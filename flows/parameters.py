"""What a person may ask of each deployment; Prefect's UI makes a form of it."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Version = Annotated[str, Field(pattern=r"^\d{1,9}$", examples=["7"])]
Gate = Annotated[
    str,
    Field(
        pattern=r"^[a-z0-9-]{1,60}$",
        title="Gate",
        description="name of a list of policies in configs/gates.yaml",
    ),
]
Judgements = Annotated[
    str | None,
    Field(
        title="Judgements",
        description="folder on this machine with further judged queries; empty: the project's own",
    ),
]
Reason = Annotated[
    str, Field(max_length=2000, description="why; kept in the audit trail", examples=["better"])
]


class Request(BaseModel):
    """One form; unknown fields are refused so that a typo is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Embed(Request):
    """Bring the vectors of a release to the catalogue's revision, or make a new index."""

    what: Literal["changed", "all"] = Field(
        "changed",
        title="What to embed",
        description="changed: titles added or altered since the last time, for the index of the "
        "release. all: a new candidate release with the same encoders and an index of its own.",
    )
    release: Version | None = Field(
        None, title="Release", description="version in MLflow; empty: the champion"
    )
    encoders: Literal["release", "settings"] = Field(
        "release",
        title="Encoders",
        description="for all: those of the release, or those the settings name now (a new model)",
    )


class FineTune(Request):
    """Train an adapter, make a candidate release of it, judge it, and promote it if wanted."""

    recipe: str = Field(
        title="Recipe",
        description="file name in configs/training without .yaml",
        pattern=r"^[a-z0-9-]{1,60}$",
        examples=["similarity"],
    )
    steps: int | None = Field(
        None, ge=1, le=100_000, title="Steps", description="in place of the recipe's"
    )
    seed: int | None = Field(
        None, ge=0, lt=2**31, title="Seed", description="in place of the recipe's"
    )
    votes: str | None = Field(
        None,
        title="Votes",
        description="path of a JSON Lines file of similarity votes on this machine; empty: none",
    )
    gate: Gate = "default"
    judgements: Judgements = None
    promote: bool = Field(
        False, title="Promote", description="make it the champion if it passes the gate"
    )
    reason: Reason = Field("fine-tuned", title="Reason")


class Evaluate(Request):
    """Judge a release against the champion; the gate's verdict is written to its tags."""

    release: Version = Field(title="Release", description="version in MLflow")
    against: Version | None = Field(
        None, title="Against", description="version to compare with; empty: the champion"
    )
    gate: Gate = "default"
    judgements: Judgements = None


class Promote(Request):
    """Make a release that passed its gate the champion."""

    release: Version = Field(title="Release", description="version in MLflow")
    dry_run: bool = Field(
        False, title="Dry run", description="only show what would change; nothing is moved"
    )
    reason: Reason = Field("", title="Reason")


class RollBack(Request):
    """Go back to the champion before this one."""

    reason: Reason = Field("rollback", title="Reason")


class Prune(Request):
    """Remove old releases with their indexes."""

    keep: int | None = Field(
        None,
        ge=1,
        le=1000,
        title="Keep",
        description="releases to keep beside those an alias names; empty: registry.keep_releases",
    )
    dry_run: bool = Field(True, title="Dry run", description="only list what would go")


class Nightly(Request):
    """Check that the champion is no worse than when it was promoted; raise an alert if it is."""

    tolerance: float = Field(
        0.02,
        ge=0,
        lt=1,
        title="Tolerance",
        description="largest relative fall of a metric, 0.02 for two per cent",
    )

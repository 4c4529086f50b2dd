"""Six pure functions from what sources said of a title to candidates for its fields."""

from collections.abc import Callable, Mapping, Sequence

from flows.enrichment.stages import (
    characters,
    episodes,
    metadata,
    relationships,
    staff,
    statistics,
)
from flows.enrichment.stages.hearing import Heard
from flows.enrichment.types import Candidate, Stage

Proposals = Mapping[str, tuple[Candidate, ...]]
Propose = Callable[[Sequence[Heard]], Proposals]

STAGES: dict[Stage, Propose] = {
    Stage.METADATA: metadata.propose,
    Stage.EPISODES: episodes.propose,
    Stage.RELATIONSHIPS: relationships.propose,
    Stage.STATISTICS: statistics.propose,
    Stage.CHARACTERS: characters.propose,
    Stage.STAFF: staff.propose,
}
FIELDS: dict[Stage, tuple[str, ...]] = {
    Stage.METADATA: metadata.FIELDS,
    Stage.EPISODES: ("episode_list",),
    Stage.RELATIONSHIPS: ("relations",),
    Stage.STATISTICS: statistics.FIELDS,
    Stage.CHARACTERS: ("characters",),
    Stage.STAFF: ("staff",),
}

__all__ = ["FIELDS", "STAGES", "Heard", "Proposals", "Propose"]

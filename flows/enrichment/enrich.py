"""From the outcomes of one title to its record: identify, propose, decide, override."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from animevec.catalog.ids import anime_id
from animevec.catalog.record import Anime, Provenance
from animevec.errors import InvalidRequest
from flows.enrichment.identity import FIELD, Identity, identify, pins_of
from flows.enrichment.merge import OPERATOR, Decision, decide, remembered
from flows.enrichment.policy import Policy
from flows.enrichment.stages import FIELDS, STAGES
from flows.enrichment.stages.hearing import heard
from flows.enrichment.types import (
    ALL_STAGES,
    Candidate,
    Enriched,
    Overrides,
    SourceOutcome,
    Stage,
)


def enrich(
    outcomes: Sequence[SourceOutcome],
    existing: Anime | None,
    overrides: Overrides,
    policy: Policy,
    *,
    keys: Mapping[str, str] | None = None,
    mapped: Mapping[str, str] | None = None,
    taken: Collection[str] = (),
    stages: frozenset[Stage] = ALL_STAGES,
) -> Enriched:
    """The record of one title from what sources answered this time and what is known of it.

    ``keys`` are the ids the title was asked by, where there is no existing record; ``mapped`` those
    in which an id map disagrees, ``taken`` the keys that other titles have. A field no source
    speaks of keeps its value and origin; what a source that could not be reached said before counts
    as said. The same input gives the same record.

    Raises:
        InvalidRequest: no source found the title and no record of it exists.
    """
    known = existing.keys if existing else dict(keys or _asked(outcomes))
    identity = identify(heard(outcomes), known, pins_of(overrides), mapped, taken)
    if existing is None and not identity.trusted:
        raise InvalidRequest(
            "no source found the title, and there is no record of it: "
            + ("; ".join(f"{o.source}: {o.kind}" for o in outcomes) or "none was asked"),
            outcomes={o.source: o.kind.value for o in outcomes},
        )
    decisions = _decisions(outcomes, existing, identity, policy, stages)
    anime = _record(existing, identity, decisions, overrides)
    conflicts = tuple(d.conflict for d in decisions.values() if d.conflict)
    settled = tuple(c for c in conflicts if c.field not in overrides)
    sure = [decision.origin.confidence for decision in decisions.values()]
    overall = round(sum(sure) / len(sure), 3) if sure else 1.0
    return Enriched(anime, settled, overall, tuple(outcomes), identity.conflicts)


def _asked(outcomes: Sequence[SourceOutcome]) -> dict[str, str]:
    """The ids sources were asked by, the first of each provider."""
    keys: dict[str, str] = {}
    for outcome in outcomes:
        provider, _, id = outcome.key.partition(":")
        keys.setdefault(provider, id)
    return keys


def _decisions(
    outcomes: Sequence[SourceOutcome],
    existing: Anime | None,
    identity: Identity,
    policy: Policy,
    stages: frozenset[Stage],
) -> dict[str, Decision]:
    found: dict[str, Decision] = {}
    for stage in Stage:
        if stage not in stages:
            continue
        proposals = STAGES[stage](identity.trusted)
        answered = {o.source for o in outcomes if _whole(o, stage)}
        for field in FIELDS[stage]:
            candidates: list[Candidate] = list(proposals.get(field, ()))
            if existing is not None and candidates:
                said = {candidate.source for candidate in candidates}
                candidates += remembered(
                    field,
                    existing,
                    lambda source, told=answered | said: source not in told,  # type: ignore[misc]
                    policy,
                )
            if decision := decide(field, candidates, policy):
                found[field] = decision
    return found


def _whole(outcome: SourceOutcome, stage: Stage) -> bool:
    """Whether silence on a field means that the source has nothing there.

    Where values of its answer had the wrong type, one of them may have been that field.
    """
    return outcome.part(stage).definite and not (outcome.record and outcome.record.faults)


def _record(
    existing: Anime | None,
    identity: Identity,
    decisions: Mapping[str, Decision],
    overrides: Overrides,
) -> Anime:
    fields: dict[str, Any] = {name: value for name, value in existing or ()}
    fields["id"] = existing.id if existing else anime_id(identity.keys)
    fields["keys"] = identity.keys
    fields["provenance"] = {
        name: origin
        for name, origin in fields.get("provenance", {}).items()
        if not name.startswith(FIELD)
    }
    for field, decision in decisions.items():
        fields[field] = decision.value
        fields["provenance"][field] = decision.origin
    for field, override in overrides.items():
        if not field.startswith(FIELD):
            fields[field] = override.value
        fields["provenance"][field] = Provenance(
            source=OPERATOR,
            fetched_at=override.at,
            confidence=1.0,
            alternatives=_outvoted(decisions.get(field)),
        )
    return Anime.model_validate(fields)


def _outvoted(decision: Decision | None) -> dict[str, Any]:
    """What sources say of a field an operator set."""
    if decision is None:
        return {}
    return {**decision.origin.alternatives, decision.origin.source: decision.value}

"""Recorded answers of twenty titles merge into what a person reads off them."""

from pathlib import Path

from benchmarks.enrichment import TABLE, golden, main, merged, share


def test_recorded_answers_merge_as_a_person_would(shared: Path) -> None:
    facts, conflicts = golden(TABLE, shared / "data" / "fixtures" / "crosssource")
    assert len({fact.id for fact in facts}) >= 12
    assert share(facts) >= 0.95, [fact for fact in facts if not fact.right]
    assert share(conflicts) >= 0.90, [fact for fact in conflicts if not fact.right]


def test_every_recorded_title_merges(shared: Path) -> None:
    folder = shared / "data" / "fixtures" / "crosssource"
    for title in folder.iterdir():
        result = merged(title.name, folder)
        assert result.anime.title and result.anime.keys["mal"] == title.name
        assert result.identity == ()


def test_without_recorded_answers_the_measurement_says_so(tmp_path: Path) -> None:
    assert main(["golden", "--folder", str(tmp_path / "none")]) == 1

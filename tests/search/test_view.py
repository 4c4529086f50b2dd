"""What search knows of the catalogue: franchises, labels, and every change."""

from animevec.catalog.record import Anime
from animevec.search.franchises import Facts, franchises
from animevec.search.view import CatalogueView
from tests.search.conftest import World


def test_related_titles_are_one_franchise_named_after_the_first(sample: list[Anime]) -> None:
    groups = franchises(Facts.of(record) for record in sample)
    by_name = {record.title: record.id for record in sample}
    titans = [id_ for name, id_ in by_name.items() if name.startswith("Shingeki no Kyojin")]
    assert {groups[id_] for id_ in titans} == {by_name["Shingeki no Kyojin"]}
    assert groups[by_name["Monster"]] == by_name["Monster"]
    assert groups[by_name["Naruto"]] != groups[by_name["Death Note"]]


def test_seasons_belong_together_without_relations(sample: list[Anime]) -> None:
    bare = [r.model_copy(update={"relations": ()}) for r in sample if "Kyojin" in r.title]
    groups = franchises(Facts.of(record) for record in bare)
    seasons = [r.id for r in bare if "Final" not in r.title]
    assert len({groups[id_] for id_ in seasons}) == 1


def test_a_view_follows_the_catalogue(small: World, sample: list[Anime]) -> None:
    view = CatalogueView(small.catalog)
    assert view.revision == small.catalog.revision()
    assert set(view.facts) == {record.id for record in sample[:12]}
    extra = sample[20].model_copy(update={"genres": ("Unheard Of",)})
    small.catalog.put([extra], actor="test")
    small.catalog.delete([sample[0].id], "test", "erased")
    assert view.refresh() == small.catalog.revision()
    assert "Unheard Of" in view.vocabulary.values("genres")
    assert sample[0].id not in view.facts
    assert sample[0].id not in view.records([sample[0].id])
    small.catalog.delete([extra.id], "test", "erased")
    view.refresh()
    assert "Unheard Of" not in view.vocabulary.values("genres")


def test_a_refresh_without_news_changes_nothing(small: World) -> None:
    view = CatalogueView(small.catalog)
    facts = view.facts
    view.refresh()
    assert view.facts is facts


def test_records_are_read_once_until_they_change(small: World, sample: list[Anime]) -> None:
    view = CatalogueView(small.catalog)
    first = view.records([sample[1].id])[sample[1].id]
    assert view.records([sample[1].id])[sample[1].id] is first
    small.catalog.put([first.model_copy(update={"episodes": 999})], actor="test")
    view.refresh()
    assert view.records([sample[1].id])[sample[1].id].episodes == 999

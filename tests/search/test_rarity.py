"""How telling words are: counted over the catalogue, kept by changes, weighed in queries."""

import numpy as np
import pytest

from animevec.catalog.record import Anime
from animevec.encoders.base import SparseVector
from animevec.encoders.lexical import term_indices
from animevec.search.rarity import Rarity
from animevec.search.vocabulary import Vocabulary, labelled

STORY = "the boy fights with the sword of the alchemist in a war for his brother"


@pytest.fixture(scope="module")
def rarity(sample: list[Anime]) -> Rarity:
    return Rarity().changed(sample, ())


def asked(text: str) -> SparseVector:
    terms = term_indices(text)
    return SparseVector(terms, np.ones(len(terms), np.float32))


def test_a_word_of_few_titles_tells_more(rarity: Rarity) -> None:
    common, rare, never = (float(rarity.idf(term_indices(w))[0]) for w in ("the", "bebop", "qxz"))
    assert 0 < common < rare < never


def test_an_empty_catalogue_makes_no_difference() -> None:
    query = asked(STORY)
    assert Rarity().weighed(query).values == pytest.approx(query.values)


def test_a_few_words_are_all_meant(rarity: Rarity) -> None:
    query = asked("school comedy romance")
    assert rarity.weighed(query) is query


def test_the_glue_of_a_sentence_counts_less(rarity: Rarity) -> None:
    weighed = rarity.weighed(asked(STORY))
    by_term = dict(zip(weighed.indices.tolist(), weighed.values.tolist(), strict=True))
    [the], [alchemist] = term_indices("the"), term_indices("alchemist")
    assert by_term[the] < by_term[alchemist] <= 1


def test_changes_come_to_the_same_as_starting_anew(sample: list[Anime], rarity: Rarity) -> None:
    terms = term_indices(STORY)
    gone = {title.id for title in sample[:9]}
    stepwise = rarity.changed((), gone).changed(sample[:9], ()).changed(sample[3:5], ())
    assert stepwise.idf(terms) == pytest.approx(rarity.idf(terms))
    assert rarity.changed((), gone).idf(terms) != pytest.approx(rarity.idf(terms))


@pytest.mark.parametrize(
    ("text", "labels"),
    [("Romance, Comedy", True), ("sci-fi", True), ("comedy about bakers", False), ("", False)],
)
def test_queries_of_labels_alone_are_known(sample: list[Anime], text: str, labels: bool) -> None:
    vocabulary = Vocabulary().changed((), [labelled(title) for title in sample])
    assert vocabulary.names_all(text) is labels

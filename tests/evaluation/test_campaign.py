"""A whole evaluation of a small installation: figures, page, document, fit of confidence."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from animevec.assembly import Assembly
from animevec.catalog.ids import anime_id
from animevec.encoders.base import TextItem
from animevec.errors import InvalidRequest, NotFound
from animevec.search.confidence import packaged
from animevec.search.response import ChannelHit
from evaluation.agreement import agreement, rank_correlation
from evaluation.calibrate import Judgement, error, fit, fitted
from evaluation.campaign import Campaign, campaign, chosen, query_sets, records_of
from evaluation.cli import evaluate
from evaluation.qrels import Judged, QuerySet
from evaluation.remembering import Remembering
from evaluation.report import BEGIN, END, as_html, as_json, write_markdown, write_report
from evaluation.results import corrected, summarise
from evaluation.runner import Run
from evaluation.sets.own import own_sets
from evaluation.sets.rows import mal
from evaluation.sets.shared import Pair
from evaluation.systems import FULL
from evaluation.tables import tables
from tests.evaluation.conftest import HashedWords, no_bar


@pytest.fixture(scope="module")
def found(assembly: Assembly) -> Campaign:
    return campaign(assembly, None, (), (), 40, no_bar)


def test_every_system_answers_every_set(found: Campaign) -> None:
    by_name = {result.name: result for result in found.results}
    assert set(by_name) == {"sample", "sample-none", "sample-similar", "title-variants"}
    assert set(by_name["sample"].systems) == {FULL, "dense", "lexical", "title", "bm25s"}
    assert set(by_name["sample-similar"].systems) == {FULL, "bm25s"}
    assert by_name["title-variants"].mean(FULL) > 0.9
    assert by_name["sample"].mean(FULL) > by_name["sample"].mean("title")


def test_a_set_that_nothing_answers_is_measured_by_its_silence(found: Campaign) -> None:
    nothing = next(r for r in found.results if r.name == "sample-none")
    assert not nothing.systems
    assert nothing.silent > 0.5
    assert not any(nothing.calibration.outcomes)


def test_p_values_are_corrected_over_the_whole_evaluation(found: Campaign) -> None:
    for result in found.results:
        for system, comparison in result.against.items():
            assert result.p[system] >= comparison.p
            assert result.verdict(system) in ("better", "level", "worse")


def test_the_page_is_one_file(found: Campaign, tmp_path: Path) -> None:
    page = write_report(found, tmp_path / "out")
    html = page.read_text()
    assert html.count("data:image/png;base64,") == 2
    assert "http" not in html.replace("http-equiv", "")
    assert all(table.title in html for table in tables(found))
    facts = json.loads((tmp_path / "out" / "report.json").read_text())
    assert facts["titles"] == 272
    assert facts["sets"]["sample"]["systems"][FULL]["ndcg@10"]["n"] == 40


def test_what_is_not_a_number_is_null(found: Campaign) -> None:
    assert "NaN" not in as_json(found)


def test_names_in_a_page_are_escaped(found: Campaign, assembly: Assembly) -> None:
    query = Judged("q", "x", {anime_id({"mal": "1"}): 1.0})
    run = Run(FULL, {m: (1.0,) for m in ("ndcg@10", "recall@100", "mrr", "success@1")}, ((),), ())
    result = summarise(QuerySet("<b>", "text", (query,)), [run], records_of(assembly))
    page = as_html(Campaign(found.made, 1, "r", "e", corrected([result])))
    assert "&lt;b&gt;" in page
    assert "<b>" not in page


def test_a_document_keeps_its_prose(found: Campaign, tmp_path: Path) -> None:
    document = tmp_path / "evaluation.md"
    document.write_text(f"# Before\n\n{BEGIN}\nold\n{END}\n\nafter\n")
    write_markdown(found, document)
    text = document.read_text()
    assert text.startswith("# Before\n")
    assert text.endswith("\nafter\n")
    assert "old" not in text
    assert "| sample | 40 | ndcg@10 |" in text
    document.write_text("no markers")
    with pytest.raises(InvalidRequest, match="to write between"):
        write_markdown(found, document)


def test_a_set_is_named_by_its_first_letters(assembly: Assembly) -> None:
    sets = query_sets(assembly, records_of(assembly), None, 5)
    assert [one.name for one in chosen(sets, ["sample-"])] == ["sample-none", "sample-similar"]
    with pytest.raises(NotFound, match="no query set 'smaple'"):
        chosen(sets, ["smaple"])


def test_the_fit_holds_on_the_half_it_has_not_seen(assembly: Assembly) -> None:
    found = fit(assembly, None, 80, no_bar)
    text = next(half for half in found.halves if half.kind == "text")
    assert text.fitted_to > 100
    assert text.held_out > 100
    assert text.after < text.before
    assert text.after < 0.1


def test_a_fit_without_both_outcomes_changes_nothing() -> None:
    hit = ChannelHit(name="text", rank=1, score=0.5, share=1.0)
    one_sided = [Judgement(True, (hit,), 0.5, False)] * 5
    assert fitted(packaged(), {"text": one_sided}, {"text": ["s"]}).calibration == packaged()


def test_the_error_of_perfect_confidence_is_nothing() -> None:
    hit = ChannelHit(name="same", rank=1, score=60.0, share=1.0)
    assert error(packaged(), "text", [Judgement(False, (hit,), 0.5, True)] * 20) < 1e-6


def test_agreement_with_people(assembly: Assembly) -> None:
    liked, others = own_sets()[2].queries, sorted(records_of(assembly))
    pairs = [
        Pair(mal(one.query), id, grade, (grade, grade + 1))
        for one in liked
        for id, grade in one.relevant.items()
    ]
    pairs += [Pair(mal(q.query), other, 0.0, (0, 0)) for q in liked for other in others[:8]]
    nowhere = Pair(mal("999999"), pairs[0].a, 3.0, (0, 0))
    found = agreement(assembly.engine, [*pairs, nowhere])
    assert found.pairs.n == len(pairs)
    assert 0.1 < found.pairs.low < found.pairs.mean < found.pairs.high < 0.9
    assert found.people.mean > 0.99


def test_a_correlation_of_nothing_is_no_number() -> None:
    import numpy as np

    assert np.isnan(rank_correlation(np.array([1.0, 2.0]), np.array([1.0, 2.0])).mean)


def test_no_item_is_encoded_twice() -> None:
    encoder = Remembering(HashedWords("minilm"))
    first, second = TextItem("one"), TextItem("two")
    once = encoder.encode([first, second, first])
    again = encoder.encode([second])
    assert once[0] is once[2]
    assert again[0] is once[1]


def test_the_command_explains_itself() -> None:
    result = CliRunner().invoke(evaluate, ["--help"])
    assert result.exit_code == 0
    assert "animevec evaluate --markdown docs/evaluation.md" in result.output

"""Plain text out of what sources write."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.enrichment.markup import LIMIT, line, plain


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("One.<br><br>\nTwo.", "One.\n\nTwo."),
        ("<p>One &amp; two</p><p>three</p>", "One & two\nthree"),
        ("<i>It</i> was <b>night</b>.", "It was night."),
        ("Before<script>alert(1)</script> after", "Before after"),
        ("Before<style>p{}</style> after", "Before after"),
        ("&lt;script&gt;alert(1)&lt;/script&gt;Text", "Text"),
        ("&amp;lt;b&amp;gt;Text", "Text"),
        ("I <3 you", "I <3 you"),
        ("Safe. ~!She was the ghost!~ End.", "Safe. End."),
        ("Safe. [spoiler]Ghost[/spoiler] End.", "Safe. End."),
        ("Safe. [spoiler=who]Ghost[/spoiler] End.", "Safe. End."),
        ("[b]Bold[/b] and [url=https://x.example]a link[/url]", "Bold and a link"),
        ("[img]https://x.example/a.png[/img]Text", "Text"),
        ("a __bold__ and **strong** word", "a bold and strong word"),
        ("[a page](https://x.example/a) here", "a page here"),
        ("http://anidb.net/ch474 [Spike]`s ship", "Spike's ship"),
        ("* Based on a manga by http://anidb.net/cr1 [A].\nStory.", "Story."),
        ("Story.\n\n[Written by MAL Rewrite]", "Story."),
        ("Story.\n\n(Source: ANN, edited)", "Story."),
        ("Story. [Source: AniDB]", "Story."),
        ("Story.\nSource: ANN", "Story."),
        ("Story.\n(Source: ANN)\n\n[Written by MAL Rewrite]", "Story."),
        ("a\0b\u200bc\ud800d", "abcd"),
        ("  many   blanks\t here \n\n\n\n done ", "many blanks here\n\ndone"),
        ("<br><br>", None),
        ("", None),
        (None, None),
    ],
)
def test_marks_go_and_words_stay(written: str | None, text: str | None) -> None:
    assert plain(written) == text


def test_a_name_is_one_line() -> None:
    assert line("Cowboy<br>Bebop\n ") == "Cowboy Bebop"


@given(st.text(alphabet=st.sampled_from('ab<>/&;~!()[]`*_\n ="scriptbr'), max_size=80))
def test_no_tag_survives_and_stripping_again_changes_nothing_dangerous(text: str) -> None:
    stripped = plain(text) or ""
    assert "<script" not in stripped.lower()
    assert "<" not in (plain(stripped) or "") or "<" in stripped


def test_endless_texts_are_cut() -> None:
    assert len(plain("word " * 100_000) or "") <= LIMIT

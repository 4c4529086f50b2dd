"""The search page in a real browser, used as people use it."""

import re
import shutil
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect, sync_playwright

from animevec.artwork import cover_bytes, draw_cover
from animevec.catalog.sample import load_sample
from tests.service.conftest import Served

CHROMIUM = shutil.which("chromium")
FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
WCAG = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("needs chromium on the PATH")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(params=["light", "dark"])
def scheme(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def page(browser: Browser, served: Served) -> Iterator[Page]:
    context = browser.new_context(base_url=served.process.url)
    page = context.new_page()
    page.set_default_timeout(30_000)
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    yield page
    context.close()
    assert not problems


def titles(page: Page) -> list[str]:
    page.wait_for_selector(".card")
    return page.locator(".card h2").all_inner_texts()


def search(page: Page, words: str) -> None:
    page.get_by_role("searchbox").fill(words)
    page.get_by_role("button", name="Search").click()
    expect(page.get_by_role("status")).to_contain_text("ms")


def test_words_find_titles_and_the_address_can_be_shared(page: Page) -> None:
    page.goto("/ui")
    search(page, "a boy robot with a heart")
    found = titles(page)
    address = page.url
    page.goto("about:blank")
    page.goto(address)
    assert titles(page) == found
    assert "q=a+boy+robot" in address


def test_a_picture_finds_its_title_first(page: Page) -> None:
    title = load_sample()[3]
    page.goto("/ui")
    page.locator("#file").set_input_files(
        {"name": "c.png", "mimeType": "image/png", "buffer": cover_bytes(draw_cover(title))}
    )
    assert titles(page)[0] == title.title
    expect(page.locator("#preview")).to_be_visible()
    page.get_by_role("button", name="Remove picture").click()
    expect(page.locator(".card")).to_have_count(0)


def test_filters_narrow_what_is_found(page: Page) -> None:
    page.goto("/ui?q=adventure")
    titles(page)
    page.get_by_text("Filters and ranking").click()
    page.get_by_label("Type").select_option("MOVIE")
    expect(page).to_have_url(re.compile("type=MOVIE"))
    expect(page.locator(".card .facts").first).to_contain_text("MOVIE")
    for facts in page.locator(".card .facts").all_inner_texts():
        assert facts.startswith("MOVIE")


def test_more_like_this_and_not_like_this(page: Page) -> None:
    page.goto("/ui?q=adventure")
    first, second = titles(page)[:2]
    page.get_by_role("button", name=f"More like this: {first}", exact=True).click()
    chip = page.get_by_role("button", name=f"Like {first}: remove", exact=True)
    expect(chip).to_be_visible()
    expect(page.locator(".card h2").first).not_to_have_text(first)
    unwanted = titles(page)[0]
    page.get_by_role("button", name=f"Not like this: {unwanted}", exact=True).click()
    expect(page.get_by_role("button", name=f"Not like {unwanted}: remove")).to_be_visible()
    expect(page.locator(".card h2").first).not_to_have_text(unwanted)
    page.go_back()
    page.go_back()
    expect(page.locator(".card h2").first).to_have_text(first)
    assert titles(page)[:2] == [first, second]


def test_an_error_is_shown_kindly(page: Page) -> None:
    page.goto("/ui")
    page.locator("#file").set_input_files(
        {"name": "not-a-picture.png", "mimeType": "image/png", "buffer": b"only text"}
    )
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("That did not work")
    expect(alert).to_contain_text("JPEG, PNG or WebP")


def test_it_works_without_a_mouse(page: Page) -> None:
    page.goto("/ui")
    page.locator("body").press("/")
    page.keyboard.type("adventure")
    page.keyboard.press("Enter")
    titles(page)
    page.keyboard.press("Tab")
    page.keyboard.press("j")
    page.keyboard.press("j")
    focused = page.evaluate("document.activeElement.querySelector('h2').textContent")
    assert focused == titles(page)[1]


def test_wcag_with_results_filters_and_an_error(
    browser: Browser, served: Served, scheme: str
) -> None:
    context = browser.new_context(base_url=served.process.url, color_scheme=scheme)  # type: ignore[arg-type]
    page = context.new_page()
    page.goto("/ui?q=adventure&type=TV")
    titles(page)
    page.locator("#file").set_input_files(
        {"name": "x.png", "mimeType": "image/png", "buffer": b"only text"}
    )
    expect(page.get_by_role("alert")).to_contain_text("That did not work")
    result = Axe().run(page, options=WCAG)
    context.close()
    assert result.violations_count == 0, result.generate_report()

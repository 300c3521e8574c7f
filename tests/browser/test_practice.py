"""Practice in a browser: answers lead into lessons, what was done outlives a reload, worksheets can be printed."""

import re

import pytest
from playwright.sync_api import expect

from explainers import LESSONS, practice, quiz
from explainers.step import fill
from explainers.text import prose, words
from explainers.worksheet import worksheet
from tests.browser.test_browser import Visit
from tests.explainers.lives import DEFAULT_LIVE

pytestmark = pytest.mark.browser

SEED, ITEM = 1, quiz.ITEMS[quiz.deal(1, ("gradient",))[0]]


def at_practice(visit, server, **query):
    more = "".join(f"&{key}={value}" for key, value in query.items())
    visit.page.goto(f"{server.url}/practice?lang=en&practice_seed={SEED}&from=gradient{more}")
    expect(visit.page.get_by_role("button", name=words("en")["commit"])).to_be_visible()


def answer(visit):
    """Choose the true option; returns the question's numbers."""
    asked = ITEM.ask(SEED)
    visit.page.get_by_role("radiogroup").locator("label").nth(asked.answer).click()
    visit.page.get_by_role("button", name=words("en")["commit"]).click()
    visit.settle()
    return asked


def test_an_answer_leads_into_the_lesson_with_its_numbers_and_is_remembered(browser, server):
    visit = Visit(browser, f"{server.url}/softmax?lang=en&predict=false&z0=7")
    at_practice(visit, server)
    asked = answer(visit)
    shown = visit.said()
    title = prose(ITEM.lesson, "en").sections[ITEM.step].heading
    visit.page.get_by_role("button", name=fill(words("en")["practice_see"], {"title": title})).click()
    visit.page.wait_for_url(re.compile(f"/{ITEM.lesson}\\?"))
    visit.settle()
    assert set(shown) <= set(visit.said())
    boxes = [float(z.replace("−", "-")) for z in re.findall(r": z ([−\d.]+)", visit.said()[0])]
    assert boxes == asked.live.logits.tolist()
    at_practice(visit, server)
    expect(visit.page.get_by_text(f"1 of {len(quiz.ITEMS)} questions")).to_be_visible()
    visit.page.reload()
    expect(visit.page.get_by_text(f"1 of {len(quiz.ITEMS)} questions")).to_be_visible()
    visit.page.get_by_role("button", name=words("en")["practice_forget"]).click()
    expect(visit.page.get_by_text(f"0 of {len(quiz.ITEMS)} questions")).to_be_visible()
    visit.page.wait_for_timeout(500)
    visit.page.reload()
    expect(visit.page.get_by_text(f"0 of {len(quiz.ITEMS)} questions")).to_be_visible()
    visit.done()


def test_a_worksheet_is_saved_as_the_lesson_stands_and_can_be_printed(browser, server, tmp_path):
    visit = Visit(browser, f"{server.url}/softmax?lang=en&predict=false&step=shift-all&shift=7&z0=1.5")
    visit.page.get_by_role("button", name=words("en")["more"]).click()
    with visit.page.expect_download() as download:
        visit.page.get_by_role("button", name=words("en")["worksheet_get"], exact=True).click()
    assert download.value.suggested_filename == "softmax-worksheet.html"
    download.value.save_as(tmp_path / "sheet.html")
    html = (tmp_path / "sheet.html").read_text(encoding="utf-8")
    assert "p(z + 7)" in html
    assert "<td>1.5</td>" in html
    assert html.count("<h2>") > len(prose("softmax", "en").steps)
    visit.done()


@pytest.mark.parametrize("slug", LESSONS)
def test_every_formula_of_a_worksheet_is_set(browser, slug):
    page = browser.new_context().new_page()
    page.set_content(worksheet(practice.on_paper(slug, "en", DEFAULT_LIVE), solutions=True))
    sizes = page.locator("math").evaluate_all("all => all.map((one) => one.getBoundingClientRect().width)")
    assert all(width > 0 for width in sizes)
    assert sizes or slug == "clinic"  # which has no formula
    assert page.locator("body").evaluate("one => one.scrollWidth <= document.documentElement.clientWidth")
    for size in ("A4", "Letter"):
        assert page.pdf(format=size).startswith(b"%PDF")
    page.context.close()

"""The teacher's link in a browser: the panel says the address, its QR code is that, and the link does as told."""

import base64
import re
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
import segno
from playwright.sync_api import expect

from explainers import LESSONS
from explainers.text import prose, words
from tests.browser.test_browser import Visit
from tests.ui.test_share import drawn

pytestmark = pytest.mark.browser
PAGES = ("home", *LESSONS, "practice")


def at(visit, **query):
    """Whether the address of the page says this and nothing else."""
    assert parse_qs(urlsplit(visit.page.url).query) == {name: [value] for name, value in query.items()}


def panel(visit, lang="en"):
    """Open the panel with the keyboard; returns it."""
    visit.page.get_by_role("button", name=words(lang)["link"], exact=True).focus()
    visit.page.keyboard.press("Enter")
    dialog = visit.page.get_by_role("dialog")
    expect(dialog.locator("code")).to_be_visible(timeout=30_000)  # the browser fetches what draws it
    return dialog


def address(dialog):
    """The address that the panel says, when its QR code says the same."""
    said = dialog.locator("code").inner_text()
    image = dialog.get_by_role("img", name=said)
    expect(image).to_have_count(1)
    svg = base64.b64decode(image.get_attribute("src").partition("base64,")[2]).decode()
    assert (drawn(svg) == np.array(segno.make_qr(said, error="l").matrix, bool)).all()
    return said


def turn(dialog, word, lang="en"):
    """Turn a switch by keyboard; returns the address that follows."""
    before = dialog.locator("code").inner_text()
    dialog.get_by_role("switch", name=words(lang)[word]).focus()
    dialog.page.keyboard.press("Space")
    expect(dialog.locator("code")).not_to_have_text(before)
    dialog.page.wait_for_function("document.querySelector('[data-test-script-state=notRunning]') !== null")
    return address(dialog)


@pytest.mark.parametrize("slug", PAGES)
def test_the_panel_says_the_address_of_the_page(browser, server, slug):
    path = "" if slug == "home" else slug
    visit = Visit(
        browser,
        f"{server.url}/{path}?lang=zh&predict=false&hide=code",
        **({"shown": "h1"} if slug == "practice" else {}),
    )
    said = address(panel(visit, "zh"))
    here, there = urlsplit(visit.page.url), urlsplit(said)
    assert (there.netloc, there.path) == (here.netloc, here.path)
    assert parse_qs(there.query) == parse_qs(here.query)
    visit.done()


def test_a_link_of_one_step_with_everything_hidden(browser, server):
    visit = Visit(browser, f"{server.url}/softmax?lang=en&predict=false&step=shift-all&z0=5&shift=7&code=JAX")
    own = visit.page.url
    dialog = panel(visit)
    for word in ("link_this", "link_controls", "link_code", "link_language"):
        link = turn(dialog, word)
    assert visit.page.url == own
    visit.page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(visit.page.get_by_role("slider", name=words("en")["shift"])).to_be_visible()
    student = Visit(browser, link, width=390, locale="zh-CN")
    student.heading(f"8 · {prose('softmax', 'en').sections['shift-all'].heading}")
    at(
        student,
        **{"lang": "en", "predict": "false", "z0": "5", "shift": "7", "code": "JAX"},
        **{"only": "shift-all", "hide": "controls,code,language"},
    )
    assert student.said() == visit.said()
    main = student.page.get_by_test_id("stMain")
    expect(main.locator(".stSlider").first).to_be_hidden()
    assert (
        main.locator(".stSlider, .stNumberInput, .stSelectbox, .stPopover, .stButtonGroup").evaluate_all(
            "all => all.filter((one) => one.getBoundingClientRect().height > 0).length"
        )
        == 0
    )
    student.bar("A").focus()
    student.page.keyboard.press("ArrowRight")  # the board is the picture, and stays in the hand
    student.page.wait_for_url(re.compile(r"z0=5\.1"))
    student.settle()
    assert "hide=controls" in student.page.url
    for one in (visit, student):
        one.done()


def test_a_link_of_some_steps_that_hides_some_controls_in_chinese(browser, server):
    visit = Visit(browser, f"{server.url}/gradient?lang=zh&predict=false&step=descent&rate=4", color_scheme="dark")
    dialog = panel(visit, "zh")
    headings = prose("gradient", "zh").sections
    for word, names in (
        ("link_steps", [headings["soft"].heading, headings["descent"].heading]),
        ("link_some", [words("zh")["temperature"], words("zh")["rate"]]),
    ):
        dialog.get_by_role("combobox", name=words("zh")[word]).click()
        for name in names:
            visit.page.get_by_role("option", name=name, exact=True).click()
        visit.page.keyboard.press("Tab")
        expect(visit.page.get_by_role("listbox")).to_have_count(0)
    expect(dialog.locator("code")).to_contain_text(re.compile("only=soft,descent&hide=t,rate$"))
    link = address(dialog)
    student = Visit(browser, link)
    student.heading(f"5 · {headings['descent'].heading}")
    assert student.said() == visit.said()
    for key, there in (("rate", False), ("temperature", False), ("num_steps", True)):
        slider = student.page.locator(f"input[type=range][aria-label='{words('zh')[key]}']")
        (expect(slider).to_be_visible if there else expect(slider).to_be_hidden)()
    student.page.keyboard.press("Alt+ArrowLeft")
    student.heading(f"4 · {headings['soft'].heading}")
    expect(student.page.locator(f"input[type=range][aria-label='{words('zh')['temperature']}']")).to_be_hidden()
    assert "only=soft%2Cdescent" in student.page.url.replace(",", "%2C")
    for one in (visit, student):
        one.done()


def test_a_link_without_answers_keeps_them_on_the_pages_that_follow(browser, server):
    visit = Visit(browser, f"{server.url}/softmax?lang=en&step=shift-all")
    link = turn(panel(visit), "link_answers")
    student = Visit(browser, link)
    asked = prose("softmax", "en").sections["ask-shift-all"]
    student.page.get_by_text(asked.options[1]).click()
    student.page.get_by_role("button", name=words("en")["commit"]).click()
    expect(student.page.get_by_test_id("stAlert")).to_have_text(f"{words('en')['your_guess']}: {asked.options[1]}")
    expect(student.page.get_by_text(prose("softmax", "en").sections["shift-all"].heading)).to_have_count(0)
    student.page.get_by_role("link", name=f"← {prose('home', 'en').title}").click()
    student.heading(prose("home", "en").title)
    student.settle()
    assert "hide=answers" in student.page.url
    for one in (visit, student):
        one.done()


@pytest.mark.parametrize(
    ("width", "height", "least"), [(1280, 720, 560), (2560, 1440, 640), (390, 800, 300), (320, 640, 230)]
)
def test_the_code_is_large_and_nothing_scrolls_sideways(browser, server, width, height, least):
    visit = Visit(browser, f"{server.url}/sequence?lang=en&predict=false", width=width)
    visit.page.set_viewport_size({"width": width, "height": height})
    dialog = panel(visit)
    box = dialog.get_by_role("img").bounding_box()
    assert min(box["width"], box["height"]) >= least
    if width > 1000:
        assert box["y"] + box["height"] <= height
    assert dialog.evaluate("one => one.scrollWidth <= one.clientWidth")
    visit.done()

"""A training that is watched disturbs no hand: in a real Chromium, over many polls and over its end."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.test_browser import Server

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def url():
    with Server("tests/browser/watching_app.py") as server:
        yield server.url


@pytest.fixture
def page(browser, url):
    page = browser.new_context(viewport={"width": 1000, "height": 800}).new_page()
    page.sent = 0

    def count(_):
        page.sent += 1

    page.on("websocket", lambda socket: socket.on("framesent", count))
    page.goto(url)
    expect(page.get_by_text("none")).to_be_visible(timeout=30_000)
    yield page
    page.context.close()


def events(page):
    return int(re.search(r"(?:running|stopped) (\d+)", page.inner_text("body"))[1])


def polls(page, count):
    """Wait for so many answers to the timer."""
    for _ in range(count):
        before = page.sent
        page.wait_for_timeout(50)
        for _ in range(200):
            if page.sent > before:
                break
            page.wait_for_timeout(50)
        assert page.sent > before


def train(page):
    page.get_by_role("button", name="train").click()
    expect(page.get_by_role("button", name="stop")).to_be_visible()
    polls(page, 2)


def test_the_timer_is_there_while_there_is_something_to_wait_for(page):
    train(page)
    before = events(page)
    polls(page, 3)
    assert events(page) > before
    page.get_by_role("button", name="stop").click()
    expect(page.get_by_text("stopped")).to_be_visible()
    page.wait_for_timeout(1000)
    told = page.sent
    page.wait_for_timeout(2500)
    assert page.sent == told


def test_a_slider_that_is_dragged_and_a_text_that_is_typed_stay_with_the_hand(page):
    train(page)
    runs = re.search(r"run (\d+)", page.inner_text("body"))[1]
    typed = page.get_by_label("typed")
    typed.click()
    for word in ("slowly ", "typed ", "words"):
        typed.press_sequentially(word)
        polls(page, 1)
    expect(typed).to_be_focused()
    expect(typed).to_have_value("slowly typed words")
    assert re.search(r"run (\d+)", page.inner_text("body"))[1] == runs  # the polls ran the small fragment alone
    typed.press("Enter")
    expect(page.get_by_text("typed slowly typed words")).to_be_visible()

    thumb = page.get_by_role("slider").first
    track = page.get_by_test_id("stSlider").bounding_box()
    box = thumb.bounding_box()
    height = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] / 2, height)
    page.mouse.down()
    seen = []
    for step in range(40):
        page.mouse.move(track["x"] + track["width"] * (0.1 + 0.02 * step), height)
        if step % 10 == 5:
            polls(page, 1)
        seen.append(float(thumb.evaluate("one => one.value ?? one.getAttribute('aria-valuenow')")))
    assert seen == sorted(seen)
    assert seen[-1] > 80
    page.mouse.up()
    expect(page.get_by_text(f"value {seen[-1]:g}")).to_be_visible()

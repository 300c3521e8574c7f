"""Tunes in a browser: heard, seen on a phone, pasted."""

import io
import re
import wave

import numpy as np
import pytest
from playwright.sync_api import expect

from explainers import listening
from explainers.text import words
from tests.browser.test_browser import Visit

pytestmark = pytest.mark.browser
WORDS = words("en")


def at_step(browser, server, step, lang="en", **options):
    return Visit(browser, f"{server.url}/sequence?lang={lang}&predict=false&step={step}", **options)


@pytest.mark.parametrize(("step", "lang"), [("listen", "en"), ("listen", "zh"), ("own", "en")])
def test_a_tune_is_heard(browser, server, step, lang):
    """The browser can decode it, it lasts, time goes on in it, and it is not silence."""
    visit = at_step(browser, server, step, lang)
    assert visit.page.locator("audio").count() == 0
    visit.page.get_by_role("button", name=words(lang)["seq_play"]).click()
    audio = visit.page.locator("audio")
    expect(audio).to_be_attached()
    visit.page.wait_for_function("document.querySelector('audio').readyState >= 2")
    assert audio.evaluate("one => one.duration") > 1
    assert audio.evaluate("one => one.error") is None
    visit.page.wait_for_function("document.querySelector('audio').currentTime > 0.2")
    data = visit.page.request.get(audio.evaluate("one => one.src")).body()
    with wave.open(io.BytesIO(data)) as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2") / 32768
    assert 0.1 < np.abs(samples).max() <= 1
    visit.done()


def test_a_tune_is_saved(browser, server):
    visit = at_step(browser, server, "listen")
    with visit.page.expect_download() as download:
        visit.page.get_by_role("button", name=WORDS["seq_save_abc"]).click()
    with open(download.value.path(), encoding="utf-8") as file:
        assert file.read() == listening.written(listening.DEFAULT)
    visit.done()


@pytest.mark.parametrize("step", ["choose", "listen", "surprise", "own"])
def test_on_a_phone_text_wraps_and_only_the_roll_scrolls(browser, server, step):
    visit = at_step(browser, server, step, width=390)
    visit.page.wait_for_function("document.querySelector('[data-testid=stMain]').scrollWidth <= 390")
    for box in visit.page.locator(".picture").all():
        wider = box.evaluate("one => one.scrollWidth - one.clientWidth")
        assert wider <= 1 or box.locator("svg.roll").count() == 1
    visit.done()


def test_a_paste_is_answered_and_the_address_stays_as_it_is(browser, server):
    visit = at_step(browser, server, "own")
    area = visit.page.get_by_label(WORDS["seq_abc"])
    text = "X:1\nT:Mine\nM:C\nL:1/8\nK:D Major\nD2FA ~d2fd|"
    area.fill(text)
    area.press("Control+Enter")
    expect(visit.page.get_by_test_id("stAlert")).to_contain_text(f"~ ({text.index('~')})")
    expect(visit.page.locator(".letters .wrong")).to_have_count(1)
    area.fill(text.replace("~", ""))
    area.press("Control+Enter")
    expect(visit.page.get_by_test_id("stAlert")).to_have_count(0)
    expect(visit.page.locator(".letters").first).to_contain_text("D2FA␣d2fd|")
    assert visit.page.locator("svg.roll .note").count() > 6
    assert not re.search("Mine|abc", visit.page.url)
    visit.done()

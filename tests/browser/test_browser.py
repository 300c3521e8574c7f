"""The app in a real Chromium: what a visitor sees, what the page asks of the network, and that a link is the state."""

import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from explainers import LESSONS
from explainers.text import prose, words
from tests.explainers.lives import WITHOUT_BOARD

pytestmark = pytest.mark.browser
ROOT = Path(__file__).parents[2]
PAGES = ("home", *LESSONS)
CHROMIUM = os.environ.get("CHROMIUM") or next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
QUIET = "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
QUIET += " --disable-component-update --disable-sync"


class Server:
    """`streamlit run app.py` on a free port, as the README starts it."""

    def __init__(self, script="app.py"):
        self.script = script

    def __enter__(self):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        command = [sys.executable, "-m", "streamlit", "run", self.script, "--server.port", str(port)]
        self.process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(300):
            try:
                urllib.request.urlopen(f"{self.url}/_stcore/health", timeout=1).close()
                return self
            except OSError:
                time.sleep(0.1)
        self.__exit__()
        raise RuntimeError("the server did not start within 30 s")

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(10)


class Visit:
    """One visitor with an empty browser; collects whatever goes wrong."""

    def __init__(self, browser, url, width=1280, shown=".picture", **options):
        self.wrong, self.shown = [], shown
        context = browser.new_context(viewport={"width": width, "height": 800}, **({"locale": "en-US"} | options))
        self.page = context.new_page()
        self.page.on("pageerror", lambda error: self.wrong.append(f"error {error}"))
        self.page.on("console", self.console)
        self.page.on("request", lambda request: self.request(request.url, urlsplit(url).netloc))
        self.page.goto(url)
        self.settle()

    def console(self, message):
        # Behind a deep link Streamlit looks for its server under the page's path first: /softmax/_stcore/... is a 404.
        own = re.search(r"/[a-z_]+/_stcore/(health|host-config)$", message.location.get("url", ""))
        if message.type == "error" and not own:
            self.wrong.append(f"console {message.text} {message.location}")

    def request(self, url, host):
        parts = urlsplit(url)
        if parts.scheme in ("http", "https", "ws", "wss") and parts.netloc != host:
            self.wrong.append(f"asked {url}")

    def settle(self, shown=None):
        self.page.locator(shown or self.shown).first.wait_for(timeout=30_000)
        self.page.locator("[data-test-script-state=notRunning]").first.wait_for(state="attached")
        self.page.wait_for_timeout(300)

    def said(self, where=".picture"):
        """What the pictures say of their numbers: a table its cells, a board a line before it, all others a label."""
        return self.page.locator(where).evaluate_all(
            "all => all.map((one) => one.ariaLabel ?? (one.querySelector(':scope > .unseen') ?? one).textContent)"
        )

    def bar(self, name):
        """The bar of a class on the board, which is a slider."""
        return self.page.get_by_role("slider", name=name, exact=True).and_(self.page.locator(".grip"))

    def heading(self, text):
        expect(self.page.get_by_role("heading", name=text, exact=True).first).to_be_visible()

    def brightness(self, what, where):
        """From 0 (black) to 255 of a colour as it is painted."""
        shown = self.page.locator(where).first.evaluate(f"one => getComputedStyle(one).{what}")
        return sum(map(float, re.findall(r"[\d.]+", shown)[:3])) / 3

    def done(self):
        assert self.page.get_by_test_id("stException").count() == 0
        assert self.page.locator(".katex-error").evaluate_all("all => all.map((one) => one.textContent)") == []
        assert self.wrong == []
        self.page.context.close()


@pytest.mark.parametrize("slug", PAGES)
def test_a_link_works_as_the_first_request_to_a_fresh_server(browser, slug):
    """In Chinese with all steps; those in English are read by axe."""
    path = "" if slug == "home" else slug
    with Server() as fresh:
        for lang, scheme, step in (("zh", "dark", "all"), ("en", "light", "")):
            url = f"{fresh.url}/{path}?lang={lang}&predict=false&step={step}"
            visit = Visit(browser, url, color_scheme=scheme)
            visit.heading(prose(slug, lang).title)
            assert visit.page.title() == prose(slug, lang).title
            assert (visit.brightness("backgroundColor", ".stApp") < 80) == (scheme == "dark")
            assert (visit.brightness("color", ".picture") > 150) == (scheme == "dark")
            if slug != "home" and step:
                assert visit.page.locator("h3").count() >= len(prose(slug, lang).steps)
            visit.done()


def test_a_slider_moved_by_keyboard_moves_picture_and_address_and_the_link_shows_the_same(browser, server):
    visit = Visit(browser, f"{server.url}/softmax?lang=en&predict=false")
    before = visit.said()
    visit.page.get_by_role("button", name=words("en")["your_numbers"]).click()
    visit.page.locator("input[type=range][aria-label=A]").focus()
    visit.page.keyboard.press("ArrowRight")
    visit.page.wait_for_url(re.compile("z0=2.1"))
    visit.settle()
    after = visit.said()
    assert after != before
    assert "z 2.1" in after[0]
    other = Visit(browser, visit.page.url)
    assert other.said() == after
    other.done()
    visit.done()


def test_numbers_travel_from_lesson_to_lesson_also_when_they_came_by_link(browser, server):
    visit = Visit(browser, f"{server.url}/softmax?lang=en&z0=5&label=1&t=0.5&classes=cat,dog,bird&step=challenges")
    cat = "5"
    for slug in LESSONS[1:]:
        visit.page.get_by_role("link", name=f"{prose(slug, 'en').title} →").click()
        visit.heading(prose(slug, "en").title)
        visit.settle("h1")
        visit.page.get_by_role("combobox").first.click()
        visit.page.get_by_role("option", name=words("en")["challenges"]).click()  # where every lesson has its board
        visit.page.wait_for_url(re.compile("step=challenges"))
        visit.settle("h1" if slug in WITHOUT_BOARD else ".board")
        if slug in WITHOUT_BOARD:
            expect(visit.page.locator(".board")).to_have_count(0)
        else:
            assert f"cat (max): z {cat}," in visit.said()[0]
            assert "dog (y): " in visit.said()[0]
            heat = visit.page.locator(f"input[type=range][aria-label='{words('en')['temperature']}']")
            expect(heat).to_have_value("0.5")
            same = Visit(browser, visit.page.url)
            assert same.said() == visit.said()
            same.done()
            visit.bar("cat").focus()
            visit.page.keyboard.press("ArrowRight")
            cat = f"{float(cat) + 0.1:g}"
            visit.page.wait_for_url(re.compile(f"z0={cat}"))
            visit.settle()
    last = max((slug for slug in LESSONS if slug not in WITHOUT_BOARD), key=LESSONS.index)
    for slug in LESSONS[-2 : LESSONS.index(last) - 1 : -1]:
        visit.page.get_by_role("link", name=f"← {prose(slug, 'en').title}").click()
        visit.heading(prose(slug, "en").title)
    expect(visit.bar("cat")).to_have_attribute("aria-valuenow", cat)
    visit.page.get_by_role("button", name=words("en")["reset"]).click()
    visit.settle()
    assert not re.search("z0=|label=|t=|classes=", urlsplit(visit.page.url).query)
    visit.done()


def test_the_language_switch_keeps_the_numbers(browser, server):
    visit = Visit(browser, f"{server.url}/cross_entropy?lang=en&z0=5&predict=false")
    before = visit.said()
    visit.page.get_by_text("中文", exact=True).click()
    visit.heading(prose("cross_entropy", "zh").title)
    visit.settle()
    assert visit.said()[:-1] == before[:-1]
    titles = (words(lang)["table"] for lang in ("en", "zh"))
    assert visit.said()[-1] == before[-1].replace(*titles)
    assert "lang=zh" in visit.page.url
    visit.done()


def test_a_first_visit_follows_the_browser(browser, server):
    visit = Visit(browser, server.url, locale="zh-CN")
    visit.heading(prose("home", "zh").title)
    visit.done()


def test_the_picture_of_the_whole_moves_and_leads_to_the_lessons_with_its_numbers(browser, server):
    visit = Visit(browser, f"{server.url}/?lang=en&label=1")
    before = visit.said(".stage .body")
    visit.page.locator("input[type=range]").first.focus()
    visit.page.keyboard.press("ArrowRight")
    visit.page.wait_for_url(re.compile("h0="))
    visit.settle()
    after = visit.said(".stage .body")
    assert len(after) == len(before) >= 8
    assert sum(old != new for old, new in zip(before, after, strict=True)) >= 6
    moved = visit.bar("A").get_attribute("aria-valuenow")
    assert moved != "2"
    visit.page.get_by_role("link", name=words("en")["stage_softmax"], exact=True).first.click()
    visit.heading(prose("softmax", "en").title)
    visit.settle()
    expect(visit.bar("A")).to_have_attribute("aria-valuenow", moved)
    assert "B (y): " in visit.said()[0]
    visit.done()


def test_an_example_chosen_by_name_is_in_the_picture_and_in_the_address(browser, server):
    visit = Visit(browser, f"{server.url}/cross_entropy?lang=zh&predict=false")
    visit.page.get_by_role("combobox", name=words("zh")["preset"]).click()
    visit.page.get_by_role("option", name=words("zh")["preset_tie"], exact=True).click()
    visit.page.wait_for_url(re.compile("z0=1"))
    visit.settle()
    assert visit.said()[0].count("0.25") == 4
    visit.done()


def test_a_hostile_address_shows_a_page(browser, server):
    hostile = (
        "lang=xx&z0=" + "9" * 2000 + "&z1=NaN&z2=1e999&label=inf&t=-1&seed=1e999&classes=<script>alert(1)</script>,$x$"
    )
    visit = Visit(browser, f"{server.url}/gradient?{hostile}")
    visit.heading(prose("gradient", "en").title)
    visit.done()


def test_a_guess_a_challenge_and_a_download(browser, server):
    visit = Visit(browser, f"{server.url}/softmax?lang=en&z0=0&z1=0.6931&step=all")
    expect(visit.page.get_by_text("✅ Make B exactly twice")).to_be_visible()
    visit.page.get_by_text("It stays exactly the same").click()
    visit.page.get_by_role("button", name=words("en")["commit"]).first.click()
    expect(visit.page.get_by_test_id("stAlert")).to_contain_text("The truth")
    visit.page.get_by_role("button", name=words("en")["more"]).click()
    with visit.page.expect_download() as download:
        visit.page.get_by_role("button", name=words("en")["download"]).click()
    table = Path(download.value.path()).read_text(encoding="utf-8")
    assert table.startswith("class,z,z/T")
    assert len(table.splitlines()) == 5
    visit.done()


def test_the_controls_of_a_step_come_out_with_its_answer_and_its_button_moves_them(browser, server):
    """A style that hides them and is left out by the next run would stay in the browser."""
    visit = Visit(browser, f"{server.url}/cross_entropy?lang=en&step=calibration")
    best = visit.page.get_by_role("button", name=words("en")["calibration_best"])
    expect(best).to_be_hidden()
    visit.page.get_by_role("button", name=words("en")["skip"]).click()
    expect(best).to_be_visible()
    best.click()
    visit.page.wait_for_url(re.compile(r"calibration_t=2\.14"))
    visit.settle()
    again = Visit(browser, visit.page.url + "&predict=false")
    assert again.said() == visit.said()
    for one in (visit, again):
        one.done()


def test_the_steps_turn_by_button_by_list_and_by_keyboard(browser, server):
    visit = Visit(browser, f"{server.url}/gradient?lang=en&predict=false", width=390)
    steps = [prose("gradient", "en").sections[key].heading for key in prose("gradient", "en").steps]
    visit.heading(f"1 · {steps[0]}")
    visit.page.get_by_role("button", name=f"{steps[1]} →").click()
    visit.heading(f"2 · {steps[1]}")
    expect(visit.page.locator(".st-key-steps-row")).to_be_in_viewport()
    visit.page.keyboard.press("Alt+ArrowRight")
    visit.heading(f"3 · {steps[2]}")
    visit.page.keyboard.press("Alt+ArrowLeft")
    visit.heading(f"2 · {steps[1]}")
    assert "step=why" in visit.page.url
    visit.done()


def test_the_settings_that_make_it_fast_take_effect():
    code = "from streamlit.config import get_option as o; print(o('runner.postScriptGC'), o('server.fileWatcherType'))"
    said = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert said.split() == ["False", "none"]

"""Lesson `race` in a browser: a race is run and watched, and stopped; who runs can be chosen; every line is its own."""

import re
from urllib.parse import urlencode

import pytest
from playwright.sync_api import expect

from explainers import race
from explainers.text import prose, words
from tests.browser.test_browser import Visit

pytestmark = pytest.mark.browser


def open_step(browser, server, step, lang="en", width=1280, **query):
    address = urlencode({"lang": lang, "predict": "false", "step": step, **query}, doseq=True)
    return Visit(browser, f"{server.url}/race?{address}", width)


def who(*codes):
    """Contestants as the address names them."""
    return {"race_who": [race.name(code) for code in codes]}


def press(visit, said, name):
    visit.page.get_by_role("button", name=said[name], exact=True).click()


def says(visit, said, name):
    """A training gives way to everything else: on a busy machine its seconds are long."""
    expect(visit.page.get_by_text(said[name], exact=True)).to_be_visible(timeout=400_000)


def lane(visit, code):
    """What the lane of a contestant says: seconds, steps, loss."""
    (told,) = [text for text in visit.said() if f"{race.name(code)}: s " in text]
    found = re.search(rf"{re.escape(race.name(code))}: s ([\d.]+), n (\d+), L ([\d.–]+)", told)
    return float(found[1]), int(found[2]), found[3]


def test_a_race_is_run_to_its_end_and_says_how_many_steps_each_made(browser, server):
    visit = open_step(browser, server, "race", "zh", race_seconds=5, **who(race.FULL, race.SAMPLED))
    said = words("zh")
    assert lane(visit, race.FULL) == (0, 0, "–")
    press(visit, said, "train_start")
    says(visit, said, "job_done")
    visit.settle()
    (full_seconds, full_steps, full), (seconds, steps, loss) = (lane(visit, code) for code in (race.FULL, race.SAMPLED))
    assert full_seconds >= 5
    assert seconds >= 5
    assert steps > 2 * full_steps > 0
    assert float(loss) < float(full)
    visit.done()


def test_a_race_can_be_stopped_and_begun_again(browser, server):
    visit = open_step(browser, server, "race", race_seconds=30, **who(race.SAMPLED, race.NCE))
    said = words("en")
    expect(visit.page.get_by_role("button", name=said["train_resume"], exact=True)).to_have_count(0)
    press(visit, said, "train_start")
    says(visit, said, "job_running")
    visit.page.wait_for_function("document.querySelector('[role=progressbar]').ariaValueNow > 0", timeout=120_000)
    press(visit, said, "train_stop")
    says(visit, said, "job_stopped")
    visit.settle()
    _, steps, _ = lane(visit, race.SAMPLED)
    assert steps > 0
    press(visit, said, "train_start")
    says(visit, said, "job_running")
    press(visit, said, "train_stop")
    says(visit, said, "job_stopped")
    visit.done()


def test_who_runs_is_chosen_by_hand_and_stands_in_the_address(browser, server):
    visit = open_step(browser, server, "race")
    name = race.name("sampled-loguniform-1024")
    visit.page.get_by_role("button", name=name, exact=True).click()
    visit.page.wait_for_url(re.compile("race_who="))
    visit.settle()
    assert lane(visit, "sampled-loguniform-1024") == (0, 0, "–")
    same = Visit(browser, visit.page.url)
    assert same.said() == visit.said()
    same.done()
    visit.done()


def test_the_switch_mends_what_was_trained_without_log_q(browser, server):
    visit = open_step(browser, server, "inside", width=390)
    before = visit.said()
    visit.page.get_by_text(words("en")["race_mend"], exact=True).click()
    visit.page.wait_for_url(re.compile("race_mend=true"))
    visit.settle()
    assert visit.said() != before
    visit.page.wait_for_function("document.querySelector('[data-testid=stMain]').scrollWidth <= 390", timeout=10_000)
    visit.done()


def test_every_line_of_a_chart_has_its_own_colour_and_dash(browser, server):
    visit = open_step(browser, server, "cost", lang="zh")
    visit.heading(f"5 · {prose('race', 'zh').sections['cost'].heading}")
    looks = visit.page.locator("path[class*=lane]").evaluate_all(
        "all => all.map((one) => [getComputedStyle(one).stroke, getComputedStyle(one).strokeDasharray])"
    )
    lines = looks[: len(race.COSTS)]
    assert len(looks) == 2 * len(lines) == 12  # and again in the legend
    assert looks[len(lines) :] == lines
    for part in zip(*lines, strict=True):
        assert len(set(part)) == len(lines)
    visit.done()

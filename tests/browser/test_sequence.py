"""Lesson `sequence` in a browser: tiles that follow the hand, a step without the board, a training that is watched."""

import re

import numpy as np
import pytest
from playwright.sync_api import expect

import core
from explainers import sequence
from explainers.text import prose, words
from tests.browser.test_board import along, drag, number
from tests.browser.test_browser import Visit
from tests.explainers.lives import DEFAULT_LIVE

pytestmark = pytest.mark.browser


def open_step(browser, server, step, **query):
    more = "".join(f"&{key}={value}" for key, value in query.items())
    return Visit(browser, f"{server.url}/sequence?lang=en&predict=false&step={step}{more}")


def tiles(visit):
    return [number(text) for text in visit.page.locator(".tile").all_text_contents()]


def test_the_tile_of_the_learner_s_row_follows_the_hand(browser, server):
    visit = open_step(browser, server, "block", seq_fallen=2)
    block = sequence.small_block(DEFAULT_LIVE, 0, 2)
    losses = core.sparse_cross_entropy(block.logits, block.labels)
    np.testing.assert_allclose(tiles(visit), losses.ravel(), rtol=1e-4)
    drag(visit, along(visit, "B", 0.45), along(visit, "B", 0.9))
    losses[0, 2] = core.sparse_cross_entropy([2.0, 8.0, 3.0, 2.0], DEFAULT_LIVE.label)
    np.testing.assert_allclose(tiles(visit), losses.ravel(), rtol=1e-4)
    framed = visit.page.locator(".column.chosen .place").all_text_contents()
    assert [number(text) for text in framed] == [2.0, 8.0, 3.0, 2.0]
    visit.page.mouse.up()
    visit.page.wait_for_url(re.compile("z1=8"))
    visit.settle()
    np.testing.assert_allclose(tiles(visit), losses.ravel(), rtol=1e-4)
    visit.done()


def test_the_tiles_fall_on_the_cells_that_they_name(browser, server):
    visit = open_step(browser, server, "block")
    before = [tile["y"] for tile in (one.bounding_box() for one in visit.page.locator(".tile").all())]
    assert len(set(before[:6])) == 1
    visit.page.get_by_role("button", name=words("en")["seq_fall"]).click()
    visit.page.wait_for_url(re.compile("seq_fallen=1"))
    visit.settle()
    visit.page.wait_for_timeout(1200)
    block = sequence.small_block(DEFAULT_LIVE, 0, 2)
    columns = visit.page.locator(".column").all()
    for column, label in zip(columns, block.labels.ravel(), strict=True):
        tile = column.locator(".tile").bounding_box()
        cell = column.locator(".place").nth(int(label)).bounding_box()
        assert abs(tile["y"] - cell["y"]) < 4
    visit.done()


def test_a_step_without_the_board_keeps_the_numbers(browser, server):
    visit = open_step(browser, server, "block", z1=7)
    expect(visit.bar("B")).to_have_attribute("aria-valuenow", "7")
    visit.page.get_by_role("button", name=words("en")["step_after"]).click()
    visit.heading(f"2 · {prose('sequence', 'en').sections['shift'].heading}")
    visit.settle()
    expect(visit.page.locator(".board")).to_have_count(0)
    visit.page.get_by_role("button", name=words("en")["step_before"]).click()
    visit.settle()
    expect(visit.bar("B")).to_have_attribute("aria-valuenow", "7")
    assert "z1=7" in visit.page.url
    visit.done()


def test_a_training_is_watched_stopped_and_resumed(browser, server):
    visit = open_step(browser, server, "train", seq_model="gru", seq_seed=3)
    said = words("en")

    def press(name):
        visit.page.get_by_role("button", name=said[name], exact=True).click()

    def says(name):
        expect(visit.page.get_by_text(said[name], exact=True)).to_be_visible(timeout=120_000)

    def share():
        return float(visit.page.get_by_role("progressbar").get_attribute("aria-valuenow"))

    press("train_start")
    says("job_running")
    expect(visit.page.locator(".letters").first).to_be_visible(timeout=120_000)
    visit.page.wait_for_function("document.querySelector('[role=progressbar]').ariaValueNow > 0", timeout=120_000)
    press("train_stop")
    says("job_stopped")
    stopped = share()
    assert 0 < stopped < 100
    press("train_resume")
    says("job_running")
    press("train_stop")
    says("job_stopped")
    assert share() >= stopped
    assert "gru, seed=3" in visit.said()[0]
    visit.done()


def test_a_training_comes_to_its_end(browser, server):
    visit = open_step(browser, server, "train", seq_model="bigram")
    visit.page.get_by_role("button", name=words("en")["train_start"], exact=True).click()
    expect(visit.page.get_by_text(words("en")["job_done"], exact=True)).to_be_visible(timeout=400_000)
    visit.done()

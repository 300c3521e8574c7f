"""The logit board under a mouse, a finger and the keyboard, and its arithmetic held to core's."""

import re

import numpy as np
import pytest
from playwright.sync_api import expect

import core
from explainers.board import values
from explainers.step import Live
from explainers.table import LINKS
from explainers.text import words
from tests.browser.test_browser import Visit

pytestmark = pytest.mark.browser
DRAWS = 1000


def number(text):
    """A number as the page writes it."""
    text = text.replace("−", "-").replace("∞", "inf")
    digits, _, power = text.partition("·10")
    return float(digits) * 10.0 ** int(power.translate(str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")) or 0)


def drag(visit, start, end, steps=20):
    visit.page.mouse.move(*start)
    visit.page.mouse.down()
    for k in range(1, steps + 1):
        visit.page.mouse.move(*(a + (b - a) * k / steps for a, b in zip(start, end, strict=True)))


def along(visit, name, share):
    """A point of a bar, at this share of its width."""
    box = visit.bar(name).bounding_box()
    return box["x"] + share * box["width"], box["y"] + box["height"] / 2


def counted(page):
    """Whatever leaves the browser through a socket, from the next page on."""
    frames = []
    page.on("websocket", lambda socket: socket.on("framesent", lambda frame: frames.append(frame)))
    return frames


READ_TABLE = """([logits, labels]) => {
    const roots = [...document.querySelectorAll('*')].flatMap((host) => host.shadowRoot ?? []);
    const table = roots.map((root) => root.querySelector('.wide tbody')).find(Boolean);
    const read = () => [...table.rows].map((row) => [...row.querySelectorAll('td')].map((cell) => cell.textContent));
    return logits.map((row, k) => (globalThis.drawPicture.put(row, labels[k]), read()));
}"""


@pytest.mark.parametrize("t", [1.0, 0.05, 40.0])
def test_what_is_drawn_in_the_browser_is_what_core_computes(browser, server, t):
    """Thousands of random and extreme logits: every number of the table, read from the screen, against core."""
    visit = Visit(browser, f"{server.url}/softmax?lang=en&predict=false&t={t}&step=divide")
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 1, (DRAWS, 4)) * 10.0 ** rng.uniform(-3, 4, (DRAWS, 1))
    logits = np.clip(np.round(logits, 4), -10_000, 10_000)
    logits[:6] = [[0] * 4, [10_000, -10_000, 0, 0], [-10_000] * 4, [10_000] * 4, [1000, 999.9, 0, 1], [0, 0, 0, 1e-4]]
    labels = rng.integers(0, 4, DRAWS)
    shown = visit.page.evaluate(
        READ_TABLE,
        [logits.tolist(), labels.tolist()],
    )
    read = np.array([[[number(cell) for cell in row] for row in table] for table in shown])
    names = ("A", "B", "C", "D")
    wanted = np.array(
        [
            np.stack([values(Live(names, z, int(y), t), code) for code in LINKS], axis=-1)
            for z, y in zip(logits, labels, strict=True)
        ]
    )
    assert read.shape == wanted.shape == (DRAWS, 4, len(LINKS))
    np.testing.assert_allclose(read, wanted, rtol=6e-5, atol=1e-12)
    visit.done()


def test_a_bar_follows_the_mouse_alone_and_tells_the_server_once(browser, server):
    visit = Visit(browser, f"{server.url}/gradient?lang=en&predict=false")
    frames = counted(visit.page)
    visit.page.reload()
    visit.settle()
    before = len(frames)
    drag(visit, along(visit, "B", 0.45), along(visit, "B", 0.9))
    expect(visit.bar("B")).to_have_attribute("aria-valuenow", "8")
    probs = core.softmax([2.0, 8.0, 3.0, 2.0])
    row = visit.page.locator(".board [data-class='1'] .number").all_text_contents()
    np.testing.assert_allclose([number(text) for text in row], [8, probs[1], -probs[1]], rtol=1e-4)
    assert len(frames) == before
    assert "z1=" not in visit.page.url
    visit.page.mouse.up()
    visit.page.wait_for_url(re.compile("z1=8"))
    visit.settle()
    assert len(frames) == before + 1
    assert "B (max): z 8," in visit.said()[0]
    visit.page.get_by_role("button", name=words("en")["your_numbers"]).click()
    expect(visit.page.locator("input[type=number][aria-label=B]")).to_have_value("8")
    visit.page.keyboard.press("Escape")
    visit.page.get_by_role("button", name=words("en")["undo"]).click()
    expect(visit.bar("B")).to_have_attribute("aria-valuenow", "-1")
    visit.done()


def test_a_rerun_while_dragging_does_not_snap_a_bar_back(browser, server):
    visit = Visit(browser, f"{server.url}/gradient?lang=en&predict=false")
    drag(visit, along(visit, "A", 0.6), along(visit, "A", 0.8))
    slider = f"input[type=range][aria-label='{words('en')['temperature']}']"
    visit.page.locator(slider).focus()
    visit.page.keyboard.press("ArrowRight")
    visit.page.wait_for_url(re.compile("t=1.01"))
    visit.page.wait_for_timeout(500)
    expect(visit.bar("A")).to_have_attribute("aria-valuenow", "6")
    visit.page.mouse.up()
    visit.page.wait_for_url(re.compile("z0=6"))
    visit.settle()
    expect(visit.bar("A")).to_have_attribute("aria-valuenow", "6")
    visit.done()


def test_the_keyboard_moves_a_bar_and_a_click_on_a_name_makes_it_the_label(browser, server):
    visit = Visit(browser, f"{server.url}/cross_entropy?lang=en&predict=false")
    bar = visit.bar("D")
    bar.focus()
    for key, value in (("ArrowLeft", "1.9"), ("PageUp", "2.9"), ("End", "10"), ("ArrowUp", "10"), ("Home", "-10")):
        visit.page.keyboard.press(key)
        expect(bar).to_have_attribute("aria-valuenow", value)
    visit.page.wait_for_url(re.compile("z3=-10"))
    visit.page.get_by_role("button", name="D", exact=True).click()
    visit.page.wait_for_url(re.compile("label=3"))
    visit.settle()
    expect(visit.page.get_by_role("button", name="D ◀ y")).to_have_attribute("aria-pressed", "true")
    assert "D (y): z −10" in visit.said()[0]
    visit.done()


def touch(visit, kind, points=()):
    visit.cdp.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y} for x, y in points]})


def test_a_finger_drags_a_bar_sideways_and_scrolls_the_page_up_and_down(browser, server):
    visit = Visit(browser, f"{server.url}/softmax?lang=en&predict=false", width=390, has_touch=True, is_mobile=True)
    visit.cdp = visit.page.context.new_cdp_session(visit.page)
    (x, y), (end, _) = along(visit, "C", 0.65), along(visit, "C", 0.85)
    touch(visit, "touchStart", [(x, y)])
    for k in range(1, 11):
        touch(visit, "touchMove", [(x + (end - x) * k / 10, y)])
    touch(visit, "touchEnd")
    visit.page.wait_for_url(re.compile("z2=7"))
    visit.settle()
    kept = visit.bar("C").get_attribute("aria-valuenow")
    main = visit.page.get_by_test_id("stMain")
    assert main.evaluate("one => one.scrollTop") == 0
    x, y = along(visit, "C", 0.2)
    touch(visit, "touchStart", [(x, y)])
    for k in range(1, 21):
        touch(visit, "touchMove", [(x, y - 15 * k)])
        visit.page.wait_for_timeout(16)
    touch(visit, "touchEnd")
    visit.page.wait_for_timeout(500)
    assert main.evaluate("one => one.scrollTop") > 100
    expect(visit.bar("C")).to_have_attribute("aria-valuenow", kept)
    visit.done()


def test_a_step_is_shown_in_two_beats_and_a_run_all_the_way(browser, server):
    visit = Visit(browser, f"{server.url}/gradient?lang=en&predict=false&step=descent&rate=5")
    visit.page.get_by_role("button", name=words("en")["step"]).click()
    aim = visit.page.locator(".board .grip[aria-label=C] u")
    before = visit.page.wait_for_function(
        "([aim, bar]) => aim.getBoundingClientRect().width > 5 && bar.ariaValueNow",
        arg=[aim.element_handle(), visit.bar("C").element_handle()],
    ).json_value()
    assert before == "3"
    path = core.descend([2.0, -1, 3, 2], core.one_hot(2, 4), learning_rate=5.0, num_steps=1)
    expect(visit.bar("C")).not_to_have_attribute("aria-valuenow", "3")
    visit.settle()
    assert float(visit.bar("C").get_attribute("aria-valuenow")) == pytest.approx(path.logits[1, 2], abs=1e-3)
    visit.page.get_by_role("button", name=words("en")["run"]).click()
    on_the_way = visit.page.wait_for_function(
        "([bar, start]) => Number(bar.ariaValueNow) > start && Number(bar.ariaValueNow)",
        arg=[visit.bar("C").element_handle(), path.logits[1, 2] + 0.01],
    ).json_value()
    visit.page.wait_for_timeout(2500)
    assert on_the_way < float(visit.bar("C").get_attribute("aria-valuenow"))
    visit.done()


def test_a_hand_stops_a_run(browser, server):
    visit = Visit(browser, f"{server.url}/gradient?lang=en&predict=false&step=descent&rate=5")
    visit.page.get_by_role("button", name=words("en")["run"]).click()
    visit.page.wait_for_url(re.compile("z2="))
    visit.page.wait_for_timeout(500)
    visit.bar("C").focus()
    visit.page.keyboard.down("Home")
    visit.page.wait_for_timeout(300)
    visit.page.keyboard.up("Home")
    visit.page.wait_for_url(re.compile("z2=-10"))
    visit.settle()
    expect(visit.bar("C")).to_have_attribute("aria-valuenow", "-10")
    visit.done()


def test_with_reduced_motion_a_step_is_there_at_once(browser, server):
    url = f"{server.url}/gradient?lang=en&predict=false&step=descent"
    visit = Visit(browser, url, reduced_motion="reduce")
    visit.page.get_by_role("button", name=words("en")["step"]).click()
    visit.page.wait_for_url(re.compile("z2="))
    visit.settle()
    assert float(visit.bar("C").get_attribute("aria-valuenow")) > 3
    assert visit.page.locator(".board .grip[aria-label=C] u").evaluate("one => one.getBoundingClientRect().width") < 1
    visit.done()


def test_the_point_in_the_triangle_can_be_dragged(browser, server):
    visit = Visit(browser, f"{server.url}/gradient?lang=en&predict=false&step=simplex")
    visit.page.locator(".simplex").scroll_into_view_if_needed()
    box = visit.page.locator(".simplex circle.grip").bounding_box()
    start = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    drag(visit, start, (start[0], start[1] + 40))
    row = visit.page.locator(".board [data-class='2'] .number").all_text_contents()
    assert number(row[1]) < 0.5
    visit.page.mouse.up()
    visit.page.wait_for_url(re.compile("z2="))
    visit.settle()
    after = visit.page.locator(".board [data-class='2'] .number").all_text_contents()
    assert number(after[1]) == pytest.approx(number(row[1]), abs=0.01)
    visit.done()


def test_pointing_at_a_class_lights_it_in_bars_formula_and_table(browser, server):
    visit = Visit(browser, f"{server.url}/softmax?lang=en&predict=false&step=divide")
    visit.page.locator(".board [data-class='2'] .number").first.hover()
    assert visit.page.locator(".board .name.lit").all_inner_texts()[0].startswith("C")
    assert visit.page.locator(".wide tr.lit th").all_inner_texts() == ["C ◀ y"]
    lit = visit.page.locator(".katex [style*='rgb(1, 2, 2)']")
    assert lit.count() >= 2  # numerator and denominator
    colours = lit.evaluate_all("all => all.map((one) => getComputedStyle(one).backgroundColor)")
    dark = visit.page.locator(".katex [style*='rgb(1, 2, 1)']").first
    assert set(colours) != {dark.evaluate("one => getComputedStyle(one).backgroundColor")}
    visit.page.locator(".katex [style*='rgb(1, 2, 1)']").first.hover()
    assert visit.page.locator(".board .name.lit").all_inner_texts()[0].startswith("B")
    visit.done()


def test_the_home_page_is_a_board_too(browser, server):
    visit = Visit(browser, f"{server.url}/?lang=en")
    loss = visit.page.locator(".value")
    before = loss.inner_text()
    drag(visit, along(visit, "C", 0.65), along(visit, "C", 0.9))
    assert loss.inner_text() != before
    wanted = core.sparse_cross_entropy([2.0, -1.0, 8.0, 2.0], 2)
    assert number(loss.inner_text().removeprefix("L = ")) == pytest.approx(wanted, rel=1e-3)
    visit.page.mouse.up()
    visit.page.wait_for_url(re.compile("z2=8"))
    visit.done()

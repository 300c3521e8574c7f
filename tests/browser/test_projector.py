"""The page on the wall, every step on one screen and turned by a remote; in the frame of a course; and on paper."""

import re

import pytest
from playwright.sync_api import expect

from explainers import LESSONS
from explainers.text import prose, words
from tests.browser.test_browser import Visit

pytestmark = pytest.mark.browser
WALL = {"width": 1280, "height": 720}
TOO_TALL = {
    ("cross_entropy", "calibration"): "four pictures, and ten terms written out",
    ("sequence", "choose"): "a row for each of thirteen signs, the likeliest first, beside the tune and three curves",
}
"""steps whose pictures end below the fold even at the smallest letters, and why; all else of them is above it"""
IN_CHINESE = ("cross_entropy", "nce")
"""lessons walked in the other language, too: a walk takes ten seconds"""

IMPORTANT = """() => {
    const main = document.querySelector(".stMain");
    const all = [];
    const take = (kind, node, wide) => {
        const box = node.getBoundingClientRect();
        if (!box.width || !box.height) return;
        const { left, right } = box;
        all.push({ kind, left, right, top: box.top + main.scrollTop, bottom: box.bottom + main.scrollTop, wide });
    };
    const wide = (node) => node.scrollWidth > node.clientWidth + 1;
    for (const mount of main.querySelectorAll("[data-testid=stBidiComponentIsolated]")) {
        const root = mount.shadowRoot.querySelector(".pictures");
        if (!root || mount.closest(".st-key-below")) continue;
        const drawn = [...root.querySelectorAll(".picture:not(:has(.roll)), .number, .cell")];
        take(root.querySelector(".board") ? "board" : "picture", root, drawn.some(wide));
    }
    for (const node of main.querySelectorAll("h3")) take("heading", node, wide(node));
    for (const node of main.querySelectorAll(".stColumn .katex-display")) take("formula", node, wide(node));
    for (const node of main.querySelectorAll(".st-key-t_slider, [class*=st-key-controls-]"))
        take("controls", node, wide(node));
    return { all, sideways: main.scrollWidth - main.clientWidth };
}"""


def on_the_wall(browser, url, **options):
    visit = Visit(browser, url, shown="h1", **options)  # a page that begins with a question has no picture yet
    visit.page.set_viewport_size(WALL)
    return visit


def turned(visit, number):
    """Wait until a step is there and has found its size."""
    visit.page.wait_for_function(f"document.querySelector('.st-key-steps-row input')?.value.startsWith('{number}/')")
    visit.settle()


def out_of_place(found, may_be_tall):
    """What is below the fold, too wide for its place, off the screen, or on top of something else."""
    wrong = [] if found["sideways"] <= 0 else [found["sideways"]]
    for i, one in enumerate(found["all"]):
        low = one["bottom"] > WALL["height"] + 1 and not (may_be_tall and one["kind"] == "picture")
        if low or one["wide"] or not 0 <= one["left"] < one["right"] <= WALL["width"]:
            wrong.append(one)
        for other in found["all"][:i]:
            apart = one["left"] >= other["right"] - 1 or other["left"] >= one["right"] - 1
            if not apart and one["top"] < other["bottom"] - 1 and other["top"] < one["bottom"] - 1:
                wrong.append((one, other))
    return wrong


@pytest.mark.parametrize(
    ("slug", "lang"), [*((slug, "en") for slug in LESSONS), *((slug, "zh") for slug in IN_CHINESE)]
)
def test_every_step_is_on_one_screen(browser, server, slug, lang):
    """In one language each step at once, in the other as a class meets it: the question first, where there is one."""
    asked = "" if lang == "zh" else "&predict=false"
    visit = on_the_wall(browser, f"{server.url}/{slug}?lang={lang}&projector=true{asked}")
    seen = set()
    for number, key in enumerate(prose(slug, lang).steps, 1):
        turned(visit, number)
        for _ in range(20):  # the step is drawn, then letters of formulas and late pictures change what fits
            found = visit.page.evaluate(IMPORTANT)
            wrong = out_of_place(found, (slug, key) in TOO_TALL)
            kinds = {one["kind"] for one in found["all"]}
            if not wrong and (asked == "" or "heading" in kinds):
                break
            visit.page.wait_for_timeout(200)
        assert not wrong, (key, wrong)
        assert "heading" in kinds or asked == "", key
        seen |= kinds
        visit.page.keyboard.press("PageDown")
    assert {"heading", "picture"} <= seen
    turned(visit, len(prose(slug, lang).steps) + 1)
    visit.done()


@pytest.mark.parametrize(("slug", "key"), TOO_TALL)
def test_what_is_said_to_be_too_tall_is(browser, server, slug, key):
    visit = on_the_wall(browser, f"{server.url}/{slug}?lang=en&projector=true&predict=false&step={key}")
    visit.settle(".picture")
    (picture,) = [one for one in visit.page.evaluate(IMPORTANT)["all"] if one["kind"] == "picture"]
    assert picture["top"] < 450
    assert picture["bottom"] > WALL["height"]
    visit.done()


def test_a_remote_turns_the_steps_and_leaves_bars_and_texts_their_keys(browser, server):
    visit = on_the_wall(browser, f"{server.url}/softmax?lang=en&projector=true&predict=false&step=max")
    turned(visit, 4)
    bar = visit.bar("B")
    box = bar.bounding_box()
    visit.page.mouse.move(box["x"] + box["width"] * 0.2, box["y"] + box["height"] / 2)
    visit.page.mouse.down()
    visit.page.mouse.move(box["x"] + box["width"] * 0.7, box["y"] + box["height"] / 2, steps=4)
    visit.page.mouse.up()
    visit.page.wait_for_url(re.compile("z1="))
    visit.settle()
    moved = bar.get_attribute("aria-valuenow")
    assert float(moved) > 0
    visit.page.keyboard.press("PageDown")
    turned(visit, 5)
    assert bar.get_attribute("aria-valuenow") == moved
    visit.page.keyboard.press("PageUp")
    turned(visit, 4)
    visit.page.keyboard.press("Alt+ArrowRight")
    turned(visit, 5)
    visit.bar("A").press("Shift+Tab")  # to the bar's name, and by keyboard back to it
    visit.page.keyboard.press("Tab")
    visit.page.keyboard.press("PageDown")
    expect(visit.bar("A")).to_have_attribute("aria-valuenow", "1")
    assert "step=exp" in visit.page.url
    visit.done()


def test_the_switch_makes_a_page_large_and_small_again_and_the_way_on_keeps_it(browser, server):
    size = "getComputedStyle(document.documentElement).fontSize"
    visit = on_the_wall(browser, f"{server.url}/softmax?lang=zh&predict=false&step=challenges")
    assert visit.page.evaluate(size) == "16px"
    visit.page.get_by_text(words("zh")["projector"], exact=True).click()
    visit.page.wait_for_url(re.compile("projector=true"))
    turned(visit, len(prose("softmax", "zh").steps) + 1)
    assert visit.page.evaluate(size) == "24px"
    visit.page.get_by_role("link", name=f"{prose('cross_entropy', 'zh').title} →").click()
    visit.heading(prose("cross_entropy", "zh").title)
    turned(visit, 1)
    assert "projector=true" in visit.page.url
    assert visit.page.evaluate(size) == "24px"
    visit.page.get_by_text(words("zh")["projector"], exact=True).click()
    visit.page.wait_for_function(f"{size} === '16px'")
    visit.settle()
    assert "projector" not in visit.page.url
    assert visit.page.locator(".pictures").evaluate_all("all => all.every((one) => !one.style.zoom)")
    visit.page.keyboard.press("PageDown")
    visit.settle()
    assert "step=" not in visit.page.url
    visit.done()


CONTRASTS = """() => {
    const pen = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
    const over = (colour, below) => {
        pen.fillStyle = `rgb(${below})`;
        pen.fillRect(0, 0, 1, 1);
        pen.fillStyle = colour;
        pen.fillRect(0, 0, 1, 1);
        return [...pen.getImageData(0, 0, 1, 1).data].slice(0, 3);
    };
    const up = (node) => node.parentElement ?? node.getRootNode().host;
    const behind = (node) => (node ? over(getComputedStyle(node).backgroundColor, behind(up(node))) : [255, 255, 255]);
    const linear = (c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    const light = ([r, g, b]) => 0.2126 * linear(r / 255) + 0.7152 * linear(g / 255) + 0.0722 * linear(b / 255);
    const poor = [];
    let checked = 0;
    const walk = (node) => {
        if (node.matches("button:disabled, kbd, .katex-mathml, svg, [data-testid=stSliderThumbValue]")) return;
        const style = getComputedStyle(node);
        if ([...node.childNodes].some((one) => one.nodeType === 3 && one.data.trim()) && node.checkVisibility()) {
            let clear = 1;
            for (let one = node; one; one = up(one)) clear *= getComputedStyle(one).opacity;
            const below = behind(node);
            const colour = over(style.color, below).map((c, i) => c * clear + below[i] * (1 - clear));
            const [a, b] = [light(colour), light(below)].sort((x, y) => y - x);
            const contrast = (a + 0.05) / (b + 0.05);
            checked += 1;
            if (clear && contrast < 7) poor.push([node.outerHTML.slice(0, 90), contrast]);
        }
        for (const one of [...node.children, ...(node.shadowRoot?.children ?? [])]) walk(one);
    };
    walk(document.querySelector(".stMain"));
    return { poor, checked };
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    "at", ["softmax?step=divide", "gradient?step=dense", "sequence?step=shapes", "race?step=inside"]
)
def test_words_and_numbers_stand_out_seven_to_one(browser, server, at, scheme):
    url = f"{server.url}/{at}&lang=en&projector=true&predict=false"
    visit = on_the_wall(browser, url, color_scheme=scheme)
    visit.settle(".picture")
    found = visit.page.evaluate(CONTRASTS)
    assert found["checked"] > 40
    assert found["poor"] == []
    visit.done()


@pytest.mark.parametrize("width", [800, 390])
def test_in_the_frame_of_a_course_page_one_thing_scrolls_and_links_stay_inside(browser, server, width):
    visit = Visit(browser, f"{server.url}/softmax?lang=en&step=challenges", width=width + 60)
    source = f"{server.url}/softmax?lang=en&predict=false&step=challenges&embed=true"
    visit.page.evaluate(
        """([source, width]) => {
            document.body.innerHTML = "<h1>Week 3</h1>";
            const frame = Object.assign(document.createElement("iframe"), { src: source, width, height: 600 });
            document.body.append(frame);
        }""",
        [source, width],
    )
    inside = visit.page.frame_locator("iframe")
    inside.locator("h3").first.wait_for(timeout=30_000)
    inside.locator(".board").wait_for()
    frame = visit.page.frames[1]
    assert frame.evaluate("document.documentElement.scrollHeight <= innerHeight")
    assert frame.evaluate("document.querySelector('.stMain').scrollWidth <= innerWidth")
    for hidden in (".stAppHeader", ".stSidebar", ".st-key-projector"):
        expect(inside.locator(hidden).first).to_be_hidden()
    assert 0 <= frame.evaluate("document.querySelector('h1').getBoundingClientRect().top") < 40
    assert frame.evaluate("document.querySelector('.stMain').scrollTop") == 0
    inside.get_by_role("link", name=f"{prose('cross_entropy', 'en').title} →").click()
    inside.get_by_role("heading", name=prose("cross_entropy", "en").title).wait_for()
    assert "embed=true" in frame.url
    assert "/cross_entropy" in frame.url
    visit.done()


def test_paper_has_ink_and_no_controls_also_where_the_screen_is_dark(browser, server):
    visit = Visit(browser, f"{server.url}/softmax?lang=en&predict=false&step=shift-all", color_scheme="dark")
    assert visit.brightness("color", ".picture") > 150
    visit.page.emulate_media(media="print", color_scheme="dark")
    assert visit.brightness("color", ".picture") < 50
    assert visit.brightness("color", "h3 span") < 50
    assert visit.brightness("backgroundColor", ".stApp") > 200
    expect(visit.page.locator("h3").first).to_be_visible()
    for hidden in ("button:not(.name)", "input[type=range]"):
        assert not any(one.is_visible() for one in visit.page.locator(hidden).all())
    visit.done()

"""The app without a mouse, without sight of the screen, and on the smallest one; axe-core on every page."""

import io
import re

import numpy as np
import pytest
from axe_playwright_python.base import AXE_SCRIPT
from PIL import Image
from playwright.sync_api import expect

from explainers import LESSONS
from explainers.text import words
from tests.browser.test_browser import Visit

pytestmark = pytest.mark.browser
PAGES = ("home", *LESSONS, "practice")
STANDARD = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
OF_STREAMLIT = {
    # A block of code in st.markdown scrolls sideways and has nothing in it to focus. Chromium and Firefox make such a
    # place a stop of Tab by themselves.
    "clinic": {"scrollable-region-focusable stMarkdownPre"},
}
"""Serious findings in what Streamlit draws, on the pages where they occur; one that has gone must go from here."""


def visit(browser, server, slug, query, **options):
    path = "" if slug == "home" else slug
    shown = "[data-testid=stRadio]" if slug == "practice" else ".picture, [data-testid=stRadio]"
    return Visit(browser, f"{server.url}/{path}?{query}", shown=shown, **options)


def findings(page, rules):
    """What axe finds serious or critical: its rule, and where it is."""
    page.wait_for_load_state("networkidle")
    page.evaluate("document.fonts.ready.then(() => null)")  # in other letters a formula may be so wide that it scrolls
    page.evaluate(AXE_SCRIPT)
    options = {"resultTypes": ["violations"], "runOnly": rules}
    found = {}
    for violation in page.evaluate("options => axe.run(document, options)", options)["violations"]:
        if violation["impact"] in ("serious", "critical"):
            for node in violation["nodes"]:
                named = re.findall(r'data-testid="(\w+)"', str(node["target"]))
                found[f"{violation['id']} {named[-1] if named else node['target']}"] = node["html"]
    return found


def test_an_image_without_words_is_found(browser, server):
    """What the other tests rely on."""
    seen = visit(browser, server, "race", "lang=en")
    seen.page.evaluate("document.querySelector('h1').append(document.createElement('img'))")
    assert any(found.startswith("image-alt") for found in findings(seen.page, STANDARD))
    seen.page.context.close()


@pytest.mark.parametrize("slug", PAGES)
@pytest.mark.parametrize(
    ("query", "width"), [("lang=en&predict=false&step=all", 1280), ("lang=zh", 390)], ids=["all-en", "first-zh-phone"]
)
def test_axe_finds_nothing_serious_in_both_themes(browser, server, slug, query, width):
    seen = visit(browser, server, slug, query, width=width, color_scheme="light")
    listed = OF_STREAMLIT.get(slug, set()) if "step=all" in query else set()
    for _ in range(20):  # a block of code is drawn late
        found = findings(seen.page, STANDARD)
        if found.keys() == listed:
            break
        seen.page.wait_for_timeout(500)
    seen.page.emulate_media(color_scheme="dark")
    dark = "getComputedStyle(document.querySelector('.stApp')).backgroundColor === 'rgb(18, 22, 28)'"
    seen.page.wait_for_function(dark)
    seen.page.wait_for_timeout(600)  # colours change gradually
    found |= findings(seen.page, ["color-contrast"])  # nothing else depends on the theme
    assert found.keys() == listed, found
    seen.done()


STOPS = """() => {
    const GROUP = '[role=radiogroup], [data-testid=stButtonGroup]';  // one stop; its parts by the arrow keys
    window.stop = (one) => {
        const whole = one.closest(GROUP) ?? one;
        return whole.ariaLabel || whole.textContent.trim().slice(0, 80) || whole.placeholder || whole.tagName;
    };
    const [found, groups] = [[], new Set()];
    const walk = (node) => {
        for (const one of node.children) {
            const group = one.closest(GROUP);
            if (one.matches('a[href], button, input, select, textarea, summary, [tabindex]') && !groups.has(group)
                && one.tabIndex >= 0 && !one.disabled && one.checkVisibility({visibilityProperty: true})) {
                found.push(stop(one));
                if (group) groups.add(group);
            }
            walk(one.shadowRoot ?? one);
        }
    };
    walk(document.body);
    return found;
}"""


def stops(page):
    """The names of all stops of Tab, in order, as soon as no more of them come."""
    names, before = page.evaluate(STOPS), None
    while names != before:
        page.wait_for_timeout(500)
        names, before = page.evaluate(STOPS), names
    return names


FOCUSED = """() => {
    let one = document.activeElement;
    while (one.shadowRoot?.activeElement) one = one.shadowRoot.activeElement;
    if (one === document.body) return null;
    const seen = one.type === 'range' ? one.parentElement.parentElement : one;  // a slider's thumb
    const {x, y, width, height} = seen.getBoundingClientRect();
    const scrolls = one.tabIndex < 0 && (one.scrollWidth > one.clientWidth || one.scrollHeight > one.clientHeight);
    return {stop: stop(one), slider: one.role === 'slider', scrolls, box: {x, y, width, height}};
}"""


def tabbed(page, most):
    """What has the focus after each press of Tab, from the top of the page to its end."""
    for _ in range(most):
        page.keyboard.press("Tab")
        focused = page.evaluate(FOCUSED)
        if focused is None:
            return
        if not focused["scrolls"]:  # a browser lets a place that scrolls be scrolled by keyboard
            yield focused
    pytest.fail(f"Tab does not come to the end of the page; last: {focused}")


@pytest.mark.parametrize("slug", PAGES)
def test_tab_meets_every_control_once_in_order_and_leaves_the_page(browser, server, slug):
    seen = visit(browser, server, slug, "lang=en&predict=false")
    names = stops(seen.page)
    assert len(names) > 10
    assert [focused["stop"] for focused in tabbed(seen.page, 2 * len(names))] == names
    seen.done()


def contrast(one, other):
    """WCAG's ratio of two pictures, pixel by pixel, [height, width]."""
    light = []
    for picture in (one, other):
        share = np.asarray(picture.convert("RGB"), float) / 255
        linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
        light.append(linear @ [0.2126, 0.7152, 0.0722] + 0.05)
    return np.maximum(*light) / np.minimum(*light)


def picture(page, **options):
    return Image.open(io.BytesIO(page.screenshot(animations="disabled", **options)))


@pytest.mark.parametrize(
    ("slug", "scheme"), [("home", "light"), ("gradient", "dark"), ("clinic", "light"), ("practice", "dark")]
)
def test_the_focus_is_seen(browser, server, slug, scheme):
    """Around or in whatever has it, at least so many pixels as a line along one side, three times as bright or dark."""
    seen = visit(browser, server, slug, "lang=en&predict=false", color_scheme=scheme)
    height = seen.page.evaluate("document.querySelector('[data-testid=stMain]').scrollHeight")
    seen.page.set_viewport_size({"width": 1280, "height": height + 20})  # nothing has to scroll
    stops(seen.page)
    before, unseen, met = picture(seen.page), [], 0
    for focused in tabbed(seen.page, 200):
        box = focused["box"]
        if box["height"] > 1000:  # the page itself, where the link that skips to it leads
            continue
        left, top = max(0, box["x"] - 8), max(0, box["y"] - 8)
        right, bottom = min(1280, box["x"] + box["width"] + 8), box["y"] + box["height"] + 8
        area = tuple(map(int, (left, top, right, bottom)))
        clip = {"x": area[0], "y": area[1], "width": area[2] - area[0], "height": area[3] - area[1]}
        changed = contrast(before.crop(area), picture(seen.page, clip=clip)) >= 3
        met += 1
        if changed.sum() < min(box["width"], box["height"]):
            unseen.append((focused["stop"], int(changed.sum()), box))
    assert met > 10
    assert unseen == []
    seen.done()


def test_by_keyboard_alone_a_bar_moves_and_says_so_and_the_keys_are_listed(browser, server):
    seen = visit(browser, server, "gradient", "lang=en&predict=false")
    bar, status = seen.bar("A"), seen.page.get_by_role("status").filter(has_text=re.compile("Label|^$")).first
    expect(bar).to_have_attribute("aria-valuetext", "2, p 0.20973")
    stops(seen.page)
    assert any(focused["stop"] == "A" and focused["slider"] for focused in tabbed(seen.page, 60))
    assert "Label" not in (status.text_content() or "")  # a page that opens says nothing by itself
    seen.page.keyboard.press("End")
    expect(bar).to_have_attribute("aria-valuetext", re.compile("^10, p 0.99"))
    seen.page.wait_for_url(re.compile("z0=10"))
    expect(status).to_have_text(re.compile(r"^Largest: A, p = 0\.99\d+\. Label C: p = 0\.00\d+, L = 7\.00\d+\.$"))
    seen.page.get_by_role("button", name=words("en")["more"]).focus()
    seen.page.keyboard.press("Enter")
    keys = seen.page.get_by_text("Page Up")
    expect(keys).to_be_visible()
    seen.page.keyboard.press("Escape")
    expect(keys).to_be_hidden()
    seen.done()


def test_the_page_says_which_language_it_is_in(browser, server):
    seen = visit(browser, server, "softmax", "lang=zh&predict=false")
    expect(seen.page.locator("html")).to_have_attribute("lang", "zh")
    expect(seen.page.get_by_role("button", name=words("zh")["step_after"])).to_be_visible()
    seen.page.get_by_text("English", exact=True).click()
    expect(seen.page.locator("html")).to_have_attribute("lang", "en")
    seen.done()


STICKING_OUT = """() => {
    const out = [];
    const walk = (node, inside) => {
        for (const one of node.children) {
            const {overflowX, position} = getComputedStyle(one);
            const scrolls = inside || overflowX !== 'visible';
            const box = one.getBoundingClientRect();
            const drawn = one.checkVisibility({visibilityProperty: true}) && box.width > 1 && !inside;
            if (drawn && (box.right > innerWidth + 1 || box.left < -1)) out.push(one.outerHTML.slice(0, 200));
            else walk(one.shadowRoot ?? one, scrolls && one.dataset?.testid !== 'stMain');
        }
    };
    walk(document.querySelector('[data-testid=stMain]'), false);
    return out;
}"""


@pytest.mark.parametrize("slug", PAGES)
def test_the_smallest_phone_shows_every_step_without_scrolling_sideways(browser, server, slug):
    query = "lang=en&predict=false&step=all&classes=alpha,beta,gamma,delta,e,f,g,h,i,j"
    seen = visit(browser, server, slug, query, width=320, has_touch=True, is_mobile=True)
    stops(seen.page)
    assert seen.page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth") <= 320
    assert seen.page.evaluate(STICKING_OUT) == []
    seen.done()


REACH = """(track) => {
    const {x, y, width, height} = track.getBoundingClientRect();
    let reach = 0;
    for (let by = -30; by <= 30; by++)
        reach += track.getRootNode().elementFromPoint(x + width / 4, y + height / 2 + by) === track;
    return reach;
}"""


@pytest.mark.parametrize(("slug", "width"), [("home", 390), ("gradient", 320), ("gradient", 1024)])
def test_a_finger_finds_every_bar_and_every_name_44_pixels_high(browser, server, slug, width):
    seen = visit(browser, server, slug, "lang=en&predict=false", width=width, has_touch=True, is_mobile=True)
    seen.page.locator(".board .grip, .stage .grip").first.scroll_into_view_if_needed()
    bars = seen.page.locator(".pictures .grip[role=slider]")
    assert bars.count() == 4
    for k in range(4):
        bars.nth(k).evaluate("bar => bar.scrollIntoView({block: 'center'})")
        assert bars.nth(k).evaluate(REACH) >= 44
    names = seen.page.locator(".pictures button.name:visible")
    assert all(names.nth(k).bounding_box()["height"] >= 43.5 for k in range(names.count()))
    assert names.count() >= 4
    seen.done()


def test_bars_are_seen_where_the_system_chooses_the_colours(browser, server):
    """High contrast takes backgrounds away, and the bars are backgrounds."""
    seen = visit(browser, server, "softmax", "lang=en&predict=false", forced_colors="active", color_scheme="dark")
    bar = seen.page.locator(".board .cell.prob .track b").nth(2)
    share = np.asarray(Image.open(io.BytesIO(bar.screenshot())).convert("RGB"), float)
    assert share.std(axis=(0, 1)).max() > 5 or share.mean() > 40  # not the ground alone
    seen.done()

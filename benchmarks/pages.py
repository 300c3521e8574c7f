"""What an interaction costs, a page at a time, beside an empty Streamlit page in the same run.

    python -m benchmarks.pages

A headless Chromium (see the README) moves the first slider by keyboard; the server's CPU seconds are read from /proc.
Then it drags a bar of the board: milliseconds from each pointer move to the frame that shows it, and what was sent.
"""

import statistics
import time

from playwright.sync_api import sync_playwright

from benchmarks.students import cpu_seconds
from explainers import LESSONS
from tests.browser.test_browser import CHROMIUM, QUIET, Server

STEPS = 40
SHOWN = {
    "sequence": ("block", "generate", "choose", "listen", "surprise"),
    "race": ("race", "bottleneck"),
    "clinic": ("row",),
}
"""the steps of a lesson that are measured, where it is not the first: each has a slider"""


def measure(page, server: Server, path: str) -> tuple[float, float]:
    """(ms of CPU an interaction, median ms from key press to finished script) on one page."""
    page.goto(f"{server.url}/{path}")
    slider = page.locator("input[type=range]").first
    slider.wait_for(timeout=30_000)
    page.wait_for_timeout(2000)
    slider.focus()
    waits = []
    for step in range(STEPS + 5):
        if step == 5:
            before = cpu_seconds(server.process.pid)
        start = time.perf_counter()
        page.keyboard.press("ArrowRight" if step % 20 < 10 else "ArrowLeft")
        page.wait_for_timeout(30)
        page.wait_for_function("document.querySelector('[data-test-script-state=notRunning]') !== null")
        waits.append(1000 * (time.perf_counter() - start))
        page.wait_for_timeout(70)
    return 1000 * (cpu_seconds(server.process.pid) - before) / STEPS, statistics.median(waits[5:])


WATCH = """() => {
    globalThis.waits = [];
    addEventListener('pointermove', () => {
        const start = performance.now();
        requestAnimationFrame(() => {
            const painted = new MessageChannel();
            painted.port1.onmessage = () => waits.push(performance.now() - start);
            painted.port2.postMessage(0);
        });
    }, true);
}"""


def drag(page) -> tuple[float, float, int]:
    """(median, 95th percentile of the ms from move to paint, frames sent meanwhile) of dragging the first bar."""
    sent = []
    page.on("websocket", lambda socket: socket.on("framesent", lambda frame: sent.append(frame)))
    page.reload()
    page.locator(".grip").first.wait_for()
    page.wait_for_timeout(2000)
    page.evaluate(WATCH)
    box = page.locator(".grip").first.bounding_box()
    height = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] * 0.3, height)
    page.mouse.down()
    before = len(sent)
    for step in range(120):
        page.mouse.move(box["x"] + box["width"] * (0.3 + 0.005 * step), height)
        page.wait_for_timeout(8)
    during = len(sent) - before
    waits = sorted(page.evaluate("waits"))
    page.mouse.up()
    return statistics.median(waits), waits[int(len(waits) * 0.95)], during


def main() -> None:
    """Print the table."""
    with sync_playwright() as playwright:
        page = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET.split()).new_page()
        with Server("benchmarks/empty_app.py") as server:
            empty, wait = measure(page, server, "")
        print(f"{'page':20} {'CPU ms':>8} {'/ empty':>8} {'settled ms':>11} {'drag p50':>9} {'p95':>6} {'sent':>5}")
        print(f"{'(empty)':20} {empty:8.1f} {1:8.2f} {wait:11.0f}")
        with Server() as server:
            for slug, step in [(lesson, key) for lesson in ("", *LESSONS) for key in SHOWN.get(lesson, ("",))]:
                cost, wait = measure(page, server, f"{slug}?lang=en&predict=false&step={step}")
                told = f"{f'{slug} {step}'.strip() or 'home':20} {cost:8.1f} {cost / empty:8.2f} {wait:11.0f}"
                if page.locator(".grip").count():
                    middle, slow, sent = drag(page)
                    told += f" {middle:9.1f} {slow:6.1f} {sent:5d}"
                print(told, flush=True)


if __name__ == "__main__":
    main()

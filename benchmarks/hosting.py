"""A first visit through nginx as deploy/ sets it up, beside one to the app itself: bytes and seconds.

    python -m benchmarks.hosting

Needs a Chromium and nginx. The cache is empty; a page is there when its board can be dragged. Chromium's own throttle
sometimes stops a page for good, so the line is only reckoned: what the bytes take on it, beyond what was measured.
"""

import argparse
import time
from itertools import product

from playwright.sync_api import sync_playwright

from tests.browser.test_browser import CHROMIUM, QUIET
from tests.deploy.hosting import Hosted

MEGABITS = 20
"""a line, in Mbit/s"""


def visit(browser, url):
    """Megabytes of a first visit, and seconds until a bar can be dragged."""
    page = browser.new_page(locale="en-US")
    line = page.context.new_cdp_session(page)
    line.send("Network.enable")
    sizes = []
    line.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
    line.on("Network.webSocketFrameReceived", lambda event: sizes.append(len(event["response"]["payloadData"]) * 3 / 4))
    start = time.perf_counter()
    page.goto(url, wait_until="commit")
    page.locator(".grip").first.wait_for(timeout=30_000)
    took = time.perf_counter() - start
    page.context.close()
    return sum(sizes) / 1e6, took


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--visits", type=int, default=5)
    options = parser.parse_args()
    with Hosted() as hosted, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET.split())
        ways = {"app": f"http://127.0.0.1:{hosted.ports[0]}", "nginx": hosted.url}
        found = {}
        for _, path, way in product(range(options.visits), ("/", "/softmax"), ways):  # in turn: a machine has moods
            found.setdefault((path, way), []).append(visit(browser, f"{ways[way]}{path}"))
        browser.close()
    print(f"empty cache, the best of {options.visits} visits, and what the bytes take at {MEGABITS} Mbit/s")
    for (path, way), visits in sorted(found.items()):
        size, took = map(min, zip(*visits, strict=True))
        print(f"{path:10} {way:6} {size:5.2f} MB {took:5.2f} s + {size * 8 / MEGABITS:5.2f} s")


if __name__ == "__main__":
    main()

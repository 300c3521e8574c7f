"""A first visit through nginx as deploy/ sets it up, beside one to the app itself: bytes and seconds on a slow line.

    python -m benchmarks.hosting

Needs a Chromium and nginx. The cache is empty; a page is there when its board can be dragged.
"""

import argparse
import time
from itertools import product

from playwright.sync_api import sync_playwright

from tests.browser.test_browser import CHROMIUM, QUIET
from tests.deploy.hosting import Hosted

LATENCY = 20
"""milliseconds, there and back"""


def visit(browser, url, megabits):
    """Megabytes of a first visit, seconds until all of the first run is there, and until a bar can be dragged."""
    page = browser.new_page(locale="en-US")
    line = page.context.new_cdp_session(page)
    line.send("Network.enable")
    speed = {"downloadThroughput": megabits * 125_000, "uploadThroughput": megabits * 125_000}
    line.send("Network.emulateNetworkConditions", {"offline": False, "latency": LATENCY, **speed})
    sizes, frames = [], []

    def frame(event):
        frames.append(time.perf_counter())
        sizes.append(len(event["response"]["payloadData"]) * 3 / 4)

    line.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
    line.on("Network.webSocketFrameReceived", frame)
    start = time.perf_counter()
    page.goto(url, wait_until="commit")
    page.locator(".grip").first.wait_for(timeout=120_000)
    took = time.perf_counter() - start
    page.context.close()
    return sum(sizes) / 1e6, frames[-1] - start, took


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--megabits", type=float, default=20, help="speed of the line in Mbit/s")
    parser.add_argument("--visits", type=int, default=5)
    options = parser.parse_args()
    with Hosted() as hosted, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET.split())
        ways = {"app": f"http://127.0.0.1:{hosted.ports[0]}", "nginx": hosted.url}
        found = {}
        for _, path, way in product(range(options.visits), ("/", "/softmax"), ways):  # in turn: a machine has moods
            found.setdefault((path, way), []).append(visit(browser, f"{ways[way]}{path}", options.megabits))
        browser.close()
    print(f"{options.megabits:g} Mbit/s, {LATENCY} ms, empty cache, the best of {options.visits} visits")
    for (path, way), visits in sorted(found.items()):
        size, run, took = map(min, zip(*visits, strict=True))
        print(f"{path:10} {way:6} {size:5.2f} MB   run {run:5.2f} s   board {took:5.2f} s")


if __name__ == "__main__":
    main()

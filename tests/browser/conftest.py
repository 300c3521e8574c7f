"""One Chromium and one server for all browser tests: Playwright starts once a process."""

import pytest
from playwright.sync_api import sync_playwright

from tests.browser.test_browser import CHROMIUM, QUIET, Server

collect_ignore = ["training_app.py", "watching_app.py"]
"""apps of their own, which run when they are imported"""


@pytest.fixture(scope="session")
def browser():
    if not CHROMIUM:
        pytest.fail("no Chromium: on Debian apt-get install chromium, elsewhere set CHROMIUM=/path/to/it")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET.split())
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def server():
    with Server() as running:
        yield running

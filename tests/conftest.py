"""The same examples every time, so that a red run is a change in the code; and no deadline, as machines are busy.

And one Chromium for all tests of a process, those behind nginx too: Playwright starts once. What it expects may take
longer than its five seconds, for the same reason.
"""

import pytest
from hypothesis import settings
from playwright.sync_api import expect, sync_playwright

settings.register_profile("same", deadline=None, derandomize=True)
settings.load_profile("same")
expect.set_options(timeout=30_000)


@pytest.fixture(scope="session")
def browser():
    from tests.browser.test_browser import CHROMIUM, QUIET

    if not CHROMIUM:
        pytest.fail("no Chromium: on Debian apt-get install chromium, elsewhere set CHROMIUM=/path/to/it")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET.split())
        yield chromium
        chromium.close()

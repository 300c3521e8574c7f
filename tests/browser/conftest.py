"""One server for all browser tests of a process."""

import pytest

from tests.browser.test_browser import Server

collect_ignore = ["training_app.py", "watching_app.py"]
"""apps of their own, which run when they are imported"""


@pytest.fixture(scope="session")
def server():
    with Server() as running:
        yield running

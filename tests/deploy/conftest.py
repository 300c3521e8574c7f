"""One nginx with two processes of the app behind it, and the Chromium of the browser tests."""

import pytest

from tests.browser.conftest import browser
from tests.deploy.hosting import NGINX, Hosted

__all__ = ["browser"]


@pytest.fixture(scope="session")
def hosted():
    if not NGINX:
        pytest.fail("no nginx: on Debian apt-get install nginx-light")
    with Hosted() as running:
        yield running

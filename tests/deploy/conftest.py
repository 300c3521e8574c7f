"""One nginx with two processes of the app behind it."""

import pytest

from tests.deploy.hosting import NGINX, Hosted


@pytest.fixture(scope="session")
def site():
    if not NGINX:
        pytest.skip("no nginx: on Debian apt-get install nginx-light")
    with Hosted() as running:
        yield running


@pytest.fixture
def hosted(site):
    """All processes are there at the start of each test, whatever the one before has killed."""
    site.revive()
    return site

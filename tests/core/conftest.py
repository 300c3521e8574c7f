"""The same examples every time, so that a red run is a change in core; and no deadline, as machines are busy."""

from hypothesis import settings

settings.register_profile("core", deadline=None, derandomize=True)
settings.load_profile("core")

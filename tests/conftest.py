"""The same examples every time, so that a red run is a change in the code; and no deadline, as machines are busy."""

from hypothesis import settings

settings.register_profile("same", deadline=None, derandomize=True)
settings.load_profile("same")

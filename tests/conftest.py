"""Settings of all tests."""

from hypothesis import settings

# A deadline in milliseconds measures how busy the machine is, not whether a rule holds.
settings.register_profile("statepipe", deadline=None)
settings.load_profile("statepipe")

"""Settings of all tests."""

import signal

from hypothesis import settings

# A shell that starts the tests in the background has them ignore interrupts, which some of them
# send to themselves.
signal.signal(signal.SIGINT, signal.default_int_handler)

# A deadline in milliseconds measures how busy the machine is, not whether a rule holds.
settings.register_profile("statepipe", deadline=None)
settings.load_profile("statepipe")

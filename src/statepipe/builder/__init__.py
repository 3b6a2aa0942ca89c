"""The builder: a config put together in Python, with states as objects that an editor follows."""

from statepipe.builder.machine import Machine, Network, State

__all__ = ["Machine", "Network", "State"]

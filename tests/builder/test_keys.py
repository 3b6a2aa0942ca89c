"""What the builder takes is what the config's model has: a new key of the model fails here."""

from __future__ import annotations

from statepipe.builder.keys import CANONICAL, ArcKeys, MachineKeys, StateKeys
from statepipe.config.model import ArcConfig, MachineConfig, Model, NetworkConfig, StateConfig
from statepipe.config.spellings import ARC, NETWORK, STATE, TOP, Level

BUILT_BY_CALLS = {
    MachineConfig: {"name", "main_network", "networks"},  # parameters, and `network(name)`
    NetworkConfig: {"name", "states", "arcs"},  # `network(name)`, `state(name)` and `to`
    StateConfig: {"name"},
    ArcConfig: {"from", "to"},  # `source.to(target)`
}


SHORT = {"on_error": "catch"}


def fields(model: type[Model]) -> set[str]:
    named = {field.alias or name for name, field in model.model_fields.items()}
    return named - BUILT_BY_CALLS[model]


def taken(keys: type, level: Level) -> set[str]:
    """Return the canonical names of the builder's keys."""
    canonical = (level.keys[CANONICAL.get(key, key)] for key in keys.__annotations__)
    return {SHORT.get(key, key) for key in canonical}


def test_every_key_of_a_machine_has_a_parameter() -> None:
    assert taken(MachineKeys, TOP) == fields(MachineConfig)


def test_every_key_of_a_network_is_built_by_a_call() -> None:
    assert fields(NetworkConfig) == set()
    assert set(NETWORK.keys) == {"name", "states", "arcs", "initial_state"}


def test_every_key_of_a_state_has_a_parameter() -> None:
    assert taken(StateKeys, STATE) == fields(StateConfig)


def test_every_key_of_an_arc_has_a_parameter() -> None:
    assert taken(ArcKeys, ARC) == fields(ArcConfig)

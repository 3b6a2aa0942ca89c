import pytest

from statepipe.config.model import (
    ArcConfig,
    CatchConfig,
    MachineConfig,
    NetworkConfig,
    RetryConfig,
    StateConfig,
)
from statepipe.config.spellings import ARC, CATCH, NETWORK, RETRY, SIMPLE, STATE, STATE_ARC, TOP


def fields(model) -> set[str]:
    return {field.alias or name for name, field in model.model_fields.items()}


@pytest.mark.parametrize(
    ("level", "model", "moved"),
    [
        (TOP, MachineConfig, set(SIMPLE)),
        (NETWORK, NetworkConfig, {"initial_state"}),
        (STATE, StateConfig, {"functions", "arcs", "on_error"}),
        (RETRY, RetryConfig, set()),
        (CATCH, CatchConfig, set()),
        (ARC, ArcConfig, {"return_state"}),
    ],
)
def test_every_canonical_key_is_in_the_model_and_the_other_way_round(level, model, moved):
    assert set(level.keys.values()) - moved == fields(model)


def test_an_arc_inside_a_state_has_all_keys_of_an_arc_but_its_two_ends():
    assert set(ARC.keys) - set(STATE_ARC.keys) == {"from", "to"}
    assert set(STATE_ARC.keys) - set(ARC.keys) == {"target"}

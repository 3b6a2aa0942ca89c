import pytest
from pydantic import ValidationError

from statepipe.config.model import (
    ArcConfig,
    InlineFunction,
    MachineConfig,
    NetworkConfig,
    StateConfig,
    function_kind,
)

INLINE = InlineFunction(type="inline", code="data")


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("data", "bare"),
        ({"type": "inline"}, "inline"),
        ({"type": 3}, None),
        ({}, None),
        (len, "callable"),
        (INLINE, "inline"),
        (3, None),
    ],
)
def test_a_function_is_known_by_how_it_is_given(value, kind):
    assert function_kind(value) == kind


@pytest.mark.parametrize("model", [MachineConfig, NetworkConfig, StateConfig, ArcConfig])
def test_every_key_with_a_default_is_described_or_named_for_what_it_is(model):
    plain = {"name", "version", "description", "data_mode", "arcs", "states", "networks"}
    undescribed = {name for name, field in model.model_fields.items() if not field.description}

    assert undescribed <= plain


def test_a_model_refuses_keys_that_it_does_not_know():
    with pytest.raises(ValidationError, match="Extra inputs are not permitted"):
        StateConfig.model_validate({"name": "a", "nmae": "b"})


def test_a_model_that_was_validated_can_be_dumped_and_validated_again():
    states = [{"name": "a", "transforms": ["data", INLINE, {"type": "registered", "name": "f"}]}]
    model = MachineConfig.model_validate({"networks": [{"name": "n", "states": states}]})

    assert MachineConfig.model_validate(model.model_dump(by_alias=True)) == model

"""The canonical config as types: what may be said, defaults and units."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import Discriminator, Field, Tag
from pydantic.json_schema import SkipJsonSchema

from statepipe.config.kinds import Count, Integer, Limit, Mode, Model, Rate, Text, Truth, Wait
from statepipe.config.resource_config import ResourceConfig


class InlineFunction(Model):
    """Python code: a lambda, an expression, a body with `return`, or a `def`."""

    type: Literal["inline"]
    code: Text = Field(description="The code. With one parameter it gets a state view.")


class RegisteredFunction(Model):
    """A function that the program gives by name, in `custom_functions`."""

    type: Literal["registered"]
    name: Text


class BuiltinFunction(Model):
    """A function of the library, by name; `statepipe functions` lists them."""

    type: Literal["builtin"]
    name: Text
    params: dict[str, Any] = Field(default_factory=dict, description="As the function says.")


class CustomFunction(Model):
    """A function imported from a module. Config files need trust for it."""

    type: Literal["custom"]
    module: Text = Field(description="Dotted name of the module, as in an import.")
    name: Text
    params: dict[str, Any] = Field(
        default_factory=dict, description="Keyword arguments given at every call."
    )


FUNCTION_TYPES = ("inline", "registered", "builtin", "custom")


def function_kind(value: object) -> str | None:
    """Return how a function is given: its `type`, `bare` for a text, `callable`, or None."""
    match value:
        case InlineFunction() | RegisteredFunction() | BuiltinFunction() | CustomFunction():
            return value.type
        case str():
            return "bare"
        case Mapping():
            kind = value.get("type")
            return kind if isinstance(kind, str) else None
    return "callable" if callable(value) else None


FunctionConfig: TypeAlias = Annotated[
    Annotated[InlineFunction, Tag("inline")]
    | Annotated[RegisteredFunction, Tag("registered")]
    | Annotated[BuiltinFunction, Tag("builtin")]
    | Annotated[CustomFunction, Tag("custom")]
    | Annotated[Text, Tag("bare")]
    | SkipJsonSchema[Annotated[Callable[..., Any], Tag("callable")]],
    Discriminator(function_kind),
]
"""One function. A bare text names a registered function if there is one, else is inline code."""


Isolation: TypeAlias = Literal["copy", "reference", "serialize"]
"""copy: neither side sees the other change a value. serialize: as JSON would hand it over.
reference: the very same values."""

FieldMap = Annotated[dict[Text, Text], Field(min_length=1)]

_SEEN = "Names of the resources that the functions here use: opened before them, and all they see."


class ArcConfig(Model):
    """A way from one state to another."""

    from_: Text = Field(alias="from", description="The state it leaves.")
    to: Text = Field(description="The state it leads to; after another network, if it enters one.")
    target_network: Text | None = Field(
        default=None,
        description="The network that the record goes through on the way: `network` from its "
        "start state, or `network:state`.",
    )
    data_isolation: Isolation | None = Field(
        default=None,
        description="How the record is handed to that network and back. Default: copy.",
    )
    data_mapping: FieldMap | None = Field(
        default=None,
        description="Field of the record -> field that the network gets. Default: all of it.",
    )
    result_mapping: FieldMap | None = Field(
        default=None,
        description="Field of what the network gives -> field of the record. Default: all of it.",
    )
    name: Text | None = Field(default=None, description="Default: `from->to`.")
    condition: FunctionConfig | None = Field(
        default=None, description="Accepts a record or not. Default: accepts every record."
    )
    transforms: tuple[FunctionConfig, ...] = Field(
        default=(), description="Change a record on its way, in this order."
    )
    priority: Integer = Field(default=0, description="High first; equal ones as written.")
    resources: tuple[Text, ...] | None = Field(default=None, description=_SEEN)
    metadata: dict[str, Any] = Field(default_factory=dict, description="Yours; changes nothing.")


ANY_ERROR = "*"
ErrorNames = Annotated[tuple[Text, ...], Field(min_length=1)]
_NAMES = (
    "Names of error types: the class that was raised or one that it is made from, or a rule's, "
    "as InvalidRecordError. `*` is all."
)


class RetryConfig(Model):
    """When a record fails at a state: how often the state is run again, and after what waits.

    Attempt n is followed by a wait of `backoff_s * backoff_rate ** (n - 1)` seconds, of at most
    `max_backoff_s`.
    """

    max_attempts: Count = Field(
        default=3, description="How often the state is run for a record, the first time included."
    )
    backoff_s: Wait = Field(default=0.0, description="Seconds to wait after the first attempt.")
    backoff_rate: Rate = Field(
        default=2.0, description="Each wait is this many times the one before."
    )
    max_backoff_s: Wait = Field(default=60.0, description="Seconds that no wait is longer than.")
    jitter: Literal["none", "full"] = Field(
        default="none",
        description="`full`: any wait from none to the one computed, so that many do not meet.",
    )
    errors: ErrorNames = Field(default=(ANY_ERROR,), description=_NAMES)


class CatchConfig(Model):
    """Where a record goes on that has failed at a state."""

    errors: ErrorNames = Field(default=(ANY_ERROR,), description=_NAMES)
    to: Text = Field(description="The state where the record goes on, as it entered this one.")


class StateConfig(Model):
    """A state: what happens to a record on entry."""

    name: Text
    is_start: Truth = Field(default=False, description="Records enter here. One in a network.")
    is_end: Truth = Field(default=False, description="Records leave here.")
    schema_: dict[str, Any] | None = Field(
        default=None, alias="schema", description="A JSON Schema that every record must meet."
    )
    pre_validators: tuple[FunctionConfig, ...] = Field(
        default=(), description="Before the transforms; a false value fails the record."
    )
    transforms: tuple[FunctionConfig, ...] = Field(
        default=(), description="Change the record, in this order."
    )
    validators: tuple[FunctionConfig, ...] = Field(
        default=(), description="After the transforms; a false value fails the record."
    )
    data_mode: Mode | None = Field(
        default=None, description="Whose copy of the record the functions of this state get."
    )
    emit_output: Truth = Field(
        default=True, description="Whether an end state's records go to the common sink."
    )
    sink: Text | None = Field(default=None, description="A path for this end state's records.")
    run_on_failure: Truth = Field(
        default=False,
        description="Whether its transforms also run for every record that has failed for good.",
    )
    retry: RetryConfig | None = Field(
        default=None, description="Run the state again when the record fails at it."
    )
    catch: tuple[CatchConfig, ...] = Field(
        default=(), description="Where a record that fails here goes on; the first that fits."
    )
    timeout_s: Limit | None = Field(
        default=None, description="Seconds that one attempt at this state may take."
    )
    resources: tuple[Text, ...] | None = Field(default=None, description=_SEEN)
    metadata: dict[str, Any] = Field(default_factory=dict, description="Yours; changes nothing.")


class NetworkConfig(Model):
    """States and the arcs between them."""

    name: Text
    states: tuple[StateConfig, ...] = Field(min_length=1)
    arcs: tuple[ArcConfig, ...] = ()


class DataModeConfig(Model):
    """The data mode of the machine, and of single states."""

    default: Mode | None = None
    state_overrides: dict[str, Mode] = Field(
        default_factory=dict,
        description="State, or network:state -> mode; a state's own `data_mode` goes first.",
    )


class CaseErrorConfig(Model):
    """The failure that a test expects; what is left out may be anything."""

    type: Text | None = Field(default=None, description="The error's class, as in `KeyError`.")
    state: Text | None = Field(default=None, description="Where the record fails.")
    message: Text | None = Field(default=None, description="A part of what the error says.")


class CaseConfig(Model):
    """A test: a record, and what has to become of it. It changes nothing in a run."""

    name: Text | None = Field(default=None, description="Default: its number, as in `test 3`.")
    in_: dict[str, Any] = Field(alias="in", description="The record.")
    initial_state: Text | None = Field(
        default=None, description="Where it enters. Default: at the start state."
    )
    expect: dict[str, Any] | None = Field(
        default=None, description="The whole record as it has to be in the end."
    )
    contains: dict[str, Any] | None = Field(
        default=None, description="Fields that the record has to have in the end, among others."
    )
    state: Text | None = Field(default=None, description="The end state that it has to reach.")
    path: tuple[Text, ...] | None = Field(
        default=None, min_length=1, description="The states that it has to go through, in order."
    )
    error: CaseErrorConfig | None = Field(
        default=None, description="How it has to fail. Default: it has to succeed."
    )


class MachineConfig(Model):
    """A whole config."""

    name: Text = "machine"
    version: Text | None = None
    description: str | None = None
    main_network: Text | None = Field(
        default=None, description="Where records enter. Needed with several networks."
    )
    networks: tuple[NetworkConfig, ...] = Field(min_length=1)
    data_mode: DataModeConfig = Field(default_factory=DataModeConfig)
    max_transitions: Count = Field(
        default=1000, description="Steps after which a record fails, as it may be in a loop."
    )
    timeout_seconds: Limit | None = Field(
        default=None, description="Seconds that one record may take from its start to its end."
    )
    tests: tuple[CaseConfig, ...] = Field(
        default=(), description="What `statepipe test` checks; they change nothing in a run."
    )
    resources: tuple[ResourceConfig, ...] = Field(
        default=(), description="What functions reach as `state.resources['name']`."
    )
    metadata: dict[str, Any] = Field(default_factory=dict, description="Yours; changes nothing.")

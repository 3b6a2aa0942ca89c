"""Builtins: functions that a config names and gives parameters. What a package says of each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Generic, Literal, Protocol, TypeAlias, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from statepipe.errors import ConfigError, Place, Problem
from statepipe.functions.function import Memory
from statepipe.functions.signature import CallStyle
from statepipe.record import Record
from statepipe.short import shown

Kind: TypeAlias = Literal["transform", "validator"]
"""A transform gives the new record; a validator a verdict, and serves as a condition, too."""

SHOWN_VALUE = 60  # characters of a value in a message


class Params(BaseModel):
    """The parameters of a builtin: a subclass with a described field for each.

    Messages about a config, `statepipe functions` and the JSON Schema are made from it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class NoParams(Params):
    """For a builtin that has none."""


class Nested(Params):
    """A builtin as a parameter of another one."""

    name: Annotated[str, Field(min_length=1)]
    params: dict[str, Any] = Field(default_factory=dict)


P = TypeVar("P", bound=Params)
Part = TypeVar("Part")


class ParamError(Exception):
    """A parameter is wrong in a way that its type cannot say. `path` leads to it from `params`."""

    def __init__(
        self, path: str | tuple[str | int, ...], message: str, advice: str | None = None
    ) -> None:
        super().__init__(message)
        self.path = (path,) if isinstance(path, str) else path
        self.message = message
        self.advice = advice


class FieldError(Exception):
    """A builtin cannot do its work on a record. The message names the field, what and the rule.

    `text` must not hold the value of a field that may be personal.
    """

    def __init__(
        self, path: tuple[str, ...], text: str, rule: str, *, missing: bool = False
    ) -> None:
        super().__init__(f"{shown_path(path)}: {text} (rule {rule!r})")
        self.path = path
        self.missing = missing


def shown_path(path: tuple[str, ...]) -> str:
    """Return how a message calls a field, as in "field 'customer.name'"."""
    return f"field {'.'.join(path)!r}" if path else "the record"


def shown_value(value: object) -> str:
    """Return a value as a message shows it, shortened."""
    return shown(value, SHOWN_VALUE)


@dataclass(frozen=True, slots=True)
class Fast:
    """The usual case of a builtin as Python expressions over `data`, to be written inline.

    Where `guard` is true, `value` is what `Made.call` would give; elsewhere that is called. Both
    are pure. A validator has no `value`: where its guard is true, it accepts. `names` are the
    globals that they use.
    """

    guard: str
    value: str = ""
    names: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Origin:
    """Which builtin something was made of, and where the config names it."""

    name: str
    place: Place
    keys: str


@dataclass(frozen=True, slots=True)
class Made:
    """A builtin with its parameters, ready to run.

    `call` takes the record, or with the style `data_context` the record and a `Context`. `pure`:
    it never changes its record, keeps no part of it, and what a transform gives is a new plain
    dict that shares nothing with other records. `memory`: what it gives depends on the records
    before. `asks`: it takes what is bound to the run from its context. `origin` is filled in.
    """

    call: Callable[..., Any]
    style: CallStyle = "record"
    pure: bool = False
    fast: Fast | None = None
    memory: Memory = "none"
    asks: bool = False
    origin: Origin | None = None


class Bench(Protocol):
    """Where a builtin is built: what it may use beside its parameters."""

    def text_of(self, path: str, param: str) -> str:
        """Return the text of the file that parameter `param` names. Raises ParamError."""

    def check_rows(self, resource: str, param: str) -> None:
        """Raise ParamError unless `resource`, as parameter `param` names it, can give rows."""

    def validator(self, nested: Nested, *path: str | int) -> Made:
        """Return the validator that the parameter at `path` names. Raises ConfigError."""

    def transforms(self, nested: Nested, *path: str | int) -> tuple[Made, ...]:
        """Return the transforms that the parameter at `path` names. Raises ConfigError."""


def built(parts: Sequence[Nested], build: Callable[[Nested, int], Part]) -> list[Part]:
    """Return what `build` makes of each part and its index. ConfigError with all that is wrong."""
    made: list[Part] = []
    problems: list[Problem] = []
    for index, part in enumerate(parts):
        try:
            made.append(build(part, index))
        except ConfigError as error:
            problems += error.problems
    if problems:
        raise ConfigError(problems)
    return made


@dataclass(frozen=True, slots=True)
class Example:
    """Parameters and the records of a run; what comes of them is found by running it."""

    params: Mapping[str, Any]
    records: tuple[Record, ...]
    resources: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class Builtin(Generic[P]):
    """One function of the library, or of a package that adds to it.

    `build` is called once for each place in a config that names it, with checked parameters. It
    may raise ParamError. Several transforms are run one behind the other.
    """

    name: str
    kind: Kind
    summary: str
    params: type[P]
    build: Callable[[P, Bench], Made | tuple[Made, ...]]
    examples: tuple[Example, ...] = ()
    notes: str = ""

"""Portable configs: a built config as a file can hold it, functions as text."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from types import FunctionType
from typing import Any, TypeAlias

from statepipe.builder.saved import saved_function
from statepipe.builder.source import NoSourceError
from statepipe.config.built import BuiltConfig
from statepipe.config.load import load_config
from statepipe.config.tree import keys_below
from statepipe.errors import Place, Problem

Plain: TypeAlias = Any  # JSON

OWN_DATA = ("metadata", "schema", "params", "tests")
"""Keys below which a callable is no function of the machine."""


def portable(built: BuiltConfig) -> dict[str, Plain]:
    """Return a config of texts, numbers, lists and dicts that means what `built` means.

    Of the simple form, where there is one network called main. Raises ConfigError with all that
    is wrong with the config; or else with everything in it that a file cannot hold.
    """
    loaded = load_config(built)
    if loaded.problems:
        raise loaded.error([])
    writing = _Writing()
    config = writing.plain(built.config(), "")
    if writing.problems:
        raise loaded.error(writing.problems)
    return in_simple_form(config)


def in_simple_form(config: dict[str, Plain]) -> dict[str, Plain]:
    """Return a config with the states at its top, where one network called main has them."""
    [network, *others] = config["networks"]
    if others or network["name"] != "main":
        return config
    top = {key: value for key, value in config.items() if key != "networks"}
    return top | {key: value for key, value in network.items() if key != "name"}


@dataclass(slots=True)
class _Writing:
    problems: list[Problem] = field(default_factory=list)

    def plain(self, value: object, keys: str, *, is_data: bool = False) -> Plain:
        match value:
            case Mapping():
                return {
                    key: self.plain(item, keys_below(keys, key), is_data=is_data or key in OWN_DATA)
                    for key, item in value.items()
                }
            case list() | tuple():
                return [
                    self.plain(item, keys_below(keys, index), is_data=is_data)
                    for index, item in enumerate(value)
                ]
        return self.scalar(value, keys, is_data=is_data)

    def scalar(self, value: object, keys: str, *, is_data: bool) -> Plain:
        match value:
            case Enum():
                return value.value
            case str() | bool() | int() | None:
                return value
            case float() if math.isfinite(value):
                return value
        if callable(value) and not is_data:
            return self.function(value, keys)
        what = "a number that is not finite" if isinstance(value, float) else ""
        what = what or f"a value of the class {type(value).__name__!r}"
        self.add(keys, f"a file cannot hold {what}", "give what JSON has: text, numbers, lists")
        return None

    def function(self, target: Callable[..., Any], keys: str) -> Plain:
        try:
            saved = saved_function(target)
        except NoSourceError as error:
            name = target.__name__ if isinstance(target, FunctionType) else ""
            what = f"the function {name!r}" if name.isidentifier() else "this function"
            what = "this lambda" if name == "<lambda>" else what
            self.add(keys, f"{what} cannot be saved: {error.reason}", error.advice)
            return None
        return self.plain(saved, keys)

    def add(self, keys: str, message: str, advice: str) -> None:
        self.problems.append(Problem(Place(keys=keys), message, advice))

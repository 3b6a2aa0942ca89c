"""Catalog: what can be said of the builtins, from their own models: parameters, JSON Schemas."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from statepipe.functions.builtin import Builtin
from statepipe.functions.library.registry import UnknownBuiltinError, library

Schema = dict[str, Any]  # JSON


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter in words. `default` is None where it must be given."""

    name: str
    type: str
    default: str | None
    description: str


def parameters(builtin: Builtin[Any]) -> list[Parameter]:
    """Return the parameters of a builtin: those that must be given, then the others."""
    schema = builtin.params.model_json_schema()
    definitions = schema.get("$defs", {})
    needed = schema.get("required", [])
    found = []
    for name, each in schema.get("properties", {}).items():
        default = None if name in needed else json.dumps(each.get("default"))
        kind, description = words(each, definitions), each.get("description", "")
        found.append(Parameter(name, kind, default, description))
    return sorted(found, key=lambda parameter: parameter.default is not None)


def words(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> str:
    """Return what a JSON Schema of a parameter asks for."""
    if "$ref" in schema:
        return words(definitions[schema["$ref"].rpartition("/")[2]], definitions)
    if "anyOf" in schema:
        kinds = (words(each, definitions) for each in schema["anyOf"] if each != {"type": "null"})
        return " or ".join(dict.fromkeys(kinds))
    if "enum" in schema:
        return " | ".join(map(str, schema["enum"]))
    return words_of_type(schema, definitions) + limits(schema)


def words_of_type(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> str:
    kind = schema.get("type")
    if kind == "array" and "prefixItems" in schema:
        return f"list of {len(schema['prefixItems'])}"
    if kind == "array":
        return f"list of {words(schema.get('items', {}), definitions)}"
    if kind == "object" and "properties" in schema:
        parts = schema["properties"].items()
        return f"{{{', '.join(f'{name}: {words(each, definitions)}' for name, each in parts)}}}"
    if kind == "object":
        inner = schema.get("additionalProperties", True)
        return f"mapping to {words(inner if isinstance(inner, dict) else {}, definitions)}"
    if schema.get("format") == "password":
        return "secret text"
    names = {"string": "text", "integer": "whole number", "boolean": "true or false"}
    return names.get(kind or "", kind or "any value")


def limits(schema: Mapping[str, Any]) -> str:
    """Return the range of a number, as in " (0 to 1)"."""
    low, high = schema.get("minimum"), schema.get("maximum")
    if low is not None and high is not None:
        return f" ({low:g} to {high:g})"
    if low is not None:
        return f" (at least {low:g})"
    above = schema.get("exclusiveMinimum")
    return f" (more than {above:g})" if above is not None else ""


def builtins() -> Iterator[Builtin[Any]]:
    """Yield every builtin that can be had, by name."""
    known = library()
    for name in known.names():
        try:
            yield known.get(name)
        except UnknownBuiltinError:
            continue  # told to whoever names it


def params_schemas() -> dict[str, Schema]:
    """Return the JSON Schema of every builtin's parameters, by name; definitions inside."""
    return {each.name: each.params.model_json_schema() for each in builtins()}

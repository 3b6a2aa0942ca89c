"""The JSON Schema of a config as an author may write it: every spelling, not only the canonical."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from statepipe.config.model import MachineConfig
from statepipe.config.resource_config import PROVIDERS
from statepipe.config.spellings import (
    ARC,
    CASE,
    CATCH,
    FUNCTION_LISTS,
    FUNCTIONS,
    NETWORK,
    PUSH,
    RETRY,
    SIMPLE,
    STATE,
    STATE_ARC,
    TOP,
    Level,
)

Schema: TypeAlias = dict[str, Any]  # JSON

_INCLUDE: Schema = {
    "description": "Replaced by what it names: a file, or a part of one, in the config's folder.",
    "type": "object",
    "properties": {
        "$include": {"type": "string"},
        "$import": {
            "type": "object",
            "properties": {"file": {"type": "string"}, "path": {"type": "string"}},
            "required": ["file", "path"],
            "additionalProperties": False,
        },
    },
    "anyOf": [{"required": ["$include"]}, {"required": ["$import"]}],
}
_VARIABLE: Schema = {"type": "string", "pattern": r"\$\{", "description": "${VAR} and its forms."}


def json_schema(builtins: Mapping[str, Schema] | None = None) -> Schema:
    """Return the JSON Schema (draft 2020-12) of a config, for editors and `statepipe schema`.

    `builtins` holds the schemas of the parameters of builtin functions, by name.

    It knows shapes and keys. What holds between parts (names that exist, one start state) and
    double spellings are checked by loading alone.
    """
    canonical = MachineConfig.model_json_schema()
    parts = {name: _as_written(part) for name, part in canonical.pop("$defs").items()}
    top, state, arc = _as_written(canonical), parts["StateConfig"], parts["ArcConfig"]
    function = arc["properties"]["transforms"]["items"]
    defs = {
        name: part for name, part in parts.items() if name.endswith(("Function", "HandlingMode"))
    }
    defs |= {config.__name__: parts[config.__name__] for config in PROVIDERS.values()}
    defs |= {
        "Function": _or_include(function),
        "Retry": _or_include(_handler(RETRY, parts["RetryConfig"], required=[])),
        "Catch": _or_include(_handler(CATCH, parts["CatchConfig"], required=["to"])),
        "Functions": {"anyOf": [_ref("Function"), {"type": "array", "items": _ref("Function")}]},
        "Arc": _or_include(_arc(ARC, arc, "to", ["from"])),
        "StateArc": _or_include(_arc(STATE_ARC, arc, "target", [])),
        "State": _or_include(_state(state, required=["name"])),
        "NamedState": {"anyOf": [_or_include(_state(state, required=[])), {"type": "null"}]},
        "States": {
            "anyOf": [
                {"type": "array", "items": _ref("State"), "minItems": 1},
                {"type": "object", "additionalProperties": _ref("NamedState"), "minProperties": 1},
            ]
        },
        "Resource": _or_include({"anyOf": [_ref(each.__name__) for each in PROVIDERS.values()]}),
        "Network": _or_include(_network(parts["NetworkConfig"])),
        "Test": _or_include(_case(parts["CaseConfig"], parts["CaseErrorConfig"])),
        "DataMode": {"anyOf": [_ref("DataHandlingMode"), parts["DataModeConfig"]]},
    }
    if builtins:
        _add_builtins(defs, builtins)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$defs": defs} | _top(top)


def _add_builtins(defs: Schema, builtins: Mapping[str, Schema]) -> None:
    """Let the schema of builtin functions know their names, and the parameters of each."""
    function = defs["BuiltinFunction"]
    function["properties"]["name"] = {"anyOf": [{"enum": sorted(builtins)}, _VARIABLE]}
    function["allOf"] = []
    for name, given in builtins.items():
        schema = _as_written(_renamed(given, f"#/$defs/{name}."))
        defs |= {f"{name}.{part}": inner for part, inner in schema.pop("$defs", {}).items()}
        needed = ["params"] if schema.get("required") else []
        defs[f"{name}.params"] = schema
        then = {"properties": {"params": _ref(f"{name}.params")}, "required": needed}
        function["allOf"].append({"if": {"properties": {"name": {"const": name}}}, "then": then})


def _renamed(schema: Any, prefix: str) -> Any:  # JSON of any kind goes in and comes out
    """Return the schema with its references to definitions of its own under another name."""
    if isinstance(schema, list):
        return [_renamed(item, prefix) for item in schema]
    if not isinstance(schema, Mapping):
        return schema
    return {
        key: value.replace("#/$defs/", prefix) if key == "$ref" else _renamed(value, prefix)
        for key, value in schema.items()
    }


def _ref(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name}"}


def _or_include(schema: Schema) -> Schema:
    return {"anyOf": [schema, _INCLUDE]}


def _as_written(schema: Any) -> Any:  # JSON of any kind goes in and comes out
    """Return the schema of what may be written: no nulls, `${VAR}` for numbers and modes."""
    if isinstance(schema, list):
        return [_as_written(item) for item in schema if item != {"type": "null"}]
    if not isinstance(schema, Mapping):
        return schema
    kept = {key: value for key, value in schema.items() if (key, value) != ("default", None)}
    if kept.get("type") in ("integer", "number", "boolean") or "enum" in kept:
        return {"anyOf": [kept, _VARIABLE]}
    return {key: _as_written(value) for key, value in kept.items()}


def _respelled(
    level: Level, canonical: Schema, replaced: Mapping[str, Schema], required: list[str]
) -> Schema:
    """Return the schema of a mapping with every spelling of `level` as a key."""
    properties = dict(canonical["properties"]) | dict(replaced)
    if "transforms" in properties:
        described = {"description": properties["transforms"].get("description", "")}
        properties["transforms"] = _ref("Functions") | described
    spelled = {written: properties[key] for written, key in level.keys.items() if key in properties}
    return {
        "type": "object",
        "description": canonical.get("description", ""),
        "properties": spelled,
        "required": required,
        "additionalProperties": False,
    }


def _arc(level: Level, canonical: Schema, to: str, required: list[str]) -> Schema:
    """Return the schema of an arc. What belongs to a push arc needs `target_network`."""
    goes_on = {"type": "string", "minLength": 1, "description": "As `to`, after the network."}
    properties = canonical["properties"] | {"return_state": goes_on}
    schema = _respelled(level, canonical | {"properties": properties}, {}, required)
    schema["anyOf"] = [{"required": [to]}, {"required": ["return_state"]}]
    schema["dependentRequired"] = {key: ["target_network"] for key in PUSH}
    return schema


def _handler(level: Level, canonical: Schema, required: list[str]) -> Schema:
    """Return the schema of `retry` or of a clause of `catch`: one error needs no list."""
    errors = canonical["properties"]["errors"]
    one = {"anyOf": [{"type": "string", "minLength": 1}, errors]}
    return _respelled(level, canonical, {"errors": one}, required)


def _state(canonical: Schema, required: list[str]) -> Schema:
    functions: Schema = {
        "type": "object",
        "properties": {written: _ref("Functions") for written in FUNCTIONS.keys},
        "additionalProperties": False,
    }
    arcs: Schema = {"type": "array", "items": _ref("StateArc")}
    lists: dict[str, Schema] = {
        key: _ref("Functions") | {"description": canonical["properties"][key]["description"]}
        for key in FUNCTION_LISTS
    }
    on_failure: dict[str, Schema] = {
        "retry": _ref("Retry") | {"description": canonical["properties"]["retry"]["description"]},
        "catch": {"anyOf": [_ref("Catch"), {"type": "array", "items": _ref("Catch")}]}
        | {"description": canonical["properties"]["catch"]["description"]},
        "on_error": {"type": "string", "description": "Where a record that fails here goes on."},
    }
    replaced = {"functions": functions, "arcs": arcs} | lists | on_failure
    return _respelled(STATE, canonical, replaced, required)


def _case(canonical: Schema, error: Schema) -> Schema:
    either = {"anyOf": [{"type": "string", "minLength": 1}, error]}
    described = {"description": canonical["properties"]["error"]["description"]}
    return _respelled(CASE, canonical, {"error": either | described}, required=["in"])


_SIMPLE_FORM: Mapping[str, Schema] = {
    "states": _ref("States"),
    "arcs": {"type": "array", "items": _ref("Arc")},
    "initial_state": {"type": "string", "description": "The start state."},
}


def _network(canonical: Schema) -> Schema:
    return _respelled(NETWORK, canonical, _SIMPLE_FORM, required=["name", "states"])


def _top(canonical: Schema) -> Schema:
    version = {"anyOf": [{"type": "string", "minLength": 1}, {"type": "number"}]}
    networks = {"type": "array", "items": _ref("Network"), "minItems": 1}
    replaced = {
        **_SIMPLE_FORM,
        "networks": networks,
        "tests": {"type": "array", "items": _ref("Test")},
        "version": version,
        "data_mode": _ref("DataMode"),
        "resources": {"type": "array", "items": _ref("Resource")},
    }
    schema = _respelled(TOP, canonical, replaced, required=[])
    schema["properties"] |= _INCLUDE["properties"]
    no_simple = {"not": {"anyOf": [{"required": [key]} for key in SIMPLE]}}
    forms = [
        {"required": ["networks"]} | no_simple,
        {"required": ["states"], "not": {"required": ["networks"]}},
        *_INCLUDE["anyOf"],
    ]
    return schema | {"anyOf": forms}

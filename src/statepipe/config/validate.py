"""From the canonical tree to the model; whatever does not fit is told and left out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from statepipe.config.model import FUNCTION_TYPES, MachineConfig
from statepipe.config.problems import Problems, nearest, suggestion
from statepipe.config.resource_config import PROVIDERS
from statepipe.config.resource_problems import tell_resource
from statepipe.config.tree import (
    ListNode,
    MapNode,
    Node,
    Path,
    Scalar,
    Spot,
    find,
    is_broken,
    plain,
    without,
)
from statepipe.errors import ConfigError, named_type
from statepipe.record import DataHandlingMode

_TAGS = {*FUNCTION_TYPES, *PROVIDERS, "bare", "callable"}
_OF_KEY = "[key]"
_MODES = [mode.value for mode in DataHandlingMode]


@dataclass(frozen=True, slots=True, eq=False)
class Validated:
    """The model, the tree that it was made from, and whether a state had to be left out of it."""

    model: MachineConfig
    tree: Node
    is_partial: bool


def validated(tree: Node, problems: Problems) -> Validated:
    """Return the model of as much of `tree` as fits; what does not is added to `problems`.

    So that names and code elsewhere can still be checked. Raises ConfigError if nothing is left.
    """
    rest: Node = tree
    told = is_partial = False
    while True:
        try:
            return Validated(MachineConfig.model_validate(plain(rest)), rest, is_partial)
        except ValidationError as error:
            details = _meant(rest, error.errors(include_url=False))
        paths = [_path_in(rest, detail["loc"]) for detail in details]
        if not told:
            for detail, path in zip(details, paths, strict=True):
                _tell(rest, detail, path, problems)
            told = True
        doomed = frozenset(map(_doomed, details, paths))
        if () in doomed or ("networks",) in doomed:
            raise ConfigError(problems.found)
        is_partial = is_partial or any(map(_touches_states, doomed))
        rest = without(rest, doomed)


def _meant(tree: Node, details: list[ErrorDetails]) -> list[ErrorDetails]:
    """Leave out "too short" of lists that are so only because their items do not fit."""
    meant = []
    for detail in details:
        node = find(tree, _path_in(tree, detail["loc"]))
        if detail["type"] != "too_short" or not isinstance(node, ListNode) or not node.items:
            meant.append(detail)
    return meant


def _path_in(tree: Node, location: tuple[int | str, ...]) -> Path:
    """Return a pydantic location without what stands for no key: tags of unions, and `[key]`.

    That one ends the location of a key that is wrong itself.
    """
    path: Path = ()
    for step in location:
        node = find(tree, path)
        is_key = isinstance(node, ListNode) or (isinstance(node, MapNode) and node.entry(str(step)))
        if not is_key and (step in _TAGS or step == _OF_KEY):
            continue
        path = (*path, step)
    return path


def _doomed(detail: ErrorDetails, path: Path) -> Path:
    return path[:-1] if detail["type"] == "missing" else path


def _touches_states(path: Path) -> bool:
    match path:
        case ("networks", _) | ("networks", _, "states") | ("networks", _, "states", _):
            return True
        case ("networks", _, "states", _, "is_start"):
            return True
    return False


def _tell(tree: Node, detail: ErrorDetails, path: Path, problems: Problems) -> None:
    if tell_resource(tree, detail, path, problems):
        return
    if detail["type"] == "missing":
        _tell_missing(find(tree, path[:-1]), str(path[-1]), problems)
        return
    node, name = find(tree, path), _name(tree, path)
    if is_broken(node):
        return
    if detail["loc"][-1] == _OF_KEY and path[-1] == "":
        message = f"{_name(tree, path[:-1])} has a key without a name"
        problems.add(node.at, message, "give it one, or remove it")
        return
    if isinstance(node, Scalar) and any(each.place == node.at.place for each in problems.found):
        return  # what is wrong there is told already: a variable that is not set
    if detail["type"] == "extra_forbidden":
        _tell_unknown_key(find(tree, path[:-1]), str(path[-1]), problems)
        return
    message, advice = _wrong_value(detail, node, name)
    problems.add(node.at, message, advice)


_FUNCTION_KEYS = {
    "inline": ["type", "code"],
    "registered": ["type", "name"],
    "builtin": ["type", "name", "params"],
    "custom": ["type", "module", "name", "params"],
}


def _tell_missing(parent: Node, key: str, problems: Problems) -> None:
    keys = _FUNCTION_KEYS.get(_type_of(parent), ())
    others = [entry.key for entry in parent.entries] if isinstance(parent, MapNode) else []
    misspelt = any(nearest(other, keys) == key for other in others if other not in keys)
    if not misspelt and not problems.is_noted(parent.at, key):
        problems.add(parent.at, f"'{key}' is missing", add_advice(key))


def _type_of(node: Node) -> str:
    kind = node.get("type") if isinstance(node, MapNode) else None
    return kind.value if isinstance(kind, Scalar) and isinstance(kind.value, str) else ""


def _tell_unknown_key(parent: Node, key: str, problems: Problems) -> None:
    kind = _type_of(parent)
    message = f"unknown key '{key}' in a function of type {kind}"
    problems.add(_key_spot(parent, key), message, suggestion(key, _FUNCTION_KEYS.get(kind, ())))


def _key_spot(parent: Node, key: str) -> Spot:
    entry = parent.entry(key) if isinstance(parent, MapNode) else None
    return entry.at if entry is not None else parent.at


def _name(tree: Node, path: Path) -> str:
    """Return how a message calls the value at `path`: its key as written, quoted."""
    last = max((index for index, step in enumerate(path) if isinstance(step, str)), default=None)
    if last is None:
        return "the config"
    key, parent = str(path[last]), find(tree, path[:last])
    entry = parent.entry(key) if isinstance(parent, MapNode) else None
    written = entry.written if entry is not None else key
    is_item = find(tree, path).at.place.keys.endswith("]")
    return f"an item of '{written}'" if is_item and last < len(path) - 1 else f"'{written}'"


def add_advice(key: str) -> str:
    return f"add  {key}: ..."


def shown_node(node: Node) -> str:
    """Return what stands at `node`, for the end of "must be text, not ..."."""
    match node:
        case MapNode():
            return "a mapping"
        case ListNode():
            return "a list"
        case Scalar(value=value):
            return _shown_value(value)


def _shown_value(value: object) -> str:
    match value:
        case None:
            return "nothing"
        case bool():
            return str(value).lower()
        case int() | float():
            return f"the number {_short(repr(value))}"
        case str():
            return f"the text {_short(repr(value))}"
    return named_type(value)


def _short(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:37]}..."


Wording: TypeAlias = tuple[str, str | None]
NEEDS: Mapping[str, Wording] = {
    "string_type": ("text", None),
    "string_unicode": ("text without lone surrogates", None),
    "string_too_short": ("a text of at least one character", None),
    "int_type": ("a whole number", None),
    "int_parsing": ("a whole number", None),
    "int_parsing_size": ("a whole number of fewer digits", None),
    "int_from_float": ("a whole number", None),
    "bool_type": ("true or false", None),
    "bool_parsing": ("true or false", None),
    "dict_type": ("a mapping", None),
    "model_type": ("a mapping", None),
    "model_attributes_type": ("a mapping", None),
    "tuple_type": ("a list", None),
    "float_type": ("a number", None),
    "float_parsing": ("a number", None),
    "finite_number": ("a number that is finite", None),
    "union_tag_not_found": ("a function", "give code, the name of a function, or {type: ...}"),
    "enum": (f"one of {', '.join(_MODES)}", None),
}


def _wrong_value(detail: ErrorDetails, node: Node, name: str) -> Wording:
    special = _SPECIAL.get(detail["type"])
    if special is not None:
        return special(node, name)
    need, advice = NEEDS.get(detail["type"]) or bound(detail)
    if need is None:
        return f"{name}: {detail['msg']}", None
    return f"{name} must be {need}, not {shown_node(node)}", advice or _value_advice(detail, node)


def bound(detail: ErrorDetails) -> tuple[str | None, None]:
    """Return what a value must be that is out of its bounds, which pydantic tells."""
    match detail:
        case {"type": "greater_than_equal", "ctx": {"ge": least}}:
            return f"at least {least:g}", None
        case {"type": "greater_than", "ctx": {"gt": border}}:
            return f"more than {border:g}", None
        case {"type": "less_than_equal", "ctx": {"le": most}}:
            return f"at most {most:g}", None
        case {"type": "less_than", "ctx": {"lt": border}}:
            return f"less than {border:g}", None
        case {"type": "literal_error", "ctx": {"expected": expected}}:
            return str(expected).replace("'", ""), None
    return None, None


def _value_advice(detail: ErrorDetails, node: Node) -> str | None:
    value = node.value if isinstance(node, Scalar) else None
    if detail["type"] == "string_type" and isinstance(value, int | float) and node.at.span:
        return "put it in quotes"
    if detail["type"] == "enum" and isinstance(value, str):
        return suggestion(value.lower(), _MODES)
    return None


def _function_type(node: Node, name: str) -> Wording:
    kind = _type_of(node)
    return f"{name}: unknown function type '{kind}'", suggestion(kind, FUNCTION_TYPES)


def _no_function(node: Node, name: str) -> Wording:
    if isinstance(node, MapNode):
        return f"{name}: the function has no type", f"add  type: {_likely_type(node)}"
    return f"{name} must be a function, not {shown_node(node)}", "give code, a name, or {type: ...}"


def _likely_type(node: MapNode) -> str:
    if node.entry("code"):
        return "inline"
    if node.entry("module"):
        return "custom"
    return "builtin" if node.entry("params") else "registered"


def _empty(node: Node, name: str) -> Wording:
    return f"{name} is empty", "give at least one"


_SPECIAL: Mapping[str, Callable[[Node, str], Wording]] = {
    "union_tag_invalid": _function_type,
    "union_tag_not_found": _no_function,
    "too_short": _empty,
}

"""Parameters of builtins, checked: what is wrong is told where it stands, with a suggestion."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from statepipe.config.problems import nearest, suggestion
from statepipe.config.tree import (
    ListNode,
    MapNode,
    Node,
    Path,
    Scalar,
    Spot,
    child_at,
    children,
    find,
)
from statepipe.config.validate import NEEDS, bound, shown_node
from statepipe.errors import ConfigError, Place, Problem
from statepipe.functions.builtin import Builtin, Params

HIDDEN = "**********"
"""What is shown in the place of a secret."""


def checked_params(builtin: Builtin[Any], params: Mapping[str, Any], node: Node) -> Params:
    """Return `params`, which stand at `node`, as the builtin's own. ConfigError with all faults."""
    try:
        model: Params = builtin.params.model_validate(dict(params))
    except ValidationError as error:
        details = error.errors(include_url=False, include_input=False)
        problems: dict[tuple[Place, str], Problem] = {}
        misspelt = meant_by(builtin, details)
        for detail in details:
            if detail["type"] == "missing" and detail["loc"] in misspelt:
                continue
            if detail["type"] == "too_short" and not is_empty(find(node, detail["loc"])):
                continue  # only its items are wrong, which is told
            problem = problem_of(builtin, detail, node)
            problems.setdefault((problem.place, problem.message), problem)
        raise ConfigError(problems.values()) from None  # pydantic's shows the values
    return model


def meant_by(builtin: Builtin[Any], details: list[ErrorDetails]) -> set[tuple[int | str, ...]]:
    """Return the parameters that those which are not known are most likely to be."""
    known = builtin.params.model_fields
    wrong = (each["loc"] for each in details if each["type"] == "extra_forbidden")
    return {(nearest(str(path[0]), known) or "",) for path in wrong if len(path) == 1}


def is_empty(node: Node) -> bool:
    return isinstance(node, ListNode | MapNode) and not list(children(node))


def problem_of(builtin: Builtin[Any], detail: ErrorDetails, node: Node) -> Problem:
    path = path_in(node, detail["loc"])
    found = find(node, path)
    name = ".".join(map(str, path))
    told = f"parameter {name!r} of builtin function {builtin.name!r}"
    if detail["type"] == "missing":
        return Problem(found.at.place, f"{told} is missing", f"add  {path[-1]}: ...", found.at.span)
    if detail["type"] == "extra_forbidden":
        known = list(builtin.params.model_fields) if len(path) == 1 else []
        message = f"builtin function {builtin.name!r} has no parameter {name!r}"
        at = key_spot(node, path)
        return Problem(at.place, message, suggestion(str(path[-1]), known), at.span)
    secret = bool(path) and str(path[0]) in secret_fields(builtin.params)
    shown = "that" if secret else shown_node(found)
    need, advice = need_of(detail, found)
    span = None if secret else found.at.span
    return Problem(found.at.place, f"{told} must be {need}, not {shown}", advice, span)


def path_in(node: Node, location: tuple[int | str, ...]) -> Path:
    """Return a pydantic location without what stands for no key: tags of unions."""
    path: Path = ()
    for number, step in enumerate(location):
        inner = find(node, path)
        last = number == len(location) - 1
        if child_at(inner, step) is not None or (last and isinstance(inner, MapNode)):
            path = (*path, step)
    return path


def key_spot(node: Node, path: Path) -> Spot:
    parent = find(node, path[:-1])
    entry = parent.entry(str(path[-1])) if isinstance(parent, MapNode) else None
    return entry.at if entry is not None else parent.at


def need_of(detail: ErrorDetails, node: Node) -> tuple[str, str | None]:
    """Return what a value must be, and advice if a word is close to what was meant."""
    context = detail.get("ctx", {})
    if detail["type"] == "literal_error":
        words = re.findall(r"'([^']*)'", str(context["expected"]))
        near = suggestion(text_at(node), words)
        return f"one of {', '.join(words)}", near if near and "did you mean" in near else None
    if detail["type"] == "too_short":
        return "a list of at least one item", None
    need, advice = NEEDS.get(detail["type"]) or bound(detail)
    return need or lower_first(detail["msg"]), advice


def text_at(node: Node) -> str:
    return node.value if isinstance(node, Scalar) and isinstance(node.value, str) else ""


def lower_first(text: str) -> str:
    text = re.sub(r"^Input should be ", "", text)
    return text[:1].lower() + text[1:]


def secret_fields(model: type[BaseModel]) -> frozenset[str]:
    """Return the names of the parameters that are never shown: those of type SecretStr."""
    properties = model.model_json_schema().get("properties", {})
    return frozenset(
        name for name, schema in properties.items() if '"password"' in json.dumps(schema)
    )

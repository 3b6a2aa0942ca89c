"""Wrong resources, in words: which provider, which option. Never what a secret one holds."""

from __future__ import annotations

from pydantic_core import ErrorDetails

from statepipe.config.problems import Problems, suggestion
from statepipe.config.resource_config import PROVIDERS, SECRET_KEYS, options_of
from statepipe.config.tree import MapNode, Node, Path, Scalar, find


def tell_resource(tree: Node, detail: ErrorDetails, path: Path, problems: Problems) -> bool:
    """Add to `problems` what is wrong with a resource; False if it is nothing special to them."""
    if len(path) < 2 or path[0] != "resources":
        return False
    kind, node = detail["type"], find(tree, path)
    if len(path) == 2 and kind in ("union_tag_invalid", "union_tag_not_found"):
        _tell_provider(node, problems)
    elif kind == "extra_forbidden" and len(path) == 3:
        _tell_option(find(tree, path[:2]), str(path[2]), problems)
    elif len(path) > 2 and path[2] in SECRET_KEYS:
        _tell_secret(node, path, problems)
    else:
        return False
    return True


def _tell_provider(node: Node, problems: Problems) -> None:
    if not isinstance(node, MapNode):
        advice = "as in  {name: db, provider: sql, path: shop.db}"
        problems.add(node.at, "a resource must be a mapping", advice)
        return
    provider = node.get("provider")
    if provider is None:
        message = "the resource has no provider"
        advice = f"add  provider: {' | '.join(PROVIDERS)}"
        problems.add(node.at, message, advice)
    elif isinstance(provider, Scalar):
        message = f"unknown provider {str(provider.value)!r}"
        problems.add(provider.at, message, suggestion(str(provider.value), PROVIDERS))
    else:
        problems.add(provider.at, "'provider' must be text", f"one of {', '.join(PROVIDERS)}")


def _tell_option(resource: Node, key: str, problems: Problems) -> None:
    assert isinstance(resource, MapNode)
    provider, entry = resource.get("provider"), resource.entry(key)
    assert isinstance(provider, Scalar)
    at = resource.at if entry is None else entry.at
    message = f"unknown option '{key}' of the provider '{provider.value}'"
    problems.add(at, message, suggestion(key, options_of(str(provider.value))))


def _tell_secret(node: Node, path: Path, problems: Problems) -> None:
    keys = ".".join(str(key) for key in path[2:])
    is_number = isinstance(node, Scalar) and isinstance(node.value, int | float)
    needs = (
        "a mapping of texts" if path[-1] in ("headers", "secrets") else "a text that is not empty"
    )
    problems.add(node.at, f"'{keys}' must be {needs}", "put it in quotes" if is_number else None)

"""What must hold for `retry`, `catch` and `run_on_failure` of the states of a network."""

from __future__ import annotations

from statepipe.config.model import ANY_ERROR, NetworkConfig, StateConfig
from statepipe.config.problems import Problems, suggestion
from statepipe.config.tree import Node, Path, find

NEVER_HANDLED = ("TransitionLimitError", "NestingLimitError", "RecordTimeoutError")
"""By name, as `plan.refusals.NEVER_CAUGHT` stands in a higher layer."""


def check_handlers(
    network: NetworkConfig, tree: Node, path: Path, problems: Problems, *, is_partial: bool
) -> None:
    """Add to `problems` what is wrong with how states handle failures.

    With `is_partial`, some states could not be read, and no name is called unknown.
    """
    names = None if is_partial else [state.name for state in network.states]
    for index, state in enumerate(network.states):
        at: Path = (*path, "states", index)
        if state.retry is not None:
            _check_errors(state.retry.errors, tree, (*at, "retry", "errors"), problems)
        _check_clauses(state, names, tree, (*at, "catch"), problems)
        if state.run_on_failure and not state.transforms:
            message = f"'run_on_failure' of '{state.name}', which has no transforms"
            advice = "only its transforms run on failure; add one, or remove it"
            problems.add(find(tree, (*at, "run_on_failure")).at, message, advice)


def _check_clauses(
    state: StateConfig, names: list[str] | None, tree: Node, path: Path, problems: Problems
) -> None:
    caught: set[str] = set()
    for index, clause in enumerate(state.catch):
        at = (*path, index)
        _check_errors(clause.errors, tree, (*at, "errors"), problems)
        if names is not None and clause.to not in names:
            message = f"unknown state '{clause.to}'"
            problems.add(find(tree, (*at, "to")).at, message, suggestion(clause.to, names))
        if ANY_ERROR in caught or caught.issuperset(clause.errors):
            message = "nothing is left for this clause: those before it catch all that it names"
            problems.add(find(tree, at).at, message, "put it before them, or remove it")
        caught.update(clause.errors)


def _check_errors(errors: tuple[str, ...], tree: Node, path: Path, problems: Problems) -> None:
    for index, name in enumerate(errors):
        at = find(tree, (*path, index)).at
        if name in NEVER_HANDLED:
            message = f"'{name}' ends a record for good"
            problems.add(at, message, "a limit cannot be caught; remove it")
        elif name != ANY_ERROR and not name.isidentifier():
            message = f"'{name}' is no name of an error type"
            problems.add(at, message, "give the name of its class alone, as KeyError, or '*'")
        elif name == ANY_ERROR and len(errors) > 1:
            problems.add(at, "'*' beside other names: it means all errors", "keep one or the other")

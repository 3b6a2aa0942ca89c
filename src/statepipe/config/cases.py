"""Cases: tests of a config, which stand in it or in files of their own."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from statepipe.config.files import file_tree
from statepipe.config.includes import Includes
from statepipe.config.keys import canonical_keys
from statepipe.config.model import CaseConfig, MachineConfig
from statepipe.config.problems import Problems, suggestion
from statepipe.config.pushes import pushed_into, splits
from statepipe.config.spellings import CASE, CASE_ERROR, CASE_FILE
from statepipe.config.tree import Entry, ListNode, MapNode, Node, Path, Scalar, Spot, find


def with_cases(
    tree: Node, paths: Sequence[str | os.PathLike[str]], env: Mapping[str, str], problems: Problems
) -> Node:
    """Return the tree of a config with the tests of files put behind its own.

    Raises ConfigError for a file that cannot be read.
    """
    if not paths or not isinstance(tree, MapNode):
        return tree
    lists = [_cases_in(os.fspath(path), env, problems) for path in paths]
    items = tuple(item for each in lists for item in each.items)
    own = tree.entry("tests")
    if own is None:
        entry = Entry("tests", ListNode(items, lists[0].at), lists[0].at, "tests")
        return replace(tree, entries=(*tree.entries, entry))
    if not isinstance(own.value, ListNode):
        return tree  # what is wrong with it is told when the whole is read
    merged = replace(own, value=replace(own.value, items=(*own.value.items, *items)))
    return replace(tree, entries=tuple(merged if e is own else e for e in tree.entries))


def _cases_in(path: str, env: Mapping[str, str], problems: Problems) -> ListNode:
    tree = Includes(path, env, problems).resolve(file_tree(path, "", problems))
    if isinstance(tree, ListNode):
        return tree
    told = len(problems.found)
    if isinstance(tree, MapNode):
        cases = canonical_keys(CASE_FILE, tree, problems).get("tests")
        if isinstance(cases, ListNode):
            return cases
    if len(problems.found) == told:
        message = "a file of tests is a list of them"
        problems.add(tree.at, message, "begin with  tests:  and a list")
    return ListNode((), tree.at)


def normalized_cases(cases: ListNode, problems: Problems) -> ListNode:
    """Return the canonical tests: errors given by their type alone become mappings."""
    return replace(cases, items=tuple(_case(item, problems) for item in cases.items))


def _case(node: Node, problems: Problems) -> Node:
    if not isinstance(node, MapNode):
        return node
    case = canonical_keys(CASE, node, problems)
    return replace(case, entries=tuple(_case_entry(entry, problems) for entry in case.entries))


def _case_entry(entry: Entry, problems: Problems) -> Entry:
    match entry.key, entry.value:
        case "error", MapNode() as error:
            return replace(entry, value=canonical_keys(CASE_ERROR, error, problems))
        case "error", Scalar() as kind:
            type_ = Entry("type", kind, kind.at, entry.written)
            return replace(entry, value=MapNode((type_,), kind.at))
    return entry


def check_cases(model: MachineConfig, tree: Node, problems: Problems) -> None:
    """Add to `problems` what is wrong between the tests and the states that they name."""
    networks = {network.name: network for network in model.networks}
    main = networks.get(model.main_network or model.networks[0].name)
    if main is None:
        return  # which is told where it is named
    enterable = {state.name for state in main.states}
    ends = {state.name for state in main.states if state.is_end}
    everywhere = {state.name for state in main.states} | _inner_names(model)
    for index, case in enumerate(model.tests):
        names = _Names(tree, ("tests", index), problems)
        names.check(case.initial_state, enterable, "initial_state")
        names.check(case.state, ends, "state", noun="end state")
        for number, name in enumerate(case.path or ()):
            names.check(name, everywhere, "path", number)
        if case.error is not None:
            names.check(case.error.state, everywhere, "error", "state")
        _check_pairs(case, tree, names.path, problems)
    _check_names(model, tree, problems)


def _inner_names(model: MachineConfig) -> set[str]:
    """Return what the states of networks that records are pushed into are called on a path.

    Only the innermost network is named, of those that they may be within.
    """
    entered = pushed_into(model)
    return {
        f"{network.name}:{state.name}"
        for network in model.networks
        for state in network.states
        if network.name in entered
    }


@dataclass(frozen=True, slots=True)
class _Names:
    """Checks names of states within one test."""

    tree: Node
    path: Path
    problems: Problems

    def check(
        self, name: str | None, known: set[str], *keys: str | int, noun: str = "state"
    ) -> None:
        """Tell of a name that is not known; of a state in nested networks, the innermost counts."""
        if name is None or name in known:
            return
        if not any(f"{outer.rpartition(':')[2]}:{state}" in known for outer, state in splits(name)):
            at = find(self.tree, (*self.path, *keys)).at
            self.problems.add(at, f"unknown {noun} '{name}'", suggestion(name, known))


def _check_pairs(case: CaseConfig, tree: Node, path: Path, problems: Problems) -> None:
    if case.expect is not None and case.contains is not None:
        at = find(tree, (*path, "contains")).at
        problems.add(at, "'contains' stands beside 'expect'", "'expect' is the whole: keep one")
    if case.state is not None and case.error is not None:
        at = find(tree, (*path, "state")).at
        problems.add(at, "'state' stands beside 'error'", "write  error: {state: ...}")


def _check_names(model: MachineConfig, tree: Node, problems: Problems) -> None:
    first: dict[str, Spot] = {}
    for index, case in enumerate(model.tests):
        at = find(tree, ("tests", index, "name")).at
        if case.name is not None and first.setdefault(case.name, at) is not at:
            other = first[case.name].place
            advice = f"the other one: {other}; rename one of them"
            problems.add(at, f"two tests are called '{case.name}'", advice)

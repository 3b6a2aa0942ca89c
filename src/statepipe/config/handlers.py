"""What a state does about failures, in its one form: `retry`, and `catch` as a list of clauses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from statepipe.config.keys import canonical_keys
from statepipe.config.model import ANY_ERROR
from statepipe.config.problems import Problems
from statepipe.config.spellings import CATCH, RETRY
from statepipe.config.tree import Entry, ListNode, MapNode, Node, Scalar


def with_handlers(entries: Mapping[str, Entry], problems: Problems) -> dict[str, Entry]:
    """Return a state's entries with `on_error` turned into the last clause of `catch`."""
    handled = {key: entry for key, entry in entries.items() if key not in ("catch", "on_error")}
    if "retry" in handled:
        handled["retry"] = _retry(handled["retry"], problems)
    caught, otherwise = entries.get("catch"), entries.get("on_error")
    clauses = () if caught is None else _clauses(caught, problems)
    if otherwise is not None:
        clauses = (*clauses, _of_all_errors(otherwise))
    first = caught or otherwise
    if first is not None:
        handled["catch"] = replace(first, key="catch", value=ListNode(clauses, first.value.at))
    return handled


def _retry(entry: Entry, problems: Problems) -> Entry:
    if not isinstance(entry.value, MapNode):
        return entry
    retry = _with_listed_errors(canonical_keys(RETRY, entry.value, problems))
    waits = [given for given in retry.entries if given.key in NEED_A_WAIT]
    if retry.entry("backoff_s") is None:
        for given in waits:
            message = f"'{given.written}' without 'backoff_s': there is no wait"
            problems.add(given.at, message, "add  backoff_s: 1,  or remove it")
    return replace(entry, value=retry)


NEED_A_WAIT = ("backoff_rate", "max_backoff_s", "jitter")


def _clauses(entry: Entry, problems: Problems) -> tuple[Node, ...]:
    """Return the clauses of `catch`, of which one may stand without a list."""
    match entry.value:
        case MapNode() as clause:
            return (_clause(clause, problems),)
        case ListNode() as clauses:
            return tuple(_clause(item, problems) for item in clauses.items)
    advice = f"as in  {entry.written}: [{{errors: [KeyError], to: STATE}}],  or  on_error: STATE"
    problems.add(entry.value.at, f"'{entry.written}' must be a list", advice)
    return ()


def _clause(node: Node, problems: Problems) -> Node:
    if not isinstance(node, MapNode):
        return node
    return _with_listed_errors(canonical_keys(CATCH, node, problems))


def _with_listed_errors(node: MapNode) -> MapNode:
    """Return the mapping with a single name of an error as a list of one."""
    entries = tuple(
        replace(entry, value=ListNode((entry.value,), entry.value.at))
        if entry.key == "errors" and isinstance(entry.value, Scalar)
        else entry
        for entry in node.entries
    )
    return replace(node, entries=entries)


def _of_all_errors(entry: Entry) -> MapNode:
    errors = ListNode((Scalar(ANY_ERROR, entry.at),), entry.at)
    return MapNode(
        (
            Entry("errors", errors, entry.at, entry.written),
            replace(entry, key="to"),
        ),
        entry.at,
    )

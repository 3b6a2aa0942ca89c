"""Additions: what `{**record, key: value, ...}` adds to its record, if adding is all it does."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import replace

from statepipe.functions.positions import Positions
from statepipe.plan.facts import Addition, Edit, Fusion


def additions_of(
    expression: ast.expr, whole: Fusion, edits: Mapping[ast.AST, Edit], positions: Positions
) -> tuple[Addition, ...]:
    """Return what a dict display adds to the record that it begins with; () if it does else.

    The keys are texts, and the values only read from the record: none of them holds it. So they
    may be put into the record itself where nobody else has it. `whole` is how `expression` is
    fused, and `edits` are the nodes that stand for the record, and others.
    """
    if not isinstance(expression, ast.Dict) or not expression.keys:
        return ()
    if expression.keys[0] is not None or not is_record(expression.values[0], edits):
        return ()
    found: list[Addition] = []
    for key, value in zip(expression.keys[1:], expression.values[1:], strict=True):
        if not isinstance(key, ast.Constant) or not isinstance(key.value, str):
            return ()
        if not only_reads(value, edits):
            return ()
        start, end = positions.extent(value)
        inside = tuple(edit for edit in whole.edits if start <= edit.start and edit.end <= end)
        found.append(Addition(key.value, replace(whole, start=start, end=end, edits=inside)))
    return tuple(found)


def is_record(node: ast.AST, edits: Mapping[ast.AST, Edit]) -> bool:
    return node in edits and edits[node].by == "record"


def only_reads(value: ast.expr, edits: Mapping[ast.AST, Edit]) -> bool:
    """Tell whether `value` uses the record for its fields alone: by key, `get` or `in`."""
    reading = {node for part in ast.walk(value) for node in read_by(part)}
    used = {node for node in ast.walk(value) if is_record(node, edits)}
    return used <= reading


def read_by(node: ast.AST) -> list[ast.expr]:
    """Return what `node` takes a field from, or looks for a key in."""
    match node:
        case ast.Subscript(value=record, ctx=ast.Load()):
            return [record]
        case ast.Call(func=ast.Attribute(value=record, attr="get")):
            return [record]
        case ast.Compare(ops=[ast.In() | ast.NotIn()], comparators=[record]):
            return [record]
    return []

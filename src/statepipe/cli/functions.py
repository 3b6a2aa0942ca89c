"""`statepipe functions`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import click
import yaml

from statepipe.api.simple import SimpleFSM
from statepipe.cli.terminal import bold, dim, say
from statepipe.cli.words import printable
from statepipe.errors import UsageError
from statepipe.functions.builtin import Builtin, Example
from statepipe.functions.library.catalog import Parameter, builtins, parameters
from statepipe.functions.library.registry import UnknownBuiltinError, library


@click.command("functions", short_help="List the builtin functions, or tell of one.")
@click.argument("name", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON, for other tools.")
def command(name: str | None, as_json: bool) -> None:
    """List the builtin functions, or tell all there is to say of the one called NAME."""
    if as_json:
        found = [one(name)] if name is not None else list(builtins())
        say(json.dumps([document(each) for each in found], indent=2))
    else:
        lines = listed() if name is None else told(one(name))
        say("\n".join(lines))


def one(name: str) -> Builtin[Any]:
    """Return the builtin; raises UsageError if there is none."""
    try:
        return library().get(name)
    except UnknownBuiltinError as error:
        raise UsageError(f"{error}" + (f"; {error.advice}" if error.advice else "")) from error


def document(builtin: Builtin[Any]) -> dict[str, Any]:
    return {
        "name": builtin.name,
        "kind": builtin.kind,
        "summary": builtin.summary,
        "params": builtin.params.model_json_schema(),
    }


def listed() -> Iterator[str]:
    """Yield the lines of the list: what changes records, then what judges them."""
    found = list(builtins())
    width = max(len(each.name) for each in found)
    for kind, title in (("transform", "transforms"), ("validator", "validators and conditions")):
        yield bold(title)
        for each in found:
            if each.kind == kind:
                yield f"  {printable(each.name):<{width}}  {printable(each.summary)}"
        yield ""
    yield dim("statepipe functions NAME tells the parameters of one, with an example")


def told(builtin: Builtin[Any]) -> Iterator[str]:
    where = "transforms" if builtin.kind == "transform" else "validators, pre_validators, condition"
    yield f"{bold(printable(builtin.name))}  {dim(f'{builtin.kind}: in {where}')}"
    yield f"  {builtin.summary}"
    if builtin.notes:
        yield f"  {builtin.notes}"
    yield ""
    for parameter in parameters(builtin):
        yield from parameter_lines(parameter)
    for example in builtin.examples:
        yield ""
        yield from example_lines(builtin, example)


def parameter_lines(parameter: Parameter) -> Iterator[str]:
    needed = "needed" if parameter.default is None else f"default {parameter.default}"
    yield f"  {bold(parameter.name)}  {parameter.type}; {needed}"
    if parameter.description:
        yield dim(f"      {parameter.description}")


def example_lines(builtin: Builtin[Any], example: Example) -> Iterator[str]:
    """Yield an example, with what really comes of it."""
    function = {"type": "builtin", "name": builtin.name, "params": dict(example.params)}
    key = "transforms" if builtin.kind == "transform" else "validators"
    text = yaml.safe_dump({key: [function]}, sort_keys=False, default_flow_style=None, width=90)
    yield from (f"  {line}" for line in text.rstrip().split("\n"))
    state = {"name": "state", "is_start": True, "is_end": True, key: [function]}
    with SimpleFSM({"states": [state]}, resources=dict(example.resources)) as fsm:
        results = fsm.process_batch(list(example.records))
    for record, result in zip(example.records, results, strict=True):
        given = json.dumps(record, ensure_ascii=False)
        verdict = "accepted" if key == "validators" else json.dumps(result.data, ensure_ascii=False)
        error = result.record_error
        yield f"  {given}  ->  {verdict if error is None else f'fails: {error.message}'}"

"""`statepipe show`."""

from __future__ import annotations

import click

from statepipe.cli import option
from statepipe.cli.flow import Flow, load_flow
from statepipe.cli.terminal import say
from statepipe.cli.values import one_of
from statepipe.cli.words import printable
from statepipe.graph import draw

FORMATS = ("tree", "mermaid", "dot", "code")


@click.command("show", short_help="Draw a flow, or print its code.")
@click.argument("flow")
@click.option(
    "--format",
    "format_name",
    callback=one_of(FORMATS),
    default="tree",
    metavar="NAME",
    help="tree, mermaid, dot, or code: the Python function that it becomes. [tree]",
)
@click.option("--code", "code", is_flag=True, help="Short for --format code.")
@option.trust
def command(flow: str, format_name: str, code: bool, trust: bool) -> None:
    """Draw FLOW, or print the Python function that it becomes."""
    text = drawing(load_flow(flow, trust), "code" if code else format_name)
    for line in text.rstrip("\n").split("\n"):
        say("\t".join(map(printable, line.split("\t"))))


def drawing(flow: Flow, format_name: str) -> str:
    """Return the flow in one of FORMATS."""
    network, inner = flow.machine.main_network, flow.machine.inner_networks
    match format_name:
        case "mermaid":
            return draw.mermaid(network, inner)
        case "dot":
            return draw.dot(network, inner)
        case "code":
            return flow.engine.compiled.program.source
    return draw.tree(network, inner)

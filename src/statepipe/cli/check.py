"""`statepipe check`."""

from __future__ import annotations

from collections import Counter

import click

from statepipe.cli import option
from statepipe.cli.flow import Flow, load_flow
from statepipe.cli.terminal import bold, dim, green, say
from statepipe.cli.words import counted, printable
from statepipe.graph.draw import label_of
from statepipe.plan.model import Step


@click.command("check", short_help="Check a flow, and say what it consists of.")
@click.argument("flow")
@option.trust
@click.option("-q", "--quiet", is_flag=True, help="Print only what is wrong.")
def command(flow: str, trust: bool, quiet: bool) -> None:
    """Check FLOW: print all of its problems (exit code 2), or what it consists of (0)."""
    loaded = load_flow(flow, trust)
    if not quiet:
        say("\n".join(findings(loaded)))


def findings(flow: Flow) -> list[str]:
    """Return what was found in a flow that has no problems."""
    machine, network = flow.machine, flow.machine.main_network
    states = list(network.states.values())
    ends = [printable(state.name) for state in states if state.is_end]
    arcs = sum(len(state.arcs) for state in states)
    return [
        f"{green('✓')} {bold(printable(flow.path))} is a valid flow: {printable(machine.name)}",
        f"  {dim('states   ')}  {len(states)}, and {counted(arcs, 'arc')} between them",
        f"  {dim('start    ')}  {printable(network.start)}",
        f"  {dim('end      ')}  {', '.join(ends) or 'none'}",
        *network_lines(flow),
        *function_lines(flow),
        *resource_lines(flow),
    ]


def network_lines(flow: Flow) -> list[str]:
    """Return the networks that records are pushed into, with their sizes; nothing without any."""
    found = [
        f"{each.name} ({counted(len(each.states), 'state')})"
        for each in flow.machine.inner_networks
    ]
    return [f"  {dim('through  ')}  {printable(', '.join(found))}"] if found else []


def resource_lines(flow: Flow) -> list[str]:
    """Return the resources with their providers; nothing where there are none."""
    found = [f"{one.config.name} ({one.config.provider})" for one in flow.machine.resources]
    return [f"  {dim('resources')}  {printable(', '.join(found))}"] if found else []


def function_lines(flow: Flow) -> list[str]:
    """Return how the functions run: fused into the generated function, or called by it."""
    every = [step for state in flow.engine.plan.states for step in state.steps()]
    steps = [step for step in every if step.role != "resources"]
    called = flow.engine.compiled.program.functions
    ways = Counter("called" if name_in_code(step) in called else "fused" for step in steps)
    told = ", ".join(f"{ways[way]} {way}" for way in ("fused", "called") if ways[way])
    lines = [f"  {dim('functions')}  {told or 'none'}"]
    for step in steps:
        if name_in_code(step) in called:
            kind = "async, called" if step.function.is_async else "called"
            what = f"{step.role} of {printable(step.state)}: {printable(label_of(step.function))}"
            lines.append(dim(f"             {kind}: {what}"))
    if names := flow.engine.plan.remembering():
        lines.append(dim(f"             remembers earlier records: {', '.join(names)}"))
    return lines


def name_in_code(step: Step) -> str:
    """Return the name by which the generated function calls a step's function, if it does."""
    return f"fn_{step.number}"

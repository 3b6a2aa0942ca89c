"""The reference of the builtins, made from their own models: `python -m tools.function_reference`.

Writes docs/api/builtins.md; tests/docs/test_function_reference.py says when it is out of date.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from statepipe.functions.builtin import Builtin
from statepipe.functions.library.catalog import Parameter, parameters
from statepipe.functions.library.registry import OWN, library

PATH = Path(__file__).parents[1] / "docs" / "api" / "builtins.md"
HEAD = """# Builtin functions

Made from the code by `python -m tools.function_reference`; `statepipe functions NAME` shows the
same, with what comes of the examples. [The guide](../guides/functions.md) tells how to use them."""


def reference() -> str:
    """Return the page."""
    own = sorted(name for names in OWN.values() for name in names.split())
    found = [library().get(name) for name in own]
    parts = [HEAD]
    for kind, title in (("transform", "Transforms"), ("validator", "Validators and conditions")):
        parts.append(f"## {title}")
        parts += ["\n".join(section(each)) for each in found if each.kind == kind]
    return "\n\n".join(parts) + "\n"


def section(builtin: Builtin[Any]) -> Iterator[str]:
    yield f"### {builtin.name}\n"
    yield " ".join(filter(None, [builtin.summary, builtin.notes]))
    yield "\n| parameter | type | default | |\n|---|---|---|---|"
    yield from map(row, parameters(builtin))


def row(parameter: Parameter) -> str:
    default = "needed" if parameter.default is None else f"`{parameter.default}`"
    cells = [f"`{parameter.name}`", cell(parameter.type), default, cell(parameter.description)]
    return f"| {' | '.join(cells)} |"


def cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    PATH.write_text(reference())
    print(json.dumps(str(PATH)))

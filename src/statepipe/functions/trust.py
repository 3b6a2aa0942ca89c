"""Trust: what inline code of a config file may do."""

from __future__ import annotations

import ast

from statepipe.errors import Problem
from statepipe.source_text import SourceText

TRUST_ADVICE = "pass trusted=True or --trust if you wrote this config"


def untrusted_problems(tree: ast.AST, source: SourceText) -> list[Problem]:
    """Return what `tree` does that untrusted code may not."""
    return [Problem(source.place, "untrusted inline code is not yet supported", TRUST_ADVICE)]

"""Writes one step of a plan: fused as the author's expression where it may be, else as a call."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from statepipe.codegen.program import STEP, Origin, Program
from statepipe.codegen.splice import splice
from statepipe.functions.function import Function, InlineCode
from statepipe.functions.view import EMPTY
from statepipe.plan.facts import Fusion
from statepipe.plan.model import CHECKS, Step

OWN_NAMES = frozenset(
    """todo records ends trails failed index data block trail steps error found new view given
    resources network states StateView Context HandOver CancelledError
    cancelled_within no_open_arc accepts require settle
    deep_copy replace_in_place run_chunk plain no_error kept Kept""".split()
)
"""Names of the generated function's own, which fused code must not use."""

MOMENT_NAMES = frozenset(("asker", "moment", "moments"))
"""More of them, in a plan that asks for what is bound to the run."""

RECORD = "new if new.__class__ is dict else settle(new, {given})"


class StepWriter:
    """Writes steps into a program, and notes the functions and globals that they need.

    `scopes` are the resources that some steps see in place of all, by name. `asks`: some step of
    the plan may ask for what is bound to the run. `network` is that of the plan; `taken_names`
    are more names that fused code must not use. `adding` are the numbers of the steps that may
    put what they add into the record itself.
    """

    def __init__(
        self,
        program: Program,
        scopes: Mapping[str, Mapping[str, Any]] = EMPTY,
        *,
        asks: bool = False,
        network: str = "main",
        taken_names: frozenset[str] = frozenset(),
        adding: frozenset[int] = frozenset(),
    ) -> None:
        self.program = program
        self.scopes = scopes
        self.network = network
        self.adding = adding
        self.own_names = OWN_NAMES | taken_names | scopes.keys()
        if asks:
            self.own_names |= MOMENT_NAMES

    def write(self, step: Step, origin: Origin, indent: str) -> None:
        """Write a check or a transform on entry or on an arc."""
        if step.role in CHECKS:
            self._value("found", step, origin, indent)
            rule = "found is not True and (found.__class__ not in plain or not found)"
            self.program.add(f"{indent}if {rule}:", origin)
            self.program.add(f"{indent}    require(found)", origin)
        elif step.number in self.adding and self.fuses(step):
            self._added(step, origin, indent)
        elif self.fuses(step) and step.facts.always_dict and not step.in_place:
            self._fused(step, origin, indent, "data = ", "")
        else:
            self._transform(step, origin, indent)

    def write_condition(self, step: Step, origin: Origin, indent: str) -> None:
        """Write the `if` line of an arc."""
        if self.fuses(step) and step.facts.never_tuple:
            self._fused(step, origin, indent, "if ", ":")
            return
        self._value("found", step, origin, indent)
        rule = "found is True or (found if found.__class__ in plain else accepts(found))"
        self.program.add(f"{indent}if {rule}:", origin)

    def fuses(self, step: Step) -> bool:
        """Tell whether the step's code may stand in the generated function.

        Not if it needs a copy of its own, or uses a name that is taken.
        """
        fusion = step.facts.fusion
        if fusion is None or step.copies_in or step.copies_out:
            return False
        if (fusion.bound_names | fusion.free_names) & self.own_names:
            return False
        if not fits_f_strings(step.state) and any(e.by == "state_name" for e in fusion.edits):
            return False
        return all(self._claim(name, step.function) for name in sorted(fusion.free_names))

    def _claim(self, name: str, function: Function) -> bool:
        """Make a global of the function's known to the program, unless another has the name."""
        value = global_of(function, name)
        return self.program.fused_names.setdefault(name, value) is value

    def _value(self, target: str, step: Step, origin: Origin, indent: str) -> None:
        if self.fuses(step):
            self._fused(step, origin, indent, f"{target} = ", "")
        else:
            self._called(target, step, origin, indent)

    def _transform(self, step: Step, origin: Origin, indent: str) -> None:
        self._value("new", step, origin, indent)
        given = "data"
        if not self.fuses(step):
            given = "view" if step.function.style == "view" else "given"
        record = RECORD.format(given=given)
        if step.copies_out:
            record = f"deep_copy({record})"
        if step.in_place:
            record = f"replace_in_place(data, {record})"
        self.program.add(f"{indent}data = {record}", origin)

    def _fused(self, step: Step, origin: Origin, indent: str, prefix: str, suffix: str) -> None:
        assert step.facts.fusion is not None
        self._spliced(step, step.facts.fusion, origin, indent, prefix, suffix)

    def _spliced(
        self, step: Step, fusion: Fusion, origin: Origin, indent: str, prefix: str, suffix: str
    ) -> None:
        names = {"record": "data", "state_name": repr(step.state), "error": "no_error"}
        for line in splice(code_of(step), fusion, names, indent, prefix, suffix):
            self.program.add(line.text, origin, line.pieces)

    def _added(self, step: Step, origin: Origin, indent: str) -> None:
        """Write what a step adds: all values are there before the first of them is put in."""
        additions, text = step.facts.additions, code_of(step).source.text
        targets = ", ".join(f"data[{each.key!r}]" for each in additions)
        first = additions[0].value
        if len(additions) == 1 and "\n" not in text[first.start : first.end]:
            self._spliced(step, first, origin, indent, f"{targets} = ", "")
            return
        self.program.add(f"{indent}{targets} = (", origin)
        suffix = "" if len(additions) == 1 else ","
        for each in additions:
            self._spliced(step, each.value, origin, indent + STEP, "", suffix)
        self.program.add(f"{indent})", origin)

    def _scope(self, step: Step) -> str:
        """Return the name of the resources that a step sees."""
        names = (name for name, scope in self.scopes.items() if scope is step.resources)
        return next(names, "resources")

    def _called(self, target: str, step: Step, origin: Origin, indent: str) -> None:
        name = f"fn_{step.number}"
        self.program.functions[name] = step.function
        given = "deep_copy(data)" if step.copies_in else "data"
        arguments = given
        bound = self._scope(step)
        if step.function.asks:
            bound += f", moment, {step.number}"
        if step.function.style == "view":
            self.program.add(f"{indent}view = StateView({given}, {step.state!r}, {bound})", origin)
            arguments = "view, view" if step.function.named else "view"
        elif target == "new" or step.function.style == "data_context":
            self.program.add(f"{indent}given = {given}", origin)
            arguments = "given"
        if step.function.style == "data_context":
            network = "network" if step.network == self.network else repr(step.network)
            context = f"Context({step.state!r}, {network}, {bound})"
            if step.function.named:
                self.program.add(f"{indent}asker = {context}", origin)
                context = "asker, asker"
            arguments += f", {context}"
        wait = "await " if step.function.is_async else ""
        self.program.add(f"{indent}{target} = {wait}{name}({arguments})", origin)


def code_of(step: Step) -> InlineCode:
    """Return the code of a step that fuses."""
    code = step.function.expression or step.function.code
    assert code is not None
    return code


def fits_f_strings(name: str) -> bool:
    """Tell whether the literal of `name` may stand in an f-string of Python 3.11 too.

    It may hold no backslash and no quote that could be the f-string's own. Source: PEP 701.
    """
    return repr(name) == f"'{name}'" and '"' not in name


def global_of(function: Function, name: str) -> object:
    """Return what `name` means to the code of inline `function`. NameError if nothing."""
    names: dict[str, object] = function.call.__globals__
    if name in names:
        return names[name]
    known = names["__builtins__"]  # those of untrusted code are fewer, and guarded
    assert isinstance(known, dict)
    if name in known:
        return known[name]
    raise NameError(f"name {name!r} is not defined")

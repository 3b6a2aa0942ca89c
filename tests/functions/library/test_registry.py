"""Tests of the registry: our own builtins and those of packages come through one door."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import pytest

from statepipe import ConfigError, SimpleFSM
from statepipe.functions.library.registry import OWN, UnknownBuiltinError, library, own_entries
from tests.functions.library.running import builtin, config_of

MODULE = dedent("""
    from pydantic import Field
    from statepipe.functions import Builtin, Fast, FieldError, Made, Params

    class TimesParams(Params):
        field: str = Field(description="The number.")
        by: int = Field(default=2, description="What to multiply it by.")

    def times(params, bench):
        name = params.field
        def call(record):
            if not isinstance(record.get(name), int):
                raise FieldError((name,), "is no whole number", "times")
            return {**record, name: record[name] * params.by}
        fast = Fast(
            f"data.get({name!r}).__class__ is int",
            f"{{**data, {name!r}: data[{name!r}] * {params.by}}}",
        )
        return Made(call, pure=True, fast=fast)

    TIMES = Builtin("times", "transform", "Multiplies.", TimesParams, times)
    RENAMED = Builtin("other", "transform", "Multiplies.", TimesParams, times)
    NOTHING = 5

    def times_later(params, bench):
        made = times(params, bench)
        async def call(record):
            return made.call(record)
        return Made(call, pure=True, fast=made.fast)

    def is_even_later(params, bench):
        async def call(record):
            return record[params.field] % 2 == 0
        return Made(call)

    LATER = Builtin("times_later", "transform", "Multiplies.", TimesParams, times_later)
    EVEN = Builtin("is_even_later", "validator", "Is it even?", TimesParams, is_even_later)
""")
ENTRIES = """[statepipe.functions]
times = statepipe_times_plugin:TIMES
renamed = statepipe_times_plugin:RENAMED
nothing = statepipe_times_plugin:NOTHING
broken = statepipe_no_such_module:X
range = statepipe_times_plugin:TIMES
times_later = statepipe_times_plugin:LATER
is_even_later = statepipe_times_plugin:EVEN
"""


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Install a package as pip does: a module, and a dist-info folder beside it."""
    (tmp_path / "statepipe_times_plugin.py").write_text(MODULE)
    info = tmp_path / "statepipe_times-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: statepipe-times\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(ENTRIES)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield
    sys.modules.pop("statepipe_times_plugin", None)


@pytest.mark.usefixtures("plugin")
def test_a_package_adds_a_builtin() -> None:
    fsm = SimpleFSM(config_of(builtin("times", field="n", by=3)))

    assert fsm.process({"n": 2}).data == {"n": 6}
    assert not fsm._core.engine.compiled.program.functions  # fused, as ours are
    assert fsm.process({}).error == "field 'n': is no whole number (rule 'times')"


@pytest.mark.usefixtures("plugin")
def test_its_parameters_are_checked_as_ours_are() -> None:
    with pytest.raises(ConfigError, match="has no parameter 'feild'") as caught:
        SimpleFSM(config_of(builtin("times", feild="n")))

    advice = {problem.advice for problem in caught.value.problems}
    assert "did you mean 'field'?" in advice


@pytest.mark.usefixtures("plugin")
def test_an_async_builtin_of_a_package_is_awaited() -> None:
    tripled = [{"name": "times_later", "params": {"field": "n", "by": 3}}]
    functions = builtin("chain", steps=tripled), builtin("is_even_later", field="n")
    fsm = SimpleFSM(config_of(*functions))

    assert fsm.process({"n": 2}).data == {"n": 6}
    assert fsm.process({"n": 1}).error == "the validator gave False"
    assert fsm.process_stream([{"n": n} for n in range(4)]).successful == 2


@pytest.mark.usefixtures("plugin")
@pytest.mark.parametrize("name", ["all", "any", "not"])
def test_an_async_builtin_is_refused_where_nobody_awaits_it(name: str) -> None:
    later = {"name": "is_even_later", "params": {"field": "n"}}
    with pytest.raises(ConfigError, match=f"'is_even_later' is async, and '{name}' cannot") as told:
        SimpleFSM(config_of(builtin(name, of=later if name == "not" else [later])))

    assert [each.advice for each in told.value.problems] == ["name it by itself, in `validators`"]


@pytest.mark.usefixtures("plugin")
@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "range",
            "two builtin functions are called 'range': in statepipe "
            "(statepipe.functions.library.validators:RANGE) and statepipe-times "
            "(statepipe_times_plugin:TIMES)",
        ),
        ("renamed", "of statepipe-times (statepipe_times_plugin:RENAMED) is called 'other'"),
        ("nothing", "of statepipe-times (statepipe_times_plugin:NOTHING) is no Builtin"),
        ("broken", "cannot be loaded: ModuleNotFoundError: No module named"),
    ],
)
def test_a_builtin_that_cannot_be_had_is_told_with_its_package(name: str, message: str) -> None:
    with pytest.raises(UnknownBuiltinError) as caught:
        library().get(name)

    assert message in str(caught.value)


def test_without_the_package_the_name_is_unknown() -> None:
    with pytest.raises(UnknownBuiltinError, match="there is no builtin function 'times'"):
        library().get("times")


def test_our_own_are_entry_points_too() -> None:
    entries = list(own_entries())

    assert {entry.group for entry in entries} == {"statepipe.functions"}
    assert len(entries) == sum(len(names.split()) for names in OWN.values())
    assert all(entry.load().name == entry.name for entry in entries)


def test_a_machine_without_builtins_loads_none() -> None:
    code = (
        "import sys; from statepipe import SimpleFSM; "
        "SimpleFSM({'states': [{'name': 'a', 'is_start': True, 'is_end': True}]}); "
        "print([m for m in sys.modules if m.startswith('statepipe.functions.library.')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    library = "statepipe.functions.library"
    assert done.stdout.strip() == f"['{library}.fields', '{library}.registry']"

import inspect
import linecache
from dataclasses import replace

from statepipe.codegen.compile import compile_plan
from statepipe.plan.lower import lower
from tests.plan.machines import arc, machine, one_transform, plan_of, state


def test_the_text_is_in_linecache_so_that_tracebacks_show_it() -> None:
    compiled = compile_plan(one_transform("lambda s: {**s.data}"))
    lines = linecache.getlines(compiled.filename)
    linecache.checkcache()

    assert "".join(lines).rstrip("\n") == compiled.program.source.rstrip("\n")
    assert linecache.getline(compiled.filename, 6) == "            data = {**data}\n"


def test_lines_are_counted_as_python_counts_them() -> None:
    compiled = compile_plan(one_transform("lambda s: {'x': '\u2028\x0b\x0c', 'y': s.data['y']}"))

    assert len(linecache.getlines(compiled.filename)) >= len(compiled.program.lines)
    assert linecache.getline(compiled.filename, 6) == compiled.program.lines[5] + "\n"


def test_the_same_plan_has_the_same_name_and_another_plan_another() -> None:
    plan, other = one_transform("lambda s: {'a': 1}"), one_transform("lambda s: {'a': 2}")

    assert compile_plan(plan).filename == compile_plan(plan).filename
    assert compile_plan(plan).filename != compile_plan(other).filename
    assert compile_plan(plan).filename.startswith("<statepipe test:main ")


def test_any_name_of_a_machine_will_do() -> None:
    odd = replace(machine(state("a", arc("b")), state("b")), name="a\0b\n\ud800")

    assert compile_plan(lower(odd)).run_chunk is not None


def test_a_sync_plan_is_a_function_and_an_async_one_a_coroutine_function() -> None:
    sync, later = plan_of(state("a")), one_transform("await data['x']")

    assert not inspect.iscoroutinefunction(compile_plan(sync).run_chunk)
    assert inspect.iscoroutinefunction(compile_plan(later).run_chunk)

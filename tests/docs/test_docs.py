"""Every code block of the README and of docs/ runs.

Python blocks run, YAML blocks that begin with `name:` are built, and blocks with `$ statepipe`
run as commands; output lines below a command must come, `...` standing for any text. What a
document can say about its blocks stands in tools/doc_blocks.py.
"""

import ast
import asyncio
import doctest
import inspect
import io
import linecache
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import pytest

import statepipe
from tools.doc_blocks import Block, Document, commands, missing_line, promised_output, read_document

ROOT = Path(__file__).parent.parent.parent
SHELL_LANGUAGES = ("", "sh", "bash", "shell", "console", "text")
DOCUMENTS = [
    read_document(path, path.relative_to(ROOT).as_posix())
    for path in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
]
Names = dict[str, Any]


def run_python(block: Block, document: Document, names: Names) -> None:
    """Run `block` so that tracebacks and `inspect.getsource` find its lines in the document."""
    file = f"<{document.name}:{block.line}>"
    text = "\n" * (block.line - 1) + block.text
    linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
    code = compile(text, file, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    with redirect_stdout(io.StringIO()) as printed:
        if code.co_flags & inspect.CO_COROUTINE:
            asyncio.run(eval(code, names))
        else:
            exec(code, names)
    missing = missing_line(promised_output(block.text), printed.getvalue())

    assert missing is None, f"{file} did not print {missing!r} but:\n{printed.getvalue()}"


def run_session(block: Block, document: Document, names: Names) -> None:
    """Run a `>>>` session and compare what it prints."""
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS, verbose=False)
    parser = doctest.DocTestParser()
    said: list[str] = []
    session = parser.get_doctest(block.text, names, document.name, document.name, block.line)
    runner.run(session, out=said.append, clear_globs=False)

    assert runner.failures == 0, "".join(said)


def build_config(block: Block, document: Document, _names: Names) -> None:
    path = Path(f"config_{block.line}.yaml")
    path.write_text(block.text, encoding="utf-8")
    functions = [name.strip() for name in block.says.get("functions", "").split(",")]
    custom: dict[str, Callable[..., Any]] = {name: same_record for name in functions if name}
    statepipe.SimpleFSM(str(path), custom_functions=custom).close()


def same_record(state: Any) -> Any:
    return state.data


def run_commands(block: Block, document: Document, _names: Names) -> None:
    scripts = str(Path(sys.executable).parent)
    environment = {
        **os.environ,
        "PATH": f"{scripts}{os.pathsep}{os.environ['PATH']}",
        "COLUMNS": "100",
        "NO_COLOR": "1",
    }
    for command in commands(block.text):
        done = subprocess.run(
            ["sh", "-c", command.line],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )

        assert done.returncode == int(block.says.get("exit", "0")), done.stdout
        missing = missing_line(command.output, done.stdout)
        assert missing is None, f"{command.line!r} did not print {missing!r} but:\n{done.stdout}"


def way_to_run(block: Block) -> Callable[[Block, Document, Names], None] | None:
    if block.language in ("python", "py", "pycon"):
        return run_session if block.text.startswith(">>>") else run_python
    if block.language in ("yaml", "yml") and block.text.startswith("name:"):
        return build_config
    if block.language in SHELL_LANGUAGES and "$ statepipe" in block.text:
        return run_commands
    return None


def run_block(block: Block, document: Document, names: Names) -> None:
    run = way_to_run(block)
    assert run is not None
    if "raises" in block.says:
        with pytest.raises(Exception) as caught:  # noqa: PT011 - the document names the error
            run(block, document, names)
        assert type(caught.value).__name__ == block.says["raises"]
    else:
        run(block, document, names)


def runs() -> list[Any]:
    """Return a case per block, or one per document where its blocks share."""
    cases = []
    for document in DOCUMENTS:
        blocks = [block for block in document.blocks if way_to_run(block)]
        groups = [blocks] if document.shared else [[block] for block in blocks]
        for group in filter(None, groups):
            case = f"{document.name}:{group[0].line}"
            cases.append(pytest.param(document, group, id=case))
    return cases


@pytest.mark.parametrize(("document", "blocks"), runs())
def test_the_blocks_run(
    document: Document, blocks: list[Block], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if all("skip" in block.says for block in blocks):
        pytest.skip(f"the document says: {blocks[0].says['skip']}")
    monkeypatch.chdir(tmp_path)
    # A block may put "." on the path: it must find its own folder there, not an earlier block's.
    monkeypatch.setattr(sys, "path", sys.path.copy())
    monkeypatch.delitem(sys.path_importer_cache, ".", raising=False)
    for name, text in document.files.items():
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text(text, encoding="utf-8")
    names: Names = {"__name__": "__main__"}

    for block in blocks:
        if "skip" not in block.says:
            run_block(block, document, names)


def test_the_readme_has_blocks_that_run() -> None:
    (readme,) = (document for document in DOCUMENTS if document.name == "README.md")

    assert [block for block in readme.blocks if way_to_run(block)] != []


def block(text: str, language: str = "python", **says: str) -> Block:
    return Block(3, language, text, says)


def test_a_block_may_await() -> None:
    names: Names = {}

    run_block(block("import asyncio\nx = await asyncio.sleep(0, 7)\n"), Document("a.md"), names)

    assert names["x"] == 7


def test_a_failing_block_fails_with_the_document_s_line() -> None:
    with pytest.raises(ZeroDivisionError) as caught:
        run_block(block("x = 1\n1 / 0\n"), Document("a.md"), {})

    assert caught.traceback[-1].lineno == 3
    assert str(caught.traceback[-1].path) == "<a.md:3>"


def test_a_block_that_should_raise_and_does_not_is_a_failure() -> None:
    with pytest.raises(pytest.fail.Exception):
        run_block(block("x = 1\n", raises="ConfigError"), Document("a.md"), {})


def test_a_block_prints_what_it_promises() -> None:
    run_block(block("print(1 + 1)  # -> 2\n"), Document("a.md"), {})

    with pytest.raises(AssertionError, match="did not print '3'"):
        run_block(block("print(1 + 1)  # -> 3\n"), Document("a.md"), {})


def test_a_session_is_compared_with_what_it_prints() -> None:
    run_block(block(">>> 1 + 1\n2\n"), Document("a.md"), {})

    with pytest.raises(AssertionError, match="Expected"):
        run_block(block(">>> 1 + 1\n3\n"), Document("a.md"), {})


@pytest.mark.parametrize(
    ("text", "message"),
    [("$ echo one\ntwo\n", "'echo one' did not print 'two'"), ("$ echo no; exit 3\n", "no")],
)
def test_a_command_s_output_and_code_are_compared(text: str, message: str) -> None:
    with pytest.raises(AssertionError, match=message):
        run_commands(block(text, "console"), Document("a.md"), {})


def test_a_command_may_be_said_to_fail() -> None:
    run_commands(block("$ echo no; exit 3\nno\n", "console", exit="3"), Document("a.md"), {})

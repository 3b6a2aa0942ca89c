"""Reading code blocks and their comments from Markdown."""

from textwrap import dedent

import pytest

from tools.doc_blocks import (
    Command,
    DocError,
    Document,
    commands,
    missing_line,
    parse_document,
    promised_output,
)


def parsed(text: str) -> Document:
    return parse_document(dedent(text), "a.md")


def test_a_block_has_its_language_its_text_and_its_first_line() -> None:
    (block,) = parsed("""\
        Words.

        ```python
        x = 1
          # kept
        ```
        """).blocks

    assert (block.language, block.text, block.line) == ("python", "x = 1\n  # kept\n", 4)
    assert block.says == {}


def test_a_block_in_a_list_loses_the_list_s_indentation() -> None:
    (block,) = parsed("""\
        - item

          ```yaml
          name: a
          states: []
          ```
        """).blocks

    assert block.text == "name: a\nstates: []\n"


def test_a_longer_fence_may_hold_a_shorter_one() -> None:
    (block,) = parse_document("````text\n```python\nx\n```\n````\n", "a.md").blocks

    assert block.text == "```python\nx\n```\n"


def test_a_comment_belongs_to_the_next_block_only() -> None:
    first, second = parsed("""\
        <!-- test: raises ConfigError -->

        ```python
        a
        ```
        ```python
        b
        ```
        """).blocks

    assert first.says == {"raises": "ConfigError"}
    assert second.says == {}


def test_a_comment_with_words_before_the_block_does_not_reach_it() -> None:
    (block,) = parsed("""\
        <!-- test: exit 1 -->
        Words.
        ```sh
        $ statepipe
        ```
        """).blocks

    assert block.says == {}


def test_a_named_file_is_no_block_to_run() -> None:
    document = parsed("""\
        <!-- test: file flow.yaml -->
        ```yaml
        name: a
        ```
        """)

    assert document.blocks == []
    assert document.files == {"flow.yaml": "name: a\n"}


def test_a_hidden_file_stands_in_a_comment() -> None:
    document = parsed("""\
        <!-- test: file in.jsonl
        {"id": 1}
        -->
        Words.
        """)

    assert document.files == {"in.jsonl": '{"id": 1}\n'}


def test_a_document_says_that_its_blocks_share() -> None:
    assert parsed("<!-- test: shared -->\n").shared
    assert not parsed("Words.\n").shared


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("<!-- test: skip -->", "a.md:1: 'test: skip' needs its argument"),
        ("<!-- test: shared yes -->", "a.md:1: 'test: shared' takes no argument"),
        ("\n<!-- test: ignore x -->", "a.md:2: unknown 'test: ignore'; known: skip, file, raises"),
        ("<!-- test: skip because", "a.md:1: only 'test: file' may go over several lines"),
        ("<!-- test: file a\nx", "a.md:1: the comment has no end"),
        ("```python\nx", "a.md:1: the block has no end"),
    ],
)
def test_what_cannot_be_obeyed_is_refused_with_its_line(text: str, message: str) -> None:
    with pytest.raises(DocError) as caught:
        parse_document(text, "a.md")

    assert str(caught.value).startswith(message)


def test_commands_come_with_their_output() -> None:
    text = "$ statepipe check a.yaml\nno problems\n\n$ statepipe run \\\n    a.yaml\n"

    assert commands(text) == [
        Command("statepipe check a.yaml", ("no problems", "")),
        Command("statepipe run      a.yaml", ()),
    ]


@pytest.mark.parametrize(
    ("expected", "missing"),
    [
        (("one", "three"), None),
        (("t...e",), None),
        (("...",), None),
        ((), None),
        (("three", "one"), "one"),
        (("on",), "on"),
        (("t.o",), "t.o"),
    ],
)
def test_expected_lines_follow_in_order(expected: tuple[str, ...], missing: str | None) -> None:
    assert missing_line(expected, "one\n  two\nthree\n") == missing


def test_a_python_block_promises_what_stands_after_its_arrows() -> None:
    text = "print(1)  # -> 1\nx = 2  # a remark\nprint(x)\n# -> 2\n"

    assert promised_output(text) == ("1", "2")

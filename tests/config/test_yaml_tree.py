import pytest

from statepipe.config.problems import Problems
from statepipe.config.tree import MapNode, Scalar, find, plain
from statepipe.config.yaml_tree import yaml_tree
from statepipe.errors import ConfigError


def read(text: str) -> tuple[object, list[str]]:
    problems = Problems()
    tree = yaml_tree(text, "flow.yaml", "", problems)
    return plain(tree), [f"{p.place}: {p.message}" for p in problems.found]


def refused(text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        yaml_tree(text, "flow.yaml", "", Problems())
    return str(caught.value)


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("true", True),
        ("False", False),
        ("yes", "yes"),
        ("no", "no"),
        ("on", "on"),
        ("null", None),
        ("~", None),
        ("", None),
        ("12", 12),
        ("-3", -3),
        ("010", 10),
        ("0x1F", 31),
        ("0o17", 15),
        ("1.50", 1.5),
        ("1e3", 1000.0),
        (".inf", float("inf")),
        ("12:30", "12:30"),
        ("2026-01-01", "2026-01-01"),
        ("1_000", "1_000"),
        ("'12'", "12"),
        ("!!str 12", "12"),
    ],
)
def test_values_follow_the_core_schema(written, value):
    assert read(f"a: {written}") == ({"a": value}, [])


def test_every_node_keeps_its_keys_line_and_column():
    tree = yaml_tree("a:\n  - b: 1\n    c: [x]\n", "flow.yaml", "", Problems())

    place = find(tree, ("a", 0, "c", 0)).at.place
    assert (place.keys, place.file, place.line, place.column) == ("a[0].c[0]", "flow.yaml", 3, 9)


def test_a_span_underlines_the_value_or_the_first_line_of_it():
    tree = yaml_tree("a: value\nb:\n  c: 1\n  d: 2\n", "flow.yaml", "", Problems())

    spans = [find(tree, path).at.span for path in (("a",), ("b",))]
    assert [span and span.text[span.start : span.end] for span in spans] == ["value", "c: 1"]


def test_a_key_has_a_place_of_its_own():
    tree = yaml_tree("a:\n  name: x\n", "flow.yaml", "", Problems())

    inner = find(tree, ("a",))
    assert isinstance(inner, MapNode)
    assert str(inner.entries[0].at.place) == "flow.yaml:2:3"


def test_a_duplicate_key_is_a_problem_and_the_first_value_stays():
    assert read("a: 1\nb: 2\na: 3\n") == ({"a": 1, "b": 2}, ["flow.yaml:3:1: duplicate key 'a'"])


def test_a_key_that_is_a_list_is_a_problem():
    assert read("? [a]\n: 1\n")[1] == ["flow.yaml:1:3: a key must be text, not a list or a mapping"]


def test_a_key_is_taken_as_the_text_that_is_written():
    assert read("on: 1\n010: 2\n") == ({"on": 1, "010": 2}, [])


def test_an_alias_stands_for_what_its_anchor_names():
    assert read("a: &x {k: 1}\nb: *x\n") == ({"a": {"k": 1}, "b": {"k": 1}}, [])


def test_a_merge_brings_in_keys_that_are_not_given():
    assert read("a: &x {k: 1, l: 1}\nb: {<<: *x, l: 2}\n")[0] == {
        "a": {"k": 1, "l": 1},
        "b": {"l": 2, "k": 1},
    }


def test_a_merge_of_a_list_prefers_its_first_mapping():
    assert read("b: {<<: [{k: 1}, {k: 2, m: 3}]}")[0] == {"b": {"k": 1, "m": 3}}


def test_a_merge_of_a_text_is_a_problem():
    assert read("<<: words")[1] == ["flow.yaml:1:5: '<<' needs a mapping, or a list of mappings"]


def test_an_alias_to_what_it_stands_in_is_a_problem():
    assert read("a: &x [1, *x]")[1] == ["flow.yaml:1:4: an alias refers to what it stands in"]


def test_aliases_that_multiply_without_bound_are_refused():
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]

    assert "the file stands for more than 100000 values" in refused("\n".join(lines))


@pytest.mark.parametrize("tag", ["!!python/object:os.system", "!mine", "!!binary", "!!set"])
def test_an_unknown_tag_is_a_problem_and_makes_nothing(tag):
    value, problems = read(f"a: {tag} x")

    assert value == {"a": None}
    assert problems == [f"flow.yaml:1:4: the YAML tag {tag} is not allowed in a config"]


def test_a_number_that_its_tag_does_not_fit_is_a_problem():
    assert "cannot be read as int" in read("a: !!int words")[1][0]


def test_a_number_of_too_many_digits_is_a_problem():
    for number in ("9" * 5000, "0x" + "f" * 4000):
        assert "flow.yaml:1:4: cannot be read as int" in read(f"a: {number}")[1][0]


def test_broken_yaml_names_the_place_and_shows_the_line():
    assert refused("a: 1\nb: [1, 2\nc: 3\n") == (
        "1 problem in the config:\n"
        "flow.yaml:3:2: YAML: expected ',' or ']', but got ':', while parsing a flow sequence\n"
        "    3 | c: 3\n"
        "      |  ^\n"
        "    help: put a text that holds brackets in quotes, or close the bracket"
    )


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("t: {**data, 'x': 1}\n", "code that begins with '{', '[', '*' or '&' must be quoted"),
        ("t: &{}\n", "code that begins with '{', '[', '*' or '&' must be quoted"),
        ("a: {c: data['x'] > 1}\n", "put a text that holds brackets in quotes"),
        ("a: {c: x > 1, d: >\n", "put the text in quotes; YAML keeps this character for itself"),
        ("a: @x\n", "put the text in quotes; YAML keeps this character for itself"),
        ("c: 'x' in data\n", "a text that begins with a quote or a bracket ends with it"),
        ("c: [1] + data\n", "a text that begins with a quote or a bracket ends with it"),
        ("- a: 1\n   b: 1\n", "a text that holds ': ', as a lambda does, must be quoted or be"),
        ("- name: a\n b: 1\n", "check the indentation: the keys of a mapping stand in one column"),
        ("a: [1, 2\n", "put a text that holds brackets in quotes, or close the bracket"),
    ],
)
def test_yaml_that_code_has_broken_gets_advice_on_quotes_and_columns(text, advice):
    assert f"\n    help: {advice}" in refused(text)


def test_an_unquoted_lambda_with_a_colon_gets_advice():
    message = refused("a: lambda state: state.data\n")

    assert "flow.yaml:1:16: YAML: mapping values are not allowed here" in message
    assert "must be quoted or be a block after '|'" in message


def test_a_key_without_its_colon_is_shown_and_not_what_follows():
    message = refused("name: x\nstates\n  - name: a\n")

    assert "flow.yaml:2:1: YAML: could not find expected ':'" in message
    assert "a key ends in ':'" in message


def test_a_tab_as_indentation_gets_advice():
    assert "indent with spaces; YAML allows no tabs there" in refused("a:\n\tb: 1\n")


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("", "flow.yaml:1:1: the file is empty"),
        ("a: 1\n---\nb: 2\n", "a config is one document"),
        ("a: *nobody", "define it before with '&'"),
        ("a: 1\nb: \x00", "flow.yaml:2:4: YAML: special characters are not allowed: U+0000"),
        ('a: "\\UFFFFFFFF"', "flow.yaml:1:1: YAML:"),
        ("[" * 5000, "YAML: nested too deeply"),
    ],
)
def test_what_is_no_single_yaml_document_is_refused(text, part):
    assert part in refused(text)


def test_a_number_keeps_the_text_it_was_written_as():
    tree = yaml_tree("a: 1.10", "flow.yaml", "", Problems())

    node = find(tree, ("a",))
    assert isinstance(node, Scalar)
    assert node.source is not None
    assert node.source.text == "1.10"

import pytest
from hypothesis import given
from hypothesis import strategies as st

from statepipe.config.problems import Problems
from statepipe.config.python_tree import python_tree
from statepipe.config.tree import Scalar, plain
from statepipe.config.values import expanded
from statepipe.errors import Place

ENV = {"NAME": "x", "EMPTY": "", "N": "3"}


def read(text: object, env=ENV):
    problems = Problems()
    value = plain(expanded(python_tree({"a": text}, problems), env, problems))
    return value["a"], [f"{p.place}: {p.message}" for p in problems.found]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("${NAME}", "x"),
        ("a-${NAME}-${N}-b", "a-x-3-b"),
        ("${N}", "3"),
        ("${GONE:default}", "default"),
        ("${GONE:}", ""),
        ("${NAME:default}", "x"),
        ("${EMPTY:default}", ""),
        ("${GONE:-default}", "default"),
        ("${EMPTY:-default}", "default"),
        ("${NAME:-default}", "x"),
        ("${NAME:?needed}", "x"),
        ("${EMPTY}", ""),
        ("${GONE:-${NAME}y}z", "xyz"),
        ('${GONE:{"k": 1}}', '{"k": 1}'),
        ("${GONE:a:b}", "a:b"),
        ("$NAME $ {NAME}", "$NAME $ {NAME}"),
        ("$${NAME}", "${NAME}"),
    ],
)
def test_variables_are_replaced(text, value):
    assert read(text) == (value, [])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("${GONE}", "a: the environment variable GONE is not set"),
        ("${GONE:?say why}", "a: the environment variable GONE is not set: say why"),
        ("${EMPTY:?say why}", "a: the environment variable EMPTY is empty: say why"),
        ("${NAME", "a: a '${' without its '}'"),
        ("${1}", "a: '${1}' is no variable"),
        ("${NAME-x}", "a: '${NAME-x}' is no variable"),
        ("${}", "a: '${}' is no variable"),
        ("${A:" * 200, "a: more than 100 variables in one text"),
    ],
)
def test_what_cannot_be_replaced_is_a_problem(text, message):
    assert read(text)[1] == [message]


def test_each_missing_variable_is_told():
    assert len(read("${GONE} ${LOST}")[1]) == 2


def test_a_missing_variable_gets_advice():
    problems = Problems()
    expanded(python_tree({"a": "${NAMES}"}, problems), ENV, problems)

    advice = "did you mean 'NAME'? Else set it, or give a default: ${NAMES:-default}"
    assert problems.found[0].advice == advice


def test_texts_are_found_in_lists_and_mappings():
    assert read([{"b": "${NAME}"}, 5])[0] == [{"b": "x"}, 5]


def test_keys_stay_as_they_are():
    assert read({"${NAME}": 1})[0] == {"${NAME}": 1}


def test_code_stays_as_it_is():
    node = Scalar("f'${NAME}'", python_tree({}, Problems()).at, is_code=True)

    assert plain(expanded(node, ENV, Problems())) == "f'${NAME}'"


def test_the_place_stays():
    node = expanded(python_tree({"a": "${NAME}"}, Problems()), ENV, Problems())

    assert node.at.place == Place("")


@given(st.text("${}:?-N$", max_size=20))
def test_any_text_is_replaced_or_told(text):
    value, problems = read(text, {"N": "1"})

    assert "${" not in text or "$${" in text or problems or "${" not in value

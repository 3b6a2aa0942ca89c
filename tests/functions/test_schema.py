import sys
from typing import Any

import jsonschema_rs
import pytest

from statepipe import SimpleFSM
from statepipe.errors import ConfigError, Place
from statepipe.functions import schema_function

PLACE = Place("states[1].schema")
LABEL = "the schema of state 'clean'"
SCHEMA = {
    "type": "object",
    "required": ["id"],
    "properties": {
        "id": {"type": "integer"},
        "a": {"type": "object", "properties": {"b": {"minimum": 0}}},
        "tags": {"items": {"type": "string"}},
    },
}


def problem_of(schema: dict[str, object]) -> str:
    with pytest.raises(ConfigError) as caught:
        schema_function(schema, LABEL, PLACE)
    [problem] = caught.value.problems
    assert problem.place == PLACE
    return problem.message


def test_a_record_that_fits_is_true() -> None:
    function = schema_function(SCHEMA, LABEL, PLACE)

    assert function.call({"id": 10**30, "a": {"b": 0}, "tags": ["x"]}) is True
    assert (function.style, function.label, function.place) == ("record", LABEL, PLACE)
    assert not function.is_async


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        ({}, "\"id\" is a required property (rule 'required')"),
        ({"id": "x"}, "field 'id': \"x\" is not of type \"integer\" (rule 'type')"),
        (
            {"id": 1, "a": {"b": -1}},
            "field 'a.b': -1 is less than the minimum of 0 (rule 'minimum')",
        ),
        (
            {"id": 1, "tags": ["x", 2]},
            "field 'tags.1': 2 is not of type \"string\" (rule 'type')",
        ),
        ({"id": {1}}, "the record cannot be checked: Unsupported type: 'set'"),
    ],
)
def test_a_record_that_does_not_fit_names_field_and_rule(
    record: dict[str, object], reason: str
) -> None:
    assert schema_function(SCHEMA, LABEL, PLACE).call(record) == (False, reason)


def test_an_invalid_schema_is_a_problem() -> None:
    assert problem_of({"type": "nope"}).startswith(f'{LABEL} is not valid: "nope" is not valid')
    assert problem_of({"pattern": "("}) == f'{LABEL} is not valid: "(" is not a "regex"'


@pytest.mark.parametrize("uri", ["http://example.com/x.json", "file:///etc/passwd"])
def test_a_schema_reads_no_other_document(uri: str) -> None:
    message = problem_of({"$ref": uri})

    assert f"{uri} stands in another document, which is not yet supported" in message


def test_a_missing_package_names_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jsonschema_rs", None)

    with pytest.raises(ConfigError) as caught:
        schema_function(SCHEMA, LABEL, PLACE)

    [problem] = caught.value.problems
    assert problem.message == f"{LABEL} needs the package jsonschema-rs"
    assert problem.advice == "install it: pip install 'statepipe[schema]'"


def test_a_long_value_is_shortened_and_the_rule_still_told() -> None:
    schema = {"properties": {"id": {"maxLength": 3}}}
    verdict = schema_function(schema, LABEL, PLACE).call({"id": "x" * 100_000})

    assert isinstance(verdict, tuple)
    assert len(verdict[1]) < 400
    assert verdict[1].endswith("is longer than 3 characters (rule 'maxLength')")


def test_a_schema_is_compiled_once_however_many_records_come(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    compiled: list[object] = []
    compile_schema = jsonschema_rs.validator_for

    def counted(schema: dict[str, Any], **options: Any) -> Any:
        compiled.append(schema)
        return compile_schema(schema, **options)

    monkeypatch.setattr(jsonschema_rs, "validator_for", counted)
    builtin = {"type": "builtin", "name": "schema", "params": {"schema": {"required": ["id"]}}}
    states = [
        {"name": "a", "is_start": True, "schema": SCHEMA, "arcs": [{"target": "z"}]},
        {"name": "z", "is_end": True, "validators": [builtin]},
    ]
    fsm = SimpleFSM({"states": states})
    result = fsm.process_stream(({"id": n} for n in range(300)), chunk_size=10)
    fsm.process({"id": "x"})

    assert result.successful == 300
    assert compiled == [SCHEMA, {"required": ["id"]}]

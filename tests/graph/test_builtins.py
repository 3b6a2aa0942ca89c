"""Tests of the builtins of a config: found, checked, built, bounded to its folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from statepipe import ConfigError, SimpleFSM
from statepipe.graph.builtins import without_secrets

FLOW = """
name: join
states:
  - name: a
    is_start: true
    transforms:
      - type: builtin
        name: lookup
        params: {field: id, file: FILE}
    arcs:
      - {target: z, condition: {type: builtin, name: required, params: {fields: name}}}
  - {name: z, is_end: true}
"""


def state(**keys: Any) -> dict[str, Any]:
    return {"states": [{"name": "a", "is_start": True, "is_end": True, **keys}]}


def flow(folder: Path, file: str) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / "flow.yaml"
    path.write_text(FLOW.replace("FILE", file))
    return path


@pytest.mark.parametrize("key", ["validators", "pre_validators"])
def test_a_transform_does_not_judge(key: str) -> None:
    with pytest.raises(ConfigError) as caught:
        SimpleFSM(state(**{key: {"type": "builtin", "name": "split", "params": {"field": "a"}}}))

    [problem] = caught.value.problems
    assert problem.message == "builtin function 'split' is a transform, not a validator"
    assert problem.advice == "it changes records; name it in `transforms`"


def test_a_validator_does_not_change_records() -> None:
    with pytest.raises(ConfigError, match="'required' is a validator, not a transform"):
        SimpleFSM(state(transform={"type": "builtin", "name": "required"}))


def test_a_validator_serves_as_a_condition(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("id,name\n1,one\n")
    fsm = SimpleFSM(str(flow(tmp_path, "t.csv")))

    assert fsm.process({"id": 1}).final_state == "z"


def test_a_failure_tells_where_the_builtin_is_named(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("id,name\n1,one\n")
    error = SimpleFSM(str(flow(tmp_path, "t.csv"))).process({"id": 2}).record_error

    assert error is not None and error.place is not None
    assert (error.place.line, error.role, error.error_type) == (8, "transform", "FieldError")
    assert error.message == "field 'id': nothing is known of 2 (rule 'lookup')"


def test_a_missing_field_is_told_with_what_may_have_been_meant() -> None:
    fsm = SimpleFSM(state(transform={"type": "builtin", "name": "map",
                                     "params": {"fields": {"b": "name"}}}))  # fmt: skip
    error = fsm.process({"nmae": 1}).record_error

    assert error is not None
    assert error.hint == "the record has no field 'name'; did you mean 'nmae'?"


def test_an_untrusted_file_reads_tables_of_its_own_folder_only(tmp_path: Path) -> None:
    (tmp_path / "secret.csv").write_text("id,name\n1,one\n")
    (tmp_path / "flows").mkdir()
    (tmp_path / "flows" / "link.csv").symlink_to(tmp_path / "secret.csv")

    for name in ("../secret.csv", str(tmp_path / "secret.csv"), "link.csv"):
        path = str(flow(tmp_path / "flows", name))
        with pytest.raises(ConfigError, match="must lie in the config's folder"):
            SimpleFSM(path)
        assert SimpleFSM(path, trusted=True).process({"id": 1}).success


def test_a_path_counts_from_the_folder_of_the_config(tmp_path: Path) -> None:
    (tmp_path / "flows").mkdir()
    (tmp_path / "flows" / "t.csv").write_text("id,name\n1,one\n")

    assert SimpleFSM(str(flow(tmp_path / "flows", "t.csv"))).process({"id": 1}).success


def test_an_untrusted_file_may_name_any_builtin_but_no_custom_function(tmp_path: Path) -> None:
    path = tmp_path / "flow.yaml"
    path.write_text(
        "states:\n- {name: a, is_start: true, is_end: true,\n"
        "   transform: {type: builtin, name: enrich, params: {values: {b: 1}}}}\n"
    )

    assert SimpleFSM(str(path)).process({}).data == {"b": 1}


def test_a_changed_table_is_a_changed_flow(tmp_path: Path) -> None:
    path = str(flow(tmp_path, "t.csv"))
    prints = []
    for name in ("one", "two"):
        (tmp_path / "t.csv").write_text(f"id,name\n1,{name}\n")
        prints.append(SimpleFSM(path)._core.machine.fingerprint)

    differing = {key for key in prints[0] if prints[0][key] != prints[1][key]}
    assert differing == {"file 't.csv'"}


def test_secrets_are_hidden_wherever_they_stand() -> None:
    inner = {"name": "hash", "params": {"fields": "a", "key": "k" * 20}}
    given = {"states": [{"transforms": ({"type": "builtin", "name": "chain",
                                          "params": {"steps": [inner]}},)}]}  # fmt: skip

    shown = without_secrets(given)
    assert "kkk" not in str(shown)
    assert shown["states"][0]["transforms"][0]["params"]["steps"][0]["params"]["fields"] == "a"
    assert given["states"][0]["transforms"][0]["params"]["steps"][0]["params"]["key"] == "k" * 20

"""Tests of hash and mask: what they hide stays hidden."""

from __future__ import annotations

import hashlib
import hmac
from pathlib import Path
from typing import Any

import pytest

from statepipe import ConfigError, SimpleFSM
from tests.functions.library.running import builtin, config_of, machine, outcome

KEY = "correct horse battery"


def hashed(value: Any, **params: Any) -> Any:
    return outcome("hash", {"a": value}, fields="a", **params)["a"]


def test_a_hash_is_an_hmac_with_the_key() -> None:
    expected = hmac.new(KEY.encode(), b"ada", "sha256").hexdigest()

    assert hashed("ada", key=KEY) == expected
    assert hashed("ada", key=KEY, length=12) == expected[:12]
    assert hashed("ada", key=KEY, algorithm="blake2b") != expected


def test_without_a_key_it_has_to_be_said() -> None:
    with pytest.raises(ConfigError, match="there is no key"):
        machine("hash", fields="a")

    assert hashed("ada", keyless=True) == hashlib.sha256(b"ada").hexdigest()


def test_alike_values_of_any_kind_have_one_hash() -> None:
    assert hashed({"b": 1, "a": 2}, key=KEY) == hashed({"a": 2, "b": 1}, key=KEY)
    assert hashed(7, key=KEY) == hashed("7", key=KEY)
    assert hashed(None, key=KEY) is None


def test_the_key_is_seen_nowhere() -> None:
    fsm = SimpleFSM(config_of(builtin("hash", fields=["a", "b"], key=KEY, missing="error")))
    result = fsm.process({"a": "x"})
    texts = [
        repr(result.record_error),
        str(result.record_error),
        repr(fsm.config),
        fsm._core.engine.compiled.program.source,
        repr(fsm._core.machine),
    ]

    assert not [text for text in texts if KEY in text]
    assert "**********" in repr(fsm.config)


def test_a_wrong_key_is_not_shown_either(tmp_path: Path) -> None:
    path = tmp_path / "flow.yaml"
    path.write_text(
        "states:\n  - name: a\n    is_start: true\n    transforms:\n"
        "      - {type: builtin, name: chain, params: {steps: [\n"
        "          {name: hash, params: {fields: a, key: tooshort}},\n"
        "          {name: hash, params: {fields: b, key: 12345678}}]}}\n"
    )
    with pytest.raises(ConfigError) as caught:
        SimpleFSM(str(path))

    assert "tooshort" not in str(caught.value) and "12345678" not in str(caught.value)
    assert "fewer than 16 characters" in str(caught.value)


def test_a_key_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HASH_KEY", KEY)

    assert hashed("ada", key="${HASH_KEY}") == hashed("ada", key=KEY)


@pytest.mark.parametrize(
    ("value", "params", "expected"),
    [
        ("4111111111111111", {"keep_last": 4}, "************1111"),
        ("ada@example.org", {"keep_first": 1, "length": 3}, "a***"),
        ("abc", {"keep_first": 2, "keep_last": 1}, "***"),
        ("ab", {"keep_first": 2, "keep_last": 1, "by": "x"}, "xx"),
        (12345, {"keep_last": 2}, "***45"),
        ("", {}, ""),
    ],
)
def test_what_a_mask_leaves(value: Any, params: dict[str, Any], expected: str) -> None:
    assert outcome("mask", {"a": value}, fields="a", **params) == {"a": expected}


def test_a_failing_mask_does_not_show_the_value() -> None:
    message = outcome("mask", {"a": ["secret"]}, fields="a")

    assert message == "field 'a': a list cannot be taken as text (rule 'mask')"

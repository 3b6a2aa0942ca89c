"""Tests of `statepipe schema`."""

from __future__ import annotations

import json

import pytest

from statepipe.cli.main import main
from statepipe.config.schema import json_schema
from statepipe.functions.library.catalog import params_schemas
from statepipe.letters.envelope import SCHEMA


def test_the_schema_is_printed_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["schema"])

    assert code == 0
    assert json.loads(capsys.readouterr().out) == json_schema(params_schemas())


def test_the_schema_of_a_dead_letter_is_printed_too(capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["schema", "--dead-letter"])

    assert code == 0
    assert json.loads(capsys.readouterr().out) == SCHEMA

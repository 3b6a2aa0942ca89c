"""Resources in the graph: names that exist, where files are, and what needs trust."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from statepipe.config.load import load_config
from statepipe.errors import ConfigError
from statepipe.graph.build import build_machine
from statepipe.graph.model import Machine

CACHE = {"name": "kept", "provider": "cache"}


def config(declared: list[Any], state: dict[str, Any] | None = None, **arc: Any) -> dict[str, Any]:
    return {
        "resources": declared,
        "states": [
            {"name": "a", "is_start": True, **(state or {})},
            {"name": "z", "is_end": True},
        ],
        "arcs": [{"from": "a", "to": "z", **arc}],
    }


def build(given: Any, trusted: bool | None = None, names: tuple[str, ...] = ()) -> Machine:
    return build_machine(load_config(given, env={}), registered={}, trusted=trusted, given=names)


def problems(given: Any, **options: Any) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        build(given, **options)
    return [str(problem) for problem in caught.value.problems]


def file(folder: Path, *resources: Any) -> Path:
    path = folder / "flow.yaml"
    path.write_text(yaml.safe_dump(config(list(resources))), encoding="utf-8")
    return path


def test_states_and_arcs_keep_the_names_they_give() -> None:
    machine = build(config([CACHE], {"resources": ["kept"]}, resources=[]))
    state = machine.main_network.states["a"]

    assert (state.resources, state.arcs[0].resources) == (("kept",), ())
    assert machine.main_network.states["z"].resources is None


def test_a_name_that_is_no_resource_is_told() -> None:
    given = config([CACHE], {"resources": ["kpet"]}, resources=["kept", "kept"])

    assert problems(given) == [
        "states[0].resources[0]: unknown resource 'kpet'\n    help: did you mean 'kept'?",
        "arcs[0].resources[1]: 'kept' is named twice\n    help: remove one",
    ]
    assert problems(config([], {"resources": ["db"]})) == [
        "states[0].resources[0]: unknown resource 'db'\n"
        "    help: declare it under the top key 'resources'"
    ]


def test_what_the_program_gives_may_be_named_too() -> None:
    assert build(config([], {"resources": ["db"]}), names=("db",)).main == "main"


def test_a_resource_that_could_not_be_read_makes_no_name_unknown() -> None:
    given = config([{**CACHE, "max": 1}, {"name": "b", "provider": "?"}], {"resources": ["b"]})

    assert [text.partition("\n")[0] for text in problems(given)] == [
        "resources[0].max: unknown option 'max' of the provider 'cache'",
        "resources[1].provider: unknown provider '?'",
    ]


def test_paths_begin_in_the_folder_of_the_config(tmp_path: Path) -> None:
    folder = {"name": "f", "provider": "filesystem", "path": "data"}
    database = {"name": "d", "provider": "sql", "path": "/x/shop.db"}
    found = build(file(tmp_path, folder, database, CACHE), trusted=True).resources

    assert [one.path for one in found] == [str(tmp_path / "data"), "/x/shop.db", None]
    assert build(config([folder])).resources[0].path == "data"


@pytest.mark.parametrize(
    ("resource", "message"),
    [
        ({"provider": "sql", "path": "x.db"}, "the provider 'sql' is not allowed"),
        ({"provider": "http", "base_url": "http://h"}, "the provider 'http' is not allowed"),
        ({"provider": "custom", "module": "os", "class": "system"}, "the provider 'custom' is not"),
        ({"provider": "filesystem", "path": "."} | {"writable": True}, "can only be read"),
        ({"provider": "filesystem", "path": ".."}, "must lie in the config's own or below"),
        ({"provider": "filesystem", "path": "a/../.."}, "must lie in the config's own or below"),
        ({"provider": "filesystem", "path": "/"}, "must lie in the config's own or below"),
        ({"provider": "filesystem", "path": "out"}, "must lie in the config's own or below"),
    ],
)
def test_an_untrusted_file_opens_nothing_outside(
    tmp_path: Path, resource: Any, message: str
) -> None:
    (tmp_path / "out").symlink_to("..")
    path = file(tmp_path, {"name": "r", **resource})

    [problem] = problems(path)
    assert message in problem
    assert "help:" in problem and "trusted=True or --trust" in problem
    assert build(path, trusted=True).resources


def test_an_untrusted_file_may_have_a_cache_and_read_its_own_folder(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    folder = {"name": "f", "provider": "filesystem", "path": "data"}

    assert len(build(file(tmp_path, CACHE, folder)).resources) == 2


def test_a_dict_may_declare_anything() -> None:
    assert build(config([{"name": "r", "provider": "sql", "url": "x://"}])).resources
    assert problems(config([{"name": "r", "provider": "sql", "url": "x://"}]), trusted=False)


def test_a_secret_that_changes_leaves_the_digests_alone_and_other_options_do_not() -> None:
    def machine(**options: Any) -> Machine:
        http = {"name": "h", "provider": "http", "base_url": "http://h"}
        return build(config([http | options]))

    assert machine(token="canary-1").fingerprint == machine(token="canary-2").fingerprint
    assert machine(token="canary-1").config_hash == machine(token="canary-2").config_hash
    assert machine().fingerprint != machine(timeout_s=3).fingerprint
    assert "canary" not in repr(machine(token="canary-1"))

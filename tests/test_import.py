"""What `import statepipe` loads, and what the first use of something does."""

import subprocess
import sys
from types import ModuleType

import pytest

import statepipe
from statepipe import standard
from statepipe.api import at_first_use

NOT_LOADED = {
    "sqlite3": "only a checkpoint is a database",
    "yaml": "a config may be a dict or JSON",
    "asyncio": "few functions are async",
    "ssl": "comes with asyncio",
    "concurrent.futures": "only lists run in threads",
    "logging": "comes with asyncio and with thread pools",
    "importlib.metadata": "only a builtin may come from a package",
    "email": "comes with importlib.metadata",
    "psutil": "only a stream looks at its memory",
    "csv": "only a stream reads and writes formats",
    "orjson": "as above",
    "pickle": "only workers are sent something",
    "multiprocessing": "only workers are processes",
    "statepipe.api.streaming": "single records are no stream",
    "statepipe.api.advanced_fsm": "few programs step",
    "statepipe.api.explaining": "few programs ask why",
    "statepipe.api.replay": "few programs replay",
    "statepipe.run.stream": "single records are no stream",
    "statepipe.run.chunk": "single records have no chunks",
    "statepipe.run.pool": "few streams have workers",
    "statepipe.connectors.formats": "only a stream has files",
    "statepipe.connectors.lines": "as above",
    "statepipe.api.resumption": "only a stream has a checkpoint",
    "statepipe.builder": "a config may be a dict or a file",
    "statepipe.cases": "only `statepipe test` runs tests",
}
"""What `import statepipe` has to leave to its first use, and why it can."""

ONE_RECORD = """
import sys, statepipe
code = {"type": "inline", "code": "lambda state: {**state.data, 'y': 1}"}
states = [{"name": "a", "is_start": True, "functions": {"transform": code}}]
states += [{"name": "b", "is_end": True}]
config = {"name": "m", "states": states, "arcs": [{"from": "a", "to": "b"}]}
assert statepipe.SimpleFSM(config).process({"x": 1}).data == {"x": 1, "y": 1}
"""

MOST_MODULES = 330
"""Of all kinds, Python's own included. Without what is loaded at its first use it was 306."""


def said_by(code: str) -> str:
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return said.stdout


def loaded_by(code: str) -> set[str]:
    """Return the modules that a new process has loaded after it ran `code`."""
    return set(said_by(f"{code}\nimport sys; print(*sys.modules)").split())


def test_what_not_every_run_needs_is_loaded_at_its_first_use() -> None:
    assert loaded_by("import statepipe") & NOT_LOADED.keys() == set()


def test_few_modules_are_loaded() -> None:
    assert len(loaded_by("import statepipe")) <= MOST_MODULES


def test_a_single_record_loads_nothing_of_streams_and_event_loops() -> None:
    pydantics = {"importlib.metadata", "email", "csv"}  # it looks for its plugins

    assert loaded_by(ONE_RECORD) & (NOT_LOADED.keys() - pydantics) == set()


@pytest.mark.parametrize("module", [standard, at_first_use], ids=["standard", "at_first_use"])
def test_a_module_that_is_not_there_is_an_attribute_error(module: ModuleType) -> None:
    with pytest.raises(AttributeError, match=f"module '{module.__name__}' has no attribute 'ssl'"):
        module.ssl  # noqa: B018 - what is looked up is what is tested


def test_what_is_loaded_at_its_first_use_is_there_like_the_rest() -> None:
    assert set(statepipe.__all__) <= set(dir(statepipe))
    assert all(hasattr(statepipe, name) for name in statepipe.__all__)
    assert statepipe.replay is statepipe.replay


def test_what_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'statepipe' has no attribute 'replai'"):
        statepipe.replai  # noqa: B018 - what is looked up is what is tested

"""Truth: a stream gives what the interpreter makes of each record alone, to the byte.

`STATEPIPE_EXAMPLES=20000 pytest tests/streaming/test_truth.py` looks deeper.
"""

from __future__ import annotations

import gzip
import os
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from statepipe import DataHandlingMode, Progress, Record, SimpleFSM, StreamConfig, StreamResult
from tests.codegen.authors import FLAKY_TRANSFORMS, asking_later
from tests.streaming.chaos import (
    KEEPING,
    LATER_KEEPING,
    OUTPUTS,
    Input,
    Target,
    ends_of,
    long_inputs,
    nested,
    networks,
    target_of,
    wilder_configs,
)
from tests.streaming.streams import check_sums, lines_of
from tests.streaming.test_conservation import check_originals, choices, sinks_of
from tests.streaming.truth import Expected, expected, same_run, told, truths

EXAMPLES = int(os.environ.get("STATEPIPE_EXAMPLES", "60"))
TRUTH = settings(max_examples=EXAMPLES, deadline=None, print_blob=True)

FILES = [kind for kind in OUTPUTS if kind not in ("function", "object")]
files = st.lists(st.sampled_from(FILES), min_size=1, max_size=3)
any_sinks = st.lists(st.sampled_from([*FILES, "function"]), min_size=1, max_size=3)
LIMITS = (1000, 1000, 1000, 30)
ASKING = "{**data, 'own': [uuid(), rng.random()]}"


def marked(config: dict[str, Any]) -> dict[str, Any]:
    """Return a machine that gives each record what only its position gives it."""
    main = config["networks"][0] if "networks" in config else config
    first, *others = main["states"]
    states = [{**first, "transforms": [ASKING, *first["transforms"]]}, *others]
    if main is config:
        return {**config, "states": states}
    return {**config, "networks": [{**main, "states": states}, *config["networks"][1:]]}


unmarked = st.one_of(
    networks(KEEPING, LIMITS),
    nested(networks(KEEPING, LIMITS)),
    nested(networks(FLAKY_TRANSFORMS[:9], LIMITS)),
    nested(networks([*LATER_KEEPING, asking_later], LIMITS)),
)
machines = unmarked | unmarked.map(marked) | unmarked.map(marked)


class Trial:
    """A stream into its own folder, and what it has to give."""

    def __init__(
        self,
        factory: pytest.TempPathFactory,
        config: dict[str, Any],
        mode: DataHandlingMode,
        given_: Input,
        stream_config: StreamConfig,
        kinds: list[str],
        chosen: list[int],
    ) -> None:
        self.folder = factory.mktemp("truth")
        self.given = given_
        self.stream_config = stream_config
        self.fsm = SimpleFSM(config, data_mode=mode)
        targets = [target_of(self.folder, number, kind) for number, kind in enumerate(kinds)]
        self.sinks = sinks_of(config, chosen, targets)
        writing = written_by(config, self.sinks)
        used = [target for target in targets if any(target.sink is s for s in writing.values())]
        self.used: list[Target] = used
        numbers = {id(target.sink): number for number, target in enumerate(used)}
        at = {end: numbers[id(sink)] for end, sink in writing.items()}
        self.truth: Expected = expected(truths(self.fsm, given_, stream_config), used, at)
        given_.source(self.folder)

    def run(self, **options: Any) -> StreamResult:
        same_run(self.fsm)
        return self.fsm.process_stream(
            self.given.again(self.folder),
            self.sinks,
            stream_config=self.stream_config,
            dead_letters=self.folder / "dead.jsonl",
            **options,
        )

    def check(self, result: StreamResult) -> None:
        letters = lines_of(self.folder / "dead.jsonl")

        assert list(told(letters)) == self.truth.letters
        for target, content in zip(self.used, self.truth.contents, strict=True):
            assert repr(content_of(target)) == repr(content)
        check_sums(result, written=self.truth.written, letters=len(letters))
        check_originals(self.given, letters)


def written_by(config: dict[str, Any], sinks: Any) -> dict[str, Any]:
    """Return the sink of each end state that writes."""
    if isinstance(sinks, dict):
        return sinks
    main = config["networks"][0] if "networks" in config else config
    silent = {state["name"] for state in main["states"] if not state.get("emit_output", True)}
    return {end: sinks for end in ends_of(config) if end not in silent}


def content_of(target: Target) -> bytes | list[Record]:
    """Return what a target got."""
    if target.path is None:
        return list(target.records())
    data = target.path.read_bytes()
    return gzip.decompress(data) if target.path.suffix == ".gz" else data


@TRUTH
@given(machines, st.sampled_from(DataHandlingMode), long_inputs, wilder_configs, any_sinks, choices)
def test_a_stream_gives_what_each_record_alone_becomes(
    tmp_path_factory: pytest.TempPathFactory,
    config: dict[str, Any],
    mode: DataHandlingMode,
    given_: Input,
    stream_config: StreamConfig,
    kinds: list[str],
    chosen: list[int],
) -> None:
    trial = Trial(tmp_path_factory, config, mode, given_, stream_config, kinds, chosen)

    trial.check(trial.run())


def stop_after(chunks: int) -> Callable[[Progress], None]:
    def on_progress(progress: Progress) -> None:
        if progress.chunks_processed > chunks:
            raise InterruptedError(f"after {chunks} chunks")

    return on_progress


@TRUTH
@given(
    machines,
    long_inputs,
    wilder_configs,
    files,
    choices,
    st.lists(st.integers(0, 5), min_size=1, max_size=3),
)
def test_a_stream_that_is_stopped_and_gone_on_with_gives_the_same(
    tmp_path_factory: pytest.TempPathFactory,
    config: dict[str, Any],
    given_: Input,
    stream_config: StreamConfig,
    kinds: list[str],
    chosen: list[int],
    stops: list[int],
) -> None:
    mode = DataHandlingMode.COPY
    trial = Trial(tmp_path_factory, config, mode, given_, stream_config, kinds, chosen)
    checkpoint = trial.folder / "checkpoint"
    for chunks in stops:
        with suppress(InterruptedError):
            trial.run(checkpoint=checkpoint, on_progress=stop_after(chunks))

    trial.check(trial.run(checkpoint=checkpoint))

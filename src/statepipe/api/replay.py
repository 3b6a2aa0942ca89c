"""Replay: the records of dead letters once more through a machine that has been mended."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from statepipe.api.moving import run_assembly
from statepipe.api.request import BESIDE, Request
from statepipe.api.routes import is_same_path, path_of
from statepipe.api.simple import BlockingStreaming, SimpleFSM
from statepipe.api.sinks import is_plain
from statepipe.api.stages import check_arguments
from statepipe.api.streaming import Assembly
from statepipe.config.load import Config
from statepipe.connectors.dead_letter_format import letter_source
from statepipe.connectors.format_options import FormatOptions
from statepipe.connectors.formats import file_sink
from statepipe.connectors.nowhere import Nowhere
from statepipe.errors import RecordError, UsageError
from statepipe.ports.byte_sink import ByteSink
from statepipe.ports.byte_source import ByteSource
from statepipe.run.dead_letters import DeadLetters
from statepipe.run.options import StreamConfig
from statepipe.run.outlets import LateOutlet
from statepipe.run.progress import FailureGroup, Progress, StreamResult
from statepipe.run.replaying import ReplayedLetters, Tally


@dataclass(frozen=True, slots=True)
class ReplayResult(Mapping[str, Any]):
    """What became of dead letters, as attributes and as a mapping.

    `letters` = `fixed` + `same` + `new` + `not_replayable`. Fixed ones reached an end state:
    `by_state` splits them. `same` failed again as before, `new` in another way. `obstacles` count
    why the others could not be run. `unchanged_config`: how many failed again in a config that is
    the one they had failed in. `dead_letters` is where all that is not fixed went, if anywhere.
    """

    letters: int
    fixed: int
    same: int
    new: int
    not_replayable: int
    obstacles: Mapping[str, int]
    unchanged_config: int
    by_state: Mapping[str, int]
    emitted: int
    excluded_by_state: Mapping[str, int]
    dead_letters: str | None
    duration: float
    errors: list[RecordError] = field(repr=False)
    failure_groups: list[FailureGroup] = field(repr=False)

    def __getitem__(self, key: str) -> Any:  # as different as the fields are
        if key in FIELDS:
            return getattr(self, key)
        raise KeyError(key)

    def __iter__(self) -> Iterator[str]:
        return iter(FIELDS)

    def __len__(self) -> int:
        return len(FIELDS)


FIELDS = tuple(item.name for item in fields(ReplayResult))


def replay(
    machine: Config | BlockingStreaming,
    dead_letters: str | os.PathLike[str],
    sink: Any = None,  # as in `process_stream`
    *,
    new_dead_letters: str | os.PathLike[str] | None = BESIDE,
    in_place: bool = False,
    overwrite: bool = False,
    output_format: str = "auto",
    text_field_name: str = "text",
    csv_delimiter: str = ",",
    csv_has_header: bool = True,
    stream_config: StreamConfig | None = None,
    on_progress: Callable[[Progress], Any] | None = None,
    timeout: float | None = None,
) -> ReplayResult:
    """Run the originals of a file of dead letters through `machine`, in the file's order.

    `machine` is a config, a `SimpleFSM`, or the pipeline that the letters come from. What
    reaches an end state is written to `sink`. What fails again goes to `new_dead_letters` with
    one attempt more, and whatever cannot be replayed as it is: beside the sink unless told, or
    with `in_place` in place of the old letters, in one step at the end. No file that is there is
    replaced unless `overwrite` says so. Raises what `process_stream` raises.
    """
    owned = machine if isinstance(machine, BlockingStreaming) else SimpleFSM(machine)
    path = path_of(dead_letters)
    if path is None:
        raise UsageError(f"dead letters to replay must be a path, not {dead_letters!r}")
    if in_place and new_dead_letters != BESIDE:
        raise UsageError("in_place puts the new dead letters in place of the old: name no other")
    config = stream_config or owned._stages[0].stream_config
    check_arguments(config, timeout, on_progress)
    request = Request(
        source=path,
        sink=sink,
        config=config,
        on_progress=on_progress,
        input_format="jsonl",
        output_format=output_format,
        options=FormatOptions(text_field_name, csv_delimiter, csv_has_header),
        timeout_s=config.timeout_seconds if timeout is None else timeout,
        dead_letters=path if in_place else new_dead_letters,
    )
    assembly = ReplayAssembly(owned, request, in_place=in_place, overwrite=overwrite)
    return result_of(run_assembly(assembly), assembly.tally, kept=assembly.keeps_letters)


class ReplayAssembly(Assembly):
    """Builds a stream whose source are dead letters, and whose failures are these again."""

    def __init__(
        self, machine: BlockingStreaming, request: Request, *, in_place: bool, overwrite: bool
    ) -> None:
        self.tally = Tally()
        self._in_place = in_place
        self._overwrite = overwrite
        super().__init__(machine._stages, request)

    def _open_source(self) -> ByteSource:
        names = tuple(stage.machine.name for stage in self.stages)
        limit = self.request.config.max_record_bytes
        return letter_source(self.request.source, names, self.files, limit)

    def _dead_letter_sink(self) -> ByteSink:
        """Return a sink in any case: what fails again has to be told apart, written or not."""
        if not self._in_place:
            return super()._dead_letter_sink() or Nowhere()
        return file_sink(self.request.source, files=self.files, format="jsonl")

    def _dead_letters(self, outlet: LateOutlet | None) -> DeadLetters:
        assert self.letters is not None and outlet is not None
        always = self._in_place
        return ReplayedLetters(self.letters, self._sender(), outlet, self.tally, always=always)

    @property
    def keeps_letters(self) -> bool:
        """Whether what is not fixed is written anywhere."""
        return not isinstance(self.letters, Nowhere)

    def _refuse_same_files(self) -> None:
        """Refuse to write over the letters unless in place, and over any file unless told."""
        for target in self.routes.targets:
            if is_same_path(self.request.source, target):
                raise UsageError(f"the sink is the file of dead letters itself: {path_of(target)}")
            self._refuse_to_replace(path_of(target))
        if self._in_place:
            self._check_in_place()
        elif self.letters is not None:
            self._check_letters(self.letters.path)
            super()._refuse_same_files()

    def _check_letters(self, path: str | None) -> None:
        if is_same_path(self.request.source, path):
            raise UsageError(
                f"the new dead letters would replace the old ones, {path}: give them another "
                "path, or ask for just that (in_place)"
            )
        self._refuse_to_replace(path)

    def _check_in_place(self) -> None:
        if not is_plain(self.request.source):
            raise UsageError(f"{self.request.source} is no file, and cannot be replaced in place")
        if not self.routes.targets:
            raise UsageError("in_place without a sink would drop the records that are fixed")

    def _refuse_to_replace(self, path: str | None) -> None:
        if path is None or self._overwrite or not os.path.exists(path) or not is_plain(path):
            return
        raise UsageError(
            f"{path} is there already, and a replay writes a new file: give another path, "
            "or say that it may be replaced (overwrite)"
        )


def result_of(stream: StreamResult, tally: Tally, *, kept: bool) -> ReplayResult:
    """Return the counts of a replay from those of its stream."""
    return ReplayResult(
        letters=stream.total_records,
        fixed=stream.successful,
        same=tally.same,
        new=tally.new,
        not_replayable=tally.obstacles.total(),
        obstacles={obstacle.value: count for obstacle, count in tally.obstacles.items()},
        unchanged_config=tally.unchanged,
        by_state=stream.by_state,
        emitted=stream.emitted,
        excluded_by_state=stream.excluded_by_state,
        dead_letters=stream.dead_letters if kept else None,
        duration=stream.duration,
        errors=stream.errors,
        failure_groups=stream.failure_groups,
    )

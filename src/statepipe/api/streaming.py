"""Assembly: the parts of a stream, made from the arguments of `process_stream`."""

from __future__ import annotations

import importlib
import inspect
import os
from collections.abc import AsyncIterable, Sequence
from dataclasses import replace
from typing import Any

from statepipe.api.assemble import Core
from statepipe.api.checkpointing import Checkpointing
from statepipe.api.passing import emitting, refuse_own_sinks
from statepipe.api.remembering import check_memory
from statepipe.api.request import Request
from statepipe.api.resumption import (
    Resumption,
    check_able,
    durable,
    format_facts,
    settings_of,
    source_facts,
)
from statepipe.api.routes import Routes, is_same_path, path_of, routes
from statepipe.api.sinks import AnySink, dead_letter_sink, outlet_of, sink_of
from statepipe.api.sources import AnySource, new_intake, reads_ranges, source_of
from statepipe.connectors.dead_letter_format import format_of
from statepipe.connectors.formats import FORMATS, format_name, unused_options
from statepipe.connectors.json_codec import JsonDecoder, JsonEncoder
from statepipe.errors import UsageError
from statepipe.ports import Source
from statepipe.ports.byte_sink import ByteSink
from statepipe.ports.byte_source import ByteSource
from statepipe.ports.checkpoint_store import CheckpointStore
from statepipe.record import Run
from statepipe.run.awaiting import is_async
from statepipe.run.bell import Bell
from statepipe.run.committing import Committer, Facts
from statepipe.run.compute import ChunkRunner
from statepipe.run.computing import Computing, InlineComputing
from statepipe.run.dead_letters import DeadLetters, Sender
from statepipe.run.durable_outlet import DurableOutlet
from statepipe.run.encoding import LateEncoding
from statepipe.run.fitting import allowance, fitted_source
from statepipe.run.heap import settle_heap
from statepipe.run.outlets import ByteOutlet, LateOutlet, Outlet
from statepipe.run.routing import Relay, Routing, Slot
from statepipe.run.steps_due import StepsDue
from statepipe.run.stream import Parts


class Assembly:
    """Builds the parts of a stream for one or more stages. `needs_loop` tells which driver."""

    def __init__(self, stages: Sequence[Core], request: Request) -> None:
        self.stages = stages
        self.request = request
        self.outside = stages[0].outside
        self.files, self.clock = self.outside.files, self.outside.clock
        for stage in stages:
            stage.check_open()
        for stage in stages[:-1]:
            refuse_own_sinks(stage)
        self.resumption = Resumption(None)
        self.run: Run = stages[0].begin_run()  # unless an earlier one is gone on with
        self.routes: Routes = routes(stages[-1].machine.main_network, request.sink)
        self.allowed = allowance(request.config)
        self.source = fitted_source(self._open_source(), self.allowed)
        self.sinks = [self._sink(target) for target in self.routes.targets]
        self._check_formats()
        self.letters = self._dead_letter_sink()
        self._refuse_same_files()
        checkpointed = request.checkpoint is not None
        check_memory(stages, request.config, checkpointed=checkpointed)
        if checkpointed:
            check_able(self.source, self._written, request.config)

    @property
    def _written(self) -> list[AnySink]:
        """All that is written, by number; the dead letters last."""
        return [*self.sinks, *([self.letters] if self.letters is not None else [])]

    def _facts(self) -> Facts:
        """Return what a new run is, and is known by when it goes on."""
        request = self.request
        outputs = {
            state: os.path.realpath(sink.name)
            for state, number in self.routes.sinks.items()
            if isinstance(sink := self.sinks[number], ByteSink)
        }
        if self.letters is not None:
            outputs["dead letters"] = os.path.realpath(self.letters.name)
        formats = format_facts(
            request.options, request.input_format, request.output_format, request.config
        )
        return Facts(
            self.run.id,
            self.run.began_s,
            source_facts(self.source),
            settings_of(self.stages, outputs, formats),
        )

    @property
    def needs_loop(self) -> bool:
        """Whether something has to be awaited, so that the blocking driver will not do."""
        if isinstance(self.source, AsyncIterable) or any(map(is_async, self.routes.targets)):
            return True
        given = self.request.source
        if isinstance(given, Source) and inspect.iscoroutinefunction(given.close):
            return True
        if is_async(self.request.on_progress):
            return True
        inline = self.request.config.parallelism == 1
        return inline and any(stage.plan.is_async for stage in self.stages)

    def parts(self, bell: Bell) -> Parts:
        """Return the parts of the stream, for the driver that `bell` belongs to.

        Raises CheckpointError or UsageError where it cannot go on from its checkpoint.
        """
        checkpoint = self.request.checkpoint
        if checkpoint is None:
            outlets = [outlet_of(sink, bell) for sink in self.sinks]
            letters = ByteOutlet(self.letters, bell) if self.letters is not None else None
            return self._parts(bell, outlets, self._dead_letters(letters))
        store = checkpoint.opened(self.outside.open_store)
        try:
            return self._resumable_parts(bell, checkpoint, store)
        except BaseException:
            store.close()
            raise

    def _resumable_parts(
        self, bell: Bell, checkpoint: Checkpointing, store: CheckpointStore
    ) -> Parts:
        saved, facts = store.load(), self._facts()
        if saved is not None:
            checkpoint.check(saved, facts.source, facts.settings)
            self.run = Run(saved.run_id, saved.began_s)
            facts = replace(facts, run_id=saved.run_id, began_s=saved.began_s)
        self.resumption = Resumption(saved, store)
        detached, left = checkpoint.take_over, self.resumption.output
        outlets = [
            DurableOutlet(sink, bell, left(number), store, detached=detached)
            for number, sink in enumerate(durable(self._written))
        ]
        letters = outlets[-1] if self.letters is not None else None
        parts = self._parts(bell, outlets[: len(self.sinks)], self._dead_letters(letters))
        parts.committer = Committer(
            store, outlets, saved, self.clock, bell, self.outside.commit_limits
        )
        parts.facts = facts
        return parts

    def _parts(
        self, bell: Bell, outlets: Sequence[Outlet], dead_letters: DeadLetters | None
    ) -> Parts:
        settle_heap()
        request, config = self.request, self.request.config
        use_streaming = request.use_streaming
        return Parts(
            intake=new_intake(
                self.source, config, self.resumption, bell, self.clock, use_streaming=use_streaming
            ),
            computing=self._computing(bell),
            outlets=outlets,
            dead_letters=dead_letters,
            config=config,
            clock=self.clock,
            bell=bell,
            total_bytes=self.source.total_bytes if isinstance(self.source, ByteSource) else None,
            on_progress=request.on_progress,
            excluded=self._excluded(),
            timeout_s=request.timeout_s,
            relative_lines=reads_ranges(self.source, config, use_streaming),
            late=self._late(),
        )

    # -- sources ---------------------------------------------------------------------------

    def _open_source(self) -> AnySource:
        request = self.request
        return source_of(
            request.source,
            files=self.files,
            input_format=request.input_format,
            options=request.options,
            chunk_size=request.config.chunk_size,
        )

    def _check_formats(self) -> None:
        """Refuse formats that nothing would be read or written in."""
        request = self.request
        if request.input_format != "auto" and not isinstance(self.source, ByteSource):
            raise UsageError(
                f"input_format={request.input_format!r} is for a source that is a path"
            )
        writes_bytes = any(isinstance(sink, ByteSink) for sink in self.sinks)
        if request.output_format != "auto" and not writes_bytes:
            raise UsageError(f"output_format={request.output_format!r} is for sinks that are paths")
        unused = unused_options(request.options, self._formats())
        if unused:
            raise UsageError(f"nothing is read or written in a format that heeds {unused[0]}")

    def _formats(self) -> set[str]:
        """Return the formats of all files; all there are, where an object brings its own."""
        request = self.request
        named = [(request.source, request.input_format)]
        named += [(target, request.output_format) for target in self.routes.targets]
        paths = [(path_of(target), name) for target, name in named]
        if isinstance(request.source, ByteSource) or any(
            isinstance(target, ByteSink) for target in self.routes.targets
        ):
            return set(FORMATS)
        return {format_name(path, name) for path, name in paths if path is not None}

    # -- computing -------------------------------------------------------------------------

    def _computing(self, bell: Bell) -> Computing:
        config, source = self.request.config, self.source
        decoder = source.decoder if isinstance(source, ByteSource) else None
        runner = ChunkRunner(
            [stage.engine for stage in self.stages],
            decoder,
            self._routing(),
            retries=config.max_retries if config.retry_on_error else 0,
            concurrency=config.concurrency,
            run=self.run,
            allowed=self.allowed,
            holders=[stage.resources for stage in self.stages if stage.resources.declared],
        )
        if config.parallelism == 1:
            return InlineComputing(runner, bell)
        read_by_workers = source if isinstance(source, ByteSource) else None
        pool: Computing = importlib.import_module("statepipe.run.pool").Pool(  # much comes with it
            runner,
            read_by_workers,
            chunk_size=config.chunk_size,
            count=config.parallelism,
            bell=bell,
            max_deliveries=config.max_deliveries,
            memory_limit_mb=config.memory_limit_mb,
            log=self.resumption.log,
            due=StepsDue() if any(stage.plan.needs_timing for stage in self.stages) else None,
        )
        return pool

    def _routing(self) -> Routing:
        slots = self._slots()
        if (late := self._late()) is not None:
            slots = [late.worker_slot(number, slot) for number, slot in enumerate(slots)]
        passing = [emitting(stage) for stage in self.stages[:-1]]
        names = [stage.machine.name for stage in self.stages]
        relay = Relay(JsonEncoder(), JsonDecoder()) if passing else None
        return Routing(slots, self.routes.sinks, passing, names, relay)

    def _slots(self) -> list[Slot]:
        return [
            Slot(sink.encoder, sink.framing) if isinstance(sink, ByteSink) else Slot()
            for sink in self.sinks
        ]

    def _late(self) -> LateEncoding | None:
        """Return what encodes after the workers, if there are any and a sink needs it."""
        if self.request.config.parallelism == 1:
            return None
        slots = {
            number: slot
            for number, slot in enumerate(self._slots())
            if slot.encoder is None or not slot.encoder.portable
        }
        return LateEncoding(slots) if slots else None

    def _excluded(self) -> frozenset[str]:
        """Return the end states, as they are counted, whose records go nowhere."""
        silent = {
            f"{stage.machine.name}:{state.name}"
            for stage in self.stages[:-1]
            for state in stage.machine.main_network.states.values()
        }
        last = self.stages[-1].machine.main_network.states
        return frozenset(silent | {name for name in last if name not in self.routes.sinks})

    # -- sinks -----------------------------------------------------------------------------

    def _sink(self, target: Any) -> AnySink:  # see Request.sink
        request = self.request
        return sink_of(
            target,
            files=self.files,
            output_format=request.output_format,
            options=request.options,
        )

    def _dead_letter_sink(self) -> ByteSink | None:
        return dead_letter_sink(self.request.dead_letters, self.routes.targets, self.files)

    def _dead_letters(self, outlet: LateOutlet | None) -> DeadLetters | None:
        if self.letters is None or outlet is None:
            return None
        begun = isinstance(outlet, DurableOutlet) and outlet.saved is not None
        return DeadLetters(self.letters, self._sender(), outlet, begun=begun)

    def _sender(self) -> Sender:
        machines = tuple((s.machine.name, s.machine.config_hash) for s in self.stages)
        if isinstance(self.source, ByteSource):
            decoder = self.source.decoder
            return Sender(self.source.name, machines, lambda: format_of(decoder))
        as_json = JsonDecoder()  # as `run.failures` writes an iterator's records
        return Sender(type(self.source).__name__, machines, lambda: format_of(as_json))

    def _refuse_same_files(self) -> None:
        """Refuse to write over the source, or over another output of this stream."""
        if self.letters is not None:
            if any(is_same_path(target, self.letters.path) for target in self.routes.targets):
                raise UsageError(
                    f"the dead letters and a sink are the same file: {self.letters.path}"
                )
            if is_same_path(self.request.source, self.letters.path):
                raise UsageError(
                    f"the dead letters would go to the source itself, {self.letters.path}; "
                    "name another file for them"
                )
        for target in self.routes.targets:
            if is_same_path(self.request.source, target):
                raise UsageError(f"the sink is the source itself: {path_of(target)}")

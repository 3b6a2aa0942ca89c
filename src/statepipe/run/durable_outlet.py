"""DurableOutlet: writes to a byte sink behind the driver's back, and tells where it stands."""

from __future__ import annotations

from dataclasses import replace

from statepipe.errors import StreamError
from statepipe.ports.byte_sink import DurableSink, DurableWriter
from statepipe.ports.checkpoint_store import CheckpointStore
from statepipe.ports.formats import LearningEncoder
from statepipe.run.alarm import Alarm
from statepipe.run.bell import Bell
from statepipe.run.chunk import Output
from statepipe.run.writing import WriteBehind
from statepipe.saved import SavedOutput


class Mark:
    """A place in an output, and where the output stands when its writer has come to it.

    `learnt` is what the output's encoder knows there.
    """

    def __init__(self, writer: DurableWriter, learnt: str) -> None:
        self._writer = writer
        self._learnt = learnt
        self._state: SavedOutput | None = None
        self._error: Exception | None = None
        self._settled = Alarm()

    def do(self) -> None:
        self._state = replace(self._writer.mark(), encoder=self._learnt)
        self._settled.ring()

    def drop(self, error: Exception | None) -> None:
        self._error = error
        self._settled.ring()

    def wait(self) -> SavedOutput:
        """Return where the output stands; called once.

        Raises what broke it before it came to the mark.
        """
        self._settled.wait()
        if self._error is not None:
            raise self._error
        if self._state is None:
            raise StreamError("an output was let go of before it came to a chunk's border")
        return self._state


class DurableOutlet:
    """An Outlet of a run with a checkpoint. `saved` is where it went on from, None for a new one.

    It never removes what it wrote: `abort` leaves it for the run that goes on. File names are
    looked at and changed only while the `store` is held: a process that was stopped, and goes on
    after another has taken over, must not touch what is the other's now.
    """

    def __init__(
        self,
        sink: DurableSink,
        bell: Bell,
        saved: SavedOutput | None,
        store: CheckpointStore,
        *,
        detached: bool,
    ) -> None:
        self.saved = saved
        self._sink = sink
        self._store = store
        self._bell = bell
        self._detached = detached
        self._writer: DurableWriter | None = None
        self._behind: WriteBehind | None = None
        self.taken_bytes = 0

    @property
    def is_open(self) -> bool:
        return self._writer is not None

    @property
    def written_bytes(self) -> int:
        return self._behind.written_bytes if self._behind is not None else 0

    def open(self) -> None:
        """Open the output where it was left; raises SinkError where it is not as it was left."""
        encoder = self._sink.encoder
        with self._store.held():
            self._writer = self._sink.open_durable(self.saved, detached=self._detached)
        if isinstance(encoder, LearningEncoder) and self.saved is not None:
            encoder.restore(self.saved.encoder)
        self._behind = WriteBehind(self._writer, self._sink.framing.between, self._bell)

    def try_out(self) -> None:
        """Raise SinkError if the output could not be made; leave nothing behind."""
        with self._store.held():
            if self._detached:
                self._sink.detach()
            self._sink.open().abort()

    def complete(self, saved: SavedOutput) -> None:
        """Put an output that an earlier run has finished under its final name. Blocks."""
        with self._store.held():
            self._sink.complete(saved)

    async def write(self, output: Output) -> None:
        assert self._behind is not None and isinstance(output, bytes)
        self._behind.put(output)
        self.taken_bytes += len(output)

    async def flush(self) -> None:
        if self._behind is not None:
            self._behind.flush()

    def mark(self) -> Mark:
        """Return a mark behind all that was put so far."""
        assert self._behind is not None and self._writer is not None
        encoder = self._sink.encoder
        learnt = encoder.save() if isinstance(encoder, LearningEncoder) else ""
        mark = Mark(self._writer, learnt)
        self._behind.act(mark)
        return mark

    def sync(self) -> None:
        """Make what was marked durable. Raises SinkError."""
        assert self._writer is not None
        self._writer.sync()

    def finish(self) -> SavedOutput:
        """Write everything and the end, durably; return where the output stands. Blocks."""
        assert self._behind is not None and self._writer is not None
        self._behind.end()
        return self._writer.finish()

    def place(self) -> None:
        """Put the finished output under its final name. Blocks."""
        assert self._writer is not None
        with self._store.held():
            self._writer.place()
        self._writer = self._behind = None

    async def commit(self) -> None:
        """Nothing: the committer finishes and places all outputs together."""

    async def abort(self) -> None:
        """Let go of the output; what was written stays."""
        if self._behind is not None:
            self._behind.abort()
            self._behind = self._writer = None

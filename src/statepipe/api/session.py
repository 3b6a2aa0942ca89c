"""Session: makes steps, blocking or in a loop, and holds what functions need while they do.

Functions are set up when the first of several contexts takes its first step, and torn down when
the last of them is done, or the session is closed. Neither comes before a step that is under way.
"""

from __future__ import annotations

import asyncio
import threading
import time
import weakref
from collections.abc import Callable
from contextlib import AsyncExitStack, ExitStack, suppress
from contextvars import ContextVar, copy_context
from functools import partial
from typing import TypeVar
from weakref import WeakKeyDictionary

from statepipe.api.assemble import Core
from statepipe.api.modes import check_member
from statepipe.errors import UsageError
from statepipe.plan.drive import Steps, drive, drive_async
from statepipe.plan.lower import lower, starting_at
from statepipe.plan.model import Plan
from statepipe.record import DataHandlingMode
from statepipe.run.lasting_loop import LastingLoop
from statepipe.run.lives import alive, alive_async

Given = TypeVar("Given")
Result = TypeVar("Result")

LOOK_S = 0.005
"""How often who waits for steps looks for them. A call that wakes could be cut off by Ctrl-C."""

_around: ContextVar[tuple[object, ...]] = ContextVar("steps_around", default=())
"""The steps within which code runs: it cannot wait for their end."""


class Session:
    """The steps of one machine's contexts. A plan with async functions is driven in a loop.

    Blocking callers have a loop of the session's own for that, which lasts as long as it does.
    """

    def __init__(self, core: Core) -> None:
        self.core = core
        self._plans: dict[DataHandlingMode, Plan] = {}
        self._open: set[int] = set()
        self._under_way: dict[object, int] = {}  # steps, with the keys of their contexts
        self._lives = ExitStack()
        self._lives_in_loop = AsyncExitStack()
        self._changing = threading.Lock()
        self._locks: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Lock] = (
            WeakKeyDictionary()
        )
        self._own_loop: LastingLoop | None = None

    def plan_of(self, mode: DataHandlingMode | None, state: str | None) -> Plan:
        """Return the plan for records that enter at `state`, with another mode than the core's."""
        plan = self.core.plan_from(state)
        if mode is None:
            return plan
        check_member("data_mode", mode, DataHandlingMode)
        if mode not in self._plans:
            machine, resources = self.core.machine, self.core.resources
            self._plans[mode] = lower(machine, mode=mode, resources=resources)
        return starting_at(self._plans[mode], plan.states[plan.start].name)

    # -- blocking --------------------------------------------------------------------------

    def make(self, key: int, steps: Steps[Given], note: Callable[[Given], Result]) -> Result:
        """Make a step of the context `key`; return what `note` makes of it."""
        self.core.check_open()
        if self.core.plan.is_async:
            return self.own_loop.run(self._make_in_loop(key, steps, note))
        step = object()
        try:
            self._begin(key, step)
            return note(within(step, lambda: drive(steps, self.core.timing)))
        finally:
            try:
                steps.close()
            finally:
                self._under_way.pop(step, None)  # one call into C: no interrupt comes before it

    def done(self, key: int) -> None:
        """Tear down what only this context still needed. Nothing if it has not begun.

        Waits for its step if one is under way. Raises UsageError within that.
        """
        if key not in self._open:
            return
        self._check_not_within(key)
        if self.core.plan.is_async:
            self._check_own_loop()
            self.own_loop.run(self._done_in_own_loop(key))
        else:
            self._end(key)

    # -- in a loop -------------------------------------------------------------------------

    async def make_async(
        self, key: int, steps: Steps[Given], note: Callable[[Given], Result]
    ) -> Result:
        """As `make`. Functions that are not async run in a thread, if none is.

        A cancellation waits for them: nothing ends them, and what they need stays until they are
        done. The step is made then.
        """
        self.core.check_open()
        if not self.core.plan.is_async:
            return await in_thread(partial(self.make, key, steps, note))
        return await self._make_in_loop(key, steps, note)

    async def done_async(self, key: int) -> None:
        if key not in self._open:
            return
        self._check_not_within(key)
        if self.core.plan.is_async:
            await self._done_in_loop(key)
        else:
            await in_thread(partial(self._end, key))

    # -- the end ---------------------------------------------------------------------------

    def close(self) -> None:
        """Tear down everything, once no step is under way. Safe to call more than once.

        Raises UsageError where that has to be awaited in the caller's loop, and within a step.
        """
        self.check_not_within()
        if self._open and self.core.plan.is_async:
            self._check_own_loop()
        while not self._torn_down():
            self._await_steps(None)
        if self._own_loop is None:
            return
        own, self._own_loop = self._own_loop, None
        try:
            own.run(self._close_in_loop())
        finally:
            own.close()

    async def aclose(self) -> None:
        """As `close`, where a loop runs that steps were made in."""
        self.check_not_within()
        await self._await_steps_in_loop(None)
        if self._own_loop is None:
            await self._tear_down_in_loop()
        await in_thread(self.close)

    @property
    def own_loop(self) -> LastingLoop:
        if self._own_loop is None:
            self._own_loop = LastingLoop()
            weakref.finalize(self, self._own_loop.stop)  # of a machine that nobody closes
        return self._own_loop

    # -- steps under way -------------------------------------------------------------------

    @property
    def is_making(self) -> bool:
        """Whether a step is under way."""
        return self._makes(None)

    def check_not_within(self) -> None:
        """Raise UsageError in a function of a step, which a close would wait for."""
        self._check_not_within(None)

    def _check_not_within(self, key: int | None) -> None:
        steps = [self._under_way.get(step) for step in _around.get()]
        if any(each is not None and key in (None, each) for each in steps):
            raise UsageError(
                f"a function of {self.core.machine.name!r} cannot end what its own step needs: "
                "close the machine, or leave the record, when the step is made"
            )

    def _makes(self, key: int | None) -> bool:
        return any(key in (None, each) for each in list(self._under_way.values()))

    def _await_steps(self, key: int | None) -> None:
        """Wait for the steps of the context `key`, or for all. Blocks."""
        while self._makes(key):
            time.sleep(LOOK_S)

    async def _await_steps_in_loop(self, key: int | None) -> None:
        while self._makes(key):  # noqa: ASYNC110  # steps end in other threads and loops
            await asyncio.sleep(LOOK_S)

    # -- within ----------------------------------------------------------------------------

    def _check_own_loop(self) -> None:
        """Raise UsageError where steps were made in the caller's loop."""
        if self._own_loop is None:
            raise UsageError(
                f"{self.core.machine.name!r} has records under way in an event loop: close it with "
                "`await fsm.aclose()` or `async with`, leave a record with `await leave_async()`"
            )

    def _begin(self, key: int, step: object) -> None:
        with self._changing:
            self.core.check_open()  # it may have been closed while this waited
            if not self._open:
                self._lives.enter_context(alive(self.core.lives))
            self._open.add(key)
            self._under_way[step] = key

    def _torn_down(self) -> bool:
        """Tear down everything, if no step is under way; return whether that was so."""
        with self._changing:
            if self.is_making:
                return False
            self._open.clear()
            self._lives.close()
            return True

    def _end(self, key: int) -> None:
        self._await_steps(key)
        with self._changing:
            self._open.discard(key)
            if not self._open:
                self._lives.close()

    async def _make_in_loop(
        self, key: int, steps: Steps[Given], note: Callable[[Given], Result]
    ) -> Result:
        step = object()
        before = _around.set((*_around.get(), step))
        try:
            async with self._changing_here():
                self.core.check_open()
                if not self._open:
                    await self._lives_in_loop.enter_async_context(alive_async(self.core.lives))
                self._open.add(key)
                self._under_way[step] = key
            return note(await drive_async(steps, self.core.timing))
        finally:
            try:
                steps.close()
            finally:
                self._under_way.pop(step, None)
                _around.reset(before)

    async def _done_in_loop(self, key: int) -> None:
        await self._await_steps_in_loop(key)
        async with self._changing_here():
            self._open.discard(key)
            if not self._open:
                await self._lives_in_loop.aclose()

    def _changing_here(self) -> asyncio.Lock:
        """Return what keeps a step from being made before everything is set up."""
        return self._locks.setdefault(asyncio.get_running_loop(), asyncio.Lock())

    async def _done_in_own_loop(self, key: int) -> None:
        await self._done_in_loop(key)
        if not self._open:
            await self.core.resources.close_in_loop()

    async def _close_in_loop(self) -> None:
        try:
            await self._tear_down_in_loop()
        finally:
            await self.core.resources.close_in_loop()

    async def _tear_down_in_loop(self) -> None:
        while True:
            await self._await_steps_in_loop(None)
            async with self._changing_here():
                if not self.is_making:
                    self._open.clear()
                    await self._lives_in_loop.aclose()
                    return


def within(step: object, call: Callable[[], Result]) -> Result:
    """Make a call of which all that runs in it knows that it is within `step`."""
    before = _around.set((*_around.get(), step))
    try:
        return call()
    finally:
        _around.reset(before)


async def in_thread(call: Callable[[], Result]) -> Result:
    """Make a call in a thread. A cancellation is passed on when the call is done.

    What the call raises then becomes a note on the cancellation.
    """
    here = copy_context()
    made = asyncio.get_running_loop().run_in_executor(None, lambda: here.run(call))
    try:
        return await asyncio.shield(made)
    except asyncio.CancelledError as cancelled:
        await ended(made)
        failed = made.exception()
        if failed is not None:
            cancelled.add_note(f"{type(failed).__name__}: {failed}")
        raise


async def ended(work: asyncio.Future[Result]) -> None:
    """Wait until `work` has ended, however often the wait is cancelled."""
    while not work.done():
        with suppress(asyncio.CancelledError):  # the one that began this is raised in its place
            await asyncio.wait([work])

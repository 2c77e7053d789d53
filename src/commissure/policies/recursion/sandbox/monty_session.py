"""One sandbox on Monty: runs, their calls out, what becomes of them when they are cut off, and parking."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Protocol

from commissure.hal.errors import CommissureError, UsageError
from commissure.policies.recursion.sandbox.answers import Stopped, answered, host_function, raised, refused
from commissure.policies.recursion.sandbox.binding import monty
from commissure.policies.recursion.sandbox.dumped import Beside, packed
from commissure.policies.recursion.sandbox.failures import kind_of, words_of
from commissure.policies.recursion.sandbox.interpreter import CallOut, Ended, ErrorKind, Refusal, SandboxLimits
from commissure.policies.recursion.sandbox.plain import TooLarge, entering, leaving, shown
from commissure.policies.recursion.sandbox.printed import Printed

# How often one run may ask for what is not there, or call out beyond its limit: this takes no time of its own.
MOST_ANSWERED = 10_000
# What ends a run in the middle of an operation: nothing of the heap can be relied on.
_UNDONE = "what this run had set is lost, all variables are as they were before it"
_CUT_OFF: tuple[ErrorKind, ...] = ("time", "output", "crash")


class Home(Protocol):
    """Where workers come from."""

    def worker(self, session: MontySession) -> monty.MontySession:
        """A worker for a session that is to run now."""

    def used(self, session: MontySession) -> None:
        """The session was the last to run."""

    def freed(self, session: MontySession) -> None:
        """The session has no worker any more."""


class MontySession:
    """One sandbox; see `Session`."""

    def __init__(self, home: Home, functions: tuple[str, ...], limits: SandboxLimits) -> None:
        self.limits = limits
        self._home = home
        self._functions = {name: host_function(name) for name in functions}
        self._worker: monty.MontySession | None = None
        self._snapshot: monty.FunctionSnapshot | None = None
        self._out: CallOut | None = None
        # The state after the last run, empty for a fresh sandbox: what a worker begins with, and goes back to.
        self._kept = b""
        # That of a run which waits without a worker.
        self._parked = b""
        self._broken = ""
        self._closed = False
        self._printed = Printed(limits.output_chars)
        self._calls_out = 0
        self._answered = 0

    @property
    def waiting(self) -> CallOut | None:
        """The call out that the code waits for."""
        return self._out

    def run(self, code: str) -> Ended:
        """Run code that calls nothing of the host; a call out is refused in it."""
        step = self.start(code)
        while isinstance(step, CallOut):
            step = self.resume(Refusal(f"{step.name}() cannot be called here"))
        return step

    def start(self, code: str, inputs: Mapping[str, Any] | None = None) -> CallOut | Ended:
        """Run code until it calls a function of the host, or ends."""
        if self._out is not None:
            raise CommissureError(f"the code waits for {self._out.name}(): resume it before another run")
        self._printed = Printed(self.limits.output_chars)
        self._answered = 0
        try:
            given = {name: entering(value) for name, value in (inputs or {}).items()}
            code.encode()
        except (TypeError, ValueError) as error:
            return Ended(error=f"{type(error).__name__}: what was given cannot enter: {error}", kind="error")
        return self._stepped(lambda: self._awake().feed_start(code, inputs=given, print_callback=self._printed.write))

    def resume(self, value: Any) -> CallOut | Ended:
        """Go on with the value of the call out; with a Refusal it is raised there, as for a value that cannot enter."""
        if self._out is None:
            raise CommissureError("the code does not wait for a call out: start it")
        name, self._out = self._out.name, None
        return self._stepped(lambda: answered(self._taken(), name, value))

    def variable(self, name: str) -> tuple[bool, Any]:
        """Whether there is a variable of this name that can leave, and its value."""
        if not name.isidentifier() or name in self._functions or self._out is not None:
            return False, None
        try:
            step = self._awake().feed_start(name)
            if isinstance(step, monty.MontyComplete):
                return True, leaving(step.output)
            if isinstance(step, monty.NameLookupSnapshot):
                step.resume()
        except (monty.MontyError, ValueError):
            pass
        return False, None

    def dump(self) -> bytes:
        """The session's state between runs, or while it waits, for `load`."""
        printed, waits = self._printed, self._out is not None
        beside = Beside(
            self.limits, waits, self._calls_out, self._answered, printed.kept, printed.length, len(self._kept)
        )  # fmt: skip
        return packed(beside, self._kept + (self._suspended().dump() if waits else b""))

    def restore(self, beside: Beside, states: bytes) -> None:
        """Begin as a dump says. Raises UsageError if Monty cannot read it."""
        self._kept, self._parked = states[: beside.kept_bytes], states[beside.kept_bytes :]
        self._calls_out, self._answered = beside.calls_out, beside.answered
        self._printed = Printed(self.limits.output_chars, beside.printed, beside.printed_length)
        try:
            if beside.waiting:
                self._out = self._call_out(self._suspended())
            else:
                self._awake()
        except monty.MontyError as error:
            raise UsageError(f"a dump of a sandbox that cannot be read: {error}") from error

    def park(self) -> None:
        """Keep the state, and give the worker back."""
        if self._snapshot is not None:
            try:
                self._parked = self._snapshot.dump()
            except monty.MontyError as error:
                self._broken = words_of(error)
        self._give_back()

    def close(self) -> None:
        """End the session."""
        self._closed = True
        self._out = None
        self._give_back()

    def _give_back(self) -> None:
        worker, self._worker, self._snapshot = self._worker, None, None
        self._home.freed(self)
        if worker is not None:
            # A worker that died is the pool's to replace.
            with suppress(monty.MontyError, RuntimeError):
                worker.__exit__(None, None, None)

    def _awake(self) -> monty.MontySession:
        """Between runs, in a worker."""
        if self._worker is None:
            self._begin()
            if self._kept:
                self._begin().load_session(self._kept)
        return self._begin()

    def _suspended(self) -> monty.FunctionSnapshot:
        """The run that waits, in a worker."""
        if self._snapshot is None:
            step = self._begin().load_snapshot(self._parked, print_callback=self._printed.write)
            if not isinstance(step, monty.FunctionSnapshot):
                raise UsageError("the dump is of a run that waits for no call out")
            self._snapshot, self._parked = step, b""
        self._begin()
        return self._snapshot

    def _taken(self) -> monty.FunctionSnapshot:
        """The run that waits, which waits no more: it cannot be dumped again, even if it fails at once."""
        snapshot, self._snapshot = self._suspended(), None
        return snapshot

    def _begin(self) -> monty.MontySession:
        if self._closed:
            raise CommissureError("the session is closed: it lives inside its `with`")
        if self._worker is None:
            self._worker = self._home.worker(self)
        self._home.used(self)
        return self._worker

    def _stepped(self, go: Callable[[], monty.SyncSnapshot]) -> CallOut | Ended:
        if self._broken:
            words, self._broken = self._broken, ""
            return self._undone("crash", words)
        try:
            return self._until_out(go())
        except Stopped as error:
            return self._undone("refused", str(error))
        except monty.MontyError as error:
            return self._failed(kind_of(error), words_of(error))

    def _until_out(self, step: monty.SyncSnapshot) -> CallOut | Ended:
        """Answer what is not for the host's functions, until one of those is called or the code ends."""
        while not isinstance(step, monty.MontyComplete):
            if isinstance(step, monty.FunctionSnapshot) and self._is_host(step):
                out = self._called_out(step)
                if isinstance(out, CallOut):
                    self._snapshot, self._out = step, out
                    return out
                step = raised(step, out)
            else:
                step = refused(step, self._functions)
            self._answered += 1
            if self._answered > MOST_ANSWERED:
                raise Stopped(f"the run asked {MOST_ANSWERED:,} times for what it may not have")
        return self._settled(Ended(shown(step.output), self._printed.text))

    def _is_host(self, step: monty.FunctionSnapshot) -> bool:
        return not step.is_os_function and step.object_id is None and step.function_name in self._functions

    def _called_out(self, step: monty.FunctionSnapshot) -> CallOut | Refusal:
        self._calls_out += 1
        if self._calls_out > self.limits.calls_out:
            return Refusal(f"no more than {self.limits.calls_out} calls out are allowed")
        try:
            return self._call_out(step)
        except TooLarge as error:
            return Refusal(f"what was given to {step.function_name}() cannot leave: {error}", "ValueError")

    def _call_out(self, step: monty.FunctionSnapshot) -> CallOut:
        args, kwargs = leaving((step.args, step.kwargs))
        return CallOut(str(step.function_name), args, kwargs, self._printed.text)

    def _failed(self, kind: ErrorKind, words: str) -> Ended:
        if kind == "time" and self._printed.flooded:
            kind, words = "output", f"{words}: it printed all the time"
        if kind in _CUT_OFF or (kind == "memory" and not self._works()):
            return self._undone(kind, words)
        return self._settled(Ended(None, self._printed.text, words, kind))

    def _works(self) -> bool:
        """Whether the session can go on: its worker may be gone, or its memory full."""
        try:
            self._awake().feed_run("None")
        except (monty.MontyError, RuntimeError):
            return False
        return True

    def _settled(self, ended: Ended) -> Ended:
        """Keep the state after a run. One too large to be kept and parked is too large to go on with."""
        try:
            self._kept = self._awake().dump()
        except (monty.MontyError, RuntimeError):
            full = "MemoryError: the variables leave less than half of the memory free"
            return self._undone("memory", f"{ended.error}; {full}" if ended.error else full)
        return ended

    def _undone(self, kind: ErrorKind, words: str) -> Ended:
        """The end of a run that was cut off: the session goes back to what it was before."""
        self._out, self._parked = None, b""
        self._give_back()
        return Ended(None, self._printed.text, f"{words}; {_UNDONE}", kind)

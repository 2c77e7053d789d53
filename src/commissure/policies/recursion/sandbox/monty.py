"""The sandbox on Monty: a Python interpreter of its own, in worker processes, with no files, network or environment.

https://github.com/pydantic/monty. A worker serves one session at a time; sessions that wait beyond `most_live` are
parked as their dumped state, so that any number of recursions can wait for their sub-calls at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self

import pydantic_monty as monty

from commissure.hal.errors import CommissureError
from commissure.policies.recursion.sandbox.failures import kind_of, words_of
from commissure.policies.recursion.sandbox.interpreter import CallOut, Ended, Refusal, SandboxLimits
from commissure.policies.recursion.sandbox.plain import plain
from commissure.policies.recursion.sandbox.printed import Printed

MOST_LIVE = 8
# The same code gives the same run: the clock stands still, and dice have one seed.
POLICY: monty.OSPolicy = {
    "datetime": datetime(2026, 1, 1, tzinfo=UTC),
    "sleep": "zero",
    "random_start": {"seed": 0},
}
# Not a limit of the code's own calls out, which are counted here: names and imports are looked up this way too.
_LOOKUPS = 1_000_000
_NO_AWAIT = "functions of the host are called without await"


class MontyInterpreter:
    """Makes sessions, of which at most `most_live` have a worker process at any time."""

    def __init__(self, most_live: int = MOST_LIVE) -> None:
        self._most_live = most_live
        self._pool: monty.Monty | None = None
        # The least recently used first.
        self._live: dict[MontySession, None] = {}

    def __enter__(self) -> Self:
        self._pool = monty.Monty(min_processes=1, max_processes=self._most_live + 1).__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for session in list(self._live):
            session.close()
        pool, self._pool = self._pool, None
        if pool is not None:
            pool.__exit__(kind, error, trace)

    @contextmanager
    def session(self, functions: tuple[str, ...], limits: SandboxLimits | None = None) -> Iterator[MontySession]:
        """A fresh sandbox in which the code may call these functions of the host, and nothing else outside."""
        session = MontySession(self, functions, limits or SandboxLimits())
        try:
            yield session
        finally:
            session.close()

    @contextmanager
    def load(
        self, state: bytes, functions: tuple[str, ...], limits: SandboxLimits | None = None
    ) -> Iterator[MontySession]:
        """A session as it was dumped between two runs."""
        session = MontySession(self, functions, limits or SandboxLimits(), state)
        try:
            yield session
        finally:
            session.close()

    def checkout(self, session: MontySession) -> AbstractContextManager[monty.MontySession]:
        """A worker for a session that is to run now; another is parked if there is no room."""
        if self._pool is None:
            raise CommissureError("a sandbox is made inside `with MontyInterpreter() as interpreter:`")
        while len(self._live) >= self._most_live:
            next(iter(self._live)).park()
        self._live[session] = None
        return self._pool.checkout(limits=_limits(session.limits), os_policy=POLICY, print_flush_interval=0.05)

    def used(self, session: MontySession) -> None:
        """The session was the last to run."""
        self._live[session] = self._live.pop(session)

    def freed(self, session: MontySession) -> None:
        """The session has no worker any more."""
        self._live.pop(session, None)


class MontySession:
    """One sandbox; see `Session`."""

    def __init__(
        self, home: MontyInterpreter, functions: tuple[str, ...], limits: SandboxLimits, state: bytes | None = None
    ) -> None:
        self.limits = limits
        self._home = home
        self._functions = functions
        self._worker: AbstractContextManager[monty.MontySession] | None = None
        self._session: monty.MontySession | None = None
        self._waiting: monty.SyncSnapshot | None = None
        self._state = state
        self._parked_waiting = False
        self._printed = Printed(limits.output_chars)
        self._calls_out = 0

    def run(self, code: str) -> Ended:
        """Run code that calls nothing of the host; a call out is refused in it."""
        step = self.start(code)
        while isinstance(step, CallOut):
            step = self.resume(Refusal(f"{step.name}() cannot be called here"))
        return step

    def start(self, code: str, inputs: Mapping[str, Any] | None = None) -> CallOut | Ended:
        """Run code until it calls a function of the host, or ends."""
        self._printed = Printed(self.limits.output_chars)
        try:
            session = self._awake()
            return self._until_out(
                session.feed_start(code, inputs=dict(inputs or {}), print_callback=self._printed.write)
            )
        except monty.MontyError as error:
            return self._failed(error)
        except (ValueError, TypeError, RecursionError, OverflowError) as error:
            return self._ended(error=f"{type(error).__name__}: {error}")

    def resume(self, value: Any) -> CallOut | Ended:
        """Go on with the value of the call out; with a Refusal it is raised there."""
        try:
            self._awake()
            if not isinstance(self._waiting, monty.FunctionSnapshot):
                raise CommissureError("the session does not wait for a call out")
            waiting, self._waiting = self._waiting, None
            return self._until_out(_answered(waiting, value))
        except monty.MontyError as error:
            return self._failed(error)
        except (ValueError, TypeError, RecursionError, OverflowError) as error:
            return self._ended(error=f"{type(error).__name__}: {error}")

    def variable(self, name: str) -> tuple[bool, Any]:
        """Whether there is a variable of this name, and its value."""
        ended = self.run(name) if name.isidentifier() else Ended(error="no name")
        return not ended.error, ended.value

    def dump(self) -> bytes:
        """The session's state between two runs."""
        return self._awake().dump()

    def park(self) -> None:
        """Keep the state, and give the worker back."""
        if self._session is None:
            return
        self._parked_waiting = self._waiting is not None
        self._state = self._waiting.dump() if isinstance(self._waiting, _WAITS) else self._session.dump()
        self.close()

    def close(self) -> None:
        """Give the worker back."""
        worker, self._worker, self._session, self._waiting = self._worker, None, None, None
        self._home.freed(self)
        if worker is not None:
            worker.__exit__(None, None, None)

    def _awake(self) -> monty.MontySession:
        if self._session is None:
            self._worker = self._home.checkout(self)
            self._session = self._worker.__enter__()
            if self._state is not None and self._parked_waiting:
                self._waiting = self._session.load_snapshot(self._state, print_callback=self._printed.write)
            elif self._state is not None:
                self._session.load_session(self._state)
            self._state, self._parked_waiting = None, False
        self._home.used(self)
        return self._session

    def _until_out(self, step: monty.SyncSnapshot) -> CallOut | Ended:
        """Answer what is not for the host's functions, until one of those is called or the code ends."""
        while not isinstance(step, monty.MontyComplete):
            if isinstance(step, monty.NameLookupSnapshot):
                step = step.resume()
            elif isinstance(step, monty.FutureSnapshot):
                gone: monty.ExternalExceptionData = {"exc_type": "RuntimeError", "message": _NO_AWAIT}
                step = step.resume({call: gone for call in step.pending_call_ids})
            elif step.is_os_function:
                step = step.resume_not_handled()
            elif step.function_name not in self._functions:
                step = _raised(step, "NameError", f"name {step.function_name!r} is not defined")
            else:
                out = self._called_out(step)
                if isinstance(out, CallOut):
                    return out
                step = out
        return self._ended(value=step.output)

    def _called_out(self, step: monty.FunctionSnapshot) -> CallOut | monty.SyncSnapshot:
        self._calls_out += 1
        if self._calls_out > self.limits.calls_out:
            return _raised(step, "RuntimeError", f"no more than {self.limits.calls_out} calls out are allowed")
        try:
            args, kwargs = tuple(map(plain, step.args)), {key: plain(one) for key, one in step.kwargs.items()}
        except (ValueError, TypeError, RecursionError, OverflowError) as error:
            return _raised(step, "ValueError", f"what was given to {step.function_name}() cannot leave: {error}")
        self._waiting = step
        return CallOut(str(step.function_name), args, kwargs, self._printed.text)

    def _ended(self, value: Any = None, error: str = "") -> Ended:
        self._waiting = None
        return Ended(plain(value), self._printed.text, error, "error" if error else None)

    def _failed(self, error: monty.MontyError) -> Ended:
        kind, words = kind_of(error), words_of(error)
        self._waiting = None
        # A run that was cut off in time has left its heap as it was at that moment: nothing of it can be relied on.
        alive = kind not in ("time", "crash")
        if not alive:
            self.close()
        return Ended(None, self._printed.text, words, kind, alive)


_WAITS = (monty.FunctionSnapshot, monty.NameLookupSnapshot, monty.FutureSnapshot)


def _limits(limits: SandboxLimits) -> monty.ResourceLimits:
    return {
        "max_memory": limits.memory_bytes,
        "max_feed_duration_secs": limits.run_s,
        "max_recursion_depth": limits.recursion,
        "max_suspensions": _LOOKUPS,
        "max_total_sleep_secs": 0.0,
    }


def _answered(step: monty.FunctionSnapshot, value: Any) -> monty.SyncSnapshot:
    if isinstance(value, Refusal):
        return _raised(step, value.type, value.message)
    return step.resume({"return_value": value})


def _raised(step: monty.FunctionSnapshot, kind: Any, message: str) -> monty.SyncSnapshot:
    return step.resume({"exc_type": kind, "message": message})

"""The sandbox on Monty: a Python interpreter of its own, in worker processes, with no files, network or environment.

https://github.com/pydantic/monty. A worker serves one session at a time; sessions that wait beyond `most_live` are
parked as their dumped state, so that any number of recursions can wait for their sub-calls at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

from commissure.hal.errors import CommissureError, MissingExtra, UsageError
from commissure.policies.recursion.sandbox.binding import INSTALL, monty
from commissure.policies.recursion.sandbox.dumped import unpacked
from commissure.policies.recursion.sandbox.interpreter import SandboxLimits
from commissure.policies.recursion.sandbox.monty_session import MontySession

MOST_LIVE = 8
# Code that does not stop itself at its limit of time is killed so much later.
_GRACE_S = 0.25
# There is a place whenever one is asked for; were there none, an error is better than waiting for ever.
_MOST_WAIT_S = 30.0
# Calls out are counted by the session, as these are with what it answers itself, and restored dumps begin at 0.
_SUSPENSIONS = 2**31


class MontyInterpreter:
    """Makes sessions, of which at most `most_live` have a worker process at any time. For one thread.

    The same code gives the same run: the clock stands still, sleeping takes no time, and dice begin at `seed`.
    """

    def __init__(self, most_live: int = MOST_LIVE, seed: int = 0) -> None:
        if most_live < 1:
            raise UsageError(f"most_live is the number of worker processes, from 1 on, not {most_live}")
        self._most_live = most_live
        self._pool: monty.Monty | None = None
        self._policy: monty.OSPolicy = {
            "datetime": datetime(2026, 1, 1, tzinfo=UTC),
            "sleep": "zero",
            "random_start": {"seed": seed},
        }
        # The least recently used first.
        self._live: dict[MontySession, None] = {}

    def __enter__(self) -> Self:
        try:
            pool = monty.Monty(
                min_processes=1,
                max_processes=self._most_live,
                checkout_timeout=_MOST_WAIT_S,
                feed_duration_limit_grace=_GRACE_S,
            )
            self._pool = pool.__enter__()
        except (FileNotFoundError, RuntimeError) as error:
            raise MissingExtra("the program `monty`, which runs the code that models write,", INSTALL) from error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pool, self._pool = self._pool, None
        with ExitStack() as ending:
            if pool is not None:
                ending.push(pool.__exit__)
            for session in list(self._live):
                ending.callback(session.close)

    @contextmanager
    def session(self, functions: tuple[str, ...], limits: SandboxLimits | None = None) -> Iterator[MontySession]:
        """A fresh sandbox in which the code may call these functions of the host, and nothing else outside."""
        session = MontySession(self, functions, limits or SandboxLimits())
        try:
            yield session
        finally:
            session.close()

    @contextmanager
    def load(self, state: bytes, functions: tuple[str, ...]) -> Iterator[MontySession]:
        """A session as it was dumped, with its limits. Raises UsageError for bytes that are no dump.

        Load only what was dumped by a session of yours: Monty does not authenticate its own part.
        """
        beside, inner = unpacked(state)
        session = MontySession(self, functions, beside.limits)
        try:
            session.restore(beside, inner)
            yield session
        finally:
            session.close()

    def worker(self, session: MontySession) -> monty.MontySession:
        """A worker for a session that is to run now; the least recently used one is parked if there is no room."""
        if self._pool is None:
            raise CommissureError("a sandbox lives inside `with MontyInterpreter() as interpreter:`, and no longer")
        while len(self._live) >= self._most_live:
            next(iter(self._live)).park()
        limits = session.limits
        checkout = self._pool.checkout(
            limits={
                "max_memory": limits.memory_bytes,
                "max_feed_duration_secs": limits.run_s,
                "max_recursion_depth": limits.recursion,
                "max_suspensions": _SUSPENSIONS,
                "max_total_sleep_secs": 0.0,
            },
            os_policy=self._policy,
            print_flush_interval=0.05,
        )
        worker = checkout.__enter__()
        self._live[session] = None
        return worker

    def used(self, session: MontySession) -> None:
        """The session was the last to run."""
        self._live[session] = self._live.pop(session)

    def freed(self, session: MontySession) -> None:
        """The session has no worker any more."""
        self._live.pop(session, None)

"""Random structured programs: the same nested statements, interpreted on any runtime, give a log of what ran."""

import asyncio
from contextlib import AsyncExitStack
from typing import Any
from zlib import crc32

from hypothesis import strategies as st

from commissure.hal.clock.primitives import CancelScope
from commissure.hal.runtime import Runtime

EVENTS, PLACES, TIME_LIMIT_S, WAIT_LIMIT_S = 2, 2, 500.0, 60.0


def _statements() -> st.SearchStrategy[Any]:
    seconds = st.integers(0, 6)
    leaves = st.one_of(
        st.tuples(st.just("sleep"), seconds),
        st.tuples(st.just("cancel"), st.integers(0, 3)),
        st.tuples(st.just("raise"), st.sampled_from(["ValueError", "KeyError"])),
        st.tuples(st.just("set"), st.integers(0, EVENTS - 1)),
        st.tuples(st.just("wait"), st.integers(0, EVENTS - 1)),
    )

    def nest(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
        body = st.lists(inner, max_size=4)
        return st.one_of(
            st.tuples(st.just("group"), st.lists(body, max_size=4), body),
            st.tuples(st.just("scope"), st.none() | st.integers(0, 8), st.booleans(), body),
            st.tuples(st.just("try"), body, body),
            st.tuples(st.just("finally"), body, body, st.booleans()),
            st.tuples(st.just("semaphore"), body),
        )

    return st.recursive(leaves, nest, max_leaves=24)


PROGRAMS = st.tuples(st.booleans(), st.lists(_statements(), min_size=1, max_size=6))


class Interpreter:
    """Runs one program on one runtime. With `ties` all delays are whole seconds, so that instants coincide."""

    def __init__(self, rt: Runtime, ties: bool) -> None:
        self.rt = rt
        self.ties = ties
        self.log: list[tuple[float, str, str]] = []

    async def main(self, program: list[Any]) -> list[tuple[float, str, str]]:
        self.events = [self.rt.event() for _ in range(EVENTS)]
        self.semaphore = self.rt.semaphore(PLACES)
        try:
            with self.rt.move_on_after(TIME_LIMIT_S) as scope:
                await self.block(program, "m", [scope])
        except Exception as error:
            self.note("main", shape(error))
        self.note("main", f"end {scope.cancelled_caught}")
        return self.log

    def note(self, path: str, what: str) -> None:
        self.log.append((round(self.rt.now(), 9), path, what))

    def delay(self, seconds: int, path: str) -> float:
        return float(seconds) if self.ties else seconds + crc32(path.encode()) / 2**32

    async def block(self, body: list[Any], path: str, scopes: list[CancelScope]) -> None:
        for place, (kind, *rest) in enumerate(body):
            here = f"{path}.{place}"
            await getattr(self, f"do_{kind}")(here, scopes, *rest)
            self.note(here, kind)

    async def do_sleep(self, path: str, scopes: list[CancelScope], seconds: int) -> None:
        await self.rt.sleep(self.delay(seconds, path))

    async def do_cancel(self, path: str, scopes: list[CancelScope], depth: int) -> None:
        scopes[-1 - depth % len(scopes)].cancel()

    async def do_raise(self, path: str, scopes: list[CancelScope], name: str) -> None:
        raise {"ValueError": ValueError, "KeyError": KeyError}[name](path)

    async def do_set(self, path: str, scopes: list[CancelScope], number: int) -> None:
        self.events[number].set()

    async def do_wait(self, path: str, scopes: list[CancelScope], number: int) -> None:
        with self.rt.move_on_after(WAIT_LIMIT_S):  # a shielded wait would outlive every other limit
            await self.events[number].wait()

    async def do_group(self, path: str, scopes: list[CancelScope], children: list[Any], body: list[Any]) -> None:
        async with self.rt.task_group() as group:
            inner = [*scopes, group.cancel_scope]
            for number, child in enumerate(children):
                group.start_soon(self.block, child, f"{path}c{number}", inner)
            await self.block(body, f"{path}b", inner)

    async def do_scope(
        self, path: str, scopes: list[CancelScope], seconds: int | None, shield: bool, body: list[Any]
    ) -> None:
        new = self.rt.scope(shield=shield) if seconds is None else self.rt.move_on_after(
            self.delay(seconds, path), shield=shield
        )  # fmt: skip
        with new as scope:
            await self.block(body, path, [*scopes, scope])
        self.note(path, f"scope {scope.cancel_called} {scope.cancelled_caught}")

    async def do_try(self, path: str, scopes: list[CancelScope], body: list[Any], handler: list[Any]) -> None:
        try:
            await self.block(body, f"{path}t", scopes)
        except Exception as error:
            self.note(path, shape(error))
            await self.block(handler, f"{path}h", scopes)

    async def do_finally(
        self, path: str, scopes: list[CancelScope], body: list[Any], final: list[Any], shield: bool
    ) -> None:
        try:
            await self.block(body, f"{path}t", scopes)
        except asyncio.CancelledError:
            self.note(path, "cancelled")
            raise
        finally:
            self.note(path, "finally")
            async with AsyncExitStack() as stack:
                if shield:
                    stack.enter_context(self.rt.scope(shield=True))
                await self.block(final, f"{path}f", scopes)

    async def do_semaphore(self, path: str, scopes: list[CancelScope], body: list[Any]) -> None:
        with self.rt.move_on_after(WAIT_LIMIT_S) as waiting:
            await self.semaphore.acquire()
        if waiting.cancelled_caught:
            return
        try:
            self.note(path, "acquired")
            await self.block(body, f"{path}s", scopes)
        finally:
            self.semaphore.release()


def shape(error: BaseException) -> str:
    """What an exception is, whatever order its parts fell in."""
    if isinstance(error, BaseExceptionGroup):
        return f"group({', '.join(sorted(shape(part) for part in error.exceptions))})"
    return f"{type(error).__name__}{error.args}"

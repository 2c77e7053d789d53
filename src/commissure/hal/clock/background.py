"""Work that goes on beside a block, and ends with it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

from commissure.hal.clock.primitives import Primitives

Start = Callable[..., object]


@asynccontextmanager
async def background(rt: Primitives) -> AsyncIterator[Start]:
    """Gives `start(fn, *args)`. What still runs when the block ends is cancelled.

    The first failure, of the block or of what was started, ends both and is raised as it is, in no group.
    """
    failures: list[BaseException] = []

    async def kept(fn: Callable[..., Coroutine[Any, Any, Any]], *args: Any) -> None:
        try:
            await fn(*args)
        except Exception as failure:
            failures.append(failure)
            raise

    try:
        async with rt.task_group() as group:
            try:
                yield lambda fn, *args: group.start_soon(kept, fn, *args)
            except Exception as failure:
                failures.append(failure)
                raise
            group.cancel_scope.cancel()
    except BaseExceptionGroup as group_failure:
        if failures and isinstance(group_failure, ExceptionGroup):
            raise failures[0] from failures[0].__cause__
        raise

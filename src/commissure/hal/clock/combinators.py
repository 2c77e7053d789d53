"""gather, first, hedged, retry and deadline, written once on the runtime and valid in both worlds."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from inspect import iscoroutine
from typing import TypeVar

from commissure.hal.clock.primitives import Primitives, checked_delay
from commissure.hal.clock.queue import Queue

T = TypeVar("T")


async def gather(rt: Primitives, *work: Awaitable[T]) -> list[T]:
    """Run all at once and return their values in the order given.

    The first failure cancels the rest and is raised; others that fall before the rest have ended are dropped, for
    which of them fall differs between the worlds.
    """
    _require_awaitables("gather", work)
    values: dict[int, T] = {}
    failures: list[Exception] = []

    async def keep(place: int, one: Awaitable[T]) -> None:
        try:
            values[place] = await one
        except Exception as failure:
            failures.append(failure)
            raise

    try:
        async with rt.task_group() as group:
            for place, one in enumerate(work):
                group.start_soon(keep, place, one)
    except BaseExceptionGroup as group_failure:
        if failures and isinstance(group_failure, ExceptionGroup):
            raise failures[0] from None
        raise _single(group_failure) from None
    return [values[place] for place in range(len(work))]


async def first(rt: Primitives, *work: Awaitable[T]) -> T:
    """The value of the first that succeeds; the others are cancelled.

    A failure is ignored while another still runs. Raises the only failure, or an ExceptionGroup of
    all of them, when none succeeds; ValueError when nothing is given.
    """
    if not work:
        raise ValueError("first() needs at least one awaitable")
    _require_awaitables("first", work)
    winner: list[T] = []
    failures: list[Exception] = []

    async with rt.task_group() as group:

        async def race(one: Awaitable[T]) -> None:
            try:
                value = await one
            except Exception as failure:
                failures.append(failure)
                return
            if not winner:
                winner.append(value)
                group.cancel_scope.cancel()

        for one in work:
            group.start_soon(race, one)
    if winner:
        return winner[0]
    raise _single(ExceptionGroup("all attempts failed", failures))


async def hedged(rt: Primitives, make: Callable[[], Awaitable[T]], *, after_s: float, attempts: int = 2) -> T:
    """Start `make()`, start another whenever `after_s` seconds pass or one fails, and take the first success.

    Raises as `first` does once all `attempts` have failed.
    """
    _require_factory("hedged", make)
    if attempts < 1:
        raise ValueError(f"hedged() needs attempts >= 1, not {attempts}")
    checked_delay(after_s)
    winner: list[T] = []
    failures: list[Exception] = []
    failed = Queue[None](rt)

    async def attempt() -> None:
        try:
            value = await make()
        except Exception as failure:
            failures.append(failure)
            failed.put(None)
            return
        winner.append(value)
        group.cancel_scope.cancel()

    async with rt.task_group() as group:
        for _ in range(attempts - 1):
            group.start_soon(attempt)
            with rt.move_on_after(after_s):
                await failed.get()
            if winner:
                break
        else:
            group.start_soon(attempt)
    if winner:
        return winner[0]
    raise _single(ExceptionGroup("all attempts failed", failures))


async def retry(rt: Primitives, make: Callable[[], Awaitable[T]], *, attempts: int = 3, base_s: float = 0.5) -> T:
    """Await `make()` up to `attempts` times; an error is tried again only if its `retryable` is true.

    Waits base_s * 2^n * u between tries with u uniform in [0.5, 1], the shape that provider SDKs use.
    """
    _require_factory("retry", make)
    if attempts < 1:
        raise ValueError(f"retry() needs attempts >= 1, not {attempts}")
    jitter = rt.rng("retry")
    for number in range(attempts - 1):
        try:
            return await make()
        except Exception as failure:
            if not getattr(failure, "retryable", False):
                raise
        await rt.sleep(base_s * 2**number * jitter.uniform(0.5, 1.0))
    return await make()


async def deadline(rt: Primitives, seconds: float, work: Awaitable[T]) -> T:
    """The value of `work`, or TimeoutError once `seconds` have passed."""
    with rt.fail_after(seconds):
        return await work


def _require_factory(name: str, make: object) -> None:
    if iscoroutine(make):
        make.close()
    if not callable(make):
        raise TypeError(f"{name}() takes a function that makes an awaitable each time, as in {name}(lambda: call())")


def _require_awaitables(name: str, work: tuple[object, ...]) -> None:
    wrong = [one for one in work if not isinstance(one, Awaitable)]
    if wrong:
        for one in work:
            if iscoroutine(one):
                one.close()
        raise TypeError(f"{name}() takes awaitables, not {wrong[0]!r:.60}: unpack a list with {name}(*work)")


def _single(failures: BaseExceptionGroup[BaseException]) -> BaseException:
    """The failure itself where there is only one."""
    return failures.exceptions[0] if len(failures.exceptions) == 1 else failures

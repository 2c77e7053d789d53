"""One test body for both worlds: the combinators are written once."""

import itertools
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from commissure.hal.errors import EndpointError
from commissure.hal.runtime import Runtime
from tests.support.worlds import on_both_runtimes

pytestmark = on_both_runtimes
MakeRuntime = Callable[[], Runtime]


def run(make_runtime: MakeRuntime, body: Callable[[Runtime], Awaitable[Any]]) -> Any:
    rt = make_runtime()

    async def main() -> Any:
        return await body(rt), round(rt.now(), 6)

    return rt.run(main)


async def value_after(rt: Runtime, seconds: float, value: Any, ended: list[Any] | None = None) -> Any:
    try:
        await rt.sleep(seconds)
    finally:
        if ended is not None:
            ended.append((value, round(rt.now(), 6)))
    if isinstance(value, Exception):
        raise value
    return value


def test_gather_keeps_the_order_given(make_runtime: MakeRuntime) -> None:
    async def body(rt: Runtime) -> list[str]:
        return await rt.gather(value_after(rt, 3, "a"), value_after(rt, 1, "b"), value_after(rt, 2, "c"))

    assert run(make_runtime, body) == (["a", "b", "c"], 3.0)


def test_gather_of_nothing_is_nothing(make_runtime: MakeRuntime) -> None:
    assert run(make_runtime, lambda rt: rt.gather())[0] == []


def test_gather_raises_the_failure_itself_and_cancels_the_rest(make_runtime: MakeRuntime) -> None:
    ended: list[Any] = []

    async def body(rt: Runtime) -> None:
        with pytest.raises(KeyError, match="x"):
            await rt.gather(value_after(rt, 1, KeyError("x")), value_after(rt, 9, "slow", ended))

    assert run(make_runtime, body) == (None, 1.0)
    assert ended == [("slow", 1.0)]


def test_gather_raises_the_first_failure_whatever_else_falls(make_runtime: MakeRuntime) -> None:
    async def fail_when_cancelled(rt: Runtime) -> None:
        try:
            await rt.sleep(9)
        finally:
            raise KeyError("cleanup")

    async def body(rt: Runtime) -> None:
        with pytest.raises(ValueError, match="first"):
            await rt.gather(value_after(rt, 1, ValueError("first")), fail_when_cancelled(rt))
        with pytest.raises(ValueError, match="a"):
            await rt.gather(value_after(rt, 1, ValueError("a")), value_after(rt, 1, ValueError("b")))

    run(make_runtime, body)


def test_first_ignores_failures_while_another_runs(make_runtime: MakeRuntime) -> None:
    ended: list[Any] = []

    async def body(rt: Runtime) -> Any:
        return await rt.first(
            value_after(rt, 1, KeyError()), value_after(rt, 2, "won"), value_after(rt, 9, "lost", ended)
        )

    assert run(make_runtime, body) == ("won", 2.0)
    assert ended == [("lost", 2.0)]


def test_first_raises_when_all_failed(make_runtime: MakeRuntime) -> None:
    async def body(rt: Runtime) -> None:
        with pytest.raises(ExceptionGroup) as caught:
            await rt.first(value_after(rt, 1, KeyError()), value_after(rt, 2, ValueError()))
        assert len(caught.value.exceptions) == 2
        with pytest.raises(KeyError):
            await rt.first(value_after(rt, 1, KeyError()))
        with pytest.raises(ValueError, match="at least one"):
            await rt.first()

    assert run(make_runtime, body) == (None, 3.0)


def test_two_winners_in_one_instant_give_one_value(make_runtime: MakeRuntime) -> None:
    async def body(rt: Runtime) -> Any:
        return await rt.first(value_after(rt, 1, "a"), value_after(rt, 1, "b"))

    assert run(make_runtime, body)[0] in {"a", "b"}


@pytest.mark.parametrize(
    ("attempts", "expected"),
    [
        ([(1, "quick"), (1, "second")], ("quick", 1.0)),
        ([(9, "slow"), (1, "hedge")], ("hedge", 4.0)),
        ([(9, "slow"), (9, "slower")], ("slow", 9.0)),
        ([(1, EndpointError("e", "down", retryable=True)), (1, "second")], ("second", 2.0)),
        ([(5, EndpointError("e", "down", retryable=True)), (9, "late")], ("late", 12.0)),
    ],
)
def test_hedged(make_runtime: MakeRuntime, attempts: list[tuple[float, Any]], expected: tuple[Any, float]) -> None:
    async def body(rt: Runtime) -> Any:
        script = iter(attempts)

        async def make() -> Any:
            return await value_after(rt, *next(script))

        return await rt.hedged(make, after_s=3, attempts=len(attempts))

    assert run(make_runtime, body) == expected


def test_hedged_raises_when_every_attempt_failed(make_runtime: MakeRuntime) -> None:
    async def body(rt: Runtime) -> None:
        with pytest.raises(ExceptionGroup):
            await rt.hedged(lambda: value_after(rt, 1, KeyError()), after_s=0.5)
        with pytest.raises(ValueError, match="attempts"):
            await rt.hedged(lambda: value_after(rt, 1, 1), after_s=1, attempts=0)

    assert run(make_runtime, body) == (None, 1.5)


def test_retry_stops_at_the_first_success(make_runtime: MakeRuntime) -> None:
    tries: list[float] = []

    async def body(rt: Runtime) -> Any:
        async def make() -> str:
            tries.append(rt.now())
            if len(tries) < 3:
                raise EndpointError("e", "busy", retryable=True)
            return "done"

        return await rt.retry(make, attempts=5, base_s=1)

    assert run(make_runtime, body)[0] == "done"
    gaps = [later - earlier for earlier, later in itertools.pairwise(tries)]
    assert 0.5 <= gaps[0] <= 1.0
    assert 1.0 <= gaps[1] <= 2.0


@pytest.mark.parametrize("error", [EndpointError("e", "no", retryable=False), KeyError("no")])
def test_retry_leaves_what_no_retry_mends(make_runtime: MakeRuntime, error: Exception) -> None:
    tries = []

    async def body(rt: Runtime) -> None:
        async def make() -> None:
            tries.append(1)
            raise error

        with pytest.raises(type(error)):
            await rt.retry(make)

    run(make_runtime, body)
    assert len(tries) == 1


def test_retry_gives_up_with_the_last_error(make_runtime: MakeRuntime) -> None:
    tries = []

    async def body(rt: Runtime) -> None:
        async def make() -> None:
            tries.append(1)
            raise EndpointError("e", f"try {len(tries)}", retryable=True)

        with pytest.raises(EndpointError, match="try 3"):
            await rt.retry(make, attempts=3)
        with pytest.raises(ValueError, match="attempts"):
            await rt.retry(make, attempts=0)

    run(make_runtime, body)
    assert len(tries) == 3


def test_deadline(make_runtime: MakeRuntime) -> None:
    async def body(rt: Runtime) -> Any:
        with pytest.raises(TimeoutError, match="2 s"):
            await rt.deadline(2, value_after(rt, 9, "late"))
        return await rt.deadline(2, value_after(rt, 1, "in time"))

    assert run(make_runtime, body) == ("in time", 3.0)


def test_a_cancellation_from_outside_passes_through(make_runtime: MakeRuntime) -> None:
    ended: list[Any] = []

    async def body(rt: Runtime) -> bool:
        with rt.move_on_after(1) as scope:
            await rt.first(value_after(rt, 5, "a", ended), rt.gather(value_after(rt, 5, "b", ended)))
        return scope.cancelled_caught

    assert run(make_runtime, body) == (True, 1.0)
    assert sorted(ended) == [("a", 1.0), ("b", 1.0)]


def test_queue_is_fair_and_a_cancelled_get_loses_nothing(make_runtime: MakeRuntime) -> None:
    got: list[Any] = []

    async def take(rt: Runtime, name: str, queue: Any, patience: float) -> None:
        with rt.move_on_after(patience):
            got.append((name, await queue.get(), round(rt.now(), 6)))

    async def body(rt: Runtime) -> int:
        queue = rt.queue()
        async with rt.task_group() as group:
            for name, patience in (("impatient", 0.5), ("first", 9), ("second", 9)):
                group.start_soon(take, rt, name, queue, patience)
            await rt.sleep(1)
            for item in range(3):
                queue.put(item)
        return len(queue)

    assert run(make_runtime, body) == (1, 1.0)
    assert got == [("first", 0, 1.0), ("second", 1, 1.0)]


def test_rng_depends_on_seed_and_name_only(make_runtime: MakeRuntime) -> None:
    one, two = make_runtime(), make_runtime()
    assert [one.rng("a").random() for _ in range(3)] == [two.rng("a").random() for _ in range(3)]
    assert one.rng("a").random() != one.rng("b").random()


@pytest.mark.parametrize("seconds", [-1.0, float("nan")])
def test_impossible_delays_are_refused(make_runtime: MakeRuntime, seconds: float) -> None:
    async def body(rt: Runtime) -> None:
        await rt.sleep(5)
        with pytest.raises(ValueError, match="delay"):
            await rt.sleep(seconds)
        with pytest.raises(ValueError, match="delay"):
            rt.move_on_after(seconds)

    assert run(make_runtime, body) == (None, 5.0)


def test_items_given_back_keep_their_order(make_runtime: MakeRuntime) -> None:
    async def body(rt: Runtime) -> list[int]:
        queue = rt.queue()
        scopes = [rt.scope(), rt.scope()]

        async def take(number: int) -> None:
            with scopes[number]:
                await queue.get()

        async with rt.task_group() as group:
            for number in range(2):
                group.start_soon(take, number)
            await rt.sleep(1)
            queue.put(1)
            queue.put(2)
            for scope in scopes:
                scope.cancel()
            await rt.sleep(1)
            queue.put(3)
        return [await queue.get() for _ in range(len(queue))]

    items = run(make_runtime, body)[0]
    assert items == sorted(items)
    assert items[-1] == 3


def test_hedged_starts_the_next_when_any_attempt_fails(make_runtime: MakeRuntime) -> None:
    started: list[float] = []

    async def body(rt: Runtime) -> str:
        script = iter([(4, KeyError("first")), (20, "slow"), (3, "third")])

        async def make() -> str:
            started.append(rt.now())
            value: str = await value_after(rt, *next(script))
            return value

        with pytest.raises(ValueError, match="delay"):
            await rt.hedged(make, after_s=-1)
        return await rt.hedged(make, after_s=3, attempts=3)

    assert run(make_runtime, body) == ("third", 7.0)
    assert [round(at, 6) for at in started] == [0.0, 3.0, 4.0]


def test_hedged_starts_no_more_once_one_has_won(make_runtime: MakeRuntime) -> None:
    started: list[float] = []

    async def body(rt: Runtime) -> int:
        async def make() -> int:
            started.append(rt.now())
            await rt.sleep(3)
            return len(started)

        return await rt.hedged(make, after_s=3, attempts=5)

    assert run(make_runtime, body)[1] == 3.0
    assert len(started) <= 2


def test_an_item_at_hand_does_not_hide_a_cancellation(make_runtime: MakeRuntime) -> None:
    async def body(rt: Runtime) -> tuple[bool, int]:
        queue = rt.queue()
        queue.put("kept")
        with rt.scope() as scope:
            scope.cancel()
            await queue.get()
        return scope.cancelled_caught, len(queue)

    assert run(make_runtime, body)[0] == (True, 1)

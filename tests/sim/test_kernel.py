"""The kernel's own rules and the faults that earlier kernels had."""

import asyncio
import gc
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import simpy

from commissure.hal.runtime import Runtime
from commissure.sim.runtime import Deadlock, SimRuntime
from tests.support.worlds import on_both_runtimes


def test_a_deadline_that_rounds_to_just_before_itself_is_not_lost() -> None:
    rt = SimRuntime()
    caught = []

    async def waits(deadline_s: float) -> None:
        with rt.move_on_after(deadline_s - rt.now()) as scope:
            await rt.sleep(1000)
        caught.append(scope.cancelled_caught)

    async def main() -> None:
        await rt.sleep(9.772891939402246)
        async with rt.task_group() as group:
            group.start_soon(waits, 61.5250438619121)
            group.start_soon(waits, 80.0)

    rt.run(main)
    assert caught == [True, True]
    assert rt.now() == pytest.approx(80.0)


def test_many_deadlines_leave_one_timer_in_the_heap() -> None:
    rt = SimRuntime()

    async def call() -> None:
        for _ in range(200):
            with rt.move_on_after(600):
                await rt.sleep(0.1)

    async def main() -> int:
        async with rt.task_group() as group:
            for _ in range(20):
                group.start_soon(call)
        return len(rt.env._queue)

    assert rt.run(main) <= 3
    assert len(rt._deadlines._heap) <= 200


@on_both_runtimes
def test_a_group_error_and_then_a_timeout(make_runtime: Any) -> None:
    rt: Runtime = make_runtime()
    log: list[Any] = []

    async def fails() -> None:
        await rt.sleep(1)
        raise KeyError("a")

    async def sleeps() -> None:
        try:
            await rt.sleep(9)
        finally:
            log.append(rt.now())

    async def main() -> tuple[bool, float]:
        try:
            async with rt.task_group() as group:
                group.start_soon(fails)
                group.start_soon(sleeps)
        except* KeyError:
            log.append("group")
        with rt.move_on_after(0.5) as scope:
            await rt.sleep(99)
        return scope.cancelled_caught, rt.now()

    assert rt.run(main) == (True, 1.5)
    assert log == [1.0, "group"]


@on_both_runtimes
def test_a_deadline_wins_the_tie_with_a_sleep(make_runtime: Any) -> None:
    rt: Runtime = make_runtime()

    async def main() -> bool:
        with rt.move_on_after(1) as scope:
            await rt.sleep(1)
        return scope.cancelled_caught

    assert rt.run(main) is True


@on_both_runtimes
def test_a_shielded_cleanup_may_wait(make_runtime: Any) -> None:
    rt: Runtime = make_runtime()
    log = []

    async def main() -> None:
        with rt.move_on_after(1):
            try:
                await rt.sleep(9)
            finally:
                with rt.scope(shield=True):
                    await rt.sleep(2)
                    log.append(rt.now())
                with pytest.raises(asyncio.CancelledError):
                    await rt.sleep(2)
                log.append(rt.now())

    rt.run(main)
    assert log == [3.0, 3.0]


@on_both_runtimes
def test_every_await_in_a_cancelled_scope_raises(make_runtime: Any) -> None:
    rt: Runtime = make_runtime()

    async def main() -> int:
        event, places = rt.event(), rt.semaphore(1)
        event.set()
        waits: list[Callable[[], Awaitable[None]]] = [
            lambda: rt.sleep(0), lambda: rt.sleep(1), event.wait, places.acquire, rt.event().wait,
        ]  # fmt: skip
        raised = 0
        with rt.scope() as scope:
            scope.cancel()
            for wait in waits:
                try:
                    await wait()
                except asyncio.CancelledError:
                    raised += 1
        await places.acquire()
        return raised

    assert rt.run(main) == 5


def test_a_task_cancelled_before_its_first_step_still_starts() -> None:
    rt = SimRuntime()
    log = []

    async def child() -> None:
        log.append("started")
        await rt.sleep(1)
        log.append("not reached")

    async def main() -> None:
        async with rt.task_group() as group:
            group.start_soon(child)
            group.cancel_scope.cancel()

    rt.run(main)
    assert log == ["started"]


def test_simpy_models_and_policies_share_one_clock() -> None:
    rt = SimRuntime()

    def device(env: simpy.Environment, done: simpy.Event) -> Any:
        yield env.timeout(3)
        done.succeed("ready")

    async def main() -> tuple[str, float]:
        done = rt.env.event()
        rt.env.process(device(rt.env, done))
        await rt.sleep(1)
        return await rt.wait_for(done), rt.now()

    assert rt.run(main) == ("ready", 3)


def test_a_failed_event_raises_its_original_exception() -> None:
    class Odd(Exception):
        def __init__(self, one: int, two: int) -> None:
            super().__init__("message only")

    rt, original = SimRuntime(), Odd(1, 2)

    async def main() -> None:
        done = rt.env.event()
        done.fail(original)
        await rt.wait_for(done)

    with pytest.raises(Odd) as caught:
        rt.run(main)
    assert caught.value is original


def test_a_cancelled_waiter_hands_its_place_on() -> None:
    rt = SimRuntime()
    log = []

    async def hold(places: Any, name: str, patience: float) -> None:
        with rt.move_on_after(patience):
            async with places:
                log.append((name, rt.now()))
                await rt.sleep(2)

    async def main() -> None:
        places = rt.semaphore(1)
        async with rt.task_group() as group:
            for name, patience in (("a", 9), ("b", 2), ("c", 9)):
                group.start_soon(hold, places, name, patience)

    rt.run(main)
    assert [name for name, _ in log] in (["a", "c"], ["a", "b", "c"])
    assert rt.now() <= 4.0


def test_a_deadlock_is_reported_with_who_waits() -> None:
    rt = SimRuntime()

    async def stuck() -> None:
        await rt.event().wait()

    with pytest.raises(Deadlock, match="stuck"):
        rt.run(stuck)


def test_misuse_is_reported() -> None:
    rt = SimRuntime()

    async def main() -> None:
        group = rt.task_group()
        with pytest.raises(RuntimeError, match="not active"):
            group.start_soon(rt.event().wait)
        outer, inner = rt.scope(), rt.scope()
        outer.__enter__()
        inner.__enter__()
        with pytest.raises(RuntimeError, match="innermost"):
            outer.__exit__(None, None, None)
        with pytest.raises(RuntimeError, match="entered once"):
            inner.__enter__()

    rt.run(main)
    with pytest.raises(ValueError, match="places"):
        rt.semaphore(-1)


@pytest.mark.parametrize("tie_seed", range(5))
def test_tie_orders_are_reproducible_and_differ(tie_seed: int) -> None:
    def order(seed: int | None) -> list[int]:
        rt, log = SimRuntime(tie_seed=seed), []

        async def child(number: int) -> None:
            await rt.sleep(1)
            log.append(number)

        async def main() -> None:
            async with rt.task_group() as group:
                for number in range(8):
                    group.start_soon(child, number)

        rt.run(main)
        return log

    assert order(None) == list(range(8))
    assert order(tie_seed) == order(tie_seed)
    assert order(tie_seed) != order(tie_seed + 1)


@on_both_runtimes
@pytest.mark.parametrize(("length_s", "left_at"), [(5.0, 6.0), (0.0, 1.0)])
def test_a_group_also_waits_for_who_joins_it_at_the_last_moment(
    make_runtime: Any, length_s: float, left_at: float
) -> None:
    rt: Runtime = make_runtime()
    groups: list[Any] = []
    left: list[float] = []

    async def inner() -> None:
        async with rt.task_group() as group:
            groups.append(group)
            group.start_soon(pause, 1.0)
        left.append(rt.now())

    async def pause(seconds: float) -> None:
        await rt.sleep(seconds)

    async def other() -> None:
        await rt.sleep(0.5)
        await rt.sleep(0.5)
        groups[0].start_soon(pause, length_s)

    async def main() -> None:
        async with rt.task_group() as group:
            group.start_soon(inner)
            group.start_soon(other)

    rt.run(main)
    assert left == [left_at]


@on_both_runtimes
def test_wrong_arguments_of_a_child_are_the_callers_error(make_runtime: Any) -> None:
    rt: Runtime = make_runtime()

    async def needs_two(one: int, two: int) -> None:
        pass

    async def main() -> None:
        async with rt.task_group() as group:
            with pytest.raises(TypeError):
                group.start_soon(needs_two, 1)  # type: ignore[arg-type]  # wrong on purpose
            with pytest.raises(TypeError):
                group.start_soon(lambda: 3)  # type: ignore[arg-type, return-value]

    rt.run(main)


def test_a_devices_runtime_error_is_not_taken_for_a_deadlock() -> None:
    rt = SimRuntime()

    def device(env: simpy.Environment) -> Any:
        yield env.timeout(1)
        raise RuntimeError("device broke")

    async def main() -> None:
        rt.env.process(device(rt.env))
        await rt.sleep(5)

    with pytest.raises(RuntimeError, match="device broke"):
        rt.run(main)


def test_a_run_after_a_deadlock_is_its_own() -> None:
    rt = SimRuntime()
    gate = rt.event()

    async def stuck() -> None:
        await rt.sleep(1)
        await gate.wait()

    async def second() -> tuple[str, float]:
        gate.set()
        await rt.sleep(1)
        return "fine", rt.now()

    with pytest.raises(Deadlock):
        rt.run(stuck)
    assert rt.run(second) == ("fine", 1.0)

    async def nested() -> None:
        with pytest.raises(RuntimeError, match="inside a run"):
            rt.run(lambda: None)  # type: ignore[arg-type, return-value]

    rt.run(nested)


def test_foreign_awaits_are_named() -> None:
    rt = SimRuntime()
    cleaned = []

    async def main() -> None:
        try:
            await asyncio.sleep(0)
        finally:
            cleaned.append(True)

    with pytest.raises(TypeError, match=r"await only rt\.\*"):
        rt.run(main)
    assert cleaned


def test_a_keyboard_interrupt_comes_out_as_itself() -> None:
    rt = SimRuntime()

    async def child() -> None:
        raise KeyboardInterrupt

    async def main() -> None:
        async with rt.task_group() as group:
            group.start_soon(child)

    with pytest.raises(KeyboardInterrupt):
        rt.run(main)


def test_an_event_that_fails_after_its_waiter_was_cancelled_is_nobodys_failure() -> None:
    rt = SimRuntime()

    async def main() -> float:
        late = rt.env.event()
        with rt.move_on_after(1):
            await rt.wait_for(late)
        late.fail(ValueError("late"))
        await rt.sleep(1)
        return rt.now()

    assert rt.run(main) == 2.0


def test_sleeping_for_ever_does_not_move_the_clock() -> None:
    rt = SimRuntime()

    async def main() -> float:
        with rt.move_on_after(3):
            await rt.sleep(float("inf"))
        return rt.now()

    assert rt.run(main) == 3.0


def test_discarded_coroutines_close_quietly() -> None:
    async def stuck(rt: SimRuntime) -> None:
        async with rt.task_group() as group:
            with rt.move_on_after(float("inf")):
                group.start_soon(rt.event().wait)
                await rt.semaphore(0).acquire()

    rt = SimRuntime()
    with pytest.raises(Deadlock):
        rt.run(stuck, rt)
    del rt
    gc.collect()  # pytest turns an exception in a finalizer into a failure

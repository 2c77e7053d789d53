"""Work beside a block ends with it; the first failure is raised as it is, in both worlds."""

from collections.abc import Callable

import pytest

from commissure.hal.clock.background import background
from commissure.hal.clock.live import LiveRuntime
from commissure.hal.runtime import Runtime
from commissure.sim.runtime import SimRuntime

WORLDS: list[Callable[[], Runtime]] = [SimRuntime, LiveRuntime]


@pytest.mark.parametrize("world", WORLDS)
def test_what_still_runs_is_cancelled(world: Callable[[], Runtime]) -> None:
    rt = world()
    done: list[str] = []

    async def work(name: str, seconds: float) -> None:
        await rt.sleep(seconds)
        done.append(name)

    async def main() -> float:
        async with background(rt) as start:
            start(work, "short", 0.001)
            start(work, "long", 60.0)
            await rt.sleep(0.05)
        return rt.now()

    assert rt.run(main) < 30
    assert done == ["short"]


@pytest.mark.parametrize("world", WORLDS)
@pytest.mark.parametrize("inside", [True, False])
def test_a_failure_comes_as_it_is(world: Callable[[], Runtime], inside: bool) -> None:
    rt = world()

    async def fail() -> None:
        raise KeyError("lost") from ValueError("cause")

    async def main() -> None:
        async with background(rt) as start:
            if inside:
                await fail()
            start(fail)
            await rt.sleep(60.0)

    with pytest.raises(KeyError, match="lost") as caught:
        rt.run(main)
    assert isinstance(caught.value.__cause__, ValueError)

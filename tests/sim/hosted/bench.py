"""Profiles with round numbers, and a bench to run jobs on."""

from collections.abc import Callable, Sequence
from datetime import date
from functools import partial
from typing import Any

import simpy

from commissure.hal.profiles.profile import Profile
from commissure.hal.profiles.quantity import Quantity
from commissure.sim.engine.job import Job
from commissure.sim.engine.server import Serves

UNIT = 100
ROUND = {"base_s": 1.0, "uncached_token_s": 0.001, "cached_token_s": 0.0001, "output_token_s": 0.01}


def known(value: float) -> Quantity:
    return Quantity(value=value, source="a test", as_of=date(2026, 11, 1))


def profile(limits: dict[str, Any] | None = None, cold: dict[str, float] | None = None, /, **hosted: float) -> Profile:
    """A black box of the given rates; a limit that is not a number is taken as it stands."""
    part: dict[str, Any] = {"model": "m", "chip": "undisclosed", "provider": "p", "hosted": quantities(hosted or ROUND)}
    if limits is not None:
        part["limits"] = quantities(limits)
    if cold is not None:
        part["cold_start"] = quantities(cold)
    return Profile.model_validate(part)


def quantities(numbers: dict[str, Any]) -> dict[str, Any]:
    return {name: value if isinstance(value, bool) else known(value) for name, value in numbers.items()}


def at(env: simpy.Environment, time_s: float, action: Callable[[], Any]) -> None:
    simpy.Timeout(env, time_s - env.now).callbacks.append(lambda _: action())


def serve(env: simpy.Environment, server: Serves, jobs: Sequence[tuple[float, Job]]) -> list[Job]:
    """Submit each job at its time; returns the jobs in the order in which they ended."""
    ended: list[Job] = []
    for time_s, job in jobs:
        job.done = ended.append
        at(env, time_s, partial(server.submit, job))
    env.run()
    return ended

"""The runtimes that shared test bodies run on: virtual time, and the live runtime over a virtual loop."""

from collections.abc import Callable

import pytest

from commissure.hal.runtime import Runtime
from commissure.sim.runtime import SimRuntime
from tests.support.virtual_loop import virtual_live_runtime

RUNTIMES: list[Callable[[], Runtime]] = [SimRuntime, virtual_live_runtime]
on_both_runtimes = pytest.mark.parametrize("make_runtime", RUNTIMES, ids=["sim", "live"])

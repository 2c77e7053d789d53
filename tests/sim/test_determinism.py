"""The same seed gives the same run, byte for byte, in any process."""

import os
import subprocess
import sys

import pytest

PROGRAM = """
from commissure.hal.fleets.fleet import Fleet
from commissure.hal.call import Call
from commissure.hal.words import distinct_text
from commissure.scenarios.run import run

async def workflow(rt, fleet):
    async def agent(name):
        dice = rt.rng(name)
        for number in range(20):
            with rt.move_on_after(dice.uniform(0.2, 3)):
                await fleet.generate(Call(f"turn {number}", distinct_text(40, name), agent=name, max_tokens=5))
            await rt.sleep(dice.expovariate(2))
    await rt.gather(*(agent(f"agent {n}") for n in range(8)))

from commissure.policies.cache.lru import Lru
done = run(workflow, Fleet.load("local", evictor=Lru()), seed=SEED)
print(done.trace_hash, done.decision_hash, len(done.calls))
"""


def trace(hash_seed: str, seed: int) -> str:
    environment = os.environ | {"PYTHONHASHSEED": hash_seed}
    program = PROGRAM.replace("SEED", str(seed))
    return subprocess.run(
        [sys.executable, "-c", program], env=environment, check=True, capture_output=True, text=True
    ).stdout


def test_the_trace_does_not_depend_on_the_process() -> None:
    first = trace("0", 7)
    assert int(first.split()[-1]) > 60
    for hash_seed in ("1", "42", "random"):
        assert trace(hash_seed, 7) == first


@pytest.mark.parametrize("seed", [8, 9])
def test_another_seed_gives_another_trace(seed: int) -> None:
    assert trace("0", seed) != trace("0", 7)

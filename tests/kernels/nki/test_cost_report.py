"""The cost of each op, what a pair of traces adds, the timeline, and a decode step's floor."""

import json
from itertools import pairwise

import pytest

from commissure.hal.errors import UsageError
from commissure.kernels.nki.cost.cycles import RULES, cost_of
from commissure.kernels.nki.cost.decode import decode_step
from commissure.kernels.nki.cost.report import ENGINES, Step, added, launch_cost, steady_step
from commissure.kernels.nki.cost.schedule import schedule
from commissure.kernels.nki.cost.targets import TARGETS, find_target, target_of_chip
from commissure.kernels.nki.cost.timeline import timeline
from commissure.kernels.nki.trace import Engine, Instruction, Operand
from tests.kernels.nki.cost_traces import Program, lm_head, view

INF2 = TARGETS["inf2"]
F32, PSUM = view(1, 1000), view(2, 1000, space="psum")
HALF, NARROW = view(3, 1000, dtype="bfloat16"), view(4, 1, dtype="float32")


@pytest.mark.parametrize(
    ("op", "engine", "writes", "reads", "facts", "inf2", "trn2"),
    [
        ("tensor_copy", "vector", [F32], [F32], {}, 1000, 1000),
        ("tensor_copy", "vector", [HALF], [HALF], {}, 1000, 250),
        ("memset", "vector", [HALF], [], {"value": 0}, 500, 500),
        ("tensor_tensor", "vector", [F32], [F32, PSUM], {}, 1000, 1000),
        ("tensor_tensor", "vector", [F32], [F32, F32], {}, 2000, 2000),
        ("tensor_tensor", "vector", [HALF], [HALF, HALF], {}, 1000, 500),
        ("tensor_tensor", "vector", [HALF], [HALF, HALF], {"alu": "maximum"}, 2000, 2000),
        ("tensor_tensor", "vector", [F32], [F32, NARROW], {}, 1000, 1000),
        ("tensor_scalar", "vector", [F32], [F32, NARROW], {}, 1000, 1000),
        ("tensor_scalar_reduce", "vector", [F32], [PSUM], {}, 1064, 1064),
        ("tensor_reduce", "vector", [NARROW], [F32], {}, 1000, 1000),
        ("tensor_copy_predicated", "vector", [F32], [F32, F32], {}, 2000, 2000),
        ("activation", "scalar", [F32], [F32], {}, 1000, 1000),
        ("iota", "gpsimd", [F32], [], {}, 1150, 1150),
        ("max8", "vector", [view(5, 8)], [F32], {}, 1000, 1000),
        ("nc_find_index8", "vector", [view(5, 8)], [F32, view(6, 8)], {}, 1000, 1000),
        ("reciprocal", "vector", [F32], [F32], {}, 8000, 8000),
        ("reciprocal", "scalar", [F32], [F32], {}, 1000, 1000),
        ("nc_matmul", "tensor", [PSUM], [HALF, HALF], {"stationary": 128, "moving": 1}, 64, 64),
        ("nc_matmul", "tensor", [PSUM], [HALF, HALF], {"stationary": 1, "moving": 512}, 512, 512),
        ("nc_matmul", "tensor", [PSUM], [F32, F32], {"stationary": 1, "moving": 512}, 2048, 2048),
        ("nc_matmul", "tensor", [PSUM], [F32, F32], {"moving": 512, "fp32": True, "onezero": True}, 1024, 1024),
        ("nc_transpose", "tensor", [PSUM], [view(7, 16)], {}, 128, 128),
        ("tensor_copy", "vector", [NARROW], [NARROW], {}, 64, 64),
        ("tensor_copy", "vector", [NARROW], [NARROW], {"dynamic": True}, 600, 600),
    ],
)
def test_documented_cycles(
    op: str, engine: Engine, writes: list[Operand], reads: list[Operand], facts: dict[str, int | float | str | bool],
    inf2: float, trn2: float,
) -> None:  # fmt: skip
    one = Instruction(0, op, engine, tuple(writes), tuple(reads), facts)
    assert cost_of(one, INF2).cycles == pytest.approx(inf2)
    assert cost_of(one, TARGETS["trn2"]).cycles == pytest.approx(trn2)
    assert cost_of(one, INF2).basis == "documented"


def test_what_is_not_documented_is_named() -> None:
    program = Program()
    program.add("nc_n_gather", "gpsimd", [view(1, 10)], [view(2, 10)])
    program.add("register_move", "vector", [view(3, 1)], [])
    program.add("tensor_copy", "vector", [view(4, 1)], [])
    assert set(launch_cost(program.trace(), INF2).assumed) == {"nc_n_gather", "register_move"}
    assert all(rule.words and rule.basis in ("documented", "assumed") for rule in RULES.values())


def test_a_launch_adds_up() -> None:
    trace = lm_head(2, 3, masked=True)
    plan = schedule(trace, INF2)
    cost = launch_cost(trace, INF2, plan)
    assert cost.total_us == pytest.approx(plan.total_ns / 1e3)
    assert sum(part.us for part in cost.critical) == pytest.approx(cost.total_us)
    for engine in ENGINES:
        assert sum(label[engine] for label in cost.by_label_us.values()) == pytest.approx(cost.busy_us[engine])
        assert cost.busy_us[engine] <= cost.total_us
    assert cost.busy_us["tensor"] == pytest.approx(2 * 3 * 33 * 512 / 2.8e3)


def step(*, masked: bool, tiles: int = 6, depth: int = 32, batch: int = 64) -> Step:
    costs = [launch_cost(lm_head(steps, tiles, masked=masked, depth=depth, batch=batch), INF2) for steps in (2, 3)]
    return steady_step(*costs)


def test_a_mask_on_an_idle_engine_is_hidden_behind_the_weights() -> None:
    free, masked = step(masked=False), step(masked=True)
    more = added(masked, free)
    assert free.bound == "dma"
    assert more.busy_us["tensor"] == pytest.approx(6 * 512 / 2.8e3)
    assert more.busy_us["dma"] == pytest.approx(0)
    assert abs(more.us) < 0.1
    assert any(line.startswith("tensor") and "behind dma" in line for line in more.hidden)


def test_the_steady_step_is_bound_by_the_stream() -> None:
    free = step(masked=False)
    assert free.us == pytest.approx(free.busy_us["dma"], rel=0.02)
    assert free.alone_us == pytest.approx(free.us, rel=1.5)


def test_the_timeline_has_every_instruction_in_its_engines_row() -> None:
    trace = lm_head(1, 1, masked=True)
    plan = schedule(trace, INF2)
    events = json.loads(timeline(trace, plan))["traceEvents"]
    spans = [event for event in events if event["ph"] == "X"]
    assert len(spans) == len(trace.instructions)
    assert "documented-cost estimate" in json.dumps(events)
    for row in range(1, 6):
        mine = sorted((event["ts"], event["dur"]) for event in spans if event["tid"] == row)
        assert all(a + d <= b + 1e-9 for (a, d), (b, _) in pairwise(mine))


def test_a_decode_step_is_its_weights_over_the_bandwidth() -> None:
    chip = decode_step("llama-3.1-8b", INF2, 2)
    assert chip.us == pytest.approx(8.03e9 * 2 / 820e9 * 1e6)
    assert decode_step("llama-3.1-8b", INF2, 1).us == pytest.approx(2 * chip.us)
    assert "410 GB/s" in chip.basis
    with pytest.raises(UsageError, match=r"Did you mean 'llama-3.1-8b'"):
        decode_step("llama-3.1-8", INF2, 1)
    with pytest.raises(UsageError, match="how large its weights are is not known"):
        decode_step("gpt-5", INF2, 1)


def test_every_figure_has_a_source() -> None:
    for target in TARGETS.values():
        assert target_of_chip(target.chip) is not None
        for figure in target.figures().values():
            assert figure.value >= 0
            assert figure.source
    with pytest.raises(
        UsageError, match=r"unknown target 'inf3'. Did you mean 'inf2'\? Allowed: inf2, trn1, trn2, trn3"
    ):
        find_target("inf3")

"""The schedule on traces made by hand, whose times are reckoned by hand."""

import time
from itertools import pairwise

import pytest

from commissure.kernels.nki.cost.schedule import schedule
from commissure.kernels.nki.cost.targets import TARGETS
from commissure.kernels.nki.trace import Engine, Space
from tests.kernels.nki.cost_traces import Program, lm_head, view

INF2, TRN2 = TARGETS["inf2"], TARGETS["trn2"]
VECTOR_NS, SCALAR_NS, TENSOR_NS = 1 / 1.12, 1 / 1.4, 1 / 2.8


def begins(program: Program) -> tuple[float, ...]:
    return schedule(program.trace(), TARGETS[program.target]).begin_ns


def test_engines_run_beside_each_other_and_each_in_order() -> None:
    program = Program()
    for number, engine in enumerate(("vector", "scalar", "vector", "scalar")):
        program.add("tensor_copy", engine, [view(number, 1000)], [])  # type: ignore[arg-type]
    vector, scalar = 1000 * VECTOR_NS, 1000 * SCALAR_NS
    assert begins(program) == pytest.approx((0, 0, vector, scalar))


def test_the_least_of_an_instruction() -> None:
    program = Program()
    program.add("tensor_copy", "vector", [view(1, 1)], [view(2, 1)])
    program.add("tensor_copy", "vector", [view(3, 1)], [view(4, 1)], dynamic=True)
    assert schedule(program.trace(), INF2).busy_ns == pytest.approx((64 * VECTOR_NS, 600 * VECTOR_NS))


@pytest.mark.parametrize(
    ("first", "second", "waits"),
    [
        (([1], []), ([2], [1]), True),  # read after write
        (([2], [1]), ([1], []), True),  # write after read
        (([1], []), ([1], []), True),  # write after write
        (([2], [1]), ([3], [1]), False),  # two reads
        (([1], []), ([2], [3]), False),
    ],
)
def test_data_that_an_engine_waits_for(
    first: tuple[list[int], list[int]], second: tuple[list[int], list[int]], waits: bool
) -> None:
    program = Program()
    program.add("activation", "scalar", [view(one, 700) for one in first[0]], [view(one, 700) for one in first[1]])
    program.add("iota", "gpsimd", [view(one, 700) for one in second[0]], [view(one, 700) for one in second[1]])
    assert begins(program)[1] == pytest.approx((700 + 100) * SCALAR_NS if waits else 0)


def test_only_what_overlaps_is_waited_for() -> None:
    program = Program()
    program.add("activation", "scalar", [view(1, 700)], [])
    program.add("tensor_copy", "gpsimd", [view(2, 64)], [view(1, 64, at=2800)])  # the bytes after it
    program.add("nc_transpose", "tensor", [view(3, 64, space="psum")], [view(1, 64, rows=(0, 64))])
    assert begins(program) == pytest.approx((0, 0, 800 * SCALAR_NS))
    apart = Program()
    apart.add("activation", "scalar", [view(1, 700, rows=(0, 64))], [])
    apart.add("nc_transpose", "tensor", [view(3, 64, space="psum")], [view(1, 64, rows=(64, 128))])
    assert begins(apart) == (0, 0)


def test_a_chain_on_one_engine_pays_between_and_accumulation_does_not() -> None:
    chain = Program()
    for number in range(4):
        chain.add("tensor_copy", "vector", [view(number + 1, 1)], [view(number, 1)])
    assert begins(chain) == pytest.approx([number * 164 * VECTOR_NS for number in range(4)])
    adds = Program()
    for number in range(4):
        operands = [view(10 + number, 128, dtype="bfloat16"), view(20 + number, 512, dtype="bfloat16")]
        adds.add("nc_matmul", "tensor", [view(1, 512, space="psum")], operands, stationary=128, moving=512)
    adds.add("tensor_copy", "vector", [view(2, 512)], [view(1, 512, space="psum")])
    starts = [number * 512 * TENSOR_NS for number in range(4)]
    assert begins(adds) == pytest.approx([*starts, (4 * 512 + 64 + 100) * TENSOR_NS])


@pytest.mark.parametrize(
    ("engine", "space", "turns"),
    [("gpsimd", "sbuf", True), ("scalar", "psum", True), ("scalar", "sbuf", False)],
)
def test_ports_that_engines_take_turns_on(engine: Engine, space: Space, turns: bool) -> None:
    for target in ("inf2", "trn2"):
        program = Program(target)
        program.add("tensor_reduce", "vector", [view(1, 1)], [view(2, 1000, space=space)])
        program.add("tensor_reduce", engine, [view(3, 1, space=space)], [view(4, 500, space=space)])
        vector = 1000 / TARGETS[target].vector_ghz.value
        assert begins(program)[1] == pytest.approx(vector if turns and target == "inf2" else 0)


def test_transfers_take_a_latency_and_share_one_stream() -> None:
    program = Program()
    for number in (1, 2):
        hbm = view(10 + number, 1088, rows=(0, 1), dtype="bfloat16", space="hbm")
        program.add("dma_copy", "dma", [view(number, 1088, dtype="bfloat16")], [hbm])
    each = 128 * 1088 * 2 / 272
    plan = schedule(program.trace(), INF2)
    assert plan.begin_ns == pytest.approx((1300, 1300 + each))
    assert plan.total_ns == pytest.approx(1300 + 2 * each)
    # On Trainium 2 the core's share of the HBM, 362.5 GB/s, is the narrower.
    assert schedule(program.trace(), TRN2).total_ns == pytest.approx(1300 + 2 * 128 * 1088 * 2 / 362.5)


def test_short_rows_are_slow_and_late_addresses_later() -> None:
    program = Program()
    scattered = view(2, 64, dtype="bfloat16", space="hbm", contiguous=False)
    program.add("dma_copy", "dma", [view(1, 64, dtype="bfloat16")], [scattered], indirect=True)
    plan = schedule(program.trace(), INF2)
    assert plan.begin_ns[0] == pytest.approx(1300 + 600 / 1.4)
    assert plan.busy_ns[0] == pytest.approx(128 * 64 * 256 / 272)


def test_a_small_transfer_does_not_wait_for_all_that_is_fetched_ahead() -> None:
    program = Program()
    for number in range(10):
        source = view(100, 4096, at=number * 16384, space="hbm")
        program.add("dma_copy", "dma", [view(number, 4096)], [source], "weights")
    program.add("dma_copy", "dma", [view(50, 1)], [view(101, 1, space="hbm")], "state")
    plan = schedule(program.trace(), INF2)
    assert plan.begin_ns[10] == pytest.approx(plan.end_ns[0])


def test_memory_is_taken_over_from_the_oldest_that_is_free() -> None:
    """Of eight banks of PSUM the ninth tile takes the first, so its product waits until that was read."""
    program = Program()
    for number in range(9):
        tile = view(number, 512, space="psum")
        weights = [view(100, 128, dtype="bfloat16"), view(200, 512, dtype="bfloat16")]
        program.add("nc_matmul", "tensor", [tile], weights, stationary=128, moving=512)
        program.add("tensor_reduce", "vector", [view(300 + number, 1)], [tile])
    plan = schedule(program.trace(), INF2)
    assert plan.begin_ns[14] == pytest.approx(plan.end_ns[12])
    assert plan.begin_ns[16] >= plan.end_ns[1]
    assert plan.because[16] in (14, 1)


def test_the_critical_path_is_a_chain_from_the_start_to_the_last_end() -> None:
    trace = lm_head(2, 3, masked=True)
    plan = schedule(trace, INF2)
    path = plan.critical_path()
    assert plan.begin_ns[path[0]] <= 1300 + 600
    assert plan.end_ns[path[-1]] == plan.total_ns
    for before, after in pairwise(path):
        assert plan.because[after] == before
        assert plan.begin_ns[after] >= plan.end_ns[before] - 1e-6


def test_a_step_of_the_whole_vocabulary_takes_seconds_to_schedule() -> None:
    trace = lm_head(2, 251, masked=True)
    assert len(trace.instructions) > 32_000
    before = time.perf_counter()
    plan = schedule(trace, INF2)
    assert time.perf_counter() - before < 20
    weights_us = 2 * 251 * 512 * 4096 * 2 / 272e3
    assert weights_us < plan.total_ns / 1e3 < 1.05 * weights_us

"""Random programs: the schedule keeps every order that a check of all pairs finds, and waits for a cause only."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commissure.kernels.nki.cost.schedule import NOTHING, schedule
from commissure.kernels.nki.cost.targets import TARGETS
from commissure.kernels.nki.trace import Engine, Instruction, Operand, Space
from tests.kernels.nki.cost_traces import Program, view

OPS: dict[Engine, str] = {
    "tensor": "nc_matmul", "vector": "tensor_copy", "scalar": "activation", "gpsimd": "iota", "dma": "dma_copy",
}  # fmt: skip


@st.composite
def views(draw: st.DrawFn) -> Operand:
    space: Space = draw(st.sampled_from(["sbuf", "sbuf", "psum", "hbm"]))
    tensor = {"sbuf": 0, "psum": 10, "hbm": 20}[space] + draw(st.integers(0, 2))
    low = draw(st.sampled_from([0, 32, 64]))
    rows = (0, 1) if space == "hbm" else (low, low + draw(st.sampled_from([32, 64])))
    at = 4 * draw(st.integers(0, 200))
    return view(tensor, draw(st.integers(1, 200)), at=at, rows=rows, space=space)


@st.composite
def programs(draw: st.DrawFn) -> Program:
    program = Program(draw(st.sampled_from(["inf2", "trn2"])))
    for _ in range(draw(st.integers(1, 25))):
        engine: Engine = draw(st.sampled_from(sorted(OPS)))
        reads = draw(st.lists(views(), min_size=1, max_size=2))
        program.add(OPS[engine], engine, [draw(views())], reads, draw(st.sampled_from("ab")))
    return program


def must_follow(before: Instruction, after: Instruction) -> bool:
    """Whether they touch the same memory, and one of them writes it."""
    pairs = [(one, two) for one in before.writes for two in (*after.reads, *after.writes)]
    pairs += [(one, two) for one in before.reads for two in after.writes]
    return any(one.overlaps(two) for one, two in pairs)


@given(programs())
@settings(max_examples=300, deadline=None)
def test_a_schedule_keeps_all_orders(program: Program) -> None:
    target, made = TARGETS[program.target], program.made
    plan = schedule(program.trace(), target)
    for second, after in enumerate(made):
        for first, before in enumerate(made[:second]):
            if must_follow(before, after):
                assert plan.begin_ns[second] >= plan.end_ns[first] - 1e-6
    for engine in OPS:
        mine = [place for place, one in enumerate(made) if one.engine == engine]
        if engine == "dma":
            mine.sort(key=lambda place: plan.begin_ns[place])
        assert all(plan.begin_ns[two] >= plan.end_ns[one] - 1e-6 for one, two in pairwise(mine))
    if target.shared_ports.value:
        apart(made, plan.begin_ns, plan.end_ns, "vector", "gpsimd", "sbuf")
        apart(made, plan.begin_ns, plan.end_ns, "vector", "scalar", "psum")


def apart(
    made: list[Instruction], begin: tuple[float, ...], end: tuple[float, ...], one: str, two: str, space: str
) -> None:
    """Instructions of two engines that use a memory do not overlap in time."""
    using = [
        place for place, it in enumerate(made)
        if it.engine in (one, two) and any(view.space == space for view in (*it.reads, *it.writes))
    ]  # fmt: skip
    using.sort(key=lambda place: begin[place])
    assert all(begin[second] >= end[first] - 1e-6 for first, second in pairwise(using))


@given(programs())
@settings(max_examples=200, deadline=None)
def test_every_wait_has_a_cause(program: Program) -> None:
    target = TARGETS[program.target]
    plan = schedule(program.trace(), target)
    # The most between the end of a cause and a beginning: a transfer's latency with an address that comes late.
    slack = target.dma_latency_ns.value + target.dynamic_cycles.value / target.gpsimd_ghz.value
    for place in range(len(program.made)):
        cause = plan.because[place]
        ready = 0.0 if cause == NOTHING else plan.end_ns[cause]
        assert -1e-6 <= plan.begin_ns[place] - ready <= slack
    path = plan.critical_path()
    assert plan.end_ns[path[-1]] == pytest.approx(plan.total_ns)
    work = dict.fromkeys(OPS, 0.0)
    for busy, one in zip(plan.busy_ns, program.made, strict=True):
        work[one.engine] += busy
    assert plan.total_ns >= max(work.values())

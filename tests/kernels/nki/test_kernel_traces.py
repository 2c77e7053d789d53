"""What the fused kernel does at full size, told by its trace."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from commissure.hal.errors import UsageError
from commissure.kernels.nki import added
from commissure.kernels.nki.added import ADDED
from commissure.kernels.nki.dialect import check_file
from commissure.kernels.nki.pack import Pack
from commissure.kernels.nki.trace import Trace
from commissure.kernels.nki.traces import Case, blank_pack, constrained_trace, unconstrained_trace


def invoice() -> Pack:
    """The sizes of the reference's invoice schema, for a vocabulary of 128,256."""
    return blank_pack(128_256, masks=200, states=466, classes=430)


def labels(trace: Trace) -> set[str]:
    return {instruction.label for instruction in trace.instructions}


def test_added_names_all_that_an_unconstrained_decode_does_without() -> None:
    added: set[str] = set()
    for gather in (False, True):
        for rows in (0, 300):
            for shards in (1, 64):
                states = 3000 if rows else 400
                packed = blank_pack(20_000, masks=1000, states=states, classes=200, rows=rows, gather=gather)
                case = Case(batch=2, shards=shards, hidden=256, target="trn2", sampled=True)
                trace, _ = constrained_trace(packed, case)
                plain = unconstrained_trace(packed, case)
                assert not labels(plain) & set(ADDED)
                assert labels(plain) <= labels(trace)
                added |= labels(trace) - labels(plain)
    assert sorted(added) == sorted(ADDED)


@pytest.mark.parametrize(("batch", "shards"), [(1, 1), (8, 2), (64, 1), (64, 2), (64, 8), (128, 1)])
def test_the_plan_holds_at_full_size(batch: int, shards: int) -> None:
    trace, plan = constrained_trace(invoice(), Case(batch=batch, shards=shards, steps=1))
    assert trace.sbuf_bytes <= plan.bytes <= plan.limit
    assert trace.psum_bytes <= 16 * 1024
    assert plan.resident == plan.columns or shards == 1 or batch == 128


def test_no_instruction_is_added_for_a_larger_batch() -> None:
    packed = blank_pack(128_256, masks=128, states=466, classes=430)
    counts = []
    for batch in (1, 64):
        trace, _ = constrained_trace(packed, Case(batch=batch, shards=8))
        counts.append(Counter((step.op, step.label) for step in trace.instructions))
    assert counts[0] == counts[1]


def test_the_masks_take_one_product_a_tile_and_pass() -> None:
    packed = invoice()
    trace, _ = constrained_trace(packed, Case(batch=8, shards=2, steps=2))
    by = Counter(step.label for step in trace.instructions if step.op == "nc_matmul")
    tiles = -(-64_128 // 512)
    assert by["add_products"] == 2 * tiles * 4096 // 128
    assert by["add_penalties"] == 2 * tiles * 2


@pytest.mark.parametrize(("case", "told"), [(Case(hidden=100), "100"), (Case(batch=0), "0"), (Case(batch=129), "129")])
def test_sizes_that_the_chip_lacks(case: Case, told: str) -> None:
    with pytest.raises(UsageError, match=f"is {told}; "):
        unconstrained_trace(invoice(), case)


def test_the_kernel_is_within_the_portable_dialect() -> None:
    folder = Path(added.__file__).parent
    sources = [*folder.glob("constrained_*.py"), folder / "standalone_mask.py"]
    assert len(sources) == 5
    for source in sources:
        assert check_file(source) == ()


def test_slots_of_weights_are_used_in_turn_over_all_steps() -> None:
    """Else the first transfers of a step would wait for the last products of the one before."""
    trace, plan = constrained_trace(invoice(), Case(shards=8, steps=3, hidden=1280))
    slots = [step.writes[0].tensor for step in trace.instructions if step.label == "stream_weights"]
    assert len(slots) % plan.depth
    assert len(set(slots)) == plan.depth
    assert slots == [slots[place % plan.depth] for place in range(len(slots))]

"""The kernels as they are, traced without numbers at the sizes of the claim, and what their masks add."""

import json
import time
from dataclasses import replace

import pytest

from commissure.hal.errors import UsageError
from commissure.kernels.nki.cost.comparison import compare
from commissure.kernels.nki.cost.decode import decode_step
from commissure.kernels.nki.cost.designs import DESIGNS, chosen_designs, step_pair, step_timeline
from commissure.kernels.nki.cost.report import added
from commissure.kernels.nki.cost.targets import TARGETS
from commissure.kernels.nki.cost.workload import Workload

SHARE = Workload(64, cores=8)
CHIP_US = 19_585


@pytest.mark.parametrize("batch", [1, 64])
def test_the_fused_mask_is_hidden_behind_the_weights(batch: int) -> None:
    pair = step_pair("fused", replace(SHARE, batch=batch))
    more = added(pair.constrained, pair.unconstrained)
    assert pair.table == "resident"
    assert pair.unconstrained.bound == "dma"
    # One product of 512 columns for each tile at least, and no more bytes.
    assert more.busy_us["tensor"] >= 16_032 / 2.8e3
    assert more.busy_us["dma"] == pytest.approx(0, abs=0.01)
    assert more.us == pytest.approx(0, abs=0.05)
    assert 0.5 < pair.chain_us < 20


def test_what_streams_past_is_paid_for_by_the_byte() -> None:
    pair = step_pair("streamed", SHARE)
    more = added(pair.constrained, pair.unconstrained)
    # A byte for each mask and token; rows may be made up to 128.
    assert 0.99 * 84 * 16_032 / 272e3 <= more.busy_us["dma"] <= 1.01 * 128 * 16_032 / 272e3
    assert more.us == pytest.approx(more.busy_us["dma"], rel=0.05)


def test_the_standalone_mask_grows_with_the_batch() -> None:
    rows = compare(Workload(1, cores=8), ["standalone"], [1, 8, 64], decode_step("llama-3.1-8b", TARGETS["inf2"], 8))
    assert [row.batch for row in rows] == [1, 8, 64]
    assert rows[0].ratio == 1
    assert rows[2].ratio is not None
    assert rows[2].ratio > 30 * rows[0].ratio
    # At least a pass over all logits of the core.
    assert rows[2].added_busy_us["vector"] >= 64 * 126 / 1.12e3
    assert all(row.label == "documented-cost estimate" for row in rows)
    assert rows[2].share == pytest.approx(rows[2].added_us / (CHIP_US / 4), rel=0.001)


def test_the_whole_vocabulary_is_traced_in_seconds() -> None:
    before = time.perf_counter()
    pair = step_pair("fused", Workload(64))
    assert time.perf_counter() - before < 60
    weights_us = 128_256 * 4096 * 2 / 272e3
    assert pair.unconstrained.us == pytest.approx(weights_us, rel=0.01)
    assert pair.unconstrained.busy_us["tensor"] == pytest.approx(733 * 2, rel=0.01)  # W moves: twice the least


@pytest.mark.parametrize("target", ["trn2", "trn3"])
def test_later_cores(target: str) -> None:
    pair = step_pair("fused", replace(SHARE, target=target, cores=16))
    assert added(pair.constrained, pair.unconstrained).us < 1.7


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"batch": 0}, "a batch of 0 was given; 1 to 128"),
        ({"batch": 129}, "1 to 128 sequences fit the partitions"),
        ({"hidden": 100}, "multiple of 128"),
        ({"vocabulary": 60}, "at least 1 core and 8 tokens a core"),
        ({"cores": 0}, "at least 1 core"),
        ({"cores": 20_000}, "here 160,000"),
        ({"masks": 0}, "a grammar of 0 masks was given; at least 1"),
        ({"target": "trn4"}, "unknown target 'trn4'. Did you mean 'trn"),
    ],
)
def test_what_no_kernel_takes(changes: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        replace(SHARE, **changes)  # type: ignore[arg-type]


def test_designs_by_name() -> None:
    assert chosen_designs("both") == ("fused", "standalone")
    assert chosen_designs("all") == tuple(DESIGNS)
    with pytest.raises(UsageError, match=r"unknown design 'fuse'\. Did you mean 'fused'"):
        chosen_designs("fuse")


def test_what_the_standalone_kernel_cannot_take() -> None:
    with pytest.raises(UsageError, match="at least 1,024 are needed"):
        step_pair("standalone", replace(SHARE, cores=256))
    with pytest.raises(UsageError, match="logits of 128 sequences over 128,256 tokens take 281,088 bytes"):
        step_pair("standalone", Workload(128))


def test_a_grammar_too_large_for_the_chip_is_refused_with_what_to_do() -> None:
    with pytest.raises(UsageError, match=r"partition of inf2 has 196,608 bytes .* use fewer grammars"):
        step_pair("fused", replace(SHARE, states=20_000))


@pytest.mark.parametrize("design", ["fused", "standalone"])
def test_timelines(design: str) -> None:
    events = json.loads(step_timeline(design, replace(SHARE, batch=2)))["traceEvents"]
    assert {event["name"] for event in events} >= {"process_name", "max8"}
    assert any(event["ph"] == "X" and event["args"]["critical"] for event in events)

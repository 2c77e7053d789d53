"""Mask curves: the fit, the measurement here, and the record that comes with the package."""

import time
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commissure.kernels.masking import cpu_mask, cpu_mask_s, fitted, measure_cpu_mask, neuron_mask, neuron_mask_s

TODAY = date(2026, 11, 22)


@given(st.floats(0, 1e-3), st.floats(1e-7, 1e-3))
def test_a_line_is_found_again(fixed_s: float, sequence_s: float) -> None:
    samples = [(batch, fixed_s + batch * sequence_s) for batch in (1, 2, 8, 64)]
    curve = fitted(samples, 100, "a test", TODAY)
    assert curve.seconds(32) == pytest.approx(fixed_s + 32 * sequence_s, rel=1e-6)
    assert curve.seconds(0) == 0


def test_a_line_does_not_start_below_zero() -> None:
    curve = fitted([(1, 1e-5), (2, 3e-5), (4, 7e-5)], 100, "a test", TODAY)
    assert curve.fixed_s == 0
    assert 1e-5 < curve.sequence_s < 2e-5


def test_the_record_is_near_what_was_measured() -> None:
    curve = cpu_mask()
    assert "2-core virtual machine" in curve.basis
    for batch, seconds in curve.samples:
        assert cpu_mask_s(batch) == pytest.approx(seconds, rel=0.25)


def test_measuring_here() -> None:
    curve = measure_cpu_mask(time.perf_counter, "this machine", TODAY, vocabulary=8192, batches=(1, 16), rounds=5)
    assert "this machine" in curve.basis
    (_, one_s), (_, many_s) = curve.samples
    assert 0 < one_s < many_s
    assert curve.sequence_s > 0


def test_the_kernels_mask_costs_the_same_at_any_batch() -> None:
    curve = neuron_mask("inf2", 16)
    assert curve.basis.startswith("documented-cost estimate")
    assert neuron_mask_s(64, "inf2", 16) == pytest.approx(neuron_mask_s(1, "inf2", 16), rel=0.05)
    # 84 masks, perhaps made up to 128, of this core's tokens, a byte each, by its DMA.
    assert 0.95 * 84 * 8016 / 272e9 <= curve.seconds(1) <= 1.05 * 128 * 8016 / 272e9

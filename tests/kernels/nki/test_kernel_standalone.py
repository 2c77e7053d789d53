"""The stand-alone mask: logits in SBUF, the vocabulary over the partitions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commissure.kernels.nki.executor.dtypes import NUMPY
from commissure.kernels.nki.loader import load_kernel
from commissure.kernels.nki.pack import PENALTY


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    blocks=st.integers(8, 20),
    batch=st.integers(1, 12),
    held=st.booleans(),
    dtype=st.sampled_from(("float32", "bfloat16")),
    spread=st.integers(0, 9),
)
def test_equals_a_masked_argmax(seed: int, blocks: int, batch: int, held: bool, dtype: str, spread: int) -> None:
    dice = np.random.default_rng(seed)
    vocabulary, masks, kind = 128 * blocks, int(dice.integers(1, 6)), NUMPY[dtype]
    logits = dice.integers(-spread, spread + 1, (batch, vocabulary)).astype(kind)
    allowed = dice.random((masks, vocabulary)) < dice.choice([0.001, 0.5], (masks, 1))
    allowed[:, dice.integers(0, vocabulary)] = True
    rows = dice.integers(0, masks, (1, batch)).astype(np.int32)
    penalty = np.where(allowed, 0, PENALTY).astype(kind)
    kernel = load_kernel("commissure.kernels.nki.standalone_mask", "inf2")
    tokens = kernel(logits, penalty, rows, held=held)
    want = np.where(allowed[rows[0]], logits.astype(np.float32), -np.inf).argmax(axis=1)
    assert np.array_equal(tokens[:, 0], want)


@pytest.mark.parametrize("batch", [1, 128])
def test_ties_across_partitions_go_to_the_lowest_token(batch: int) -> None:
    logits = np.zeros((batch, 2048), np.float32)
    penalty = np.full((1, 2048), PENALTY, np.float32)
    penalty[0, [1700, 90, 700]] = 0
    kernel = load_kernel("commissure.kernels.nki.standalone_mask", "inf2")
    assert (kernel(logits, penalty, np.zeros((1, batch), np.int32), held=True) == 90).all()

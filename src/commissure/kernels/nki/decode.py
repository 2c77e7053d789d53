"""Runs the kernels from ordinary arrays: lays them out as the chip reads them, launches, and reads what comes back."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from commissure.hal.errors import UsageError
from commissure.kernels.nki.decode_inputs import (
    check_equal,
    check_logits,
    check_noise,
    check_shape,
    check_states,
    check_temperature,
    reals,
    wholes,
)
from commissure.kernels.nki.executor.dtypes import NUMPY
from commissure.kernels.nki.executor.targets import find_target
from commissure.kernels.nki.loader import Kernel, load_kernel
from commissure.kernels.nki.pack import Pack
from commissure.kernels.nki.pack_arrays import LEAST_TOKENS, MOST_TOKENS
from commissure.kernels.nki.pack_budget import MOST_DEPTH, Plan, plan
from commissure.kernels.nki.sizes import PARTITIONS, check_batch, check_hidden, check_whole

MODULE = "commissure.kernels.nki.constrained_decode"


@dataclass(frozen=True, slots=True, eq=False)
class Sampling:
    """Gumbel-max: `noise` [T, b, V] and `temperature` [b]; the noise is made by the host, so that it can be repeated.

    Both finite, `temperature` 0 or above, and temperature x |noise| below a quarter of |PENALTY|, 14,336.
    The scalar engine's logarithm is a piecewise polynomial, and the engines' own generators differ by generation.
    """

    noise: NDArray[np.floating]
    temperature: NDArray[np.floating]


@dataclass(frozen=True, slots=True, eq=False)
class Decoded:
    """`tokens` [T, b]; `states` and `counts` [b] after the last of them. All int32."""

    tokens: NDArray[np.int32]
    states: NDArray[np.int32]
    counts: NDArray[np.int32]


def gumbel(uniforms: NDArray[np.floating]) -> NDArray[np.float32]:
    """Standard Gumbel noise, -log(-log(u)), of uniforms from 0 to 1. Raises UsageError for others, and for NaN.

    0 and 1, which generators round to, become their neighbours of the uniforms' own type, at least float32: finite.
    """
    kind = np.float64 if uniforms.dtype == np.float64 else np.float32
    given: NDArray[Any] = uniforms.astype(kind)
    if not ((given >= 0) & (given <= 1)).all():
        raise UsageError(f"uniforms are {np.min(given)} to {np.max(given)}; they must be from 0 to 1")
    inside = np.clip(given, np.nextafter(kind(0), kind(1)), np.nextafter(kind(1), kind(0)))
    noise: NDArray[np.float32] = (-np.log(-np.log(inside.astype(np.float64)))).astype(np.float32)
    return noise


def on_partitions(hidden: NDArray[np.floating]) -> NDArray[Any]:
    """[T, H, b] as [T * 128, H / 128 * b] bfloat16: entry k * 128 + p of sequence j at row t * 128 + p, k * b + j."""
    steps, size, batch = hidden.shape
    check_hidden(size)
    check_batch(batch)
    tiles = hidden.reshape(steps, size // PARTITIONS, PARTITIONS, batch).transpose(0, 2, 1, 3)
    return np.ascontiguousarray(tiles.reshape(steps * PARTITIONS, -1)).astype(NUMPY["bfloat16"])


def decode(
    packed: Pack,
    hidden: NDArray[np.floating],
    weights: NDArray[np.floating],
    states: NDArray[np.integer],
    counts: NDArray[np.integer] | None = None,
    *,
    sampling: Sampling | None = None,
    target: str = "inf2",
    shards: int = 1,
) -> Decoded:
    """T steps: `hidden` [T, H, b], `weights` [H, V], `states` and `counts` [b] in the pack's numbering.

    `hidden` and `weights` are read as bfloat16. With `shards` > 1 the columns are spread over as many cores, each step
    a launch on each and one that merges. Logits, and temperature x noise, must be below a quarter of |PENALTY|, 14,336,
    so that no forbidden token wins. Raises UsageError for shapes, for what is not finite or beyond that, and for states
    and counts that the pack lacks; DoesNotFit where tables exceed a core's SBUF.
    """
    find_target(target)
    shard_columns(packed.vocabulary, shards)
    steps, _, batch = check_shape(hidden)
    hidden, weights = _checked(hidden, weights, packed.vocabulary)
    sampling = _drawn(sampling, (steps, batch, packed.vocabulary))
    check_logits(hidden, weights)
    if sampling is not None:
        check_noise(sampling.noise, sampling.temperature)
    states, counts = wholes("states", states), wholes("counts", np.zeros(batch, np.int32) if counts is None else counts)
    check_equal("states", states, (batch,))
    check_equal("counts", counts, (batch,))
    check_states(packed, states, counts)
    at = (_column(states, np.int32), _column(counts, np.int32))
    if shards == 1:
        return _whole(packed, hidden, weights, at, sampling, target)
    tokens = np.zeros((steps, batch), np.int32)
    for step in range(steps):
        now = None if sampling is None else Sampling(sampling.noise[step : step + 1], sampling.temperature)
        chosen, *at_next = _step(packed, hidden[step : step + 1], weights, at, now, target, shards)
        tokens[step] = chosen[:, 0]
        at = (at_next[0], at_next[1])
    return Decoded(tokens, at[0][:, 0], at[1][:, 0])


def unconstrained(
    hidden: NDArray[np.floating],
    weights: NDArray[np.floating],
    *,
    sampling: Sampling | None = None,
    target: str = "inf2",
) -> NDArray[np.int32]:
    """Tokens [T, b] without masks. Raises UsageError for shapes, and for what is not finite."""
    find_target(target)
    steps, _, batch = check_shape(hidden)
    hidden, weights = _checked(hidden, weights, None)
    sampling = _drawn(sampling, (steps, batch, weights.shape[1]))
    noise, temperature = _sampling(sampling, batch)
    tokens: NDArray[np.int32] = _kernel("unconstrained_decode", target)(
        on_partitions(hidden),
        weights,
        noise,
        temperature,
        sampled=sampling is not None,
        depth=MOST_DEPTH,
    )
    return tokens.reshape(steps, batch)


def _checked(
    hidden: NDArray[np.floating], weights: NDArray[np.floating], vocabulary: int | None
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Both as finite bfloat16; without a pack the weights say what the vocabulary is."""
    shape = np.shape(weights)
    if vocabulary is None:
        vocabulary = shape[1] if len(shape) == 2 else LEAST_TOKENS
        check_whole("the vocabulary", vocabulary, LEAST_TOKENS, MOST_TOKENS)
    check_equal("weights", weights, (np.shape(hidden)[1], vocabulary))
    return reals("hidden", hidden, "bfloat16"), reals("weights", weights, "bfloat16")


def _drawn(sampling: Sampling | None, shape: tuple[int, int, int]) -> Sampling | None:
    """Finite fp32 noise of that shape, and temperatures."""
    if sampling is None:
        return None
    check_equal("noise", sampling.noise, shape)
    check_equal("temperature", sampling.temperature, shape[1:2])
    drawn = Sampling(reals("noise", sampling.noise, "float32"), reals("temperature", sampling.temperature, "float32"))
    check_temperature(drawn.temperature)
    return drawn


def _whole(
    packed: Pack,
    hidden: NDArray[np.floating],
    weights: NDArray[Any],
    at: tuple[NDArray[np.int32], NDArray[np.int32]],
    sampling: Sampling | None,
    target: str,
) -> Decoded:
    steps, _, batch = hidden.shape
    fits = plan(packed, hidden.shape[1], batch, target, sampled=sampling is not None)
    tables = packed.tables
    tokens, states, counts = _kernel("constrained_decode", target)(
        on_partitions(hidden),
        weights,
        packed.penalty,
        *_sampling(sampling, batch),
        *at,
        tables.of_token,
        tables.of_class,
        tables.of_state,
        tables.of_row,
        digits=tables.digits,
        **_settings(packed, fits, packed.vocabulary, sampling),
    )
    return Decoded(tokens.reshape(steps, batch), states[:, 0], counts[:, 0])


def _step(
    packed: Pack,
    hidden: NDArray[np.floating],
    weights: NDArray[Any],
    at: tuple[NDArray[np.int32], NDArray[np.int32]],
    sampling: Sampling | None,
    target: str,
    shards: int,
) -> tuple[NDArray[np.int32], ...]:
    """One step of all cores: tokens, states and counts, [b, 1] each."""
    batch, tables = hidden.shape[2], packed.tables
    fits = plan(packed, hidden.shape[1], batch, target, sampled=sampling is not None, shards=shards)
    noise, temperature = _sampling(sampling, batch)
    kernel, values, tokens = _kernel("shard_best", target), [], []
    for columns in shard_columns(packed.vocabulary, shards):
        value, token = kernel(
            on_partitions(hidden),
            np.ascontiguousarray(weights[:, columns]),
            np.ascontiguousarray(packed.penalty[:, columns]),
            noise if sampling is None else np.ascontiguousarray(noise[:, columns]),
            temperature,
            *at,
            np.full((batch, 1), columns.start, np.float32),
            tables.of_state,
            tables.of_row,
            **_settings(packed, fits, columns.stop - columns.start, sampling),
        )
        values.append(value)
        tokens.append(token)
    merge = _kernel("merge_shards", target)
    merged: tuple[NDArray[np.int32], ...] = merge(
        np.concatenate(values),
        np.concatenate(tokens),
        *at,
        tables.of_token,
        tables.of_class,
        tables.of_state,
        gather=packed.gather,
        counted=packed.counted,
        digits=tables.digits,
    )
    return merged


def shard_columns(vocabulary: int, shards: int) -> list[slice]:
    """Equal runs of tokens, the last one shorter. Raises UsageError if one would have fewer than 8."""
    check_whole("shards", shards, 1, vocabulary)
    width = -(-vocabulary // shards)
    if vocabulary - width * (shards - 1) < 8:
        raise UsageError(f"{shards} shards of {vocabulary:,} tokens leave one with fewer than 8; use fewer shards")
    return [slice(first, min(first + width, vocabulary)) for first in range(0, vocabulary, width)]


def _settings(packed: Pack, fits: Plan, columns: int, sampling: Sampling | None) -> dict[str, Any]:
    return {
        "gather": packed.gather,
        "counted": packed.counted,
        "sampled": sampling is not None,
        "resident": min(fits.resident, columns),
        "depth": fits.depth,
    }


def _sampling(sampling: Sampling | None, batch: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    if sampling is None:
        return np.zeros((1, 8), np.float32), np.zeros((batch, 1), np.float32)
    noise = np.ascontiguousarray(sampling.noise, np.float32)
    return noise.reshape(-1, noise.shape[-1]), _column(sampling.temperature, np.float32)


def _column(values: NDArray[Any], dtype: type[Any]) -> NDArray[Any]:
    return np.ascontiguousarray(values, dtype).reshape(-1, 1)


@cache
def _kernel(name: str, target: str) -> Kernel:
    return load_kernel(MODULE, target, name)
